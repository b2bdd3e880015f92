//! A recorded page in memory, and how much memory all of them may take.
//!
//! A [`Tape`] grows by pieces of a second, each of which is taken from a [`Shelf`] and goes back when the tape is dropped.
//! So all recordings together have a bound, and none of them is ever copied as a whole. Nothing of it is written anywhere.

use core::cell::Cell;
use core::time::Duration;
use std::rc::Rc;
use std::sync::Arc;

/// The memory of all recordings.
#[derive(Clone, Debug)]
pub struct Shelf {
    free_bytes: Rc<Cell<usize>>,
}

/// A recording of 16 kHz, one channel, full scale ±32768.
#[derive(Debug)]
pub struct Tape {
    shelf: Shelf,
    taken_bytes: usize,
    pieces: Vec<Arc<[i16]>>,
    /// The piece that is being filled.
    last: Vec<i16>,
    /// What of it has not been looked at whether it sounds.
    energy: f64,
    unseen: usize,
    sounds: bool,
}

/// There is no room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Shelf {
    /// Room for so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { free_bytes: Rc::new(Cell::new(bytes)) }
    }

    /// Whether a new recording could hold so much.
    #[must_use]
    pub fn has_room_for(&self, length: Duration) -> bool {
        let pieces = usize::try_from(length.as_secs()).unwrap_or(usize::MAX).max(1);
        pieces.saturating_mul(PIECE_BYTES) <= self.free_bytes.get()
    }

    /// Bytes that are free.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        self.free_bytes.get()
    }

    fn take(&self) -> Result<usize, Full> {
        let left = self.free_bytes.get().checked_sub(PIECE_BYTES).ok_or(Full)?;
        self.free_bytes.set(left);
        Ok(PIECE_BYTES)
    }
}

impl Tape {
    /// Samples per second.
    pub const RATE_HZ: u32 = 16_000;

    /// An empty one.
    #[must_use]
    pub fn new(shelf: &Shelf) -> Self {
        let (pieces, last) = (Vec::new(), Vec::new());
        Self { shelf: shelf.clone(), taken_bytes: 0, pieces, last, energy: 0.0, unseen: 0, sounds: false }
    }

    /// Adds what was said.
    ///
    /// # Errors
    /// When there is no room for all of it; what there was room for is kept.
    pub fn record(&mut self, samples: &[i16]) -> Result<(), Full> {
        for &sample in samples {
            if self.last.is_empty() {
                self.taken_bytes += self.shelf.take()?;
                self.last.reserve_exact(PIECE);
            }
            self.look(sample);
            self.last.push(sample);
            if self.last.len() == PIECE {
                self.pieces.push(core::mem::take(&mut self.last).into());
            }
        }
        Ok(())
    }

    /// Whether anything was said on it: a tenth of a second that is not silent.
    #[must_use]
    pub fn sounds(&self) -> bool {
        self.sounds
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        let samples = self.pieces.iter().map(|piece| piece.len()).sum::<usize>() + self.last.len();
        Duration::from_micros(samples as u64 * 1_000_000 / u64::from(Self::RATE_HZ))
    }

    /// No more will be added: its pieces, in their order. Each goes on with the one before it.
    pub fn pieces(&mut self) -> Vec<Arc<[i16]>> {
        if !self.last.is_empty() {
            let last = core::mem::take(&mut self.last);
            self.pieces.push(last.into());
        }
        self.pieces.clone()
    }

    fn look(&mut self, sample: i16) {
        self.energy += (f64::from(sample) / 32_768.0).powi(2);
        self.unseen += 1;
        if self.unseen == LOOK_AT {
            self.sounds |= self.energy / LOOK_AT_F >= super::proof::SILENCE_POWER;
            (self.energy, self.unseen) = (0.0, 0);
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.shelf.free_bytes.set(self.shelf.free_bytes.get() + self.taken_bytes);
    }
}

/// Samples of a piece: a second.
const PIECE: usize = Tape::RATE_HZ as usize;
const PIECE_BYTES: usize = PIECE * size_of::<i16>();
/// Samples that are looked at together.
const LOOK_AT: usize = PIECE / 10;
const LOOK_AT_F: f64 = 1_600.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: usize) -> Shelf {
        Shelf::new(count * PIECE_BYTES)
    }

    #[test]
    fn a_tape_holds_what_was_said_in_order_and_without_a_gap() {
        let mut tape = Tape::new(&seconds(10));
        let said: Vec<i16> = (0..40_000_i32).map(|n| (n % 1000) as i16).collect();
        for piece in said.chunks(40) {
            tape.record(piece).unwrap();
        }
        assert_eq!(tape.length(), Duration::from_millis(2500));
        assert_eq!(tape.pieces().concat(), said);
        assert_eq!(tape.length(), Duration::from_millis(2500), "as before");
    }

    #[test]
    fn all_tapes_share_one_shelf_and_what_is_dropped_makes_room() {
        let shelf = seconds(3);
        let (mut one, mut other) = (Tape::new(&shelf), Tape::new(&shelf));
        one.record(&vec![1; 2 * PIECE]).unwrap();
        other.record(&[1; 10]).unwrap();
        assert_eq!(one.record(&[1; 10]), Err(Full));
        assert_eq!((shelf.free_bytes(), shelf.has_room_for(Duration::ZERO)), (0, false));
        drop(other);
        assert_eq!(one.record(&[1; 10]), Ok(()));
        drop(one);
        assert_eq!(shelf.free_bytes(), 3 * PIECE_BYTES);
    }

    #[test]
    fn what_there_was_room_for_is_kept() {
        let mut tape = Tape::new(&seconds(1));
        assert_eq!(tape.record(&vec![7; PIECE + 5]), Err(Full));
        assert_eq!(tape.pieces().concat(), vec![7; PIECE]);
    }

    #[test]
    fn a_tape_without_a_tenth_of_a_second_of_sound_is_a_silent_one() {
        let shelf = seconds(5);
        let mut noise = Tape::new(&shelf);
        noise.record(&vec![60; PIECE]).unwrap();
        assert!(!noise.sounds());
        let mut word = Tape::new(&shelf);
        word.record(&[0; LOOK_AT]).unwrap();
        word.record(&[2000; LOOK_AT]).unwrap();
        assert!(word.sounds());
    }
}
