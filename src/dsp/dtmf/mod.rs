//! Keys that are heard: DTMF by ITU-T Q.23 and Q.24, for calls in which no telephone events were agreed on.
//!
//! Each key is a pair of tones, one of four rows and one of four columns. Every 5 ms the last 10 ms are judged:
//!
//! ```text
//! samples -> high pass ---> Hann window -> bins at 8 tones -> Pair    -> Run of 5 -> Look at 25 ms -> key
//!            no dial tone   10 ms          power and phase               30 ms
//!                                                                 └-> suspicion
//! ```
//!
//! A window may be part of a key if hardly anything but the two tones is in it, and if their phase goes on as that of the
//! key's own tones does. Five windows in a row of the same key, as loud and as far off as each other, are looked at once
//! more as a whole: is there nothing else, not even between the tones, and not below but a dial tone? Speech has more
//! than two harmonics, and they move. Second harmonics need no bins of their own: what is not the pair is too much.
//!
//! | | accepted | refused |
//! |---|---|---|
//! | length of a tone | from 40 ms on | up to 20 ms |
//! | length of the pause behind it | from 40 ms on | up to 10 ms |
//! | tones off by | 1.5 % | 3.5 % |
//! | one tone louder than the other | 8 dB | 12 dB |
//! | level of the pair | -36 to 0 dB of full scale | |
//! | noise of 4 kHz | 15 dB below the pair | |
//! | dial tone | up to 6 dB above the pair | |
//!
//! Left out: what keys mean, and muting. Whoever plays the sound may ask [`Dtmf::is_suspect`], which does not wait for a
//! whole key, and play nothing as long as it says yes.

mod bank;
mod highpass;
mod look;
mod pair;
mod span;

use crate::key::{Key, KeyEvent};
use crate::units::SampleRate;
use bank::{Bank, Spectrum};
use pair::{Pair, Run};
use span::Span;

/// Listens for keys.
#[derive(Clone, Debug)]
pub struct Dtmf {
    rate: SampleRate,
    bank: &'static Bank,
    span: Span,
    /// Frames up to the end of the last window.
    heard: u64,
    before: Spectrum,
    run: Option<Run>,
    held: Option<Held>,
    is_suspect: bool,
    events: heapless::Deque<HeardKey, MAX_EVENTS>,
}

impl Dtmf {
    /// A listener that has heard nothing. It is made for 8 and 16 kHz; what has another rate must be brought there first.
    #[must_use]
    pub fn new(rate: SampleRate) -> Self {
        let bank = Bank::at(rate.hz());
        Self {
            rate,
            span: Span::new(bank.hop(), rate.hz()),
            bank,
            heard: 0,
            before: Spectrum::default(),
            run: None,
            held: None,
            is_suspect: false,
            events: heapless::Deque::new(),
        }
    }

    /// Hears a block of any length. Samples that are no numbers cost 25 ms of sound.
    pub fn hear(&mut self, samples: &[f32]) {
        let mut rest = samples;
        while !rest.is_empty() {
            rest = self.span.hear(rest);
            if self.span.is_whole() {
                self.judge();
                self.span.step();
            }
        }
    }

    /// What happened to a key, some 30 ms ago.
    pub fn poll_event(&mut self) -> Option<HeardKey> {
        self.events.pop_front()
    }

    /// Whether the last whole 5 ms seem to be part of a key: from 15 ms after its beginning at the latest until 25 ms
    /// after its end. In speech this is true for 5 ms, about once a minute.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.is_suspect
    }

    fn judge(&mut self) {
        self.heard += self.bank.hop() as u64;
        self.span.measure();
        let is_loud = self.span.is_loud();
        let now = if is_loud { self.bank.listen(self.span.window()) } else { Spectrum::default() };
        let pair = Pair::find(self.bank, &self.before, &now);
        self.before = now;
        self.hold(pair.as_ref());
        self.follow(pair.as_ref());
        self.is_suspect = self.held.is_some() || self.suspects(pair.as_ref());
    }

    /// Follows the key that is held, until it is missing for too long.
    fn hold(&mut self, pair: Option<&Pair>) {
        let Some(held) = &mut self.held else { return };
        if pair.is_some_and(|pair| pair.key() == Some(held.key) && pair.purity() > HELD_PURITY) {
            held.end = self.heard;
        } else if self.heard - held.end >= MISSING * self.bank.hop() as u64 {
            self.release();
        }
    }

    /// Follows what may become a key.
    fn follow(&mut self, pair: Option<&Pair>) {
        let Some(pair) = pair.filter(|pair| pair.purity() > PURITY && pair.offset() < OFFSET) else {
            self.run = None;
            return;
        };
        let start = self.heard.saturating_sub(2 * self.bank.hop() as u64);
        match self.run.as_mut().filter(|run| run.goes_on_in(pair)) {
            Some(run) => run.add(pair),
            None => self.run = Some(Run::new(start, pair)),
        }
        if let Some((key, start)) = self.found() {
            self.release();
            self.press(key, start);
        }
    }

    /// The key that the run has become, if it is not held already.
    fn found(&self) -> Option<(Key, u64)> {
        let run = self.run.as_ref()?;
        let key = run.key()?;
        let is_held = self.held.as_ref().is_some_and(|held| held.key == key);
        let is_found = !is_held && self.span.look(self.rate.hz()).is_only(run.tones_hz());
        is_found.then_some((key, run.start))
    }

    /// Whether a window is so much like a key that nobody should hear more of it; that lasts as long as the run.
    fn suspects(&self, pair: Option<&Pair>) -> bool {
        let is_like_a_key =
            pair.is_some_and(|pair| pair.purity() > SUSPECT_PURITY && pair.offset() < SUSPECT_OFFSET);
        let goes_on = self.run.as_ref().is_some_and(|run| run.windows > 1);
        is_like_a_key && self.span.is_bare() || self.is_suspect && goes_on
    }

    fn press(&mut self, key: Key, start: u64) {
        self.held = Some(Held { key, start, end: self.heard });
        self.push(HeardKey { event: KeyEvent::Pressed(key), frame: start });
    }

    fn release(&mut self) {
        let Some(Held { key, start, end }) = self.held.take() else { return };
        let length = self.rate.span_of(end - start);
        self.push(HeardKey { event: KeyEvent::Released(key, length), frame: end });
    }

    /// The oldest gives way: nobody has asked for it.
    fn push(&mut self, event: HeardKey) {
        if self.events.is_full() {
            self.events.pop_front();
        }
        // There is room now.
        let _ = self.events.push_back(event);
    }
}

/// What happened to a key, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardKey {
    /// What happened.
    pub event: KeyEvent,
    /// The first frame of the tones, or the one behind their last, counted from the first that was ever heard; within
    /// 5 ms.
    pub frame: u64,
}

/// A key that is down.
#[derive(Clone, Debug)]
struct Held {
    key: Key,
    start: u64,
    /// The end of the last window that held it.
    end: u64,
}

/// Which part of all power a window of a key is at least, and how far off its tones may be.
const PURITY: f32 = 0.8;
const OFFSET: f32 = 0.05;
/// The same of what is suspected at once.
const SUSPECT_PURITY: f32 = 0.9;
const SUSPECT_OFFSET: f32 = 0.035;
/// Which part of all power a window is that still belongs to the key that is held.
const HELD_PURITY: f32 = 0.5;
/// After so many windows without its tones a key is released.
const MISSING: u64 = 5;
/// One window makes three events at most.
const MAX_EVENTS: usize = 8;

#[cfg(test)]
mod tests;
