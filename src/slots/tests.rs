//! A card that power may fail at any sector of a write.

use super::*;
use proptest::prelude::*;

/// The area as a card holds it.
struct Card(Vec<u8>);

impl Card {
    fn empty() -> Self {
        Self(vec![0; usize::try_from(AREA_BYTES).unwrap()])
    }

    fn slots(&self) -> Slots {
        Slots::of(&self.0)
    }

    fn write(&mut self, write: Option<Write>) {
        self.write_some(&write.unwrap(), |_| true);
    }

    /// Of a write, those sectors that `arrives` says.
    fn write_some(&mut self, write: &Write, arrives: impl Fn(usize) -> bool) {
        assert_eq!(write.bytes.len() % SECTOR_BYTES, 0);
        let start = usize::try_from(write.offset).unwrap();
        assert_eq!(start % SECTOR_BYTES, 0);
        let area = &mut self.0[start..start + write.bytes.len()];
        let sectors = area.chunks_mut(SECTOR_BYTES).zip(write.bytes.chunks(SECTOR_BYTES));
        for (_, (old, new)) in sectors.enumerate().filter(|(at, _)| arrives(*at)) {
            old.copy_from_slice(new);
        }
    }

    fn configuration(&self) -> Option<Vec<u8>> {
        self.slots().configuration().map(<[u8]>::to_vec)
    }

    fn holding(texts: &[&[u8]]) -> Self {
        let mut card = Self::empty();
        for text in texts {
            card.write(card.slots().with_configuration(text));
        }
        card
    }
}

const SECONDS: Duration = Duration::from_secs(1_796_000_000);
const COUNTERS: Counters = Counters { overlay_reboots: 1 };

#[test]
fn an_area_that_was_never_written_is_empty() {
    let random: Vec<u8> =
        (0..1 << 22_u32).map(|at: u32| at.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    for area in [vec![], vec![0; 4 << 20], vec![0xff; 4 << 20], random] {
        let slots = Slots::of(&area);
        assert_eq!((slots.configuration(), slots.floor()), (None, None));
        assert_eq!(slots.counters(), Counters::default());
    }
}

#[test]
fn each_kind_is_read_as_it_was_written_and_touches_no_other() {
    let mut card = Card::empty();
    card.write(card.slots().with_configuration(b"[sip]\r\nuser = 200\r\n"));
    card.write(card.slots().with_floor(SECONDS));
    card.write(card.slots().with_counters(COUNTERS));
    for round in 0..5 {
        let floor = SECONDS + Duration::from_secs(round + 1);
        card.write(card.slots().with_floor(floor));
        let slots = card.slots();
        assert_eq!(slots.configuration(), Some(&b"[sip]\r\nuser = 200\r\n"[..]));
        assert_eq!((slots.floor(), slots.counters()), (Some(floor), COUNTERS));
    }
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let mut card = Card::holding(&[b"a"]);
    card.write(card.slots().with_floor(SECONDS));
    let slots = card.slots();
    assert_eq!(slots.with_configuration(b"a"), None);
    assert_eq!(slots.with_floor(SECONDS + Duration::from_millis(999)), None);
    assert_eq!(slots.with_counters(Counters::default()), None);
    assert!(slots.with_configuration(b"").is_some());
}

#[test]
fn the_longest_configuration_has_room_and_a_longer_one_is_not_written() {
    let text = vec![b'x'; CONFIGURATION_MAX];
    let card = Card::holding(&[b"a", &text]);
    assert_eq!(card.configuration(), Some(text));
    assert_eq!(card.slots().with_configuration(&vec![b'x'; CONFIGURATION_MAX + 1]), None);
}

#[test]
fn no_place_reaches_into_another() {
    let kinds = [Kind::Configuration, Kind::Floor, Kind::Counters];
    let places = [Place::First, Place::Second];
    let mut spans: Vec<_> = kinds
        .iter()
        .flat_map(|kind| places.map(|place| (kind.offset(place), kind.room())))
        .map(|(offset, room)| {
            let whole = (HEADER_BYTES + room).next_multiple_of(SECTOR_BYTES);
            (offset, offset + u64::try_from(whole).unwrap())
        })
        .collect();
    spans.sort_unstable();
    assert!(spans.is_sorted_by(|before, after| before.1 <= after.0), "{spans:?}");
    assert!(spans.iter().all(|span| span.1 <= AREA_BYTES));
}

#[test]
fn the_newer_one_counts_where_sequences_wrap() {
    for sequence in [u32::MAX - 1, u32::MAX, 0, (1 << 31) - 1, 1 << 31] {
        let mut card = Card::empty();
        let older = encode(Kind::Floor, sequence, &1_u64.to_le_bytes());
        card.write_some(&Write { offset: Kind::Floor.offset(Place::Second), bytes: older }, |_| true);
        for second in 2..6 {
            card.write(card.slots().with_floor(Duration::from_secs(second)));
            assert_eq!(card.slots().floor(), Some(Duration::from_secs(second)), "{sequence}");
        }
    }
}

#[test]
fn a_slot_of_another_kind_or_version_is_passed_over() {
    let text = encode(Kind::Configuration, 9, b"text");
    let at = |offset, bytes: &[u8]| {
        let mut card = Card::holding(&[b"good"]);
        card.write_some(&Write { offset, bytes: bytes.to_vec() }, |_| true);
        card.slots()
    };
    let other_place = Kind::Configuration.offset(Place::Second);
    assert_eq!(at(other_place, &text).configuration(), Some(&b"text"[..]));
    assert_eq!(at(Kind::Floor.offset(Place::First), &text).floor(), None);
    let mut newer = text.clone();
    newer[4] = VERSION + 1;
    assert_eq!(at(other_place, &newer).configuration(), Some(&b"good"[..]));
}

#[test]
fn counters_of_other_versions_of_the_program_are_understood() {
    assert_eq!(Counters::of_bytes(&[7, 0, 0]), Counters::default());
    let more = [COUNTERS.bytes(), vec![9; 4]].concat();
    assert_eq!(Counters::of_bytes(&more), COUNTERS);
}

#[test]
fn a_place_that_cannot_be_read_counts_as_empty() {
    let card = Card::holding(&[b"old", b"new"]);
    let second = Kind::Configuration.offset(Place::Second);
    let slots = Slots::read(|offset, buffer| {
        let start = usize::try_from(offset).unwrap();
        buffer.copy_from_slice(&card.0[start..start + buffer.len()]);
        !(second..second + 512).contains(&offset)
    });
    assert_eq!(slots.configuration(), Some(&b"old"[..]));
}

proptest! {
    #[test]
    fn after_any_sectors_of_a_write_the_old_or_the_new_is_read(
        texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..3000), 1..5),
        new in proptest::collection::vec(any::<u8>(), 0..3000),
        arrived in any::<u8>(),
    ) {
        let mut texts = texts;
        texts.dedup();
        let mut card = Card::holding(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let old = texts.last().unwrap();
        let Some(write) = card.slots().with_configuration(&new) else { return Ok(()) };
        card.write_some(&write, |sector| arrived >> sector & 1 == 1);
        let read = card.configuration();
        prop_assert!(read.as_ref() == Some(old) || read.as_ref() == Some(&new));
        // What comes next is kept, whatever happened before.
        if let Some(write) = card.slots().with_configuration(b"next") {
            card.write_some(&write, |_| true);
        }
        prop_assert_eq!(card.configuration(), Some(b"next".to_vec()));
    }

    #[test]
    fn texts_that_share_most_sectors_are_told_apart_too(old in 0_u8..4, arrived in any::<u16>(), sectors in 1_usize..12) {
        let text = |mark| vec![mark; sectors * SECTOR_BYTES];
        let texts = [text(old), text(old + 1), text(old)];
        let mut card = Card::holding(&texts.each_ref().map(Vec::as_slice));
        let new = [&text(old)[..], b"x"].concat();
        let write = card.slots().with_configuration(&new).unwrap();
        card.write_some(&write, |sector| arrived >> sector & 1 == 1);
        let read = card.configuration();
        prop_assert!(read == Some(text(old)) || read == Some(new));
    }

    #[test]
    fn one_flipped_bit_is_noticed(bit in 0_usize..(HEADER_BYTES + 100) * 8) {
        let mut card = Card::holding(&[b"old", &[7; 100]]);
        let start = usize::try_from(Kind::Configuration.offset(Place::Second)).unwrap();
        card.0[start + bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(card.configuration(), Some(b"old".to_vec()));
    }

    #[test]
    fn any_header_is_survived(header in any::<[u8; HEADER_BYTES]>(), looks_right in any::<bool>()) {
        let mut card = Card::holding(&[b"old"]);
        let start = usize::try_from(Kind::Configuration.offset(Place::Second)).unwrap();
        card.0[start..start + HEADER_BYTES].copy_from_slice(&header);
        if looks_right {
            card.0[start..start + 8].copy_from_slice(&start_of(Kind::Configuration));
        }
        prop_assert_eq!(card.configuration(), Some(b"old".to_vec()));
    }
}
