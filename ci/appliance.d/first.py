"""The box as it is after a user's edit: read-only, unprivileged, heard; and without a usable configuration."""

import time

import hearing
from card import Card
from machine import USB_SOUND, Machine, Parts
from network import BOX, PORT, USUAL_PORT, open_tcp_ports
from pages import (SECONDS_TO_BOOT, SETTINGS, call_by_paging, call_by_sipp, call_in_background, hears, wait_for_options)
from verdict import WORK, check, figure, say, until_heard

MDNS_PORT = 5353
SECONDS_TO_FIND_A_CARD = 12


def reads_what_a_user_wrote_and_is_heard(card: Card) -> None:
    """Windows line endings; root and /boot read-only; the service unprivileged, with locked memory and real-time priority;
    nothing listens but it; the sound its card plays is the sound that was sent, by `paging call` and by sipp."""
    windows = all(text.count("\r\n") == text.count("\n") > 5 for text in card.user_files().values())
    check(windows, "README.txt and paging.conf are on the card, with Windows line endings")
    card.edit_settings(SETTINGS)
    fingerprint = card.fingerprint()
    until_heard(lambda: once(card))
    check(card.fingerprint() == fingerprint, "no byte of the card has changed but of the status file and the slots of `state`")


def once(card: Card) -> None:
    with Machine(card, WORK / "first") as machine:
        ready = wait_for_options(machine)
        report = machine.wait_for_report(SECONDS_TO_BOOT)
        check_mounts(report)
        check_service(report)
        by_paging, by_sipp = hearing.speech_like(seconds=7, seed=1), hearing.speech_like(seconds=7, seed=2)
        call_by_paging(by_paging)
        call_by_sipp(by_sipp)
        check(open_tcp_ports() == [PORT], f"of all TCP ports only {PORT} takes a connection from outside")
        memory = [line for line in report if line.startswith("memory")]
    heard = hearing.read_wav(machine.recording)
    hears(by_paging, heard, "paging call")
    hears(by_sipp, heard, "sipp")
    figure(f"power-on to first OPTIONS answered {ready:.1f} s; {memory[0]}")
    figure(f"card {card.sizes()}")


def check_mounts(report: list[str]) -> None:
    mounts = [line.split()[1:5] for line in report if line.startswith("mount ")]
    on_disk = [(where, kind, options.split(",")) for what, where, kind, options in mounts if what.startswith("/dev/")]
    places = sorted(where for where, _, _ in on_disk)
    check(places == ["/", "/boot"], f"of the card, / and /boot are mounted, once each, and nothing else: {places}")
    for where, kind, options in on_disk:
        check("ro" in options, f"{where} ({kind}) is read-only")


def check_service(report: list[str]) -> None:
    facts = [line.split()[2:] for line in report if line.startswith("process ")]
    for name, allowed in [("Uid:", {"990"}), ("Gid:", {"990"})]:
        values = [set(fact[1:]) for fact in facts if fact[0] == name]
        check(bool(values) and all(value and value <= allowed for value in values), f"the service has {name} {values}")
    locked = [int(fact[1]) for fact in facts if fact[0] == "VmLck:"]
    check(any(kilobytes > 0 for kilobytes in locked), f"its memory is locked ({locked} kB)")
    threads = [line.split() for line in report if line.startswith("thread ")]
    check(any(words[4] == "1" for words in threads), f"one of its {len(threads)} threads has real-time priority (SCHED_FIFO)",
          str(threads))
    listeners = {tuple(line.split()[1:3]) for line in report if line.startswith("listener ")}
    wanted = {(kind, f"00000000:{PORT:04X}") for kind in ("udp", "tcp")} | {("udp", f"00000000:{MDNS_PORT:04X}")}
    check(listeners == wanted, f"nothing listens but SIP over UDP and TCP, and mDNS: {sorted(listeners)}")
    settings = [line for line in report if line.startswith("setting ")]
    check(not settings, "every kernel setting of sysctl.conf counts", "\n".join(settings))


def answers_without_settings(card: Card) -> None:
    """paging.conf missing; one that cannot be read; a USB sound card plugged in long after the boot, and pulled out and put
    back during a page."""
    card.remove_settings()
    with Machine(card, WORK / "no-settings") as machine:
        wait_for_options(machine, USUAL_PORT)
    say("ok   without paging.conf it answers at the usual port")


def plays_on_a_card_that_comes_late(card: Card) -> None:
    """A paging.conf that cannot be read; a USB sound card plugged in after the boot; pulled and put back during a page."""
    card.spoil_settings()
    with Machine(card, WORK / "late-card", Parts(sound="")) as machine:
        wait_for_options(machine, USUAL_PORT)
        say("ok   with a paging.conf that cannot be read it answers at the usual port")
        machine.wait_for_report(SECONDS_TO_BOOT)
        check("cannot read /boot/paging.conf" in machine.console.text(), "its console says so", machine.console.text())
        machine.plug_in_usb_sound()
        time.sleep(SECONDS_TO_FIND_A_CARD)
        call_by_paging(hearing.speech_like(seconds=4, seed=4), f"sip:page@{BOX}:{USUAL_PORT}")
    loudest = float(abs(hearing.read_wav(machine.recording)).max(initial=0.0))
    check(loudest > 0.05, f"a USB sound card plugged in after the boot plays the page (peak {loudest:.2f})")


def plays_on_after_the_card_was_out(card: Card) -> None:
    """USB card out and in during a page."""
    card.edit_settings(SETTINGS)
    until_heard(lambda: card_out_once(card))


def card_out_once(card: Card) -> None:
    with Machine(card, WORK / "card-out", Parts(sound=USB_SOUND)) as machine:
        wait_for_options(machine)
        time.sleep(SECONDS_TO_FIND_A_CARD)
        call_by_paging(hearing.speech_like(seconds=4, seed=4))
        sent = hearing.speech_like(seconds=28, seed=5)
        with call_in_background(sent) as caller:
            time.sleep(6)
            machine.unplug_usb_sound()
            time.sleep(4)
            machine.plug_in_usb_sound()
            check(caller.wait(120) == 0, "the call goes on while the card is out, and ends well")
        time.sleep(2.5)
    # Plugged in after some 10 s of the page; the last third of it must be whole.
    hears(sent.after(19), hearing.read_wav(machine.recording), "a page during which the card was out")
