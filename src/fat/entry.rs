//! The entries of a folder: short names, and the pieces of long ones that stand before them.
//!
//! ```text
//! a piece   0            1                11    12      13        14            26      28           32
//!           ├ number,64 ─┼ 5 characters ──┼ 0fh ┼ 0 ────┼ checksum ┼ 6 characters ┼ 0 ────┼ 2 characters ┤
//! an entry  ├ name, 8, and ending, 3 ─────┼ attributes ─┼ …        20 cluster ┼ 26 cluster ┼ 28 size ─────┤
//! ```

/// A folder's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) is_folder: bool,
    pub(super) cluster: u32,
    pub(super) size: u32,
}

/// What an entry is, with the name that was collected from those before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A piece of a name, a name that is deleted, the label of the volume.
    Nothing,
    /// The file or folder looked for.
    Found(Entry),
    /// No entry follows.
    End,
}

/// Looks for a name among entries that come one after the other.
pub(super) struct Seeker<'a> {
    name: &'a str,
    long: LongName,
}

impl<'a> Seeker<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, long: LongName::default() }
    }

    pub(super) fn handle(&mut self, bytes: &[u8; 32]) -> Next {
        let (first, attributes) = (bytes[0], bytes[11]);
        match (first, attributes) {
            (0, _) => return Next::End,
            (DELETED, _) => self.long = LongName::default(),
            (_, attributes) if attributes & LONG_MASK == LONG => self.long.handle(bytes),
            _ => {
                let long = core::mem::take(&mut self.long);
                if attributes & VOLUME == 0 && (long.is(self.name, bytes) || is_short(self.name, bytes)) {
                    return Next::Found(entry(bytes));
                }
            }
        }
        Next::Nothing
    }
}

/// A long name as far as its pieces have come. The last one comes first.
#[derive(Debug)]
struct LongName {
    units: [u16; PIECES_MAX * PIECE],
    len: usize,
    /// The number of the piece that has to come next; 0 when all have come.
    wanted: usize,
    checksum: u8,
}

impl Default for LongName {
    fn default() -> Self {
        Self { units: [0; PIECES_MAX * PIECE], len: 0, wanted: usize::MAX, checksum: 0 }
    }
}

impl LongName {
    fn handle(&mut self, bytes: &[u8; 32]) {
        let number = usize::from(bytes[0] & 0x3f);
        if bytes[0] & LAST != 0 && (1..=PIECES_MAX).contains(&number) {
            *self = Self { len: number * PIECE, wanted: number, checksum: bytes[13], ..Self::default() };
        }
        if number == 0 || number != self.wanted || bytes[13] != self.checksum {
            *self = Self::default();
            return;
        }
        self.wanted = number - 1;
        let pieces = [&bytes[1..11], &bytes[14..26], &bytes[28..32]];
        let units = pieces.iter().flat_map(|piece| piece.as_chunks().0).map(|unit| u16::from_le_bytes(*unit));
        let places = self.units.iter_mut().skip(self.wanted * PIECE);
        for (place, unit) in places.zip(units) {
            *place = unit;
        }
    }

    /// Whether it is whole, belongs to the short name in `bytes`, and reads `name`.
    fn is(&self, name: &str, bytes: &[u8; 32]) -> bool {
        let units = self.units.get(..self.len).unwrap_or_default();
        let units = units.split(|&unit| unit == 0).next().unwrap_or_default();
        self.wanted == 0
            && self.checksum == checksum(bytes)
            && same(char::decode_utf16(units.iter().copied()).map(|unit| unit.unwrap_or('\u{fffd}')), name)
    }
}

/// `NAME    END` as `name.end`.
fn is_short(name: &str, bytes: &[u8; 32]) -> bool {
    let (base, ending) = (trimmed(&bytes[..8]), trimmed(&bytes[8..11]));
    let dot: &[u8] = if ending.is_empty() { b"" } else { b"." };
    // Letters beyond ASCII depend on where the volume was made: none of ours has any.
    base.is_ascii() && same([base, dot, ending].concat().into_iter().map(char::from), name)
}

fn trimmed(padded: &[u8]) -> &[u8] {
    let len = padded.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
    padded.get(..len).unwrap_or_default()
}

fn same(found: impl Iterator<Item = char>, name: &str) -> bool {
    found.map(|c| c.to_ascii_lowercase()).eq(name.chars().map(|c| c.to_ascii_lowercase()))
}

/// What a long name says of the short one that it belongs to.
pub(super) fn checksum(short: &[u8; 32]) -> u8 {
    short.iter().take(11).fold(0_u8, |sum, &byte| sum.rotate_right(1).wrapping_add(byte))
}

fn entry(bytes: &[u8; 32]) -> Entry {
    let number = |at: [usize; 4]| u32::from_le_bytes(at.map(|at| bytes[at]));
    Entry {
        is_folder: bytes[11] & FOLDER != 0,
        cluster: number([26, 27, 20, 21]),
        size: number([28, 29, 30, 31]),
    }
}

const DELETED: u8 = 0xe5;
const VOLUME: u8 = 0x08;
const FOLDER: u8 = 0x10;
/// Read-only, hidden, system and label at once: no entry of its own.
const LONG: u8 = 0x0f;
const LONG_MASK: u8 = 0x3f;
/// Marks the piece that comes first, the last of the name.
const LAST: u8 = 0x40;
/// Characters in a piece.
const PIECE: usize = 13;
/// 255 characters.
const PIECES_MAX: usize = 20;
