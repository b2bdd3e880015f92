"""How a test says what holds and what does not."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

WORK = Path("target/image/appliance")
# Both ends of a page run on this machine, one of them emulated: when it is busy elsewhere, sound stutters that the box
# played well. A flaw of the box comes each time.
ATTEMPTS = 5

Result = TypeVar("Result")


class Flawed(SystemExit):
    """What may be this machine's doing: a page that was not heard as it was sent."""


def say(words: str) -> None:
    print(f"appliance: {words}", flush=True)


def check(holds: bool, what: str, more: str = "") -> None:
    say(f"{'ok  ' if holds else 'FAIL'} {what}")
    if not holds:
        say(more)
        say(f"recordings and consoles are in {WORK}")
        sys.exit(1)


def judge(holds: bool, what: str, more: str) -> None:
    """Like check, for what may be this machine's doing."""
    say(f"{'ok  ' if holds else 'FLAW'} {what}")
    if not holds:
        say(more)
        raise Flawed(f"appliance: {what}")


def figure(what: str) -> None:
    say(f"figure: {what}")


def until_heard(attempt: Callable[[], Result]) -> Result:
    """What one attempt gives; the last one counts whatever it gives."""
    for number in range(1, ATTEMPTS):
        try:
            return attempt()
        except Flawed:
            say(f"AGAIN: attempt {number} of {ATTEMPTS} was flawed")
    return attempt()


def wait_until(holds: Callable[[], bool], seconds: float, every: float = 0.2) -> float | None:
    """The seconds until it held; None when it did not in time."""
    began = time.monotonic()
    while True:
        if holds():
            return time.monotonic() - began
        if time.monotonic() - began > seconds:
            return None
        time.sleep(every)
