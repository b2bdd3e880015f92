"""QEMU's debugger, as far as it takes to send one thread of the machine round in circles.

The box lets nobody into its processes (kernel.yama.ptrace_scope = 3), not even root. So it is done from below: the
processor stops where the thread calls its library, and goes on at an instruction that jumps to itself.
"""

import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

JUMP_TO_ITSELF = 0x14000000  # `b .`
FIRST_ARGUMENT, SECOND_ARGUMENT, PC = 0, 1, 32  # registers of aarch64, as GDB counts them
SECONDS_TO_STOP = 60


class Library:
    """A shared library of the box: where its functions are, and where it can be made to stand still."""

    def __init__(self, path: Path) -> None:
        self._bytes = path.read_bytes()

    def function(self, name: str) -> int:
        """Offset of a function that it exports."""
        kinds = {kind: (offset, size) for kind, offset, size in self._sections()}
        (symbols, size), (names, _) = kinds[11], self._names_of_symbols()  # SHT_DYNSYM
        for at in range(symbols, symbols + size, 24):
            at_name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", self._bytes, at)
            begin = names + at_name
            if section and self._bytes[begin:self._bytes.index(b"\0", begin)] == name.encode():
                return value
        raise SystemExit(f"appliance: the library has no {name}")

    def standstill(self) -> int:
        """Offset of an instruction that jumps to itself."""
        at = self._bytes.find(struct.pack("<I", JUMP_TO_ITSELF))
        while at % 4:
            at = self._bytes.find(struct.pack("<I", JUMP_TO_ITSELF), at + 1)
        if at < 0:
            raise SystemExit("appliance: the library jumps nowhere to itself")
        return at

    def _sections(self) -> list[tuple[int, int, int]]:
        start, = struct.unpack_from("<Q", self._bytes, 40)
        count, = struct.unpack_from("<H", self._bytes, 60)
        headers = [struct.unpack_from("<IIQQQQIIQQ", self._bytes, start + 64 * number) for number in range(count)]
        return [(header[1], header[4], header[5]) for header in headers]

    def _names_of_symbols(self) -> tuple[int, int]:
        start, = struct.unpack_from("<Q", self._bytes, 40)
        for number, (kind, _, _) in enumerate(self._sections()):
            if kind == 11:
                link, = struct.unpack_from("<I", self._bytes, start + 64 * number + 40)
                _, offset, size = self._sections()[link]
                return offset, size
        raise SystemExit("appliance: the library exports nothing")


class Debugger:
    """While it is attached the machine stands still, but for `catch`."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(SECONDS_TO_STOP)
        self._socket.connect(path)
        self._read = b""
        self._ask("?")

    def catch(self, address: int, is_it: Callable[["Debugger"], bool]) -> None:
        """Runs on until a thread that `is_it` comes to `address`."""
        self._ask(f"Z1,{address:x},4")
        until = time.monotonic() + SECONDS_TO_STOP
        while True:
            stopped = self._ask("c")
            thread = stopped.split("thread:")[1].split(";")[0]
            self._ask(f"Hg{thread}")
            if is_it(self):
                break
            # Past the place, or it would stop there again at once.
            self._ask(f"z1,{address:x},4")
            self._ask(f"vCont;s:{thread}")
            self._ask(f"Z1,{address:x},4")
            if time.monotonic() > until:
                raise SystemExit(f"appliance: nobody came to {address:x}")
        self._ask(f"z1,{address:x},4")

    def register(self, number: int) -> int:
        return int.from_bytes(bytes.fromhex(self._ask(f"p{number:x}")), "little")

    def go_on_at(self, address: int) -> None:
        """The caught thread goes on there, and all others where they were."""
        self._ask(f"P{PC:x}={address.to_bytes(8, 'little').hex()}")
        self._ask("D")
        self._socket.close()

    def _ask(self, words: str) -> str:
        checksum = sum(words.encode()) % 256
        self._socket.sendall(f"${words}#{checksum:02x}".encode())
        while b"#" not in self._read[:-2]:
            more = self._socket.recv(4096)
            if not more:
                raise SystemExit("appliance: QEMU's debugger is gone")
            self._read += more
        answer, _, rest = self._read.partition(b"#")
        self._read = rest[2:]
        self._socket.sendall(b"+")
        return answer.lstrip(b"+").removeprefix(b"$").decode()
