//! The raw `state` partition: what the box remembers, in slots written in turn.
//!
//! ```text
//!      0                                          2 MiB                                     4 MiB
//!      ┌ first place of each kind ────────────────┬ second place of each kind ───────────────┐
//!      │ configuration │    │ floor │  │ counters │ configuration │    │ floor │  │ counters │
//!      └───────────────┴────┴───────┴──┴──────────┴───────────────┴────┴───────┴──┴──────────┘
//!      0               1 MiB        1.5 MiB
//!
//! slot 0      4         5      6          8          12       16       20            whole sectors
//!      ┌──────┬─────────┬──────┬──────────┬──────────┬────────┬────────┬──────────┬───────┐
//!      │ PBXS │ version │ kind │ zero (2) │ sequence │ length │ CRC-32 │ contents │ zeros │
//!      └──────┴─────────┴──────┴──────────┴──────────┴────────┴────────┴──────────┴───────┘
//! ```
//! Numbers are little-endian; the checksum is of all before it and of the contents. What is written goes to the place that
//! does not hold what counts, so a write that power cuts short, whichever of its sectors reached the card, leaves the old
//! contents readable. Of two places that are whole the newer counts, by serial numbers that wrap. A place that is torn,
//! changed, or written by something else counts as empty. The two places of a kind lie far apart, for a card that loses
//! what lies around a write.
//!
//! Decides where the slots lie, which counts, and which bytes are written next. Leaves out reading and writing, when to do
//! so, and what the contents mean. Bounds: [`CONFIGURATION_MAX`]; it reads a place's length, never the area.

mod crc;
#[cfg(test)]
mod tests;

use core::time::Duration;

/// What the area holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    configuration: Newest,
    floor: Newest,
    counters: Newest,
}

impl Slots {
    /// Reads the area. `read` fills the buffer with what lies at the offset, or says that it could not: what cannot be
    /// read counts as empty.
    pub fn read(mut read: impl FnMut(u64, &mut [u8]) -> bool) -> Self {
        let mut newest = |kind| Newest::read(kind, &mut read);
        Self {
            configuration: newest(Kind::Configuration),
            floor: newest(Kind::Floor),
            counters: newest(Kind::Counters),
        }
    }

    /// The same from the bytes of the whole area.
    #[must_use]
    pub fn of(area: &[u8]) -> Self {
        Self::read(|offset, buffer| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let found = start.checked_add(buffer.len()).and_then(|end| area.get(start..end));
            found.is_some_and(|found| {
                buffer.copy_from_slice(found);
                true
            })
        })
    }

    /// The last good configuration, byte for byte as it stood in its file.
    #[must_use]
    pub fn configuration(&self) -> Option<&[u8]> {
        self.configuration.contents.as_deref()
    }

    /// A time that has passed: since 1970, UTC, in whole seconds.
    #[must_use]
    pub fn floor(&self) -> Option<Duration> {
        let bytes = self.floor.contents.as_deref()?.first_chunk()?;
        Some(Duration::from_secs(u64::from_le_bytes(*bytes)))
    }

    /// How often things were done.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters::of_bytes(self.counters.contents.as_deref().unwrap_or_default())
    }

    /// What has to be written for the area to hold that configuration; `None` where it does, or where there is no room.
    #[must_use]
    pub fn with_configuration(&self, text: &[u8]) -> Option<Write> {
        self.configuration.next(Kind::Configuration, text).filter(|_| text.len() <= CONFIGURATION_MAX)
    }

    /// What has to be written for the area to hold that time; `None` where it does.
    #[must_use]
    pub fn with_floor(&self, floor: Duration) -> Option<Write> {
        self.floor.next(Kind::Floor, &floor.as_secs().to_le_bytes())
    }

    /// What has to be written for the area to hold these counters; `None` where it does.
    #[must_use]
    pub fn with_counters(&self, counters: Counters) -> Option<Write> {
        let is_same = self.counters() == counters;
        self.counters.next(Kind::Counters, &counters.bytes()).filter(|_| !is_same)
    }
}

/// How often things were done. Later versions of the program may know more of them, earlier ones fewer: what is not there is
/// zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reboots asked for by `[audio] overlay` since the overlay was last another one.
    pub overlay_reboots: u32,
}

impl Counters {
    fn of_bytes(bytes: &[u8]) -> Self {
        let (words, _) = bytes.as_chunks();
        Self { overlay_reboots: words.first().map_or(0, |word| u32::from_le_bytes(*word)) }
    }

    fn bytes(self) -> Vec<u8> {
        self.overlay_reboots.to_le_bytes().to_vec()
    }
}

/// Bytes for the area: whole sectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where they go, from the start of the area.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Configuration = 1,
    Floor = 2,
    Counters = 3,
}

impl Kind {
    const fn offset(self, place: Place) -> u64 {
        let in_half = match self {
            Self::Configuration => 0,
            Self::Floor => HALF / 2,
            Self::Counters => HALF / 4 * 3,
        };
        match place {
            Place::First => in_half,
            Place::Second => HALF + in_half,
        }
    }

    const fn room(self) -> usize {
        match self {
            Self::Configuration => CONFIGURATION_MAX,
            Self::Floor | Self::Counters => SECTOR_BYTES - HEADER_BYTES,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    First,
    Second,
}

impl Place {
    const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// The slot of a kind that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Newest {
    at: Option<(Place, u32)>,
    contents: Option<Vec<u8>>,
}

impl Newest {
    fn read(kind: Kind, mut read: impl FnMut(u64, &mut [u8]) -> bool) -> Self {
        let mut of = |place| Slot::read(kind, place, &mut read);
        let (first, second) = (of(Place::First), of(Place::Second));
        let (place, slot) = match (first, second) {
            (Some(first), Some(second)) if second.is_after(&first) => (Place::Second, second),
            (Some(first), _) => (Place::First, first),
            (None, Some(second)) => (Place::Second, second),
            (None, None) => return Self::default(),
        };
        Self { at: Some((place, slot.sequence)), contents: Some(slot.contents) }
    }

    /// `None` where these are the contents.
    fn next(&self, kind: Kind, contents: &[u8]) -> Option<Write> {
        if self.contents.as_deref() == Some(contents) {
            return None;
        }
        let next = |(place, sequence): (Place, u32)| (place.other(), sequence.wrapping_add(1));
        let (place, sequence) = self.at.map_or((Place::First, 1), next);
        Some(Write { offset: kind.offset(place), bytes: encode(kind, sequence, contents) })
    }
}

/// A place that is whole.
struct Slot {
    sequence: u32,
    contents: Vec<u8>,
}

impl Slot {
    fn read(kind: Kind, place: Place, mut read: impl FnMut(u64, &mut [u8]) -> bool) -> Option<Self> {
        let offset = kind.offset(place);
        let mut header = [0; HEADER_BYTES];
        if !read(offset, &mut header) || !header.starts_with(&start_of(kind)) {
            return None;
        }
        let [sequence, length, checksum] = words_of(&header)?;
        let length = usize::try_from(length).ok().filter(|&length| length <= kind.room())?;
        let mut contents = vec![0; length];
        let is_whole = read(offset + HEADER_BYTES as u64, &mut contents)
            && crc::of(&[header.get(..CHECKED_BYTES)?, &contents]) == checksum;
        is_whole.then_some(Self { sequence, contents })
    }

    /// By serial numbers (RFC 1982): half of all lie before each.
    const fn is_after(&self, other: &Self) -> bool {
        let ahead = self.sequence.wrapping_sub(other.sequence);
        ahead != 0 && ahead < 1 << 31
    }
}

/// The bytes of a slot, whole sectors.
fn encode(kind: Kind, sequence: u32, contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity((HEADER_BYTES + contents.len()).next_multiple_of(SECTOR_BYTES));
    bytes.extend(start_of(kind));
    bytes.extend([sequence, length].map(u32::to_le_bytes).as_flattened());
    let checksum = crc::of(&[&bytes, contents]);
    bytes.extend(checksum.to_le_bytes());
    bytes.extend(contents);
    bytes.resize(bytes.len().next_multiple_of(SECTOR_BYTES), 0);
    bytes
}

const fn start_of(kind: Kind) -> [u8; 8] {
    let [a, b, c, d] = MAGIC;
    [a, b, c, d, VERSION, kind as u8, 0, 0]
}

/// Sequence, length and checksum.
fn words_of(header: &[u8; HEADER_BYTES]) -> Option<[u32; 3]> {
    let (words, _) = header.as_chunks();
    let words: &[[u8; 4]; 3] = words.last_chunk()?;
    Some(words.map(u32::from_le_bytes))
}

/// Size of the area.
pub const AREA_BYTES: u64 = 2 * HALF;
/// The longest configuration that is remembered.
pub const CONFIGURATION_MAX: usize = 256 * 1024;

const HALF: u64 = 2 << 20;
/// What a card writes whole or not at all.
const SECTOR_BYTES: usize = 512;
const HEADER_BYTES: usize = 20;
/// Of the header, all before the checksum.
const CHECKED_BYTES: usize = 16;
const MAGIC: [u8; 4] = *b"PBXS";
const VERSION: u8 = 1;
