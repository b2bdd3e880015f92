#!/usr/bin/python3
"""Makes one thread of a process go round in circles, as a defect would: spin.py PID THREAD-NAME

The thread (of x86-64) is stopped, sent to an instruction that jumps to itself (there is always one somewhere in the
program's text, as part of others), and let go.
"""

import ctypes
import os
import sys
from pathlib import Path

ATTACH, DETACH, GETREGS, SETREGS = 16, 17, 12, 13
WAIT_ANY_THREAD = 0x40000000  # __WALL
REGISTERS = 27  # struct user_regs_struct
ORIG_RAX, RIP = 15, 16
JUMP_TO_ITSELF = b"\xeb\xfe"

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def main() -> None:
    pid, name = int(sys.argv[1]), sys.argv[2]
    thread = thread_named(pid, name)
    target = a_jump_to_itself(pid)
    registers = (ctypes.c_ulonglong * REGISTERS)()
    trace(ATTACH, thread)
    os.waitpid(thread, WAIT_ANY_THREAD)
    trace(GETREGS, thread, registers)
    registers[RIP] = target
    registers[ORIG_RAX] = 2**64 - 1  # no system call is to be begun again
    trace(SETREGS, thread, registers)
    trace(DETACH, thread)


def thread_named(pid: int, name: str) -> int:
    for task in sorted(Path(f"/proc/{pid}/task").iterdir(), key=lambda path: int(path.name)):
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    raise SystemExit(f"spin: {pid} has no thread {name}")


def a_jump_to_itself(pid: int) -> int:
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *_, path = line.split()
            if "x" not in rights or path.startswith("["):
                continue
            begin, end = (int(word, 16) for word in place.split("-"))
            memory.seek(begin)
            found = memory.read(end - begin).find(JUMP_TO_ITSELF)
            if found >= 0:
                return begin + found
    raise SystemExit(f"spin: {pid} has no instruction that jumps to itself")


def trace(what: int, thread: int, data: object = None) -> None:
    if libc.ptrace(what, thread, None, data) < 0:
        raise SystemExit(f"spin: ptrace {what} of {thread}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()
