//! Music that is read on the way: pieces of it come to the audio thread, and go back to be filled again.
//!
//! ```text
//! Command::Piece ─> held: up to MOST pieces of 100 ms ─> Fractional ─> 48 kHz bus
//!                                 └ spent ─> Report::Spent
//! ```
//! The audio thread neither waits for a piece nor frees one. Where the next has not come, or is not the one that follows, what
//! there is falls to silence within [`FADE`], and what comes then rises from it. One that ran dry begins again when
//! [`REFILL`] pieces are there, so that it does not stutter.
//!
//! How much faster or slower than its sink it is read is for who sends the pieces, and knows all the cards that play them.
//!
//! Left out: where music comes from, and what happens to its level while somebody speaks.

use super::BLOCK;
use super::tail::Tail;
use crate::dsp::Fractional;
use crate::units::SampleRate;
use core::time::Duration;
use heapless::Deque;

/// 100 ms of music at 48 kHz, one channel.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The next piece has the next number; one after a gap has not.
    pub number: u32,
    /// Which of the cards that play it this one is for; for who sends it.
    pub card: u8,
    /// Frames that were held when it came, itself left out; written by who plays it.
    pub met: u32,
    /// Full scale ±32768.
    pub samples: [i16; Self::FRAMES],
}

impl Piece {
    /// Frames of a piece.
    pub const FRAMES: usize = 4_800;

    /// The most that may be with a voice, on the way there and back included.
    pub const MOST: usize = 32;

    /// How long a piece lasts.
    pub const TIME: Duration = Duration::from_millis(100);

    /// One of silence, where it belongs.
    #[must_use]
    pub fn blank() -> Box<Self> {
        Box::new(Self { number: 0, card: 0, met: 0, samples: [0; Self::FRAMES] })
    }
}

/// The pieces of a voice, and how far they were read.
#[derive(Clone, Debug)]
pub(super) struct Reel {
    held: Deque<Box<Piece>, { Piece::MOST }>,
    spent: Deque<Box<Piece>, { Piece::MOST }>,
    /// Frames of the first piece that were read.
    read: usize,
    gain: f32,
    is_paused: bool,
    /// Waits until there is enough to begin with.
    is_filling: bool,
    has_spoken: bool,
    fractional: Fractional,
    tail: Tail,
    dry: u64,
}

impl Reel {
    pub(super) fn new() -> Self {
        Self {
            held: Deque::new(),
            spent: Deque::new(),
            read: 0,
            gain: 0.0,
            is_paused: false,
            is_filling: true,
            has_spoken: false,
            fractional: Fractional::wide(SampleRate::HZ_48000),
            tail: Tail::default(),
            dry: 0,
        }
    }

    /// Takes a piece; gives it back where there are [`Piece::MOST`] already, those that are to be taken included.
    pub(super) fn insert(&mut self, mut piece: Box<Piece>) -> Option<Box<Piece>> {
        if self.held.len() + self.spent.len() >= Piece::MOST {
            return Some(piece);
        }
        piece.met = u32::try_from(self.frames_held()).unwrap_or(u32::MAX);
        self.held.push_back(piece).err()
    }

    /// A piece that was played.
    pub(super) fn take_spent(&mut self) -> Option<Box<Piece>> {
        self.spent.pop_front()
    }

    pub(super) fn has_spent(&self) -> bool {
        !self.spent.is_empty()
    }

    /// Is read so much faster than its sink, in millionths, or stands still until it is told otherwise.
    pub(super) fn set_pace(&mut self, ppm: f32, is_paused: bool) {
        self.fractional.set_ppm(ppm);
        self.is_paused = is_paused;
    }

    pub(super) fn ppm(&self) -> f32 {
        self.fractional.ppm()
    }

    /// How long what is held lasts.
    pub(super) fn time_held(&self) -> Duration {
        SampleRate::HZ_48000.span_of(self.frames_held() as u64)
    }

    /// How often it ran dry.
    pub(super) const fn dry(&self) -> u64 {
        self.dry
    }

    pub(super) const fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    /// Writes the next block to `block`, which is silent; says whether there is anything.
    pub(super) fn render(&mut self, block: &mut [f32]) -> bool {
        let mut input = [0.0; BLOCK + 8];
        let needed = self.fractional.frames_needed(block.len()).min(input.len());
        let input = &mut input[..needed];
        let sounds = self.read(input);
        self.has_spoken |= sounds;
        if !self.tail.follow(sounds, TAIL) {
            return false;
        }
        let written = self.fractional.process(input, block);
        block[written..].fill(0.0);
        true
    }

    /// Fills `input`, which is silent; says whether there is anything.
    fn read(&mut self, input: &mut [f32]) -> bool {
        let mut filled = 0;
        while filled < input.len() && !self.stands_still() {
            let Some(end) = self.frames_to_seam() else {
                self.is_filling = true;
                self.dry += 1;
                break;
            };
            let frames = (Piece::FRAMES - self.read).min(input.len() - filled);
            self.copy(end, &mut input[filled..filled + frames]);
            filled += frames;
            self.turn(frames);
        }
        filled > 0
    }

    /// Whether nothing is read now.
    fn stands_still(&mut self) -> bool {
        self.is_filling &= self.held.len() < REFILL;
        self.is_filling || (self.is_paused && self.gain <= 0.0)
    }

    /// Frames until what is there does not go on; `None`: it does not.
    fn frames_to_seam(&self) -> Option<usize> {
        let mut pieces = self.held.iter();
        let first = pieces.next()?;
        let goes_on = pieces.next().is_some_and(|next| next.number == first.number.wrapping_add(1));
        Some(if goes_on { usize::MAX } else { Piece::FRAMES - self.read })
    }

    /// Copies the frames from `read` on, of which there are `end` until they fall silent.
    #[expect(clippy::cast_precision_loss, reason = "frames of a fade")]
    fn copy(&mut self, end: usize, input: &mut [f32]) {
        let Some(piece) = self.held.front() else { return };
        let samples = piece.samples[self.read..].iter().map(|&sample| f32::from(sample) / 32_768.0);
        if self.gain >= 1.0 && !self.is_paused && end - input.len() >= FADE {
            input.iter_mut().zip(samples).for_each(|(input, sample)| *input = sample);
            return;
        }
        for (number, (input, sample)) in input.iter_mut().zip(samples).enumerate() {
            let left = if self.is_paused { 0 } else { (end - number - 1).min(FADE) };
            let aim = left as f32 / FADE as f32;
            self.gain += (aim - self.gain).clamp(-STEP, STEP);
            *input = sample * self.gain;
        }
    }

    /// So many frames of the first piece have been read.
    fn turn(&mut self, frames: usize) {
        self.read += frames;
        if self.read < Piece::FRAMES {
            return;
        }
        self.read = 0;
        if let Some(piece) = self.held.pop_front() {
            // There is room: no more are here than may be.
            let _ = self.spent.push_back(piece);
        }
    }

    fn frames_held(&self) -> usize {
        self.held.len() * Piece::FRAMES - self.read
    }
}

/// Frames from full level to silence: 5 ms.
const FADE: usize = 240;
/// What the gain may change in a frame.
#[expect(clippy::cast_precision_loss, reason = "frames of a fade")]
const STEP: f32 = 1.0 / FADE as f32;
/// Pieces with which it begins: half a second.
const REFILL: usize = 5;
/// The fractional filter remembers 36 frames of 48 kHz.
const TAIL: u32 = 1;
