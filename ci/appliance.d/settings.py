"""Broken configurations: what a person, a text editor or a card reader makes of paging.conf. The box comes up with what is
right, or with the last configuration that was good, writes what is wrong into the status file, and says that aloud."""

from dataclasses import dataclass

import hearing
from card import Card
from machine import Machine
from network import PORT, USUAL_PORT
from pages import SETTINGS, wait_for_options
from verdict import WORK, check, wait_until

GOOD = SETTINGS.replace("\n", "\r\n").encode()
SECONDS_TO_WRITE = 90
SECONDS_TO_SPEAK = 90


@dataclass
class Broken:
    name: str
    content: bytes | None  # none: there is no such file
    says: str  # in the status file
    port: int = PORT  # where it answers: the good settings' port, or the usual one when they are not in force


BROKEN = [
    Broken("a misspelt key", GOOD + b"divice = auto\r\n", "paging.conf:{last}"),
    Broken("a file cut off in the middle of a line", GOOD[:GOOD.index(b"buffer") + 3], "paging.conf:{last}"),
    Broken("a time zone that is not in the image", GOOD + b"[time]\r\ntimezone = Europe/Bonn\r\n", "paging.conf:{last}"),
    Broken("an empty file", b"", "it is empty"),
    Broken("a file cut off at the end of a line", GOOD[:GOOD.index(b"buffer")], "ends too early"),
    Broken("a file cut off in a remark", GOOD[:GOOD.index(b"by a user")], "ends too early"),
    Broken("a misspelt section", GOOD + b"[adio]\r\n", "paging.conf:{last}"),
    Broken("a value that is none", GOOD + b"limiter = loud\r\n", "paging.conf:{last}"),
    Broken("UTF-16, with a mistake", (GOOD + b"divice = auto\r\n").decode().encode("utf-16"), "paging.conf:{last}"),
    Broken("Latin-1, with a mistake", GOOD + b"[sip Pf\xf6rtner]\r\nusre = 7\r\n", "paging.conf:{last}"),
    Broken("a file of noughts, as a card leaves it that lost power on another computer", bytes(700), "paging.conf"),
    Broken("a photograph", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 8, "paging.conf"),
    Broken("no file", None, "paging.conf"),
]


def comes_up_with_broken_settings(card: Card, count: int) -> None:
    """Each begins on a card on which the good settings were in force once."""
    card.edit_settings(SETTINGS)
    with Machine(card, WORK / "good") as machine:
        wait_for_options(machine)
        machine.console.wait_for("the configuration is good, and remembered", 120)
    start, length = card.state_place()
    remembered = piece(card, start, length)
    check(any(remembered), "a configuration with which it works is kept in `state`")
    for one in BROKEN[:count]:
        comes_up_with(card, one)
        check(piece(card, start, length) == remembered, "what is remembered is what was good")


def piece(card: Card, start: int, length: int) -> bytes:
    with card.path.open("rb") as file:
        file.seek(start)
        return file.read(length)


def comes_up_with(card: Card, broken: Broken) -> None:
    card.remove_settings()
    if broken.content is not None:
        card.put_settings(broken.content)
    lines = (broken.content or b"").replace(b"\x00", b"").rstrip().count(b"\n") + 1
    says = broken.says.format(last=lines)
    with Machine(card, WORK / broken.name.replace(" ", "-").replace(",", "")) as machine:
        wait_for_options(machine, broken.port)
        wrote = wait_until(lambda: says in card.status(), SECONDS_TO_WRITE)
        check(wrote is not None, f"{broken.name}: the status file says `{says}`", card.status() + machine.console.text())
        spoke = wait_until(lambda: loudest(machine) > 0.02, SECONDS_TO_SPEAK, every=1)
        check(spoke is not None, f"{broken.name}: it is said aloud", machine.console.text())
    where = "with the good settings of before" if broken.port != USUAL_PORT else "with its own settings"
    check(True, f"{broken.name}: it answers {where}")


def loudest(machine: Machine) -> float:
    return float(abs(hearing.read_growing_wav(machine.recording)).max(initial=0.0))
