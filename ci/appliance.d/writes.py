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
from card import SLOTS, SLOTS_HALF, Card
from machine import Machine, Parts
from verdict import WORK, check, say, wait_until

SECTOR = 512
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
PIECES_AT_RISK = 64  # sectors that a card may still hold in its own memory when the next ones come
SETTINGS = pages.SETTINGS + "; a remark, so that the file fills several sectors\n" * 40
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
    """A boot with a page; then every card that a cut can leave: what must not change has not, what the box remembers is whole,
    and it boots. Cards that differ in nothing a boot looks at are booted once; of those, `boots` at the most."""
    card.edit_settings(SETTINGS)
    fingerprint, base, log = card.fingerprint(), card.path.read_bytes(), WORK / "writes.log"
    with clock.TimeServer(), Machine(card, WORK / "writes", Parts(card_driver=logged_on(card.path, log))) as machine:
        pages.wait_for_options(machine)
        pages.call_by_paging(hearing.speech_like(seconds=2, seed=13))
        check(wait_until(lambda: has_written_all(card, log), 180) is not None,
              "it writes its status file, its configuration and the time", machine.console.text())
        time.sleep(SECONDS_OF_FURTHER_WRITES)
    of = entries(log)
    say(f"     {sum(entry.write is not None for entry in of)} writes of {bytes_written(log)} bytes in all")
    places = card.changing_places()
    wrong = [write.at for write in (entry.write for entry in of) if write and not is_within(write, places)]
    check(not wrong, "nothing has changed anywhere but in the status file and the slots of `state`", str(wrong[:3]))
    all_states = list(states(of, base))
    kinds = {as_looked_at(changed, card.status_place()): (what, changed) for what, changed in all_states}
    say(f"     a power cut can leave {len(all_states)} different cards, {len(kinds)} for who boots from them")
    remembered = {what_is_remembered(base, changed, card) for _, changed in kinds.values()}
    check({(False, False), (True, True)} <= remembered,
          f"in each of them the box finds a whole configuration and a whole time, or none: {sorted(remembered)}")
    chosen = list(kinds.values())
    boots = boots or len(chosen)
    for what, changed in chosen[::max(1, len(chosen) // boots)][:boots]:
        replay(base, changed, card)
        check(card.fingerprint() == fingerprint, "what must not change has not")
        with Machine(card, WORK / "replayed") as machine:
            pages.wait_for_options(machine)
        say(f"ok   it boots: {what}")


def has_written_all(card: Card, log: Path) -> bool:
    """Whether each of the things a healthy box writes has been written: the status file, the configuration, the time."""
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


def what_is_remembered(base: bytes, changed: dict[int, bytes], card: Card) -> tuple[bool, bool]:
    """What the box's own program reads in `state`: whether there is a last good configuration, and a time. Each is the right one."""
    (start, length), area, into = card.state_place(), WORK / "state", WORK / "remembered"
    image = bytearray(base[start:start + length])
    for at, data in changed.items():
        if start <= at < start + length:
            image[at - start:at - start + len(data)] = data
    area.write_bytes(image)
    shutil.rmtree(into, ignore_errors=True)
    done = subprocess.run([WORK / "caller", "boot", "--state", area, "--into", into], capture_output=True, text=True, check=True)
    good, floor = into / "last-good.conf", into / "floor"
    wrong = "nothing is remembered" in done.stderr
    wrong |= good.exists() and good.read_bytes() != SETTINGS.replace("\n", "\r\n").encode()
    wrong |= floor.exists() and abs(int(floor.read_text()) - time.time()) > 3600
    if wrong:
        check(False, "what the box remembers is what it was, or nothing", done.stderr)
    return good.exists(), floor.exists()


def is_within(write: Write, places: list[tuple[int, int]]) -> bool:
    return any(start <= write.at and write.at + len(write.data) <= start + -(-length // SECTOR) * SECTOR for start, length in places)


def replay(base: bytes, changed: dict[int, bytes], card: Card) -> None:
    card.path.write_bytes(base)
    with card.path.open("r+b") as file:
        for at, data in changed.items():
            file.seek(at)
            file.write(data)


SECONDS_OF_FURTHER_WRITES = 20
