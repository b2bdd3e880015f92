#!/usr/bin/env python3
"""What speech over a bad network is worth: PESQ (ITU-T P.862, narrow band) of what `sound.rs` says is heard.

  python3 ci/bench/sound.py [--seeds N] [--only NAME,...] SPEECH.wav...

SPEECH: 8 to 20 s each, at 8 kHz, of several voices. Debian's asterisk-core-sounds-en-wav has recorded ones.
"known": the speech comes after two seconds of silence, in which the network shows what it is like.
It needs `pip install pesq numpy` and a built `cargo build --release --example sound` (SOUND names another).
"""
import argparse
import concurrent.futures
import os
import subprocess
import tempfile
import wave

import numpy
import pesq

HERE = os.path.dirname(os.path.abspath(__file__))
SOUND = os.environ.get("SOUND", os.path.join(HERE, "../../target/release/examples/sound"))
FAULTS = {
    "clean": "",
    "3 % lost": "--loss 3",
    "10 % lost": "--loss 10",
    "3 % in bursts of 3": "--loss 3 --burst 3",
    "1 % in bursts of 3": "--loss 1 --burst 3",
    "5 % out of order": "--reorder 5",
    "5 % out of order, known": "--reorder 5 --lead 2000",
    "100 ms of jitter": "--jitter 100",
    "100 ms of jitter, known": "--jitter 100 --lead 2000",
    "30 ms of jitter": "--jitter 30",
    "30 ms of jitter, known": "--jitter 30 --lead 2000",
    "another SSRC": "--switch 4",
    "150 ms held up": "--hold 4",
    "200 ppm": "--ppm 200",
}
ALWAYS_THE_SAME = ["clean", "another SSRC", "150 ms held up", "200 ppm"]


def samples(path):
    with wave.open(path) as file:
        assert file.getnchannels() == 1 and file.getframerate() == 8000, path + ": expected 8 kHz, mono"
        return numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def score(job):
    speech, faults, seed = job
    with tempfile.TemporaryDirectory() as folder:
        heard = os.path.join(folder, "heard.wav")
        command = [SOUND, speech, heard, "--seed", str(seed), *faults.split()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return pesq.pesq(8000, samples(speech), samples(heard), "nb")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("speech", nargs="+")
    options = parser.parse_args()
    wanted = [name for name in FAULTS if not options.only or any(part in name for part in options.only.split(","))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name in wanted:
            seeds = range(1, 1 + (1 if name in ALWAYS_THE_SAME else options.seeds))
            jobs = [(speech, FAULTS[name], seed) for speech in options.speech for seed in seeds]
            scores = list(pool.map(score, jobs))
            print("%-26s %.2f  (%.2f to %.2f, %d runs)" % (name, numpy.mean(scores), min(scores), max(scores), len(scores)), flush=True)


if __name__ == "__main__":
    main()
