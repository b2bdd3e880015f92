"""A card image: edited as a user does it, and read as the Raspberry Pi's firmware does."""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

SECTOR = 512
STATUS = "paging-status.txt"
SLOT, STATE = 2, 7  # partitions
SLOTS_HALF = 2 << 20  # each slot is there twice
SLOTS = [(0, 513 * SECTOR), (1 << 20, SECTOR), (3 << 19, SECTOR)]  # the last good configuration, the time floor, counters
CARD_BYTES = 512 * 1024 * 1024  # an emulated SD card's size is a power of two


class Card:
    def __init__(self, built: Path, path: Path) -> None:
        self.path = path
        subprocess.run(["cp", "--sparse=always", built, path], check=True)
        self._used = os.stat(built).st_blocks * SECTOR
        os.truncate(path, CARD_BYTES)
        table = subprocess.run(["sfdisk", "--dump", path], capture_output=True, text=True, check=True).stdout
        partitions = [line.split(":")[1] for line in table.splitlines() if "start=" in line]
        self._starts, self._sizes = ([int(fields.split(",")[n].split("=")[1]) * SECTOR for fields in partitions] for n in (0, 1))

    def user_files(self) -> dict[str, str]:
        """What a person finds on the first partition to read and edit."""
        return {name: self._read(1, name) for name in ("README.txt", "paging.conf")}

    def status(self) -> str:
        """What the box has written for a person."""
        return self._read(1, STATUS).replace("\r", "").rstrip()

    def edit_settings(self, text: str) -> None:
        """Replaces paging.conf on the partition a person sees, with Windows line endings."""
        self.put_settings(text.replace("\n", "\r\n").encode())

    def put_settings(self, content: bytes) -> None:
        """The same, byte by byte."""
        edited = self.path.with_name("paging.conf")
        edited.write_bytes(content)
        self._mtools("mcopy", 1, "-o", edited, "::/paging.conf")

    def put_sound(self, file: Path) -> None:
        """Into the folder for sounds."""
        self._mtools("mcopy", 1, "-o", file, f"::/sounds/{file.name}")

    def remove_settings(self) -> None:
        self._mtools("mdel", 1, "::/paging.conf")

    def spoil_settings(self) -> None:
        """A directory where paging.conf should be: it is there, and reading it fails."""
        self.remove_settings()
        self._mtools("mmd", 1, "::/paging.conf")

    def boot_files(self, into: Path) -> tuple[Path, Path, str]:
        """Kernel, initramfs and command line, found as the firmware finds them: autoboot.txt on the first partition
        names the boot partition, config.txt there names the files."""
        autoboot = self._read(1, "autoboot.txt").split("\n[tryboot]")[0]
        partition = int(value_of(autoboot, "boot_partition="))
        config = self._read(partition, "config.txt")
        kernel, initramfs = into / "kernel", into / "initramfs"
        self._mtools("mcopy", partition, "-n", "::/" + value_of(config, "kernel="), kernel)
        self._mtools("mcopy", partition, "-n", "::/" + value_of(config, "initramfs "), initramfs)
        return kernel, initramfs, self._read(partition, "cmdline.txt").strip()

    def fingerprint(self, besides: Iterable[tuple[int, int]] = ()) -> str:
        """Of every byte that must never change, or only `besides`."""
        image = bytearray(self.path.read_bytes())
        for start, length in [*self.changing_places(), *besides]:
            image[start:start + length] = bytes(length)
        return hashlib.sha256(image).hexdigest()

    def changing_places(self) -> list[tuple[int, int]]:
        """The text of the status file, and the six slots of `state` (src/slots)."""
        state, _ = self.state_place()
        slots = [(state + half + at, length) for half in (0, SLOTS_HALF) for at, length in SLOTS]
        return [self.status_place(), *slots]

    def slot_file(self, name: str) -> str:
        """A file of the slot that starts."""
        return self._read(SLOT, name)

    def hat_place(self) -> tuple[int, int]:
        """First byte and length of the file by which the box tells the firmware of its sound card."""
        return self._place(SLOT, "hat.txt")

    def status_place(self) -> tuple[int, int]:
        """First byte and length of the status file on the card."""
        return self._place(1, STATUS)

    def _place(self, partition: int, name: str) -> tuple[int, int]:
        """Of a file that lies in one piece."""
        clusters = self._mtools("mshowfat", partition, f"::/{name}")
        first = int(re.search(r"<(\d+)", clusters)[1])
        assert clusters.count("<") == 1, f"{name} lies in pieces: {clusters}"
        size, start = len(self._mtools("mtype", partition, f"::/{name}", text=False)), self._starts[partition - 1]
        with self.path.open("rb") as file:
            file.seek(start)
            return start + cluster_offset(file.read(SECTOR), first), size

    def state_place(self) -> tuple[int, int]:
        """First byte and length of the partition without a file system."""
        return self._starts[STATE - 1], self._sizes[STATE - 1]

    def sizes(self) -> str:
        root = os.stat("target/image/emulated/parts/root.squashfs").st_size
        return f"{self._used / 1e6:.0f} MB of data, root {root / 1e6:.1f} MB"

    def _read(self, partition: int, name: str) -> str:
        return self._mtools("mtype", partition, f"::/{name}")

    def _mtools(self, tool: str, partition: int, *arguments: object, text: bool = True) -> str | bytes:
        image = f"{self.path}@@{self._starts[partition - 1]}"
        command = [tool, "-i", image, *map(str, arguments)]
        output = subprocess.run(command, capture_output=True, check=True).stdout
        return output.decode(errors="replace") if text else output


def cluster_offset(sector: bytes, cluster: int) -> int:
    """Where a cluster of a FAT file system begins, by its first sector."""
    of = lambda at, size: int.from_bytes(sector[at:at + size], "little")  # noqa: E731
    tables = of(16, 1) * (of(22, 2) or of(36, 4))
    root = (of(17, 2) * 32 + SECTOR - 1) // SECTOR
    return (of(14, 2) + tables + root + (cluster - 2) * of(13, 1)) * SECTOR


def value_of(text: str, key: str) -> str:
    return next(line.removeprefix(key).strip() for line in text.splitlines() if line.startswith(key))
