"""Boots the card, pages it, listens. What must hold:

1. A user's edit of paging.conf (with Windows line endings) is what the box runs with: it answers at the port named there.
2. Root and /boot are mounted read-only, no disk is mounted read-write, and the service is an unprivileged user.
3. The sound its card plays is the sound that was sent, by `paging call` and by sipp (see hearing.py for the limits).
4. Power cuts at random moments: it boots and pages each time, and no byte of the card has changed.
"""

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

import hearing
from card import Card
from machine import Machine
from network import BOX, PORT, Network, options_answered

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
jitter-max = 1000ms
latency-max = 2000ms
period = 200ms
buffer = 1000ms
"""
SECONDS_TO_BOOT = 180  # software emulation on a busy machine; a quiet one takes 10


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
        boots_read_only_and_is_paged(card)
        survives_power_cuts(card, arguments.kills, random.Random(arguments.seed), arguments.seed)
    check(card.fingerprint() == fingerprint, "no byte of the card has changed")
    say("all that must hold holds")


def boots_read_only_and_is_paged(card: Card) -> None:
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


def survives_power_cuts(card: Card, kills: int, dice: random.Random, seed: int) -> None:
    sent = hearing.speech_like(seconds=3, seed=3)
    usual = 10.0
    for number in range(1, kills + 1):
        moment = dice.uniform(0.5, 1.5 * usual)
        with Machine(card, WORK / f"cut-{number}") as machine:
            time.sleep(moment)
            machine.cut_power()
        with Machine(card, WORK / f"after-{number}") as machine:
            usual = wait_for_options(machine)
            call_by_paging(sent)
        hears(sent, hearing.read_wav(machine.recording), f"cut {number} of {kills} (seed {seed}), {moment:.1f} s after power-on")


def wait_for_options(machine: Machine) -> float:
    """Seconds from power-on to the first answer to OPTIONS."""
    while machine.seconds_up() < SECONDS_TO_BOOT:
        if options_answered():
            return machine.seconds_up()
        machine.check_alive()
    raise SystemExit(f"appliance: no answer to OPTIONS in {SECONDS_TO_BOOT} s; the console said:\n{machine.console()}")


def check_mounts(report: list[str]) -> None:
    mounts = [line.split()[1:5] for line in report if line.startswith("mount ")]
    on_disk = {where: (kind, options.split(",")) for what, where, kind, options in mounts if what.startswith("/dev/mmc")}
    check(on_disk.keys() == {"/", "/boot"}, f"of the card, / and /boot are mounted and nothing else: {sorted(on_disk)}")
    for where, (kind, options) in on_disk.items():
        check("ro" in options, f"{where} ({kind}) is read-only")


def check_service(report: list[str]) -> None:
    users = [line.split()[3:] for line in report if line.startswith("process ") and "Uid:" in line]
    check(bool(users) and all(set(ids) == {"990"} for ids in users), "the service runs as the user paging")


def call_by_paging(sent: hearing.Speech) -> None:
    hearing.write_wav(WORK / "sent.wav", sent.samples)
    run([WORK / "caller", "call", f"sip:page@{BOX}:{PORT}", "--play", WORK / "sent.wav"])
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
    check(done.returncode == 0, f"{Path(command[0]).name} ends well", done.stdout[-2000:] + done.stderr[-2000:])


def hears(sent: hearing.Speech, heard: hearing.Sound, what: str) -> None:
    verdict = hearing.compare(sent, heard)
    check(not verdict.flaws(), f"{what}: {verdict}", "; ".join(verdict.flaws()))


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
