"""Every write the box makes to its card, replayed: the card as it is when the power goes at any moment.

Killing QEMU loses no write: what the box has handed over is in this machine's memory. A real card loses what was not
flushed, in any order. So the writes are logged (QEMU's blklogwrites, the format of Linux' dm-log-writes), and put on a card again
up to every one of them, and with each of those left out that were not flushed then.
"""

import itertools
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import clock
import hearing
import pages
import power
from card import SLOTS, SLOTS_HALF, Card
from machine import Machine, Parts
from verdict import WORK, check, say, wait_until

SECTOR = 512
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
PIECES_AT_RISK = 64  # sectors that a card may still hold in its own memory when the next ones come
# Each fills several sectors; the new one names the card that the old one has found, which the status file tells.
OLD, NEW = (pages.SETTINGS + device + pages.SHELL + "; a remark, for several sectors\n" * 40
            for device in ("", "device = hw:CARD=SoundCard,DEV=0\n"))
AHEAD = 2 * 24 * 3600  # of the second boot; a time is remembered once a day
RELOAD = power.SERVICE.format(signal="HUP")
ALL_OF_SO_MANY = 8  # unflushed writes of which every subset is tried; of more only each one by itself


@dataclass
class Write:
    at: int
    data: bytes


@dataclass
class Entry:
    write: Write | None
    flushes: bool  # what came before is on the card
    is_through: bool  # it is on the card itself


def logged_on(raw: Path, log: Path) -> list[str]:
    """A card that logs its writes, as QEMU names it."""
    log.write_bytes(b"")
    return ["-blockdev", f"driver=file,node-name=raw,filename={raw}",
            "-blockdev", f"driver=file,node-name=log,filename={log}",
            "-blockdev", "driver=blklogwrites,node-name=card,file=raw,log=log,log-sector-size=512"]


def entries(log: Path) -> list[Entry]:
    """What is in the log so far. How many they are stands at its head only when the machine is off, so they are read to the end."""
    data = log.read_bytes()
    at, found = SECTOR, []
    while at + SECTOR <= len(data):
        sector, sectors, flags, _length = struct.unpack_from("<QQQQ", data, at)
        at += SECTOR
        has_data = sectors and not flags & (DISCARD | MARK)
        content = data[at:at + sectors * SECTOR] if has_data else b""
        if has_data and len(content) < sectors * SECTOR:
            break  # it is being written
        at += len(content)
        found.append(Entry(Write(sector * SECTOR, content) if has_data else None, bool(flags & FLUSH), bool(flags & FUA)))
    return found


def bytes_written(log: Path) -> int:
    return sum(len(entry.write.data) for entry in entries(log) if entry.write)


def states(of: list[Entry], base: bytes) -> Iterator[tuple[str, dict[int, bytes]]]:
    """Every card there can be after a cut, each once: what was lost, and which sectors of it are others than those of `base`."""
    seen: set[int] = set()
    for what, writes in histories(of):
        sectors = {write.at: write.data for write in writes}
        changed = {at: data for at, data in sorted(sectors.items()) if base[at:at + SECTOR] != data}
        key = hash(tuple(changed.items()))
        if key not in seen:
            seen.add(key)
            yield what, changed


def histories(of: list[Entry]) -> Iterator[tuple[str, list[Write]]]:
    safe: list[Write] = []
    open_writes: list[Write] = []
    for number, entry in enumerate(of):
        if entry.flushes:
            safe, open_writes = safe + open_writes, []
        if entry.write is None:
            continue
        # An SD card knows no flush: what the box has handed over long before is on it all the same.
        settled = len(open_writes) - PIECES_AT_RISK
        if settled > 0:
            safe, open_writes = safe + open_writes[:settled], open_writes[settled:]
        open_writes = open_writes + list(torn(entry.write))
        for lost in losses(len(open_writes)):
            kept = [write for index, write in enumerate(open_writes) if index not in lost]
            yield f"cut after write {number}, {len(lost)} of {len(open_writes)} unflushed pieces lost", safe + kept
        if entry.is_through:
            safe, open_writes = safe + open_writes, []


def torn(write: Write) -> Iterator[Write]:
    """A write of several sectors reaches the card sector by sector, in any order."""
    for start in range(0, len(write.data), SECTOR):
        yield Write(write.at + start, write.data[start:start + SECTOR])


def losses(count: int) -> Iterator[tuple[int, ...]]:
    if count <= ALL_OF_SO_MANY:
        for size in range(count + 1):
            yield from itertools.combinations(range(count), size)
        return
    yield ()
    yield tuple(range(count))
    for index in range(count):
        yield (index,)
        yield tuple(range(index))
        yield tuple(range(index, count))


def every_state_boots(card: Card, boots: int | None) -> None:
    """A box that has remembered one configuration and a time comes up with others, is paged, reads its settings again; then every
    card that a cut can leave: what must not change has not, what is remembered is the old or the new, and it boots."""
    with_old_settings(card)
    card.edit_settings(NEW)
    base, log = card.path.read_bytes(), WORK / "writes.log"
    parts = Parts(card_driver=logged_on(card.path, log), clock=clock.battery(AHEAD))
    with clock.TimeServer(AHEAD), Machine(card, WORK / "writes", parts) as machine:
        pages.wait_for_options(machine)
        pages.call_by_paging(hearing.speech_like(seconds=2, seed=13))
        check(wait_until(lambda: has_written_all(card, log), 180) is not None,
              "it writes its status file, its configuration and the time", machine.console.text())
        machine.console.run(RELOAD)
        time.sleep(SECONDS_OF_FURTHER_WRITES)
    places = card.changing_places()
    all_kinds = kinds(entries(log), base, card, places)
    remembered = {what_is_remembered(base, changed, card) for _, changed in all_kinds}
    check({good for good, _ in remembered} == {"old", "new"} and {floor for _, floor in remembered} == {"old", "new"},
          f"in each of them the box finds a configuration and a time, the old or the new: {sorted(remembered)}")
    boot_from(all_kinds, base, card, boots)


def an_overlay_is_written_whatever_is_cut(card: Card, boots: int | None) -> None:
    """The only file that a boot writes, for the firmware. What is there is booted from; what is not is written."""
    card.edit_settings(pages.SETTINGS + "overlay = hifiberry-dac\n")
    base, log = card.path.read_bytes(), WORK / "overlay.log"
    with Machine(card, WORK / "overlay", Parts(card_driver=logged_on(card.path, log), watchdog=True)) as machine:
        pages.wait_for_options(machine)
        check(machine.monitor.resets() == 1, "the machine has begun anew once", machine.console.text())
    check("dtoverlay=hifiberry-dac" in card.slot_file("hat.txt"), "and the firmware is told of the sound card")
    of = before_the_status_file(entries(log), card)
    all_kinds = kinds(of, base, card, [card.hat_place(), *card.changing_places()])
    boot_from(all_kinds, base, card, boots, begins_anew=True)
    check("dtoverlay=hifiberry-dac" in card.slot_file("hat.txt"), "and the firmware is told of it then")


def with_old_settings(card: Card) -> None:
    """A box that has remembered all there is to remember, some days ago."""
    card.edit_settings(OLD)
    log = WORK / "old.log"
    with clock.TimeServer(), Machine(card, WORK / "old", Parts(card_driver=logged_on(card.path, log))) as machine:
        pages.wait_for_options(machine)
        check(wait_until(lambda: has_written_all(card, log), 180) is not None, "it has remembered something", machine.console.text())
        time.sleep(2)


def kinds(of: list[Entry], base: bytes, card: Card, places: list[tuple[int, int]]) -> list[tuple[str, dict[int, bytes]]]:
    """Cards that a cut can leave, of those that differ in nothing a boot looks at one each."""
    say(f"     {sum(entry.write is not None for entry in of)} writes")
    wrong = [entry.write.at for entry in of if entry.write and not is_within(entry.write, places)]
    check(not wrong, "nothing was written anywhere but where it belongs", str(wrong[:3]))
    all_states = list(states(of, base))
    differing = {as_looked_at(changed, card.status_place()): (what, changed) for what, changed in all_states if changed}
    say(f"     a power cut can leave {len(all_states)} different cards, {len(differing)} for who boots from them")
    return list(differing.values())


def boot_from(chosen: list[tuple[str, dict[int, bytes]]], base: bytes, card: Card, boots: int | None, *,
              begins_anew: bool = False) -> None:
    """From all of them, or from so many; they may begin anew, once they have told the firmware of a sound card."""
    boots, besides = boots or len(chosen), [card.hat_place()] if begins_anew else []
    for what, changed in chosen[::max(1, len(chosen) // boots)][:boots]:
        replay(base, changed, card)
        fingerprint = card.fingerprint(besides)
        with Machine(card, WORK / "replayed", Parts(watchdog=begins_anew)) as machine:
            pages.wait_for_options(machine)
        check(card.fingerprint(besides) == fingerprint, f"it boots, and what must not change has not: {what}")


def before_the_status_file(of: list[Entry], card: Card) -> list[Entry]:
    """What a boot writes; the rest is the guard's."""
    start, _ = card.status_place()
    return list(itertools.takewhile(lambda entry: not entry.write or entry.write.at != start, of))


def has_written_all(card: Card, log: Path) -> bool:
    """Whether the status file, the configuration and the time have been written."""
    state, _ = card.state_place()
    written = [entry.write.at for entry in entries(log) if entry.write]
    slots = [[(state + half + at, length) for half in (0, SLOTS_HALF)] for at, length in SLOTS[:2]]
    is_written = lambda places: any(start <= at < start + length for at in written for start, length in places)  # noqa: E731
    return all(map(is_written, [[card.status_place()], *slots])) and "10.77.0.10" in card.status()


def as_looked_at(changed: dict[int, bytes], status: tuple[int, int]) -> object:
    """A card as a boot sees it: all of `state`; of the status file how it begins. Its other sectors are text for people, which the
    guard writes over."""
    start, length = status
    return tuple((at, data) for at, data in changed.items() if not start < at < start + length)


def what_is_remembered(base: bytes, changed: dict[int, bytes], card: Card) -> tuple[str, str]:
    """What the box's own program reads in `state`: which configuration, and which time."""
    (start, length), area, into = card.state_place(), WORK / "state", WORK / "remembered"
    image = bytearray(base[start:start + length])
    for at, data in changed.items():
        if start <= at < start + length:
            image[at - start:at - start + len(data)] = data
    area.write_bytes(image)
    shutil.rmtree(into, ignore_errors=True)
    subprocess.run([WORK / "caller", "boot", "--state", area, "--into", into], capture_output=True, check=True)
    good, floor = into / "last-good.conf", into / "floor"
    texts = {text.replace("\n", "\r\n").encode(): name for text, name in ((OLD, "old"), (NEW, "new"))}
    which = texts.get(good.read_bytes(), "another") if good.exists() else "none"
    age = time.time() - int(floor.read_text()) if floor.exists() else None
    when = "none" if age is None else "old" if abs(age) < 3600 else "new" if abs(age + AHEAD) < 3600 else "another"
    return which, when


def is_within(write: Write, places: list[tuple[int, int]]) -> bool:
    return any(start <= write.at and write.at + len(write.data) <= start + -(-length // SECTOR) * SECTOR for start, length in places)


def replay(base: bytes, changed: dict[int, bytes], card: Card) -> None:
    card.path.write_bytes(base)
    with card.path.open("r+b") as file:
        for at, data in changed.items():
            file.seek(at)
            file.write(data)


SECONDS_OF_FURTHER_WRITES = 20
