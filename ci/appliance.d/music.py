"""Music from the card, and a page with its chime over it: what is heard when.

The music is a tone that no telephone carries and no chime has, so that each can be told from the others.
"""

import time

import numpy as np

import hearing
from card import Card
from hearing import CARD_HZ, Sound, decibels
from machine import Machine
from pages import SECONDS_TO_BOOT, SETTINGS, call_by_paging, hears, wait_for_options
from verdict import WORK, figure, judge, until_heard, wait_until

FILE_HZ = 44_100  # as most music has it
MUSIC_HZ, MUSIC_LEVEL = 9_000, 0.05
FADE_OUT, FADE_IN = 1.0, 2.0
BLOCK = CARD_HZ // 20
DOWN_DB = -40  # against the music at its best
CHIME_LEVEL = 0.01
SECONDS_TO_SOUND = 60
WANTED = f"""
klaxon = three-tone
music-fade-out-duration = {FADE_OUT}
music-fade-in-duration = {FADE_IN}
[music]
source = /boot/sounds
"""


def plays_chime_page_and_music(card: Card) -> None:
    """A file on the card, over and over; it makes way for a page, and comes back."""
    tone = MUSIC_LEVEL * np.sqrt(2) * np.sin(2 * np.pi * MUSIC_HZ * np.arange(20 * FILE_HZ) / FILE_HZ)
    music = WORK / "music.wav"
    hearing.write_wav(music, tone, FILE_HZ)
    card.put_sound(music)
    card.edit_settings(SETTINGS.replace("klaxon = none", "") + WANTED)
    until_heard(lambda: once(card))


def once(card: Card) -> None:
    sent = hearing.speech_like(seconds=6, seed=21)
    with Machine(card, WORK / "music") as machine:
        wait_for_options(machine)
        machine.wait_for_report(SECONDS_TO_BOOT)
        judge(wait_until(lambda: sounds(machine), SECONDS_TO_SOUND) is not None, "music plays by itself", machine.console.text())
        time.sleep(3)
        call_by_paging(sent)
        time.sleep(FADE_IN + 3)
    heard = hearing.read_wav(machine.recording)
    music, rest = levels(heard)
    loud = float(np.percentile(music, 80))
    judge(abs(decibels(loud / MUSIC_LEVEL)) < 1, f"music plays as loud as its file ({decibels(loud / MUSIC_LEVEL):+.1f} dB)", "")
    first_word = (sent.windows[0] + hearing.place(sent, heard)) // BLOCK
    last_word = (sent.windows[-1] + hearing.place(sent, heard)) // BLOCK
    chime = first_sound(rest[:first_word], first_word)
    under_it = decibels(float(music[chime:last_word].max()) / loud)
    judge(under_it < DOWN_DB, f"it is down while chime and page are heard ({under_it:.0f} dB)", "")
    before = decibels(float(music[max(0, chime - 40):chime - 25].min()) / loud)
    judge(before > -1, f"and it is not before the fade ({before:.1f} dB)", "")
    hears(sent, heard, "a page after its chime")
    after = np.flatnonzero(music[last_word:] > 0.9 * loud)
    judge(len(after) > 0, "music comes back", "")
    figure(f"music is back {after[0] * BLOCK / CARD_HZ:.1f} s after the last word")


def sounds(machine: Machine) -> bool:
    return hearing.rms(hearing.read_growing_wav(machine.recording)[-CARD_HZ:]) > MUSIC_LEVEL / 2


def levels(heard: Sound) -> tuple[Sound, Sound]:
    """How loud the music is, and all else, block by block."""
    blocks = heard[:len(heard) // BLOCK * BLOCK].reshape(-1, BLOCK)
    spectrum = np.fft.rfft(blocks * np.hanning(BLOCK), axis=1)
    hz = np.fft.rfftfreq(BLOCK, 1 / CARD_HZ)
    of_music = np.abs(hz - MUSIC_HZ) < 200
    power = np.abs(spectrum) ** 2 * 2 / (BLOCK * np.sum(np.hanning(BLOCK) ** 2))
    return np.sqrt(power[:, of_music].sum(axis=1)), np.sqrt(power[:, ~of_music].sum(axis=1))


def first_sound(rest: Sound, before: int) -> int:
    """The block in which the chime before a page begins: after the last silence of a second."""
    loud = rest > CHIME_LEVEL
    for block in range(before, 20, -1):
        if not loud[block - 20:block].any() and loud[block:].any():
            return block
    judge(False, "a chime is heard before the page", "")
    return 0
