"""Power cuts: by killing the machine at random moments, and by replaying every write it made to its card."""

import random
import time

import hearing
from card import Card
from machine import Machine
from pages import SETTINGS, SHELL, call_by_paging, call_in_background, hears, wait_for_options
from verdict import WORK, check, until_heard

SERVICE = 'for p in $(pidof paging); do [ "$(stat -c %U /proc/$p)" != paging ] || kill -{signal} $p; done'


def survives_power_cuts(card: Card, kills: int, seed: int) -> None:
    """At random moments of its boot, of a page, of a reload, and while the status file is written: it boots and pages each
    time, and no byte has changed that must not."""
    card.edit_settings(SETTINGS + SHELL)
    fingerprint = card.fingerprint()
    dice, sent, usual = random.Random(seed), hearing.speech_like(seconds=3, seed=3), 10.0
    kinds = [during_its_boot, during_a_page, during_a_reload, while_it_writes]
    for number in range(kills):
        with Machine(card, WORK / f"cut-{number}") as machine:
            when = kinds[number % len(kinds)](machine, card, usual, dice)
        what = f"cut {number + 1} of {kills} (seed {seed}), {when}"
        usual = until_heard(lambda number=number, what=what: comes_back(card, sent, WORK / f"after-{number}", what))
        check(card.fingerprint() == fingerprint, "no byte of the card has changed but of the status file and the slots of `state`")


def during_its_boot(machine: Machine, _: Card, usual: float, dice: random.Random) -> str:
    moment = dice.uniform(0.5, 1.5 * usual)
    time.sleep(moment)
    machine.cut_power()
    return f"{moment:.1f} s after power-on"


def during_a_page(machine: Machine, _: Card, __: float, dice: random.Random) -> str:
    wait_for_options(machine)
    moment = dice.uniform(1.2, 2.8)
    with call_in_background(hearing.speech_like(seconds=3, seed=3)) as caller:
        time.sleep(moment)
        check(caller.poll() is None, "the page is on when the power is cut")
        machine.cut_power()
        caller.kill()
    return f"{moment:.1f} s after the beginning of a page"


def during_a_reload(machine: Machine, _: Card, __: float, dice: random.Random) -> str:
    wait_for_options(machine)
    machine.console.run(SERVICE.format(signal="HUP"))
    moment = dice.uniform(0, 0.3)
    time.sleep(moment)
    machine.cut_power()
    return f"{moment:.2f} s after a reload was asked for"


def while_it_writes(machine: Machine, card: Card, _: float, dice: random.Random) -> str:
    start, length = card.status_place()

    def written() -> bytes:
        with card.path.open("rb") as file:
            file.seek(start)
            return file.read(length)

    # Another text than the one to come, so that there is something to write. (When it was written makes no difference.)
    place = written().find(b"Telephone")
    if place >= 0:
        with card.path.open("r+b") as file:
            file.seek(start + place)
            file.write(b"-" * 9)
    before, until = written(), time.monotonic() + 90
    while written() == before and time.monotonic() < until:
        time.sleep(0.005)
    moment = dice.uniform(0, 0.02)
    time.sleep(moment)
    machine.cut_power()
    check(written() != before, "the status file was being written when the power was cut")
    return f"{1000 * moment:.0f} ms after the first sector of the status file was written"


def comes_back(card: Card, sent: hearing.Speech, work, what: str) -> float:
    with Machine(card, work) as machine:
        ready = wait_for_options(machine)
        call_by_paging(sent)
    hears(sent, hearing.read_wav(machine.recording), what)
    return ready
