"""Each process killed, stopped, or gone wild: the box is back by itself. Ten minutes of paging write nothing."""

import time
from collections.abc import Callable
from pathlib import Path

import hearing
from card import Card
from debugger import SECOND_ARGUMENT, Debugger, Library
from machine import Machine, Parts
from network import BOX, PORT, USUAL_PORT, options_answered
from pages import SECONDS_TO_BOOT, SETTINGS, SHELL, call_in_background, dial, wait_for_options
from verdict import WORK, check, figure, wait_until
from writes import bytes_written, logged_on

# The service and its guard are one program; they differ by their user.
PID_OF = 'for p in $(pidof paging); do [ "$(stat -c %U /proc/$p)" != {user} ] || echo $p; done'
NOT_LOCKED = "files are not locked"
LIBC = Path("target/image/emulated/parts/root/usr/lib/libc.so.6")
WRITE_FRAMES = 0x4150  # SNDRV_PCM_IOCTL_WRITEI_FRAMES, its type and number
REBOOT = "\n[key 97]\ndo = reboot\n"
SECONDS_AFTER_A_KILL, SECONDS_AFTER_A_HANG = 2, 15
# The emulated machine is slower than the one the limits are for, and shares two cores with everything here.
SLOWER = 2


def is_back_after_its_processes_end(card: Card, is_full: bool) -> None:
    card.edit_settings(SETTINGS + SHELL + REBOOT)
    with Machine(card, WORK / "life", Parts(watchdog=True, debugger=True)) as machine:
        wait_for_options(machine)
        machine.wait_for_report(SECONDS_TO_BOOT)
        wait_for_heartbeat(machine)
        service_killed(machine)
        service_stopped(machine)
        thread_spins(machine, "executor", "epoll_wait", lambda _: True)
        thread_spins(machine, "audio thread", "ioctl", lambda debugger: debugger.register(SECOND_ARGUMENT) & 0xffff == WRITE_FRAMES)
        guard_killed(machine)
        begins_anew_at_a_callers_word(machine)
        guard_stopped(machine)
        if is_full:
            wait_for_heartbeat(machine)
            guard_spins(machine)


def wait_for_heartbeat(machine: Machine) -> None:
    check(wait_until(lambda: pid(machine, "root") != "" and pid(machine, "paging") != "", 60) is not None,
          "guard and service run")
    check(wait_until(lambda: machine.console.run("cat /run/guard/service") == pid(machine, "paging"), 30) is not None,
          "guard watches the service, and nothing else")
    check(NOT_LOCKED not in machine.console.text(), "Landlock keeps the service to its files")


def pid(machine: Machine, user: str) -> str:
    return machine.console.run(PID_OF.format(user=user)).split("\n")[-1].strip()


def service_killed(machine: Machine) -> None:
    before = pid(machine, "paging")
    machine.console.run(f"kill -KILL {before}")
    back_within(SECONDS_AFTER_A_KILL, "the service is killed")
    check(pid(machine, "paging") != before, "it is another process")


def service_stopped(machine: Machine) -> None:
    before = pid(machine, "paging")
    began = time.monotonic()
    machine.console.run(f"kill -STOP {before}")
    check(wait_until(lambda: not options_answered(PORT), 5, every=0) is not None, "a stopped service answers nobody")
    back_within(SECONDS_AFTER_A_HANG, "the service hangs", began)
    check(pid(machine, "paging") != before, "it is another process")


def thread_spins(machine: Machine, name: str, function: str, is_it: Callable[[Debugger], bool]) -> None:
    before = pid(machine, "paging")
    began = send_round_in_circles(machine, before, function, is_it)
    check(wait_until(lambda: pid(machine, "paging") not in ("", before), SECONDS_AFTER_A_HANG * SLOWER) is not None,
          f"a service whose {name} goes round in circles is ended, and another one begins")
    back_within(SECONDS_AFTER_A_HANG, f"its {name} goes round in circles", began)


def send_round_in_circles(machine: Machine, process: str, function: str, is_it: Callable[[Debugger], bool]) -> float:
    """A thread of the process, from where it next calls `function`; says when."""
    library = Library(LIBC)
    base = int(machine.console.run(f"grep -m 1 libc.so.6 /proc/{process}/maps").split("-")[0], 16)
    debugger = machine.debugger()
    debugger.catch(base + library.function(function), is_it)
    debugger.go_on_at(base + library.standstill())
    return time.monotonic()


def guard_killed(machine: Machine) -> None:
    before, service = pid(machine, "root"), pid(machine, "paging")
    machine.console.run(f"kill -KILL {before}")
    check(wait_until(lambda: pid(machine, "root") not in ("", before), 10) is not None, "a guard that is killed is started again")
    time.sleep(20)
    check(options_answered(PORT, 2) and pid(machine, "paging") == service and machine.monitor.resets() == 0,
          "the service has not noticed, and the watchdog is fed on")


def begins_anew_at_a_callers_word(machine: Machine) -> None:
    """Some minutes after power-on; in the first one it would not."""
    before, began = machine.monitor.resets(), time.monotonic()
    dial("97")
    check(wait_until(lambda: machine.monitor.resets() > before, 30) is not None, "a caller's key has the machine begin anew")
    check(wait_until(lambda: options_answered(PORT), SECONDS_TO_BOOT) is not None, "and it comes up again")
    figure(f"a caller's key to the first answer {time.monotonic() - began:.1f} s")
    wait_for_heartbeat(machine)


def guard_stopped(machine: Machine) -> None:
    began = time.monotonic()
    machine.console.run(f"kill -STOP {pid(machine, 'root')}")
    resets_and_comes_back(machine, "hangs", began)


def guard_spins(machine: Machine) -> None:
    began = send_round_in_circles(machine, pid(machine, "root"), "poll", lambda _: True)
    resets_and_comes_back(machine, "goes round in circles", began)


def resets_and_comes_back(machine: Machine, what: str, began: float) -> None:
    before = machine.monitor.resets()
    waited = wait_until(lambda: machine.monitor.resets() > before, 60)
    check(waited is not None, f"a guard that {what} lets the watchdog reset the machine")
    figure(f"guard that {what} to reset {time.monotonic() - began:.1f} s")
    check(wait_until(lambda: options_answered(PORT), SECONDS_TO_BOOT) is not None, "and it comes up again")


def back_within(seconds: float, what: str, began: float | None = None) -> None:
    began = began or time.monotonic()
    # It was there a moment ago: what answers still may be the old one.
    wait_until(lambda: not options_answered(PORT, 0.05), 1, every=0)
    waited = wait_until(lambda: options_answered(PORT), seconds * SLOWER + 30, every=0)
    check(waited is not None, f"{what}: it answers again")
    took = time.monotonic() - began
    figure(f"{what}: answering again after {took:.1f} s (asked: {seconds})")
    check(took <= seconds * SLOWER, f"within {seconds * SLOWER} s")


def writes_nothing_while_it_pages(card: Card, minutes: float) -> None:
    """Every write to the card is logged; and the memory in use."""
    card.edit_settings(SHELL)
    log = WORK / "quiet.log"
    with Machine(card, WORK / "quiet", Parts(card_driver=logged_on(card.path, log))) as machine:
        wait_for_options(machine, USUAL_PORT)
        machine.wait_for_report(SECONDS_TO_BOOT)
        page(USUAL_PORT, 10)
        wait_until_written(log)
        written, memory = bytes_written(log), rss(machine)
        until, pages = time.monotonic() + 60 * minutes, 0
        while time.monotonic() < until:
            page(USUAL_PORT, 25)
            pages += 1
        now, grown = bytes_written(log), rss(machine)
        check(now == written, f"{pages} pages in {minutes:g} minutes have written not one sector")
        figure(f"resident memory of guard and service {memory} kB before, {grown} kB after {pages} pages")
        check(grown <= memory + 512, "memory does not grow", machine.console.text())


def wait_until_written(log: Path) -> None:
    """Until a write has come, and none for some seconds."""
    seen: list[int] = []

    def is_settled() -> bool:
        seen.append(bytes_written(log))
        return seen[-1] > 0 and len(seen) > 4 and len(set(seen[-4:])) == 1

    check(wait_until(is_settled, 120, every=5) is not None, "the status file is written, and that is all", str(seen))


def page(port: int, seconds: int) -> None:
    with call_in_background(hearing.speech_like(seconds=seconds, seed=6), f"sip:page@{BOX}:{port}") as caller:
        check(caller.wait(seconds + 60) == 0, "a page ends well")


def rss(machine: Machine) -> int:
    """Of guard and service together, in kB."""
    sizes = machine.console.run("for one in $(pidof paging); do awk '/^VmRSS/ { print $2 }' /proc/$one/status; done")
    return sum(int(size) for size in sizes.split())
