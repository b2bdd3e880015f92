"""An ear: says whether a recording holds the sound that was sent. Nothing here comes from the program under test.

Sent sound is mono at 8 kHz, as a telephone carries it; a recording is what left the sound card, at 48 kHz. The sent
sound is brought to 48 kHz (exactly, in the frequency domain), found in the recording, and compared window by window;
each window is aligned by itself, so that a slow drift of two clocks is no flaw, but a jump within a window is.
"""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Sound = np.ndarray  # one channel, full scale is 1.0

SENT_HZ = 8_000
CARD_HZ = 48_000
WINDOW = CARD_HZ * 200 // 1000
SEARCH = CARD_HZ * 40 // 1000  # how far a window may lie from the one before it
QUIET = 0.02  # of the sound's own level: nothing is heard there

MEDIAN_CORRELATION = 0.99
LEAST_CORRELATION = 0.95
LEVEL_DB = 1.0
GAP_MS = 5.0


@dataclass
class Verdict:
    correlations: list[float]
    level_db: float
    gap_ms: float

    def flaws(self) -> list[str]:
        found = []
        if np.median(self.correlations) < MEDIAN_CORRELATION:
            found.append(f"median correlation under {MEDIAN_CORRELATION}")
        if min(self.correlations) < LEAST_CORRELATION:
            at = ", ".join(f"{n * 0.2:.1f} s" for n, c in enumerate(self.correlations) if c < LEAST_CORRELATION)
            found.append(f"correlation under {LEAST_CORRELATION} at {at}")
        if abs(self.level_db) > LEVEL_DB:
            found.append(f"level is not within {LEVEL_DB} dB")
        if self.gap_ms > GAP_MS:
            found.append(f"a gap of more than {GAP_MS} ms")
        return found

    def __str__(self) -> str:
        median, least = np.median(self.correlations), min(self.correlations)
        return (f"correlation median {median:.4f}, least {least:.4f} of {len(self.correlations)} windows; "
                f"level {self.level_db:+.2f} dB; longest gap {self.gap_ms:.1f} ms")


def compare(sent: Sound, heard: Sound) -> tuple[Verdict, Sound]:
    """Also gives what was recorded after it."""
    wanted = upsample(sent)
    level = rms(wanted)
    lag = first_place(wanted, heard)
    correlations, aligned = [], []
    for start in range(0, len(wanted) - WINDOW + 1, WINDOW):
        window = wanted[start:start + WINDOW]
        correlation, moved = best_place(window, heard, start + lag)
        if rms(window) < 0.1 * level:
            correlations.append(1.0)  # a pause has no shape; a noise in it shows in level and neighbours
            moved = 0
        else:
            correlations.append(correlation)
        lag += moved
        aligned.append(cut(heard, start + lag, WINDOW))
    got = np.concatenate(aligned)
    verdict = Verdict(correlations, decibels(rms(got) / rms(wanted[:len(got)])), longest_gap_ms(wanted, got))
    return verdict, heard[max(0, lag + len(wanted)):]


def first_place(wanted: Sound, heard: Sound) -> int:
    """Where it begins; the first of several copies."""
    likeness = correlate(heard, wanted)
    first = int(np.argmax(likeness > 0.8 * likeness.max()))
    around = likeness[first:first + WINDOW]
    return first + int(np.argmax(around)) - (len(wanted) - 1)


def best_place(window: Sound, heard: Sound, expected: int) -> tuple[float, int]:
    """The best normalised correlation near the expected place, and how far from there it is."""
    near = cut(heard, expected - SEARCH, len(window) + 2 * SEARCH)
    products = correlate(near, window)[len(window) - 1:len(window) + 2 * SEARCH]
    energy = np.cumsum(np.concatenate(([0.0], near**2)))
    norms = np.sqrt(np.maximum(energy[len(window):] - energy[:-len(window)], 1e-12) * np.sum(window**2))
    scores = products / norms
    best = int(np.argmax(scores))
    return peak(scores, best), best - SEARCH


def peak(scores: Sound, best: int) -> float:
    """The top of the parabola through three points: what a shift of a fraction of a sample would give."""
    if not 0 < best < len(scores) - 1:
        return float(scores[best])
    before, top, after = scores[best - 1:best + 2]
    bend = 2 * top - before - after
    return float(top + (after - before) ** 2 / (8 * bend)) if bend > 0 else float(top)


def longest_gap_ms(wanted: Sound, got: Sound) -> float:
    """The longest stretch in which nothing is heard though something was sent."""
    wanted, level = wanted[:len(got)], rms(wanted)
    silent = np.concatenate(([0], (np.abs(got) < QUIET * level).astype(int), [0]))
    edges = np.flatnonzero(np.diff(silent))
    gaps = [end - begin for begin, end in zip(edges[::2], edges[1::2], strict=True)
            if rms(wanted[begin:end]) > 10 * QUIET * level]
    return max(gaps, default=0) * 1000 / CARD_HZ


# ---- sound

def speech_like(seconds: float, seed: int) -> Sound:
    """Syllables with a gliding pitch, hisses between them, short pauses; 300 to 3300 Hz, nothing in the last 0.3 s."""
    dice = np.random.default_rng(seed)
    sound = np.zeros(int(seconds * SENT_HZ))
    at = SENT_HZ // 10
    while True:
        length = int(dice.uniform(0.12, 0.3) * SENT_HZ)
        if at + length > len(sound) - 3 * SENT_HZ // 10:
            break
        pitch = np.cumsum(np.linspace(dice.uniform(90, 130), dice.uniform(130, 200), length)) / SENT_HZ
        formants = dice.uniform([400, 1200], [900, 2500])
        voice = sum(np.sin(2 * np.pi * n * pitch + dice.uniform(0, 6)) * strength(n * 130, formants) for n in range(2, 20))
        hiss = dice.normal(0, 0.15, length)
        sound[at:at + length] += (voice + hiss) * np.hanning(length) ** 0.5
        at += length + int(dice.uniform(0.0, 0.06) * SENT_HZ)
    sound = band(sound, 300, 3300)
    return sound * (0.12 / rms(sound))


def strength(hz: float, formants: np.ndarray) -> float:
    return float(np.sum(1 / (1 + ((hz - formants) / 200) ** 2)))


def band(sound: Sound, low_hz: float, high_hz: float) -> Sound:
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / SENT_HZ)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    return np.fft.irfft(spectrum, len(sound))


def upsample(sound: Sound) -> Sound:
    factor = CARD_HZ // SENT_HZ
    return np.fft.irfft(np.fft.rfft(sound), len(sound) * factor) * factor


def to_ulaw(sound: Sound) -> bytes:
    """ITU-T G.711, by its formula."""
    value = np.clip(np.round(sound * 32768), -32635, 32635).astype(int)
    size = np.abs(value) + 132
    exponent = np.floor(np.log2(size)).astype(int) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    code = (np.where(value < 0, 0x80, 0) | (exponent << 4) | mantissa) ^ 0xFF
    return code.astype(np.uint8).tobytes()


def write_wav(path: Path, sound: Sound) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SENT_HZ, 0, "NONE", ""))
        file.writeframes(np.clip(np.round(sound * 32768), -32768, 32767).astype("<i2").tobytes())


def read_wav(path: Path) -> Sound:
    """The mean of all channels: a channel that is missing shows as a wrong level."""
    with wave.open(str(path), "rb") as file:
        assert file.getframerate() == CARD_HZ and file.getsampwidth() == 2, file.getparams()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.reshape(-1, file.getnchannels()).mean(axis=1) / 32768


def rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound**2))) if len(sound) else 0.0


def decibels(ratio: float) -> float:
    return 20 * float(np.log10(max(ratio, 1e-9)))


def correlate(long: Sound, short: Sound) -> Sound:
    """Full cross-correlation: entry n is the likeness when `short` begins at n - (len(short) - 1)."""
    size = len(long) + len(short) - 1
    fast = 1 << (size - 1).bit_length()
    product = np.fft.rfft(long, fast) * np.fft.rfft(short[::-1], fast)
    return np.fft.irfft(product, fast)[:size]


def cut(sound: Sound, start: int, length: int) -> Sound:
    """A piece, with silence where the sound has none."""
    piece = np.zeros(length)
    begin, end = max(0, start), min(len(sound), start + length)
    if begin < end:
        piece[begin - start:end - start] = sound[begin:end]
    return piece


# ---- the ear itself is tested

def self_test() -> None:
    """It must pass what is right and refuse each flaw; stops the program otherwise."""
    sent = speech_like(4, seed=7)
    good = np.concatenate((np.zeros(31_007), upsample(from_ulaw(to_ulaw(sent))), np.zeros(20_000)))
    for name, heard in innocent(good).items():
        verdict, _ = compare(sent, heard)
        assert not verdict.flaws(), f"{name} was refused: {verdict.flaws()}, {verdict}"
    for name, heard in flawed(good).items():
        verdict, _ = compare(sent, heard)
        assert verdict.flaws(), f"{name} went unnoticed: {verdict}"


def innocent(good: Sound) -> dict[str, Sound]:
    place = np.arange(len(good))
    return {
        "the sound itself": good,
        "the sound twice": np.concatenate((good, good)),
        "half a sample later": np.interp(place - 0.5, place, good),
        "a clock 100 ppm fast": np.interp(place * 1.0001, place, good),
        "0.9 dB less": good * 10 ** (-0.9 / 20),
    }


def flawed(good: Sound) -> dict[str, Sound]:
    place, dice = np.arange(len(good)), np.random.default_rng(3)
    loud = 31_007 + int(np.argmax(np.convolve(good[31_007:] ** 2, np.ones(480), "same")))
    hole = good.copy()
    hole[loud:loud + CARD_HZ * 6 // 1000] = 0
    return {
        "silence": np.zeros_like(good),
        "another sound": np.concatenate((np.zeros(5_000), upsample(speech_like(4, seed=8)))),
        "6 ms of silence": hole,
        "20 ms lost": np.delete(good, np.s_[loud:loud + 960]),
        "20 ms twice": np.insert(good, loud, good[loud - 960:loud]),
        "1.1 dB less": good * 10 ** (-1.1 / 20),
        "one channel of two": good / 2,
        "noise": good + dice.normal(0, 0.04, len(good)),
        "clipping": np.clip(good, -0.1, 0.1) * 1.3,
        "one percent too slow": np.interp(place * 0.99, place, good),
        "the end missing": good[:31_007 + 3 * CARD_HZ],
        "telephone quality lost": upsample(band(good[::6], 300, 1200)),
    }


def from_ulaw(code: bytes) -> Sound:
    value = np.frombuffer(code, np.uint8).astype(int) ^ 0xFF
    size = (((value & 0x0F) << 3) + 132 << ((value & 0x70) >> 4)) - 132
    return np.where(value & 0x80, -size, size) / 32768
