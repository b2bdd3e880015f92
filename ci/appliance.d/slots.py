"""The two slots of a card under emulation: which one the firmware takes, and what happens when a root is spoilt.

1. autoboot.txt names slot A for a usual start and slot B for a trial (`tryboot`); each comes up with its own root.
2. With the root of slot A spoilt the machine starts anew by itself, and a trial of slot B comes up.
3. The card alone starts: U-Boot finds its script on p1, and in autoboot.txt the slot; exchanged there, the other one.

In 1 and 2 the firmware is played by this file and card.py, which read autoboot.txt as the Raspberry Pi's does. Who asks
for the trial is an update's business, and not written yet (docs/image.md).
"""

from pathlib import Path

from card import SECTOR, Card
from machine import VIRT, Machine
from network import USUAL_PORT
from pages import SECONDS_TO_BOOT, wait_for_options
from verdict import WORK, check

ROOTS = {"A": 5, "B": 6}
U_BOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"


class TrialCard(Card):
    """A card as it is started after `reboot "0 tryboot"`."""

    def boot_files(self, into: Path) -> tuple[Path, Path, str]:
        partition = int(in_a_trial(self._read(1, "autoboot.txt"))["boot_partition"])
        config = in_a_trial(self._read(partition, "config.txt"))
        kernel, initramfs = into / "kernel", into / "initramfs"
        self._mtools("mcopy", partition, "-n", "::/" + config["kernel"], kernel)
        self._mtools("mcopy", partition, "-n", "::/" + config["initramfs"], initramfs)
        return kernel, initramfs, self._read(partition, "cmdline.txt").strip()


class CardAlone(Machine):
    """A machine that is given no kernel. Debian's U-Boot for QEMU has no driver for SD cards: it reads the same card as
    a second disk, of which Linux then has no need."""

    def _board(self) -> list[object]:
        return ["-bios", U_BOOT, *VIRT, "-device", "virtio-blk-pci,drive=first", "-drive",
                f"if=none,id=first,format=raw,read-only=on,file.filename={self._card.path},file.locking=off",
                "-netdev", self._parts.wire, "-device", "virtio-net-pci,netdev=net"]


def exchange_slots(card: Card) -> None:
    """What an update does when its trial was good."""
    text = card._read(1, "autoboot.txt")
    edited = card.path.with_name("autoboot.txt")
    edited.write_text(text.translate(str.maketrans("23", "32")))
    card._mtools("mcopy", 1, "-o", edited, "::/autoboot.txt")


def spoil_root(card: Card, slot: str) -> None:
    """What an update leaves that was cut off at its worst: a root that begins with nothing known."""
    with card.path.open("r+b") as file:
        file.seek(card._starts[ROOTS[slot] - 1])  # the sibling knows where partitions are
        file.write(b"\xa5" * SECTOR * 2048)


def in_a_trial(text: str) -> dict[str, str]:
    """A file of the firmware: key=value (or key value), sections that count in a trial; a later line wins."""
    counts, values = True, {}
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            counts = line in ("[all]", "[tryboot]")
        elif counts and line and not line.startswith("#"):
            key, _, value = line.partition("=") if "=" in line else line.partition(" ")
            values[key.strip()] = value.strip()
    return values


def slot_of(card: Card, name: str, kind: type[Machine] = Machine) -> str:
    """Which slot runs, by what the box says on its console; it answers calls, too."""
    with kind(card, WORK / name) as machine:
        wait_for_options(machine, USUAL_PORT)
        report = machine.wait_for_report(SECONDS_TO_BOOT)
    root = next(line.split()[1] for line in report if line.startswith("mount ") and line.split()[2] == "/")
    slot = next(line.removeprefix("slot ") for line in report if line.startswith("slot "))
    check(root.endswith(f"p{ROOTS[slot]}"), f"slot {slot} runs from {root}")
    return slot


def starts_from_both(card: Card) -> None:
    """Slot A, slot B by a trial, and slot B when the root of A is spoilt; and the card alone, by U-Boot."""
    trial = TrialCard(card.path, WORK / "trial.img")
    check(slot_of(card, "usual") == "A", "a usual start takes slot A")
    check(slot_of(trial, "trial") == "B", "a trial takes slot B")
    check(slot_of(card, "alone", CardAlone) == "A", "U-Boot takes slot A")
    exchange_slots(card)
    check(slot_of(card, "exchanged", CardAlone) == "B", "and slot B when autoboot.txt says so")
    exchange_slots(card)
    for one in (card, trial):
        spoil_root(one, "A")
    with Machine(card, WORK / "spoilt") as machine:
        gone = machine.resets_itself(SECONDS_TO_BOOT)
        said = machine.console.text()
        check(gone and "is no squashfs" in said, "with a spoilt root the machine starts anew", said)
    check(slot_of(trial, "trial-beside-spoilt") == "B", "and a trial of slot B comes up")
    trial.path.unlink()
