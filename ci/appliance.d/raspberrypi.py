"""The same card in QEMU's Raspberry Pi 3: its processor, SD controller, USB port and device tree.

The card boots, registers at a telephone system, and says so. More this machine does not show: its sound stutters, its watchdog
resets at once, and kernel and device tree are Debian's. Timing, firmware and drivers of a real Pi need a real Pi.
"""

from pathlib import Path

from card import Card
from first import check_mounts
from machine import Machine
from pages import SECONDS_TO_BOOT
from registrar import USER, Kamailio
from verdict import WORK, check, figure
from wire import ACCOUNT

DEVICE_TREE = next(Path("/arm64/usr/lib").glob("linux-image-*/broadcom/bcm2837-rpi-3-b.dtb"), Path("no-device-tree"))
# An address that a maker would give: for others Linux calls a USB adapter usb0 and not eth0.
MAC = "50:54:00:12:34:57"


class RaspberryPi3(Machine):
    """Without a sound card. Its console is the first serial port of the 40 pins (ttyS1 in Debian's device tree)."""

    def _board(self) -> list[object]:
        kernel, initramfs, words = self._card.boot_files(self._folder)
        return ["-M", "raspi3b", "-serial", "null", "-serial", "chardev:serial",
                "-kernel", kernel, "-initrd", initramfs, "-dtb", DEVICE_TREE,
                "-append", words.replace("console=ttyAMA0", "console=ttyS1,115200"),
                "-netdev", self._parts.wire, "-device", f"usb-net,netdev=net,mac={MAC}"]

    def _card_reader(self) -> list[str]:
        return ["-drive", f"if=sd,format=raw,file={self._card.path}"]

    def _options(self) -> list[str]:
        return ["-no-reboot"]


def starts_in_a_raspberry_pi_3(card: Card) -> None:
    """As QEMU has one."""
    card.edit_settings(ACCOUNT)
    with Kamailio(WORK / "kamailio") as kamailio, RaspberryPi3(card, WORK / "raspberrypi") as machine:
        kamailio.wait_for(USER, SECONDS_TO_BOOT)
        ready = machine.seconds_up()
        report = machine.wait_for_report(SECONDS_TO_BOOT)
    check_mounts(report)
    check("slot A" in report, "slot A runs")
    figure(f"Raspberry Pi 3 (emulated): power-on to registered {ready:.1f} s")
