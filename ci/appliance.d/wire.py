"""Addresses and cables: a registrar outside, static, VLAN, no DHCP, late DHCP, cable out and in."""

import time

import hearing
from card import Card
from latency import first_sound_after_invite
from machine import Machine, Parts
from network import BOX, HERE, USUAL_PORT, Network, VlanSwitch, addresses, options_answered
from pages import PATIENT_AUDIO, SECONDS_TO_BOOT, call_by_paging, hears, wait_for_options
from registrar import PASSWORD, PORT, USER, Kamailio
from verdict import WORK, check, figure, until_heard, wait_until

ACCOUNT = f"""\
[sip]
domain = {HERE}:{PORT}
user = {USER}
pass = {PASSWORD}

"""
FAR = "192.0.2.1"  # TEST-NET-1: reached by the router only
SECONDS_TO_BE_BACK = 10
SECONDS_TO_BE_HEARD = 2
KILOBYTES_USED = 64_000


def registers_and_is_paged(card: Card, _: Network) -> None:
    """At Kamailio outside; the status file says so."""
    card.edit_settings(ACCOUNT + PATIENT_AUDIO)
    with Kamailio(WORK / "kamailio") as kamailio:
        until_heard(lambda: registers_once(card, kamailio))


def is_quick(card: Card, _: Network) -> None:
    """With the settings that it has by itself: power-on to registered, memory, the first sound after an INVITE."""
    card.edit_settings(ACCOUNT + "[audio]\nklaxon = none\n")
    with Kamailio(WORK / "kamailio") as kamailio, Machine(card, WORK / "quick") as machine:
        kamailio.wait_for(USER, SECONDS_TO_BOOT)
        figure(f"power-on to registered {machine.seconds_up():.1f} s")
        report = machine.wait_for_report(SECONDS_TO_BOOT)
        memory = next(line for line in report if line.startswith("memory"))
        figure(memory)
        check(int(memory.split()[2]) <= KILOBYTES_USED, f"no more than {KILOBYTES_USED} kB are in use")
        time.sleep(3)
        times = [first_sound_after_invite(machine.recording, (BOX, USUAL_PORT)) for _ in range(5)]
    figure(f"first sound {', '.join(f'{1000 * one:.0f}' for one in times)} ms after the INVITE of a page")
    check(max(times) < SECONDS_TO_BE_HEARD, f"it is heard within {SECONDS_TO_BE_HEARD} s, whatever else runs on this machine")


def registers_once(card: Card, kamailio: Kamailio) -> None:
    sent = hearing.speech_like(seconds=5, seed=11)
    with Machine(card, WORK / "registers") as machine:
        kamailio.wait_for(USER, SECONDS_TO_BOOT)
        machine.wait_for_report(SECONDS_TO_BOOT)
        call_by_paging(sent, f"sip:{USER}@{HERE}:{PORT}")
        wanted = f"{USER}@{HERE}: registered"
        check(wait_until(lambda: wanted in card.status(), 60) is not None, "the status file says that it is registered",
              card.status())
        check(BOX in card.status(), "and its address", card.status())
    hears(sent, hearing.read_wav(machine.recording), "a page through Kamailio")


def comes_back_with_its_cable(card: Card, _: Network) -> None:
    """Cable out and in (QMP set_link): registered within 10 s of its return; Kamailio started anew meanwhile knows nobody."""
    card.edit_settings(ACCOUNT + PATIENT_AUDIO)
    with Machine(card, WORK / "cable") as machine:
        with Kamailio(WORK / "kamailio") as kamailio:
            kamailio.wait_for(USER, SECONDS_TO_BOOT)
            machine.pull_cable()
            time.sleep(5)
        with Kamailio(WORK / "kamailio") as kamailio:
            time.sleep(15)  # long enough for what the box had tried to be given up
            machine.put_cable_back()
            waited = kamailio.wait_for(USER, SECONDS_TO_BOOT)
    figure(f"cable back to registered {waited:.1f} s")
    check(waited <= SECONDS_TO_BE_BACK, f"registered within {SECONDS_TO_BE_BACK} s of the cable's return")


def takes_a_static_address(card: Card, network: Network) -> None:
    """An address of its own and a router, no DHCP server; its telephone system is in another network, behind the router."""
    card.edit_settings(ACCOUNT.replace(HERE, FAR) + "[network]\naddress = 10.77.0.77/24\ngateway = 10.77.0.1\n")
    with network.without_dhcp(), addresses(f"{FAR}/32"), Kamailio(WORK / "kamailio", FAR) as kamailio, \
            Machine(card, WORK / "static") as machine:
        kamailio.wait_for(USER, SECONDS_TO_BOOT)
        check(wait_until(lambda: "Address: 10.77.0.77," in card.status(), 60) is not None, "it has the address it was given", card.status())
        figure(f"power-on to registered beyond the router {machine.seconds_up():.1f} s")


def speaks_in_its_vlan_only(card: Card, network: Network) -> None:
    """Tagged frames (IEEE 802.1Q), an address by DHCP in that VLAN."""
    card.edit_settings("[network]\nvlan = 20\n[debug]\nconsole = yes\n")
    network.stop_dhcp()
    with VlanSwitch(20) as switch:
        network.start_dhcp()
        with Machine(card, WORK / "vlan", Parts(wire=switch.wire)) as machine:
            wait_for_options(machine, USUAL_PORT)
            machine.wait_for_report(SECONDS_TO_BOOT)
            switch.advertise("2001:db8:66::", tagged=False)
            switch.advertise("2001:db8:77::", tagged=True)
            heard = wait_until(lambda: "2001:db8:77:" in machine.console.run("ip -6 addr"), 20)
            check(heard is not None, "a router of the VLAN is heard")
            has = machine.console.run("ip -6 addr")
            check("2001:db8:66:" not in has, "a router of the network without tag is not", has)
            check(switch.untagged == 0, f"nothing has left it without its tag ({switch.untagged} frames)")


def helps_itself_without_dhcp(card: Card, network: Network) -> None:
    """Nobody gives an address: one of 169.254/16 (RFC 3927). Then a DHCP server is switched on: its address."""
    card.edit_settings("[debug]\nconsole = yes\n")
    with network.without_dhcp(), addresses("169.254.200.1/16"), Machine(card, WORK / "no-dhcp") as machine:
        machine.console.wait_for("169.254.", SECONDS_TO_BOOT)
        address = next(word for line in machine.console.run("ip -o -4 addr").splitlines() for word in line.split()
                       if word.startswith("169.254."))
        wait_for_options(machine, USUAL_PORT, box=address.split("/")[0], here="169.254.200.1")
        network.start_dhcp()
        waited = wait_until(lambda: options_answered(USUAL_PORT), 60)
        check(waited is not None, "a DHCP server that comes late is heard", machine.console.text())
        figure(f"DHCP server there to answering at its address {waited:.1f} s")
        left = machine.console.run("ip -o -4 addr")
        check("169.254." not in left, "and the address of its own is given back", left)
        network.stop_dhcp()
