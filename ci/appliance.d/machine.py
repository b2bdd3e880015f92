"""The emulated machine: QEMU's `virt` with an SD card, a network port and a sound card that records to a file."""

import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from card import Card
from console import Console
from debugger import Debugger
from network import TAP
from qmp import Monitor

VIRT = ["-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "512", "-serial", "chardev:serial"]
VIRTIO_SOUND = "virtio-sound-pci,audiodev=sound,streams=1"
USB_SOUND = "usb-audio,id=usb,audiodev=sound"


@dataclass
class Parts:
    """What the machine is made of, beyond what each has."""

    sound: str = VIRTIO_SOUND  # as QEMU names it; empty: none, until one is plugged in
    wire: str = f"tap,id=net,ifname={TAP},script=no,downscript=no"
    card_driver: list[str] = field(default_factory=list)  # instead of the plain image
    watchdog: bool = False  # one that resets the machine, which then starts again
    gpio: Path | None = None  # a socket to press buttons and see relays at (qtest)
    debugger: bool = False  # see debugger.py
    disk: Path | None = None  # one more, which only a test knows of
    clock: str = ""  # what the battery-backed clock says; empty: the right time


class Machine:
    """Powered on while the `with` block runs."""

    def __init__(self, card: Card, folder: Path, parts: Parts | None = None) -> None:
        self._card = card
        self._parts = parts or Parts()
        self._folder = folder
        self.recording = folder / "heard.wav"
        self._sockets = Path("/tmp/machine") / folder.name

    def __enter__(self) -> "Machine":
        # That of an earlier attempt, if there was one.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets.mkdir(parents=True)
        serial, monitor = self._sockets / "serial", self._sockets / "qmp"
        self._started = time.monotonic()
        self._qemu = subprocess.Popen([
            "qemu-system-aarch64", *self._board(), *self._card_reader(), *self._options(),
            "-display", "none", "-monitor", "none", "-qmp", f"unix:{monitor},server=on,wait=off",
            "-chardev", f"socket,id=serial,path={serial},server=on,wait=off,logfile={self._folder}/console.txt",
        ], stderr=(self._folder / "qemu.txt").open("w"))
        self.monitor = Monitor(str(monitor), self.check_alive)
        self.console = Console(self._folder / "console.txt", serial, self.check_alive)
        return self

    def _board(self) -> list[object]:
        """Kernel, processor, serial port, network."""
        kernel, initramfs, words = self._card.boot_files(self._folder)
        return ["-kernel", kernel, "-initrd", initramfs, "-append", words, *VIRT, "-netdev", self._parts.wire,
                "-device", "virtio-net-pci,id=port,netdev=net"]

    def _card_reader(self) -> list[str]:
        drive = self._parts.card_driver or ["-drive", f"if=none,id=card,format=raw,file={self._card.path}"]
        return [*drive, "-device", "sdhci-pci", "-device", "sd-card,drive=card"]

    def _options(self) -> list[str]:
        parts = self._parts
        recorder = f"wav,id=sound,path={self.recording},out.frequency=48000,out.channels=2,out.format=s16"
        options = ["-audiodev", recorder, "-device", "qemu-xhci"]
        options += ["-device", parts.sound] if parts.sound else []
        options += ["-device", "i6300esb", "-action", "watchdog=reset"] if parts.watchdog else ["-no-reboot"]
        options += ["-qtest", f"unix:{parts.gpio},server=on,wait=off", "-qtest-log", "none", "-accel", "tcg"] if parts.gpio else []
        options += ["-gdb", f"unix:{self._sockets}/debugger,server=on,wait=off"] if parts.debugger else []
        options += ["-drive", f"if=none,id=disk,format=raw,readonly=on,file={parts.disk}",
                    "-device", "virtio-blk-pci,drive=disk"] if parts.disk else []
        options += ["-rtc", f"base={parts.clock}"] if parts.clock else []
        return options

    def __exit__(self, *_: object) -> None:
        self.console.close()
        self.monitor.close()
        self._qemu.send_signal(signal.SIGTERM)  # gently: it completes the WAV's header
        try:
            self._qemu.wait(20)
        except subprocess.TimeoutExpired:
            self.cut_power()
        for name in ("kernel", "initramfs"):
            (self._folder / name).unlink(missing_ok=True)

    def debugger(self) -> Debugger:
        return Debugger(f"{self._sockets}/debugger")

    def plug_in_usb_sound(self) -> None:
        self.monitor.execute("device_add", driver="usb-audio", id="usb", audiodev="sound")

    def unplug_usb_sound(self) -> None:
        self.monitor.execute("device_del", id="usb")

    def pull_cable(self) -> None:
        self.monitor.execute("set_link", name="net", up=False)

    def put_cable_back(self) -> None:
        self.monitor.execute("set_link", name="net", up=True)

    def cut_power(self) -> None:
        self._qemu.kill()
        self._qemu.wait()

    def resets_itself(self, seconds: float) -> bool:
        """Whether it starts anew before that; it is then off, for QEMU is told not to reboot."""
        try:
            self._qemu.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def seconds_up(self) -> float:
        return time.monotonic() - self._started

    def where(self) -> str:
        """Where its processors are: the same place twice is no program of the box."""
        said = [str(self.monitor.execute("human-monitor-command", command_line="info registers -a")) for _ in range(3)]
        return f"its processors were at {[re.findall(r'PC=([0-9a-f]+)', one) for one in said]}"

    def check_alive(self) -> None:
        if self._qemu.poll() is not None:
            said = "".join(path.read_text(errors="replace") for path in self._folder.glob("*.txt"))
            raise SystemExit(f"appliance: the machine stopped by itself; it said:\n{said}")

    def wait_for_report(self, seconds: float) -> list[str]:
        """What overlay/usr/lib/paging/report prints once: one fact a line."""
        self.console.wait_for("report end", seconds)
        lines = self.console.text().splitlines()
        return [line.removeprefix("report ") for line in lines if line.startswith("report ")]
