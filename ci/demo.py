#!/usr/bin/env python3
"""demo.py PAGING DEVICE [FOLDER]: pages a box on loopback and measures what it played (started by ci/demo).

Only the Python library: what was heard is read, filtered and compared by code that shares nothing with the box.
"""
import math
import operator
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
import wave

SENTENCE = "Attention please. The shop closes in ten minutes. Thank you, and good night."
RATE = 48000            # what is compared, Hz
BAND_HZ = 3400          # the telephone carries no more
MIN_CORRELATION = 0.9
PIECE = RATE // 4       # compared at once: the box may win back delay in between
MAX_LEVEL_DIFFERENCE_DB = 2.0
MAX_LATENCY_MS = 200


def main(paging, device, folder=os.path.join("target", "demo")):
    os.makedirs(folder, exist_ok=True)
    said = os.path.join(folder, "said.wav")
    heard = os.path.join(folder, "heard.wav")
    log_path = os.path.join(folder, "box.log")
    if os.path.exists(heard):
        os.remove(heard)
    print("speaking:   " + speak(said))
    log, summary = page(paging, said, "wav:" + heard if device == "wav" else device, log_path)
    if device != "wav":
        print("played on " + device)
        return
    measure(said, heard, log, summary)


def page(paging, said, device, log_path):
    """Starts the box, calls it, ends it. Returns its log and what the caller printed."""
    port = free_port()
    with open(log_path, "w", encoding="utf-8") as log:
        box = subprocess.Popen(
            [paging, "--set", "sip.listen=127.0.0.1:%d" % port, "--set", "audio.device=" + device,
             "--set", "log.level=info"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until_it_answers(box, port, log_path)
        print("box:        127.0.0.1:%d, plays on %s" % (port, device))
        call = subprocess.run([paging, "call", "sip:page@127.0.0.1:%d" % port, "--play", said],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=60, check=False)
        summary = call.stdout.decode(errors="replace")
        print("\n".join("            " + line for line in re.split(r"[\r\n]+", summary.strip())[-4:]))
        if call.returncode != 0:
            fail("the call failed with exit code %d" % call.returncode, log_path)
    finally:
        box.terminate()
        try:
            box.wait(5)
        except subprocess.TimeoutExpired:
            box.kill()
            box.wait()
    if box.returncode != 0:
        fail("the box ended with exit code %d" % box.returncode, log_path)
    with open(log_path, encoding="utf-8", errors="replace") as log:
        return log.read(), summary


def measure(said, heard, log, summary):
    sent = telephone_band(*read_wav(said))
    received = telephone_band(*read_wav(heard))
    lag = find(sent, received)
    if lag is None:
        fail("nothing was heard: %s is silent or too short" % heard)
    part = received[max(0, lag):lag + len(sent)]
    lags, likeness = follow(sent, received + [0.0] * PIECE, lag)
    difference = 20 * math.log10(rms(part) / rms(sent))
    latency = latency_ms(sorted(lags)[len(lags) // 2], log, summary)
    moved = (max(lags) - min(lags)) / RATE * 1000
    print("length:     %.2f s said, %.2f s compared, in a recording of %.2f s"
          % (len(sent) / RATE, len(part) / RATE, len(received) / RATE))
    print("level:      %.1f dBFS said, %.1f dBFS heard" % (dbfs(sent), dbfs(part)))
    print("latency:    " + ("unknown" if latency is None else "%.1f ms from a packet to its sound, the median; it moved "
                            "by %.1f ms (a packet is filled for 20 ms before)" % (latency, moved)))
    print("likeness:   %.4f (correlation in the telephone band, in pieces of 250 ms; 1 is the same)" % likeness)
    print("listen to:  %s" % os.path.abspath(heard))
    faults = []
    if len(part) < len(sent) - RATE // 20:
        faults.append("the end is missing")
    if likeness < MIN_CORRELATION:
        faults.append("what was heard is not what was said")
    if abs(difference) > MAX_LEVEL_DIFFERENCE_DB:
        faults.append("the level changed by %.1f dB" % difference)
    if latency is None:
        faults.append("the box or the caller did not say when it began")
    elif not 0 < latency < MAX_LATENCY_MS:
        faults.append("the latency is not between 0 and %d ms" % MAX_LATENCY_MS)
    if faults:
        fail("; ".join(faults))
    print("the page was heard")


def latency_ms(lag, log, summary):
    """Both clocks are CLOCK_MONOTONIC: the box says when its recording starts, the caller when its first packet left."""
    start = re.search(r"starts at (\d+\.\d+)", log)
    first = re.search(r"first packet at (\d+\.\d+)", summary)
    if not (start and first):
        return None
    return (lag / RATE + float(start.group(1)) - float(first.group(1))) * 1000


def speak(path):
    """Makes the WAV file to page with; returns a word on how."""
    espeak = shutil.which("espeak-ng")
    if espeak and subprocess.run([espeak, "-v", "en", "-a", "60", "-w", path, SENTENCE], check=False).returncode == 0:
        return "\"%s\" (espeak-ng)" % SENTENCE
    samples = babble()
    with wave.open(path, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(struct.pack("<%dh" % len(samples), *(int(32767 * s) for s in samples)))
    return "babble (espeak-ng is not installed)"


def babble(rate=16000, syllables=20):
    """Sounds like speech and says nothing: vowels of three formants, consonants of noise, pauses between words."""
    rng = random.Random(2)
    vowels = [(730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410)]
    samples, phase = [0.0] * (rate // 10), 0.0
    for number in range(syllables):
        formants = rng.choice(vowels)
        length = int(rate * rng.uniform(0.14, 0.24))
        pitch = rng.uniform(100, 140)
        samples += [0.08 * rng.uniform(-1, 1) * math.sin(math.pi * n / 800) for n in range(800)]
        harmonics = [(h, sum(1 / (1 + ((h * pitch - f) / 90) ** 2) for f in formants) / math.sqrt(h))
                     for h in range(1, int(3300 / pitch))]
        for n in range(length):
            phase += 2 * math.pi * (pitch - 15 * n / length) / rate
            loud = math.sin(math.pi * n / length) ** 0.5
            samples.append(loud * sum(a * math.sin(h * phase) for h, a in harmonics))
        samples += [0.0] * int(rate * (0.2 if number % 5 == 4 else 0.03))
    peak = max(map(abs, samples))
    return [0.5 * s / peak for s in samples]


def read_wav(path):
    """The first channel, full scale 1.0, and the rate."""
    with wave.open(path, "rb") as file:
        if file.getsampwidth() != 2:
            fail("%s does not hold samples of 16 bits" % path)
        frames = file.readframes(file.getnframes())
        every = struct.unpack("<%dh" % (len(frames) // 2), frames)
        return [s / 32768 for s in every[::file.getnchannels()]], file.getframerate()


def telephone_band(samples, rate):
    """At RATE, without what lies above the telephone's band (windowed sinc)."""
    divisor = math.gcd(rate, RATE)
    up, down = RATE // divisor, rate // divisor
    half = 8 * rate // BAND_HZ
    cut = 2 * BAND_HZ / rate
    phases = []
    for phase in range(up):
        times = [k - phase / up for k in range(1 - half, half + 1)]
        taps = [cut * sinc(cut * t) * (0.5 + 0.5 * math.cos(math.pi * t / (half + 1))) for t in times]
        phases.append([tap / sum(taps) for tap in taps])
    padded = [0.0] * (half - 1) + samples + [0.0] * half
    out = []
    for n in range(len(samples) * up // down):
        at, phase = divmod(n * down, up)
        out.append(sum(map(operator.mul, padded[at:at + 2 * half], phases[phase])))
    return out


def sinc(x):
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


def find(sent, received):
    """Where `sent` begins in `received`, samples: first by loudness, then by the waveform of its loudest second."""
    if rms(received) < 1e-5 or len(received) < len(sent) // 2:
        return None
    block = RATE // 200
    rough = loudest_match(loudness(sent, block), loudness(received, block)) * block
    width = min(RATE, len(sent))
    begin = max(range(0, len(sent) - width + 1, RATE // 10), key=lambda b: rms(sent[b:b + width:16]))
    piece = sent[begin:begin + width]

    def match(lag):
        at = lag + begin
        return correlation(piece, received[at:at + width]) if at >= 0 and at + width <= len(received) else -1.0

    near = max(range(rough - 2 * block, rough + 2 * block, 4), key=match)
    return max(range(near - 4, near + 5), key=match)


def follow(sent, received, lag):
    """Where each piece of `sent` is found near where the one before was, and how alike all of them are together."""
    lags, alike, weight = [], 0.0, 0.0
    for at in range(0, len(sent) - PIECE + 1, PIECE):
        piece = sent[at:at + PIECE]
        if rms(piece) < rms(sent) / 10:
            continue

        def match(here):
            begin = here + at
            return correlation(piece, received[begin:begin + PIECE]) if 0 <= begin <= len(received) - PIECE else -1.0

        best = match(lag)
        if best < 0.99:
            near = max(range(lag - 1920, lag + 1921, 6), key=match)
            lag = max(range(near - 6, near + 7), key=match)
            best = match(lag)
        lags.append(lag)
        alike += best * rms(piece) ** 2
        weight += rms(piece) ** 2
    return lags, alike / weight


def loudness(samples, block):
    return [rms(samples[at:at + block]) for at in range(0, len(samples) - block, block)]


def loudest_match(short, long):
    mean = sum(short) / len(short)
    shape = [value - mean for value in short]
    padded = long + [0.0] * len(shape)
    return max(range(len(long)), key=lambda lag: sum(map(operator.mul, shape, padded[lag:lag + len(shape)])))


def correlation(one, other):
    scale = math.sqrt(sum(map(operator.mul, one, one)) * sum(map(operator.mul, other, other)))
    return sum(map(operator.mul, one, other)) / scale if scale > 0 else 0.0


def rms(samples):
    return math.sqrt(sum(map(operator.mul, samples, samples)) / max(1, len(samples)))


def dbfs(samples):
    return 20 * math.log10(max(rms(samples), 1e-9))


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_it_answers(box, port, log_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(0.1)
        here = "127.0.0.1:%d" % sock.getsockname()[1]
        options = ("OPTIONS sip:page@127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKdemo\r\n"
                   "Max-Forwards: 70\r\nFrom: <sip:demo@%s>;tag=demo\r\nTo: <sip:page@127.0.0.1:%d>\r\n"
                   "Call-ID: demo-%d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n") % (port, here, here, port, port)
        give_up_at = time.monotonic() + 10
        while time.monotonic() < give_up_at:
            if box.poll() is not None:
                fail("the box ended at once", log_path)
            try:
                sock.send(options.encode())
                if sock.recv(65535).startswith(b"SIP/2.0 200"):
                    return
            except ConnectionRefusedError:
                time.sleep(0.02)
            except socket.timeout:
                pass
    fail("the box did not answer", log_path)


def fail(why, log_path=None):
    print("FAILED: " + why)
    if log_path:
        with open(log_path, encoding="utf-8", errors="replace") as log:
            print("log of the box:\n" + log.read())
    sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
