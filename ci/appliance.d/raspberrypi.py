"""The same card in QEMU's Raspberry Pi 3: its processor, SD controller, USB port and device tree.

  python3 ci/appliance.d/raspberrypi.py        in the kit (`image/kit --alone`), after `image/build emulated`

The card boots to its report and answers OPTIONS. More this machine does not show: its sound stutters, its watchdog
resets at once, and kernel and device tree are Debian's. Timing, firmware and drivers of a real Pi need a real Pi.
"""

import shutil
import subprocess
import time
from pathlib import Path

from card import Card
from machine import Machine
from network import TAP, USUAL_PORT, Network

DEVICE_TREE = next(Path("/arm64/usr/lib").glob("linux-image-*/broadcom/bcm2837-rpi-3-b.dtb"), Path("no-device-tree"))
# An address that a maker would give: for others Linux calls a USB adapter usb0 and not eth0.
MAC = "50:54:00:12:34:57"
WORK = Path("target/image/appliance")
SECONDS_TO_BOOT = 180


class RaspberryPi3(Machine):
    """Without a sound card. Its console is the first serial port of the 40 pins (ttyS1 in Debian's device tree)."""

    def __init__(self, card: Card, folder: Path) -> None:
        super().__init__(card, folder, sound="")

    def __enter__(self) -> "RaspberryPi3":
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        kernel, initramfs, words = self._card.boot_files(self._folder)
        self._started = time.monotonic()
        self._qemu = subprocess.Popen([
            "qemu-system-aarch64", "-M", "raspi3b", "-display", "none", "-monitor", "none", "-no-reboot",
            "-serial", "null", "-serial", f"file:{self._serial}",
            "-kernel", kernel, "-initrd", initramfs, "-dtb", DEVICE_TREE,
            "-append", words.replace("console=ttyAMA0", "console=ttyS1,115200"),
            "-drive", f"if=sd,format=raw,file={self._card.path}",
            "-netdev", f"tap,id=net,ifname={TAP},script=no,downscript=no", "-device", f"usb-net,netdev=net,mac={MAC}",
        ], stderr=(self._folder / "qemu.txt").open("w"))
        return self


def main() -> None:
    from main import check, check_mounts, say, wait_for_options

    card = Card(Path("target/image/emulated/card.img"), WORK / "raspberrypi.img")
    with Network(WORK / "raspberrypi-dhcp.log"), RaspberryPi3(card, WORK / "raspberrypi") as machine:
        ready = wait_for_options(machine, USUAL_PORT)
        report = machine.wait_for_report(SECONDS_TO_BOOT)
    check_mounts(report)
    check("slot A" in report, "slot A runs")
    say(f"figures: Raspberry Pi 3 (emulated): power-on to first OPTIONS answered {ready:.1f} s")


if __name__ == "__main__":
    main()
