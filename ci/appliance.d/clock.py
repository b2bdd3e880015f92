"""A box without a battery: its clock says 1970. Then somebody on the wire knows the time."""

import contextlib
import socket
import struct
import threading
import time

from card import Card
from machine import Machine, Parts
from network import HERE, USUAL_PORT
from pages import SECONDS_TO_BOOT, SHELL, wait_for_options
from verdict import WORK, check, wait_until

SINCE_1900 = 2_208_988_800


def finds_the_time(card: Card) -> None:
    """The image's own date is the floor; a time server that DHCP names (option 42) is believed."""
    card.edit_settings(SHELL)
    with Machine(card, WORK / "clock", Parts(clock="1970-01-01T00:00:00")) as machine:
        wait_for_options(machine, USUAL_PORT)
        report = machine.wait_for_report(SECONDS_TO_BOOT)
        built = next(int(line.split()[1]) for line in report if line.startswith("built "))
        at_boot = int(machine.console.run("date +%s"))
        check(built <= at_boot < built + 600, f"it begins at the time the image was made ({at_boot - built:+d} s)")
        with TimeServer():
            waited = wait_until(lambda: abs(int(machine.console.run("date +%s")) - time.time()) < 2, 120, every=1)
            check(waited is not None, "and has the right time from the server that DHCP names", machine.console.text())


def battery(ahead: int) -> str:
    """What a clock says that is so far ahead, as QEMU takes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + ahead))


class TimeServer:
    """SNTP (RFC 4330), as a router has it; a router that is so far ahead."""

    def __init__(self, ahead: int = 0) -> None:
        self._ahead = ahead
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HERE, 123))
        self._socket.settimeout(0.2)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "TimeServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                question, who = self._socket.recvfrom(512)
                self._socket.sendto(answer(question, time.time() + self._ahead), who)


def answer(question: bytes, seconds: float) -> bytes:
    now = stamp(seconds)
    # No leap second, the asker's version, a server of stratum 2, exact to a millisecond.
    head = struct.pack("!BBbbII4s", (question[0] & 0x38) | 4, 2, 6, -10, 0x100, 0x100, bytes([127, 0, 0, 1]))
    return head + now + question[40:48] + now + now


def stamp(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("!II", whole + SINCE_1900, int((seconds - whole) * 2**32))
