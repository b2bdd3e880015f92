"""An ear: says whether a recording holds the sound that was sent. Nothing here comes from the program under test.

What is sent is speech-like, mono at 8 kHz, as a telephone carries it; a recording is what left the sound card, at
48 kHz. What was sent is brought to 48 kHz (exactly, in the frequency domain), found in the recording, and compared in
windows of 200 ms; each window is aligned by itself. Words are one to three windows long with pauses between them: a
jitter buffer may make a pause longer or shorter, and two clocks may drift apart, but a word must come out whole.
"""

import wave
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

Sound = np.ndarray  # one channel, full scale is 1.0

SENT_HZ = 8_000
CARD_HZ = 48_000
WINDOW = CARD_HZ * 200 // 1000
SEARCH = CARD_HZ * 250 // 1000  # how far a window may lie from the one before it
MARGIN = CARD_HZ * 20 // 1000  # of a pause, that belongs to the words beside it
QUIET = 0.02  # of the sound's own level: nothing is heard there

WAV_HEADER = 44  # bytes

MEDIAN_CORRELATION = 0.99
LEAST_CORRELATION = 0.75  # of a window in which a period of the voice was taken out or said twice
LEVEL_DB = 1.0
GAP_MS = 5.0
JUMP_MS = 16.0  # what the box may win back at a time, when this machine was late
PAUSE_DB = -40.0


@dataclass
class Speech:
    samples: Sound  # as sent, at SENT_HZ
    words: list[int]  # where each begins, at CARD_HZ
    windows: list[int]  # the words cut into pieces

    def after(self, seconds: float) -> "Speech":
        """The same sound, of which only the words after a time are to be heard."""
        first = next(word for word in self.words if word >= seconds * CARD_HZ)
        return Speech(self.samples, [w for w in self.words if w >= first], [w for w in self.windows if w >= first])

    @cached_property
    def at_card(self) -> Sound:
        return upsample(self.samples)


@dataclass
class Verdict:
    correlations: list[float]
    level_db: float
    gap_ms: float
    jump_ms: float  # the most that two windows of one word lie nearer or farther than they should
    pause_db: float  # the loudest pause, against the words

    def flaws(self) -> list[str]:
        found = []
        if np.median(self.correlations) < MEDIAN_CORRELATION:
            found.append(f"median correlation under {MEDIAN_CORRELATION}")
        if min(self.correlations) < LEAST_CORRELATION:
            which = ", ".join(str(n) for n, c in enumerate(self.correlations) if c < LEAST_CORRELATION)
            found.append(f"correlation under {LEAST_CORRELATION} in window {which}")
        if abs(self.level_db) > LEVEL_DB:
            found.append(f"level is not within {LEVEL_DB} dB")
        if self.gap_ms > GAP_MS:
            found.append(f"a gap of more than {GAP_MS} ms")
        if self.jump_ms > JUMP_MS:
            found.append(f"a jump of more than {JUMP_MS} ms within a word")
        if self.pause_db > PAUSE_DB:
            found.append(f"a noise of more than {PAUSE_DB} dB in a pause")
        return found

    def __str__(self) -> str:
        median, least = np.median(self.correlations), min(self.correlations)
        return (f"correlation median {median:.4f}, least {least:.4f} of {len(self.correlations)} windows; "
                f"level {self.level_db:+.2f} dB; longest gap {self.gap_ms:.1f} ms; farthest jump {self.jump_ms:.2f} ms; "
                f"loudest pause {self.pause_db:.0f} dB")


def compare(sent: Speech, heard: Sound) -> Verdict:
    lag = place(sent, heard)
    end = sent.windows[0] + lag
    wanted, got, correlations, jumps, pauses = [], [], [], [], []
    for start in sent.windows:
        window = cut(sent.at_card, start, WINDOW)
        correlation, moved = best_place(window, heard, start + lag)
        lag += moved
        correlations.append(correlation)
        wanted.append(window)
        got.append(cut(heard, start + lag, WINDOW))
        if start in sent.words:
            pauses.append(heard[end + MARGIN:max(end + MARGIN, start + lag - MARGIN)])
        else:
            jumps.append(abs(moved))
        end = start + lag + WINDOW
    wanted, got = np.concatenate(wanted), np.concatenate(got)
    return Verdict(
        correlations,
        level_db=decibels(rms(got) / rms(wanted)),
        gap_ms=longest_gap_ms(wanted, got),
        jump_ms=max(jumps) * 1000 / CARD_HZ,
        pause_db=max(decibels(rms(pause) / rms(wanted)) for pause in pauses),
    )


def place(sent: Speech, heard: Sound) -> int:
    """Where it begins, by its first word: later on it may have moved."""
    begin = sent.windows[0]
    word = sent.at_card[begin:begin + WINDOW]
    return int(np.argmax(correlate(heard, word))) - (len(word) - 1) - begin


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
    level = rms(wanted)
    silent = np.concatenate(([0], (np.abs(got) < QUIET * level).astype(int), [0]))
    edges = np.flatnonzero(np.diff(silent))
    gaps = [end - begin for begin, end in zip(edges[::2], edges[1::2], strict=True)
            if rms(wanted[begin:end]) > 10 * QUIET * level]
    return max(gaps, default=0) * 1000 / CARD_HZ


# ---- sound

def speech_like(seconds: float, seed: int) -> Speech:
    """Words with a gliding pitch and some hiss, 300 to 3300 Hz. Silence in the first second, as of a person who waits
    for the tone, and in the last 0.3 s."""
    dice = np.random.default_rng(seed)
    sound = np.zeros(int(seconds * SENT_HZ))
    window = SENT_HZ * WINDOW // CARD_HZ
    at, words, windows = SENT_HZ, [], []
    while True:
        length = int(dice.integers(1, 4)) * window
        if at + length > len(sound) - 3 * SENT_HZ // 10:
            break
        sound[at:at + length] = word(length, dice)
        words.append(at * CARD_HZ // SENT_HZ)
        windows += range(words[-1], words[-1] + length * CARD_HZ // SENT_HZ, WINDOW)
        at += length + int(dice.uniform(0.1, 0.2) * SENT_HZ)
    return Speech(sound * (0.07 / rms(sound)), words, windows)


def word(length: int, dice: np.random.Generator) -> Sound:
    pitch = np.cumsum(np.linspace(dice.uniform(90, 130), dice.uniform(130, 200), length)) / SENT_HZ
    formants = dice.uniform([400, 1200], [900, 2500])
    voice = sum(np.sin(2 * np.pi * n * pitch + dice.uniform(0, 6)) * strength(n * 130, formants) for n in range(2, 20))
    return band(voice + dice.normal(0, 0.15, length), 300, 3300) * np.hanning(length)


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


def write_wav(path: Path, sound: Sound, hz: int = SENT_HZ) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, hz, 0, "NONE", ""))
        file.writeframes(np.clip(np.round(sound * 32768), -32768, 32767).astype("<i2").tobytes())


def read_wav(path: Path) -> Sound:
    """The mean of all channels: a channel that is missing shows as a wrong level."""
    with wave.open(str(path), "rb") as file:
        assert file.getframerate() == CARD_HZ and file.getsampwidth() == 2, file.getparams()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.reshape(-1, file.getnchannels()).mean(axis=1) / 32768


def read_growing_wav(path: Path) -> Sound:
    """The same while it is being recorded, when its header says nothing yet."""
    with path.open("rb") as file:
        content = file.read()[WAV_HEADER:]
    samples = np.frombuffer(content[:len(content) // 4 * 4], "<i2")
    return samples.reshape(-1, 2).mean(axis=1) / 32768


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
    sent = speech_like(5, seed=7)
    good = np.concatenate((np.zeros(31_007), upsample(from_ulaw(to_ulaw(sent.samples))), np.zeros(20_000)))
    for name, heard in innocent(good).items():
        verdict = compare(sent, heard)
        assert not verdict.flaws(), f"{name} was refused: {verdict.flaws()}, {verdict}"
    for name, heard in flawed(good).items():
        verdict = compare(sent, heard)
        assert verdict.flaws(), f"{name} went unnoticed: {verdict}"


def innocent(good: Sound) -> dict[str, Sound]:
    times = np.arange(len(good))
    return {
        "the sound itself": good,
        "after another sound": np.concatenate((speech_like(3, seed=8).at_card, good)),
        "half a sample later": np.interp(times - 0.5, times, good),
        "a pause longer by 120 ms": np.insert(good, first_pause(good), np.zeros(CARD_HZ * 120 // 1000)),
        "a pause shorter by 30 ms": np.delete(good, np.arange(CARD_HZ * 30 // 1000) + first_pause(good)),
        "a clock 100 ppm fast": np.interp(times * 1.0001, times, good),
        "0.9 dB less": good * 10 ** (-0.9 / 20),
    }


def first_pause(good: Sound) -> int:
    """40 ms into the first silence after speech."""
    loudness = np.convolve(np.abs(good), np.ones(480) / 480, "same")
    speech = int(np.argmax(loudness > 0.03))
    return speech + int(np.argmax(loudness[speech:] < 0.001)) + CARD_HZ * 40 // 1000


def flawed(good: Sound) -> dict[str, Sound]:
    times, dice = np.arange(len(good)), np.random.default_rng(3)
    loud = 31_007 + int(np.argmax(np.convolve(good[31_007:] ** 2, np.ones(480), "same")))
    hole = good.copy()
    hole[loud:loud + CARD_HZ * 6 // 1000] = 0
    return {
        "silence": np.zeros_like(good),
        "another sound": np.concatenate((np.zeros(5_000), speech_like(5, seed=8).at_card)),
        "6 ms of silence": hole,
        "20 ms lost": np.delete(good, np.s_[loud:loud + 960]),
        "20 ms twice": np.insert(good, loud, good[loud - 960:loud]),
        "a click in a pause": np.concatenate((good[:first_pause(good)], [0.2] * 20, good[first_pause(good) + 20:])),
        "1.1 dB less": good * 10 ** (-1.1 / 20),
        "one channel of two": good / 2,
        "noise": good + dice.normal(0, 0.03, len(good)),
        "clipping": np.clip(good, -0.1, 0.1) * 1.3,
        "one percent too slow": np.interp(times * 0.99, times, good),
        "the end missing": good[:31_007 + 4 * CARD_HZ],
        "telephone quality lost": upsample(band(good[::6], 300, 1200)),
    }


def from_ulaw(code: bytes) -> Sound:
    value = np.frombuffer(code, np.uint8).astype(int) ^ 0xFF
    size = (((value & 0x0F) << 3) + 132 << ((value & 0x70) >> 4)) - 132
    return np.where(value & 0x80, -size, size) / 32768
