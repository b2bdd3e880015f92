"""Boots the card in an emulated machine and does to it what a site does. `--list` says what there is to run.

What CI runs fits into a quarter of an hour; `--full` runs all of everything.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import clock
import first
import hearing
import life
import lines
import music
import power
import raspberrypi
import settings
import slots
import wifi
import wire
import writes
from card import Card
from network import Network
from verdict import WORK, say


@dataclass
class Run:
    """How much of everything."""

    is_full: bool
    seed: int
    network: Network

    def of(self, usual: float, full: float) -> float:
        return full if self.is_full else usual


@dataclass
class Scenario:
    name: str
    play: Callable[[Card, Run], None]
    usual: bool = True  # whether CI runs it


SCENARIOS = [
    Scenario("first", lambda card, _: first.reads_what_a_user_wrote_and_is_heard(card)),
    Scenario("registered", lambda card, run: wire.registers_and_is_paged(card, run.network)),
    Scenario("quick", lambda card, run: wire.is_quick(card, run.network)),
    Scenario("cable", lambda card, run: wire.comes_back_with_its_cable(card, run.network)),
    Scenario("static", lambda card, run: wire.takes_a_static_address(card, run.network), usual=False),
    Scenario("vlan", lambda card, run: wire.speaks_in_its_vlan_only(card, run.network)),
    Scenario("no-dhcp", lambda card, run: wire.helps_itself_without_dhcp(card, run.network)),
    Scenario("wifi", lambda card, _: wifi.joins_a_wireless_network(card), usual=False),
    Scenario("no-settings", lambda card, _: first.answers_without_settings(card), usual=False),
    Scenario("broken", lambda card, run: settings.comes_up_with_broken_settings(card, int(run.of(2, len(settings.BROKEN))))),
    Scenario("late-card", lambda card, _: first.plays_on_a_card_that_comes_late(card)),
    Scenario("card-out", lambda card, _: first.plays_on_after_the_card_was_out(card), usual=False),
    Scenario("clock", lambda card, _: clock.finds_the_time(card)),
    Scenario("lines", lambda card, _: lines.switches_its_relay_and_minds_its_button(card)),
    Scenario("life", lambda card, run: life.is_back_after_its_processes_end(card, run.is_full)),
    Scenario("music", lambda card, _: music.plays_chime_page_and_music(card)),
    Scenario("quiet", lambda card, run: life.writes_nothing_while_it_pages(card, run.of(0.5, 10))),
    Scenario("cuts", lambda card, run: power.survives_power_cuts(card, int(run.of(4, 40)), run.seed)),
    Scenario("slots", lambda card, _: slots.starts_from_both(card), usual=False),
    Scenario("raspberrypi", lambda card, _: raspberrypi.starts_in_a_raspberry_pi_3(card)),
    Scenario("overlay", lambda card, run: writes.an_overlay_is_written_whatever_is_cut(card, None if run.is_full else 1)),
    Scenario("writes", lambda card, run: writes.every_state_boots(card, None if run.is_full else 2)),
]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", metavar="NAME", help="only these; --list names them")
    arguments.add_argument("--full", action="store_true", help="all of everything, some hours")
    arguments.add_argument("--list", action="store_true", help="names, and what must hold")
    arguments.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = arguments.parse_args()
    if arguments.list:
        for one in SCENARIOS:
            say(f"{one.name}{'' if one.usual else ' (--full only)'}")
        return
    unknown = set(arguments.names) - {one.name for one in SCENARIOS}
    if unknown:
        raise SystemExit(f"appliance: there is no {', '.join(sorted(unknown))}: --list names what there is")
    hearing.self_test()
    say("the ear finds every flaw put before it")
    wanted = [one for one in SCENARIOS if one.name in arguments.names or not arguments.names and (one.usual or arguments.full)]
    with Network(WORK / "dhcp.log") as network:
        for one in wanted:
            play(one, Run(arguments.full, arguments.seed, network))
    say("all that must hold holds")


def play(one: Scenario, run: Run) -> None:
    began = time.monotonic()
    say(f"---- {one.name}")
    path = WORK / f"{one.name}.img"
    one.play(Card(Path("target/image/emulated/card.img"), path), run)
    path.unlink()
    run.network.forget_leases()
    say(f"---- {one.name} took {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
