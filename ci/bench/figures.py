#!/usr/bin/env python3
"""What a busy box costs: 10 callers, 8 zones on one card, 2 players of music, for ten minutes.

  cargo build --release && python3 ci/bench/figures.py [--seconds 600] [--sink card|null|wav] [--limits no] [PROGRAM]

Every zone has an account of its own; each is called by one telephone, and two call all of them; they speak G.722 all the time.
The box plays to ALSA's paced virtual card (ci/vclock, with eight channels; needs gcc and libasound2-dev), to `null`, or to a file,
which costs what writing it does; the machine should have nothing else to do. Prints
processor time (of one core), resident memory, xruns and packets that found a thread too busy; fails beyond the limits:
15 %, 16 MiB, 0, 0. Without `[music]` in the program it says so, and goes on.
"""
import argparse
import array
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "../../target/release/paging")
ZONES = 8
CALLERS = 10
LIMITS = {"cpu %": 15.0, "resident KiB": 16 * 1024, "xruns": 0, "packets dropped": 0}


def tone(path, hz, seconds):
    with wave.open(path, "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        frames = array.array("h")
        for number in range(44100 * seconds):
            sample = int(6000 * math.sin(math.tau * hz * number / 44100))
            frames.extend((sample, sample))
        file.writeframes(frames.tobytes())


def device_of(sink, folder):
    """What the configuration calls it, and what the program finds in its environment."""
    if sink == "card":
        subprocess.run(["sh", os.path.join(HERE, "../vclock/build.sh"), folder], check=True)
        return "hw8", {"ALSA_CONFIG_PATH": os.path.join(folder, "asound8.conf")}
    return {"null": "null", "wav": "wav:" + os.path.join(folder, "heard.wav")}[sink], {}


def configuration(folder, port, device):
    lines = ["[sip]", f"listen = 127.0.0.1:{port}", "user = all", "register = no", "zones = all"]
    lines += ["[audio]", f"device = {device}", "klaxon = none", "music-fade-in-duration = 1", "music-fade-out-duration = 1"]
    for zone in range(1, ZONES + 1):
        lines += [f"[zone z{zone}]", f"device = {device}", f"channels = {zone}"]
        lines += [f"[sip a{zone}]", f"user = a{zone}", "register = no", f"zones = z{zone}"]
    halves = ["z1, z2, z3, z4", "z5, z6, z7, z8"]
    for number, zones in enumerate(halves, 1):
        music = os.path.join(folder, f"music{number}")
        os.mkdir(music)
        tone(os.path.join(music, "tone.wav"), 200 + 50 * number, 60)
        lines += [f"[music p{number}]", f"source = {music}", f"zones = {zones}"]
    lines += ["[calls]", "hang-up-after-minutes = 0", "[status]", "socket = " + os.path.join(folder, "status.sock")]
    return "\n".join(lines) + "\n"


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def status(program, folder):
    ask = [program, "status", "--json", "--socket", os.path.join(folder, "status.sock")]
    return json.loads(subprocess.run(ask, capture_output=True, text=True).stdout or "{}")


def call(program, port, user, seconds, hz):
    how = ["--tone", str(hz), "--seconds", str(seconds), "--codec", "G722"]
    return subprocess.Popen([program, "call", f"sip:{user}@127.0.0.1:{port}", *how], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(options, folder):
    port = free_port()
    path = os.path.join(folder, "paging.conf")
    device, environment = device_of(options.sink, folder)
    with open(path, "w") as file:
        file.write(configuration(folder, port, device))
    with open(os.path.join(folder, "log"), "w") as log:
        box = subprocess.Popen([options.program, path], stderr=log, env={**os.environ, **environment})
    try:
        time.sleep(3)
        print(f"idle but for music: {resident_kib(box.pid)} KiB", flush=True)
        users = [f"a{zone}" for zone in range(1, ZONES + 1)] + ["all"] * (CALLERS - ZONES)
        calls = [call(options.program, port, user, options.seconds + 20, 400 + 40 * n) for n, user in enumerate(users)]
        time.sleep(5)
        before, since, most = processor_seconds(box.pid), time.monotonic(), 0
        while time.monotonic() - since < options.seconds:
            time.sleep(min(5, options.seconds))
            most = max(most, resident_kib(box.pid))
        told = status(options.program, folder)
        figures = {
            "cpu %": round(100 * (processor_seconds(box.pid) - before) / (time.monotonic() - since), 2),
            "resident KiB": most,
            "xruns": sum(sink["xruns"] for sink in told["sinks"]),
            "packets dropped": told["counters"]["packets_dropped"],
        }
        on_air = sum(call["state"] == "on-air" for call in told["calls"])
        zones = len(told["sinks"][0]["zones"])
        print(f"{on_air} callers on air, {zones} zones, {len(told.get('players', []))} players", flush=True)
        if (on_air, zones) != (CALLERS, ZONES):
            sys.exit(f"nothing is measured: {CALLERS} callers were to be on air in {ZONES} zones")
        for process in calls:
            process.terminate()
            process.wait()
        return figures
    finally:
        box.terminate()
        box.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--sink", choices=["card", "null", "wav"], default="card")
    parser.add_argument("--limits", choices=["yes", "no"], default="yes")
    parser.add_argument("program", nargs="?", default=PROGRAM)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = run(options, folder)
    missed = [name for name, figure in figures.items() if figure > LIMITS[name]]
    for name, figure in figures.items():
        print(f"{name:<16} {figure}  (at most {LIMITS[name]})", flush=True)
    if missed and options.limits == "yes":
        sys.exit("beyond its limit: " + ", ".join(missed))


if __name__ == "__main__":
    main()
