#!/usr/bin/env python3
"""Finds boxes by multicast DNS, in a network namespace of its own (ci/e2e/mdns.rs makes it).

    mdns.py PROGRAM    starts boxes in namespaces at two ends of a pair of virtual cables, and asks for them

Ends with 0 when all of it was found; says what was not.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

from zeroconf import ServiceBrowser, Zeroconf

PROGRAM = sys.argv[1]
SERVICE = "_sip._udp.local."


def run(*words):
    subprocess.run(words, check=True)


class Seen:
    def __init__(self):
        self.names, self.gone = set(), set()

    def add_service(self, zeroconf, kind, name):
        self.names.add(name)

    def update_service(self, zeroconf, kind, name):
        self.names.add(name)

    def remove_service(self, zeroconf, kind, name):
        self.gone.add(name)


def until(what, is_so, seconds=15):
    limit = time.monotonic() + seconds
    while not (found := is_so()):
        if time.monotonic() > limit:
            sys.exit(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return found


def box(folder, number):
    """A box at the far end of a cable of its own."""
    near, far = f"near{number}", f"far{number}"
    keeper = subprocess.Popen(["unshare", "--net", "sleep", "120"])
    until("a namespace", lambda: os.readlink(f"/proc/{keeper.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
    run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", str(keeper.pid))
    run("ip", "link", "set", near, "master", "bridge", "up")
    inside = ["nsenter", f"--net=/proc/{keeper.pid}/ns/net"]
    run(*inside, "ip", "link", "set", "lo", "up")
    run(*inside, "ip", "address", "add", f"192.0.2.{number}/24", "dev", far)
    run(*inside, "ip", "link", "set", far, "up")
    log = open(f"{folder}/log{number}", "w", encoding="utf-8")
    settings = ["network.mdns=yes", "network.hostname=hall", "sip.user=501", "audio.device=null", "status.socket=none"]
    sets = [word for setting in settings for word in ("--set", setting)]
    return subprocess.Popen([*inside, PROGRAM, *sets], stderr=log), keeper


def find(zeroconf, name):
    info = zeroconf.get_service_info(SERVICE, name, timeout=1000)
    return info and (info.server, info.port, info.parsed_addresses(), info.properties.get(b"user"))


def ask(folder):
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "bridge", "type", "bridge")
    run("ip", "address", "add", "192.0.2.100/24", "dev", "bridge")
    run("ip", "link", "set", "bridge", "up")
    started = [box(folder, 1)]
    zeroconf, seen = Zeroconf(interfaces=["192.0.2.100"]), Seen()
    try:
        ServiceBrowser(zeroconf, SERVICE, seen)
        first, second = f"hall.{SERVICE}", f"hall-2.{SERVICE}"
        until("the service of the first box", lambda: first in seen.names)
        found = until("its address", lambda: find(zeroconf, first))
        server, port, addresses, user = found
        # An address of IPv6 may come along.
        if (server, port, addresses[0], user) != ("hall.local.", 5060, "192.0.2.1", b"501"):
            sys.exit(f"found {found}")
        started.append(box(folder, 2))
        until("another name for the second box", lambda: second in seen.names)
        if until("its address", lambda: find(zeroconf, second))[2][0] != "192.0.2.2":
            sys.exit("the second box has the address of another one")
        started[0][0].send_signal(signal.SIGTERM)
        until("the first box says goodbye", lambda: first in seen.gone)
        if second in seen.gone:
            sys.exit("the second box is gone, too")
    finally:
        zeroconf.close()
        for program, keeper in started:
            program.kill()
            keeper.kill()


with tempfile.TemporaryDirectory() as scratch:
    try:
        ask(scratch)
    finally:
        for name in sorted(os.listdir(scratch)):
            with open(f"{scratch}/{name}", encoding="utf-8") as lines:
                print(f"--- {name}\n{lines.read()}")
