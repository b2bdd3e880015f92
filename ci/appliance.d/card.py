"""A card image: edited as a user does it, and read as the Raspberry Pi's firmware does."""

import hashlib
import os
import subprocess
from pathlib import Path

SECTOR = 512
CARD_BYTES = 512 * 1024 * 1024  # an emulated SD card's size is a power of two


class Card:
    def __init__(self, built: Path, path: Path) -> None:
        self.path = path
        subprocess.run(["cp", "--sparse=always", built, path], check=True)
        self._used = os.stat(built).st_blocks * SECTOR
        os.truncate(path, CARD_BYTES)
        table = subprocess.run(["sfdisk", "--dump", path], capture_output=True, text=True, check=True).stdout
        partitions = [line.split(":")[1] for line in table.splitlines() if "start=" in line]
        self._starts = [int(fields.split(",")[0].split("=")[1]) * SECTOR for fields in partitions]

    def user_files(self) -> dict[str, str]:
        """What a person finds on the first partition to read and edit."""
        return {name: self._read(1, name) for name in ("README.txt", "paging.conf")}

    def edit_settings(self, text: str) -> None:
        """Replaces paging.conf on the partition a person sees, with Windows line endings."""
        edited = self.path.with_name("paging.conf")
        edited.write_bytes(text.replace("\n", "\r\n").encode())
        self._mtools("mcopy", 1, "-o", edited, "::/paging.conf")

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

    def fingerprint(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def sizes(self) -> str:
        root = os.stat("target/image/emulated/parts/root.squashfs").st_size
        return f"{self._used / 1e6:.0f} MB of data, root {root / 1e6:.1f} MB"

    def _read(self, partition: int, name: str) -> str:
        return self._mtools("mtype", partition, f"::/{name}")

    def _mtools(self, tool: str, partition: int, *arguments: object) -> str:
        image = f"{self.path}@@{self._starts[partition - 1]}"
        command = [tool, "-i", image, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def value_of(text: str, key: str) -> str:
    return next(line.removeprefix(key).strip() for line in text.splitlines() if line.startswith(key))
