"""Relay, healthy line and button, seen and pressed from outside at the emulated machine's GPIO chip (a PL061)."""

import socket
import time
from pathlib import Path

import hearing
from card import Card
from machine import Machine, Parts
from network import BOX, USUAL_PORT
from pages import call_in_background, wait_for_options
from verdict import WORK, check, wait_until

RELAY, HEALTHY, BUTTON = 0, 1, 2
SETTINGS = f"""\
[gpio]
relay = gpiochip0:{RELAY}
relay-lag = 1s
healthy = gpiochip0:{HEALTHY}

[button stop]
line = gpiochip0:{BUTTON}
active = high
do = stop
"""


def switches_its_relay_and_minds_its_button(card: Card) -> None:
    card.edit_settings(SETTINGS)
    path = Path("/tmp/gpio.qtest")
    with Machine(card, WORK / "lines", Parts(gpio=path)) as machine, Pins(machine, path) as pins:
        wait_for_options(machine, USUAL_PORT)
        check(wait_until(lambda: pins.is_on(HEALTHY), 60) is not None, "the healthy line is on")
        check(not pins.is_on(RELAY), "the relay is off while nothing plays")
        with call_in_background(hearing.speech_like(seconds=4, seed=9), f"sip:page@{BOX}:{USUAL_PORT}") as caller:
            check(wait_until(lambda: pins.is_on(RELAY), 10) is not None, "the relay is on during a page")
            check(caller.wait(60) == 0, "the page ends well")
        check(wait_until(lambda: not pins.is_on(RELAY), 10) is not None, "and off after it")
        with call_in_background(hearing.speech_like(seconds=60, seed=9), f"sip:page@{BOX}:{USUAL_PORT}") as caller:
            check(wait_until(lambda: pins.is_on(RELAY), 10) is not None, "the relay is on during another page")
            pins.press(BUTTON)
            began = time.monotonic()
            caller.wait(60)
            check(time.monotonic() - began < 15, "a press of the button ends it")


class Pins:
    """The lines of the chip: QEMU tells of each change of an output, and sets an input, over its qtest socket."""

    def __init__(self, machine: Machine, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._text, self._levels = "", {}
        devices = machine.monitor.execute("qom-list", path="/machine/unattached")
        name = next(one["name"] for one in devices if "pl061" in one["type"])
        self._chip = f"/machine/unattached/{name}"
        self._send(f"irq_intercept_out {self._chip}")

    def __enter__(self) -> "Pins":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def is_on(self, line: int) -> bool:
        self._hear(0.05)
        return self._levels.get(line, False)

    def press(self, line: int) -> None:
        self._send(f"set_irq_in {self._chip} unnamed-gpio-in {line} 1")
        time.sleep(0.3)  # a finger
        self._send(f"set_irq_in {self._chip} unnamed-gpio-in {line} 0")

    def _send(self, words: str) -> None:
        self._socket.sendall(words.encode() + b"\n")
        self._hear(0.2)

    def _hear(self, seconds: float) -> None:
        self._socket.settimeout(seconds)
        try:
            self._text += self._socket.recv(65536).decode()
        except TimeoutError:
            pass
        *lines, self._text = self._text.split("\n")
        for words in (line.split() for line in lines):
            if len(words) == 3 and words[0] == "IRQ":
                self._levels[int(words[2])] = words[1] == "raise"
