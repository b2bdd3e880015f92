"""The emulated machine: QEMU's `virt` with an SD card, a network port and a sound card that records to a file."""

import json
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from card import Card
from network import TAP


class Machine:
    """Powered on while the `with` block runs."""

    def __init__(self, card: Card, folder: Path, sound: str = "virtio-sound-pci,audiodev=sound,streams=1") -> None:
        """`sound` is the sound card, as QEMU names it; empty: none, until one is plugged in."""
        self._card = card
        self._sound = ["-device", sound] if sound else []
        self._folder = folder
        self.recording = folder / "heard.wav"
        self._serial = folder / "console.txt"
        self._monitor = f"/tmp/{folder.name}.qmp"

    def __enter__(self) -> "Machine":
        # That of an earlier attempt, if there was one.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        kernel, initramfs, words = self._card.boot_files(self._folder)
        self._started = time.monotonic()
        self._qemu = subprocess.Popen([
            "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "512",
            "-display", "none", "-monitor", "none", "-no-reboot", "-serial", f"file:{self._serial}",
            "-kernel", kernel, "-initrd", initramfs, "-append", words,
            "-device", "sdhci-pci", "-drive", f"if=none,id=card,format=raw,file={self._card.path}",
            "-device", "sd-card,drive=card",
            "-netdev", f"tap,id=net,ifname={TAP},script=no,downscript=no", "-device", "virtio-net-pci,netdev=net",
            "-audiodev", f"wav,id=sound,path={self.recording},out.frequency=48000,out.channels=2,out.format=s16",
            "-device", "qemu-xhci", *self._sound, "-qmp", f"unix:{self._monitor},server=on,wait=off",
        ], stderr=(self._folder / "qemu.txt").open("w"))
        return self

    def __exit__(self, *_: object) -> None:
        self._qemu.send_signal(signal.SIGTERM)  # gently: it completes the WAV's header
        try:
            self._qemu.wait(20)
        except subprocess.TimeoutExpired:
            self.cut_power()
        for name in ("kernel", "initramfs"):
            (self._folder / name).unlink()

    def plug_in_usb_sound(self) -> None:
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self._monitor)
            answers = monitor.makefile()
            answers.readline()  # the greeting
            for name, arguments in [("qmp_capabilities", {}), ("device_add", {"driver": "usb-audio", "audiodev": "sound"})]:
                monitor.sendall(json.dumps({"execute": name, "arguments": arguments}).encode())
                answer = json.loads(answers.readline())
                if "return" not in answer:
                    raise SystemExit(f"appliance: QEMU refuses {name}: {answer}")

    def cut_power(self) -> None:
        self._qemu.kill()
        self._qemu.wait()

    def seconds_up(self) -> float:
        return time.monotonic() - self._started

    def check_alive(self) -> None:
        if self._qemu.poll() is not None:
            raise SystemExit(f"appliance: the machine stopped by itself; its console said:\n{self.console()}")

    def console(self) -> str:
        return self._serial.read_text(errors="replace") if self._serial.exists() else ""

    def wait_for_report(self, seconds: float) -> list[str]:
        """What overlay/usr/lib/paging/report prints once: one fact a line."""
        until = time.monotonic() + seconds
        while "report end" not in self.console():
            self.check_alive()
            if time.monotonic() > until:
                raise SystemExit(f"appliance: no report in {seconds} s; the console said:\n{self.console()}")
            time.sleep(0.2)
        lines = self.console().splitlines()
        return [line.removeprefix("report ") for line in lines if line.startswith("report ")]
