"""The serial console: what the box says there, and, when its configuration has `[debug] console = yes`, a shell."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path


class Console:
    def __init__(self, log: Path, path: Path, check_alive: Callable[[], None]) -> None:
        self._log, self._path, self._check_alive = log, path, check_alive
        self._socket: socket.socket | None = None
        self._commands = 0

    def text(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def wait_for(self, words: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while words not in self.text():
            self._check_alive()
            if time.monotonic() > until:
                raise SystemExit(f"appliance: no `{words}` in {seconds} s; the console said:\n{self.text()}")
            time.sleep(0.1)

    def run(self, command: str, seconds: float = 30) -> str:
        """What a shell command prints."""
        self._commands += 1
        begin, end = f"begin-{self._commands}.", f"end-{self._commands}."
        # Printed at once: what the box says of itself comes before or after it, never between. The echo of the line itself
        # holds neither mark whole.
        self._send(f"out=$({command}); echo begin-'{self._commands}.'\"$out\"end-'{self._commands}.'\n")
        self.wait_for(end, seconds)
        text = self.text()
        return text[text.rindex(begin) + len(begin):text.rindex(end)].replace("\r", "").strip()

    def _send(self, line: str) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(str(self._path))
            # QEMU stands still when nobody reads. What is read is in the log already.
            threading.Thread(target=self._drain, args=(self._socket,), daemon=True).start()
            self._socket.sendall(b"\n")
        # Slowly: the emulated port has sixteen bytes of room.
        for byte in line.encode():
            self._socket.sendall(bytes([byte]))
            time.sleep(0.002)

    @staticmethod
    def _drain(ear: socket.socket) -> None:
        try:
            while ear.recv(4096):
                pass
        except OSError:
            pass

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
