"""QEMU's monitor (QMP): cables, plugs and block statistics of the emulated machine."""

import json
import socket
import time
from collections.abc import Callable


class Monitor:
    def __init__(self, path: str, check_alive: Callable[[], None]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        while True:
            try:
                self._socket.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):  # QEMU is about to make it
                check_alive()
                time.sleep(0.02)
        self._answers = self._socket.makefile()
        self._answers.readline()  # the greeting
        self.events: list[str] = []
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: object) -> object:
        words = {"execute": command, "arguments": {name.replace("_", "-"): value for name, value in arguments.items()}}
        self._socket.sendall(json.dumps(words).encode())
        while True:
            answer = json.loads(self._answers.readline())
            if "event" in answer:
                self.events.append(answer["event"])
            elif "return" in answer:
                return answer["return"]
            else:
                raise SystemExit(f"appliance: QEMU refuses {command}: {answer}")

    def resets(self) -> int:
        self.execute("query-status")  # takes the events that have come
        return self.events.count("RESET")

    def close(self) -> None:
        self._socket.close()
