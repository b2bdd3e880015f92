"""Boots the card, pages it, listens. What must hold:

1. A user's edit of paging.conf (with Windows line endings) is what the box runs with: it answers at the port named there.
2. Root and /boot are mounted read-only, no disk is mounted read-write. The service is an unprivileged user whose memory
   is locked and whose audio thread has real-time priority; nothing but it listens.
3. The sound its card plays is the sound that was sent, by `paging call` and by sipp (see hearing.py for the limits).
4. Power cuts at random moments, every second one during a page: it boots and pages each time, and no byte of the card
   has changed.
5. It answers with paging.conf missing, and with one that cannot be read; and a USB sound card plugged in long after the
   boot plays the page.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import hearing
from card import Card
from machine import Machine
from network import BOX, PORT, USUAL_PORT, Network, options_answered

HERE = Path(__file__).parent
WORK = Path("target/image/appliance")
SETTINGS = f"""\
; edited by a user on Windows
[sip]
listen = 0.0.0.0:{PORT}

[audio]
klaxon = none
; An emulated machine is served in fits and starts, like a far-away one on a bad line. How quick the box is
; is measured elsewhere; here it has time, so that what is heard is the box's doing and not this machine's load.
jitter-min = 400ms
jitter-max = 900ms
latency-max = 2000ms
period = 200ms
buffer = 1000ms
"""
SECONDS_TO_BOOT = 180  # software emulation on a busy machine; a quiet one takes 10
SECONDS_TO_FIND_A_CARD = 12
# Both ends of a page run on this machine, one of them emulated: when it is busy elsewhere, sound stutters that the box
# played well. A flaw of the box comes each time.
ATTEMPTS = 5


Result = TypeVar("Result")


class Flawed(SystemExit):
    """A page that was not heard as it was sent."""


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--kills", type=int, default=5)
    arguments.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = arguments.parse_args()

    hearing.self_test()
    say("the ear finds every flaw put before it")
    card = Card(Path("target/image/emulated/card.img"), WORK / "card.img")
    windows = all(text.count("\r\n") == text.count("\n") > 5 for text in card.user_files().values())
    check(windows, "README.txt and paging.conf are on the card, with Windows line endings")
    card.edit_settings(SETTINGS)
    fingerprint = card.fingerprint()

    with Network(WORK / "dhcp.log"):
        answers_without_settings()
        boots_read_only_and_is_paged(card)
        survives_power_cuts(card, arguments.kills, random.Random(arguments.seed), arguments.seed)
    check(card.fingerprint() == fingerprint, "no byte of the card has changed")
    say("all that must hold holds")


def boots_read_only_and_is_paged(card: Card) -> None:
    until_heard(lambda: boots_and_is_paged_once(card))


def boots_and_is_paged_once(card: Card) -> None:
    with Machine(card, WORK / "first") as machine:
        ready = wait_for_options(machine)
        report = machine.wait_for_report(SECONDS_TO_BOOT)
        check_mounts(report)
        check_service(report)
        by_paging, by_sipp = hearing.speech_like(seconds=7, seed=1), hearing.speech_like(seconds=7, seed=2)
        call_by_paging(by_paging)
        call_by_sipp(by_sipp)
        memory = [line for line in report if line.startswith("memory")]
    heard = hearing.read_wav(machine.recording)
    hears(by_paging, heard, "paging call")
    hears(by_sipp, heard, "sipp")
    say(f"figures: power-on to first OPTIONS answered {ready:.1f} s; {memory[0]}")
    say(f"figures: card {card.sizes()}")


def answers_without_settings() -> None:
    built = Path("target/image/emulated/card.img")
    card = Card(built, WORK / "no-settings.img")
    card.remove_settings()
    with Machine(card, WORK / "no-settings") as machine:
        wait_for_options(machine, USUAL_PORT)
    say("ok   without paging.conf it answers at the usual port")

    card = Card(built, WORK / "spoilt-settings.img")
    card.spoil_settings()
    with Machine(card, WORK / "spoilt-settings", sound="") as machine:
        wait_for_options(machine, USUAL_PORT)
        say("ok   with a paging.conf that cannot be read it answers at the usual port")
        machine.wait_for_report(SECONDS_TO_BOOT)
        check("cannot read /boot/paging.conf" in machine.console(), "its console says so", machine.console())
        machine.plug_in_usb_sound()
        time.sleep(SECONDS_TO_FIND_A_CARD)
        call_by_paging(hearing.speech_like(seconds=4, seed=4), USUAL_PORT)
    loudest = float(abs(hearing.read_wav(machine.recording)).max(initial=0.0))
    check(loudest > 0.05, f"a USB sound card plugged in after the boot plays the page (peak {loudest:.2f})")


def survives_power_cuts(card: Card, kills: int, dice: random.Random, seed: int) -> None:
    sent = hearing.speech_like(seconds=3, seed=3)
    usual = 10.0
    for number in range(1, kills + 1):
        with Machine(card, WORK / f"cut-{number}") as machine:
            when = cut_during_a_page(machine, sent, dice) if number % 2 == 0 else cut_any_time(machine, usual, dice)
        what = f"cut {number} of {kills} (seed {seed}), {when}"
        usual = until_heard(lambda: comes_back(card, sent, WORK / f"after-{number}", what))


def comes_back(card: Card, sent: hearing.Speech, work: Path, what: str) -> float:
    with Machine(card, work) as machine:
        ready = wait_for_options(machine)
        call_by_paging(sent)
    hears(sent, hearing.read_wav(machine.recording), what)
    return ready


def until_heard(attempt: Callable[[], Result]) -> Result:
    """Boots and pages until the page is heard as it was sent, at most ATTEMPTS times."""
    for number in range(1, ATTEMPTS):
        try:
            return attempt()
        except Flawed:
            say(f"AGAIN: attempt {number} of {ATTEMPTS} was flawed")
    return attempt()


def cut_any_time(machine: Machine, usual: float, dice: random.Random) -> str:
    moment = dice.uniform(0.5, 1.5 * usual)
    time.sleep(moment)
    machine.cut_power()
    return f"{moment:.1f} s after power-on"


def cut_during_a_page(machine: Machine, sent: hearing.Speech, dice: random.Random) -> str:
    wait_for_options(machine)
    hearing.write_wav(WORK / "sent.wav", sent.samples)
    moment = dice.uniform(1.2, 2.8)
    with subprocess.Popen([WORK / "caller", "call", f"sip:page@{BOX}:{PORT}", "--play", WORK / "sent.wav"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as caller:
        time.sleep(moment)
        check(caller.poll() is None, "the page is on when the power is cut")
        machine.cut_power()
        caller.kill()
    return f"{moment:.1f} s after the beginning of a page"


def wait_for_options(machine: Machine, port: int = PORT) -> float:
    """Seconds from power-on to the first answer to OPTIONS."""
    while machine.seconds_up() < SECONDS_TO_BOOT:
        if options_answered(port):
            return machine.seconds_up()
        machine.check_alive()
    raise SystemExit(f"appliance: no answer to OPTIONS in {SECONDS_TO_BOOT} s; the console said:\n{machine.console()}")


def check_mounts(report: list[str]) -> None:
    mounts = [line.split()[1:5] for line in report if line.startswith("mount ")]
    on_disk = [(where, kind, options.split(",")) for what, where, kind, options in mounts if what.startswith("/dev/")]
    places = sorted(where for where, _, _ in on_disk)
    check(places == ["/", "/boot"], f"of the card, / and /boot are mounted, once each, and nothing else: {places}")
    for where, kind, options in on_disk:
        check("ro" in options, f"{where} ({kind}) is read-only")


def check_service(report: list[str]) -> None:
    facts = [line.split()[2:] for line in report if line.startswith("process ")]
    for name, allowed in [("Uid:", {"990"}), ("Gid:", {"990"}), ("Groups:", {"29", "990"})]:
        values = [set(fact[1:]) for fact in facts if fact[0] == name]
        check(bool(values) and all(value and value <= allowed for value in values), f"the service has {name} {values}")
    locked = [int(fact[1]) for fact in facts if fact[0] == "VmLck:"]
    check(any(kilobytes > 0 for kilobytes in locked), f"its memory is locked ({locked} kB)")
    threads = [line.split() for line in report if line.startswith("thread ")]
    check(any(words[4] == "1" for words in threads), f"one of its {len(threads)} threads has real-time priority (SCHED_FIFO)",
          str(threads))
    listeners = {tuple(line.split()[1:3]) for line in report if line.startswith("listener ")}
    sip = {(kind, f"00000000:{PORT:04X}") for kind in ("udp", "tcp")}
    check(listeners == sip, f"nothing listens but SIP over UDP and TCP: {sorted(listeners)}")


def call_by_paging(sent: hearing.Speech, port: int = PORT) -> None:
    hearing.write_wav(WORK / "sent.wav", sent.samples)
    run([WORK / "caller", "call", f"sip:page@{BOX}:{port}", "--play", WORK / "sent.wav"])
    time.sleep(2.5)  # what is buffered still leaves the card


def call_by_sipp(sent: hearing.Speech) -> None:
    (WORK / "sent.ulaw").write_bytes(hearing.to_ulaw(sent.samples))
    scenario = (HERE / "page.xml").read_text()
    scenario = scenario.replace("@FILE@", str(WORK / "sent.ulaw")).replace("@MS@", str(len(sent.samples) // 8 + 500))
    (WORK / "page.xml").write_text(scenario)
    run(["sipp", f"{BOX}:{PORT}", "-sf", WORK / "page.xml", "-s", "page", "-m", "1", "-i", "10.77.0.1", "-nostdin",
         "-timeout", "60s", "-timeout_error", "-trace_err", "-error_file", WORK / "sipp.err"])
    time.sleep(2.5)


def run(command: list) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)
    judge(done.returncode == 0, f"{Path(command[0]).name} ends well", done.stdout[-2000:] + done.stderr[-2000:])


def hears(sent: hearing.Speech, heard: hearing.Sound, what: str) -> None:
    verdict = hearing.compare(sent, heard)
    judge(not verdict.flaws(), f"{what}: {verdict}", "; ".join(verdict.flaws()))


def judge(holds: bool, what: str, more: str) -> None:
    """Like check, for what may be this machine's doing."""
    say(f"{'ok  ' if holds else 'FLAW'} {what}")
    if not holds:
        say(more)
        raise Flawed(f"appliance: {what}")


def check(holds: bool, what: str, more: str = "") -> None:
    say(f"{'ok  ' if holds else 'FAIL'} {what}")
    if not holds:
        say(more)
        say(f"recordings and consoles are in {WORK}")
        sys.exit(1)


def say(words: str) -> None:
    print(f"appliance: {words}", flush=True)


if __name__ == "__main__":
    main()
