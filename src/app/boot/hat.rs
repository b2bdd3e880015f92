//! `[audio] overlay` on its way to the firmware: `hat.txt` of the slot that the machine has started from.
//!
//! ```text
//! hat.txt says the same ──> nothing is written; the counter is zero again
//! it says something else ─> overwritten in place, read back ─> counter below TRIES: one more, and the machine begins anew
//!                                                            └ else: told, and nothing more
//! ```
//! A card that does not keep what is written to it makes no circle: what is read back is read from the card, not from memory; the
//! counter lies in the state partition and bounds it, and without one the machine does not begin anew by itself.

use super::state::State;
use crate::app::guard_disk;
use crate::appliance::{HAT_BYTES, hat_txt};
use crate::fat::{FatError, Volume};
use crate::slots::Counters;
use core::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The firmware knows already.
    AsItWas,
    /// It knows when the machine has begun anew.
    Reboot,
}

/// Why it counts not, or not yet.
#[derive(Debug)]
#[non_exhaustive]
pub(super) enum HatError {
    /// Its line would be longer than the firmware takes.
    TooLong,
    /// There is no firmware that would read it.
    NoPi,
    /// The file is not as it was made.
    Fat(FatError),
    /// It is not one sector in one piece.
    Odd,
    /// There is nothing in it.
    Empty,
    /// The partition cannot be read or written.
    Io(io::Error),
    /// It has been written before, and is not there.
    NotKept,
    /// It is written, but how often is not known.
    ByHand,
}

/// Has the firmware know of an overlay; an empty name is none.
pub(super) fn settle(
    overlay: &str,
    slot: Option<&Path>,
    state: Option<&mut State>,
) -> Result<Outcome, HatError> {
    let wanted = hat_txt(overlay).ok_or(HatError::TooLong)?;
    let is_wanted = !overlay.is_empty();
    let Some(slot) = slot else {
        return if is_wanted { Err(HatError::NoPi) } else { Ok(Outcome::AsItWas) };
    };
    let file = File::open(slot).map_err(HatError::Io)?;
    let offset = match offset(&file) {
        // Other boards have none, and need none; or somebody has taken out an overlay by hand.
        Err(HatError::Fat(FatError::NoSuchFile) | HatError::Empty) if !is_wanted => {
            return Ok(Outcome::AsItWas);
        }
        Err(HatError::Fat(FatError::NoSuchFile)) => return Err(HatError::NoPi),
        other => other?,
    };
    if says(&file, offset, &wanted)? {
        forget(state);
        return Ok(Outcome::AsItWas);
    }
    guard_disk::write_sectors(slot, offset, &wanted).map_err(HatError::Io)?;
    guard_disk::forget(&file);
    if !says(&file, offset, &wanted)? {
        return Err(HatError::NotKept);
    }
    count(state).map(|()| Outcome::Reboot)
}

fn offset(file: &File) -> Result<u64, HatError> {
    let mut volume =
        Volume::open(|at, bytes: &mut [u8]| file.read_exact_at(bytes, at).is_ok()).map_err(HatError::Fat)?;
    let found = volume.find("hat.txt").map_err(HatError::Fat)?;
    if found.size == 0 {
        return Err(HatError::Empty);
    }
    let is_sector = usize::try_from(found.size) == Ok(HAT_BYTES);
    found.contiguous_at().filter(|_| is_sector).ok_or(HatError::Odd)
}

/// Whether it says that. What a power cut has left unreadable says nothing, and is to be written anew.
fn says(file: &File, offset: u64, wanted: &[u8; HAT_BYTES]) -> Result<bool, HatError> {
    let mut bytes = [0; HAT_BYTES];
    match file.read_exact_at(&mut bytes, offset) {
        Ok(()) => Ok(bytes == *wanted),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(HatError::Io(error)),
        Err(_) => Ok(false),
    }
}

/// Counts one more; only what is counted may have the machine begin anew.
fn count(state: Option<&mut State>) -> Result<(), HatError> {
    let state = state.ok_or(HatError::ByHand)?;
    let counters = state.slots().counters();
    if counters.overlay_reboots >= TRIES {
        return Err(HatError::NotKept);
    }
    let counters = Counters { overlay_reboots: counters.overlay_reboots + 1 };
    let write = state.slots().with_counters(counters).ok_or(HatError::ByHand)?;
    state.write(&write).map_err(|_| HatError::ByHand)
}

/// It is as it should be: the next change has all tries again.
fn forget(state: Option<&mut State>) {
    let Some(state) = state else { return };
    let counters = Counters { overlay_reboots: 0 };
    if let Some(write) = state.slots().with_counters(counters) {
        // If it is not written, the next change has fewer tries.
        let _ = state.write(&write);
    }
}

impl fmt::Display for HatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("is longer than the firmware takes; it is left out"),
            Self::NoPi => f.write_str("needs a Raspberry Pi that started from this card; it is left out"),
            Self::Fat(error) => write!(f, "hat.txt is not to be found ({error}); it is left out"),
            Self::Empty => f.write_str("hat.txt is empty, and has no room for it any more; it is left out"),
            Self::Odd => f.write_str("hat.txt is not as it came with the card; it is left out"),
            Self::Io(error) => write!(f, "hat.txt cannot be written ({error}); it is left out"),
            Self::NotKept => f.write_str("the card does not keep it; nothing more is tried"),
            Self::ByHand => f.write_str("counts from the next start; switch the box off and on"),
        }
    }
}

/// The machine begins anew at most so often for one change.
const TRIES: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::AREA_BYTES;
    use std::fs;
    use std::path::PathBuf;

    /// A card of two partitions as files: `hat.txt` in cluster 2 of a FAT16 volume, and a state partition of zeros.
    struct Card {
        folder: PathBuf,
    }

    const CLUSTERS_AT: usize = 512 * (1 + 17 + 1);

    impl Card {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("pagingbox-{}-hat-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            let sectors: u16 = 1 + 17 + 1 + 4100;
            let mut bytes = vec![0; usize::from(sectors) * 512];
            for (at, value) in [(11, 512_u16), (14, 1), (17, 16), (19, sectors), (22, 17), (510, 0xaa55)] {
                bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
            }
            (bytes[13], bytes[16]) = (1, 1);
            bytes[512..518].copy_from_slice(&[0xf8, 0xff, 0xff, 0xff, 0xff, 0xff]);
            let entry = 512 * 18;
            bytes[entry..entry + 12].copy_from_slice(b"HAT     TXT\x20");
            bytes[entry + 26..entry + 28].copy_from_slice(&2_u16.to_le_bytes());
            bytes[entry + 28..entry + 32].copy_from_slice(&512_u32.to_le_bytes());
            bytes[CLUSTERS_AT..CLUSTERS_AT + 512].copy_from_slice(&hat_txt("").unwrap());
            fs::write(folder.join("slot"), bytes).unwrap();
            fs::write(folder.join("state"), vec![0; usize::try_from(AREA_BYTES).unwrap()]).unwrap();
            Self { folder }
        }

        fn settle(&self, overlay: &str) -> Result<Outcome, String> {
            let mut state = State::open(&self.folder.join("state")).unwrap();
            let outcome = settle(overlay, Some(&self.folder.join("slot")), Some(&mut state));
            outcome.map_err(|error| error.to_string())
        }

        fn bytes(&self) -> Vec<u8> {
            fs::read(self.folder.join("slot")).unwrap()
        }

        fn put_back(&self, bytes: &[u8]) {
            fs::write(self.folder.join("slot"), bytes).unwrap();
        }
    }

    impl Drop for Card {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    #[test]
    fn an_overlay_is_written_in_place_and_the_machine_begins_anew_once() {
        let card = Card::new("once");
        let before = card.bytes();
        assert_eq!(card.settle(""), Ok(Outcome::AsItWas));
        assert_eq!(card.bytes(), before);
        assert_eq!(card.settle("hifiberry-dac"), Ok(Outcome::Reboot));
        let after = card.bytes();
        assert_eq!(&after[CLUSTERS_AT..CLUSTERS_AT + 512], hat_txt("hifiberry-dac").unwrap());
        assert!(
            after[..CLUSTERS_AT] == before[..CLUSTERS_AT]
                && after[CLUSTERS_AT + 512..] == before[CLUSTERS_AT + 512..]
        );
        for _ in 0..3 {
            assert_eq!(card.settle("hifiberry-dac"), Ok(Outcome::AsItWas));
        }
        assert_eq!(card.settle(""), Ok(Outcome::Reboot));
        assert_eq!(card.bytes(), before);
    }

    #[test]
    fn a_file_that_was_emptied_by_hand_is_no_overlay_and_takes_none() {
        let card = Card::new("empty");
        let mut bytes = card.bytes();
        bytes[512 * 18 + 28..512 * 18 + 32].fill(0);
        card.put_back(&bytes);
        assert_eq!(card.settle(""), Ok(Outcome::AsItWas));
        let told = card.settle("hifiberry-dac").unwrap_err();
        assert!(told.starts_with("hat.txt is empty"), "{told}");
        assert_eq!(card.bytes(), bytes);
    }

    #[test]
    fn a_card_that_keeps_nothing_makes_no_circle() {
        let card = Card::new("circle");
        let before = card.bytes();
        let mut outcomes = Vec::new();
        for _ in 0..5 {
            outcomes.push(card.settle("hifiberry-dac").is_ok());
            card.put_back(&before);
        }
        assert_eq!(outcomes, [true, true, false, false, false]);
        assert_eq!(card.settle(""), Ok(Outcome::AsItWas), "and the tries are there again");
        assert_eq!(card.settle("other"), Ok(Outcome::Reboot));
    }

    #[test]
    fn without_a_state_partition_nothing_begins_anew_by_itself() {
        let card = Card::new("stateless");
        let outcome = settle("hifiberry-dac", Some(&card.folder.join("slot")), None);
        assert!(matches!(outcome, Err(HatError::ByHand)), "{outcome:?}");
        let outcome = settle("hifiberry-dac", Some(&card.folder.join("slot")), None);
        assert_eq!(outcome.unwrap(), Outcome::AsItWas);
    }

    #[test]
    fn a_board_without_the_file_needs_a_raspberry_pi_only_if_it_is_asked_for() {
        let card = Card::new("board");
        let mut bytes = card.bytes();
        bytes[512 * 18..512 * 18 + 3].copy_from_slice(b"BAT");
        card.put_back(&bytes);
        assert_eq!(card.settle(""), Ok(Outcome::AsItWas));
        assert!(card.settle("hifiberry-dac").unwrap_err().starts_with("needs a Raspberry Pi"));
        assert!(matches!(settle("x", None, None), Err(HatError::NoPi)));
        assert!(matches!(settle("", None, None), Ok(Outcome::AsItWas)));
    }

    #[test]
    fn a_file_that_is_not_one_sector_is_left_alone() {
        let card = Card::new("odd");
        let mut bytes = card.bytes();
        bytes[512 * 18 + 28..512 * 18 + 30].copy_from_slice(&511_u16.to_le_bytes());
        card.put_back(&bytes);
        assert!(card.settle("hifiberry-dac").unwrap_err().starts_with("hat.txt is not as it came"));
        assert_eq!(card.bytes(), bytes);
    }
}
