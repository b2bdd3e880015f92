//! Speech laid out in time: a ring of slots, one per tick, with a list of what is there.
//!
//! A slot is as wide as a tick of the widest format there may be. A narrower tick takes the front of its slot, so formats
//! can follow each other in the middle of a stream; what is read is closed up.

use super::chunk::Chunk;

/// Speech of up to [`Segments::capacity`] ticks from the first to the last. Its memory is allocated when it is made.
#[derive(Clone, Debug)]
pub(super) struct Segments {
    ring: Box<[u8]>,
    /// Bytes of a slot.
    width: usize,
    /// In order of time, none touching the next unless of another origin.
    list: heapless::Vec<Segment, 32>,
    /// What was read, closed up.
    closed_up: [u8; Chunk::CAPACITY],
}

impl Segments {
    /// Room for `capacity` ticks of `width` bytes.
    pub(super) fn new(capacity: usize, width: u8) -> Self {
        let width = usize::from(width.max(1));
        let ring = vec![0; capacity.max(1) * width].into_boxed_slice();
        Self { ring, width, list: heapless::Vec::new(), closed_up: [0; Chunk::CAPACITY] }
    }

    /// The ticks from the first to the end of the last.
    pub(super) fn capacity(&self) -> usize {
        self.ring.len() / self.width
    }

    /// Whether ticks of `width` bytes have room.
    pub(super) fn takes(&self, width: u8) -> bool {
        (1..=self.width).contains(&usize::from(width))
    }

    /// Lays the ticks in `bytes` down from `start` on, where nothing lies yet, and says whether any of them did. The
    /// caller sees to it that everything stays within the capacity.
    pub(super) fn insert(&mut self, start: i64, origin: Origin, bytes: &[u8]) -> bool {
        if !self.takes(origin.width) {
            return false;
        }
        let end = start + ticks(bytes.len() / usize::from(origin.width));
        let mut free = start;
        let mut next = self.list.iter().position(|segment| segment.end > start).unwrap_or(self.list.len());
        if let Some(segment) = self.list.get(next).filter(|segment| segment.start <= start) {
            free = segment.end;
            next += 1;
        }
        let free_end = self.list.get(next).map_or(end, |segment| end.min(segment.start));
        if free >= free_end {
            return false;
        }
        let piece = Segment { start: free, end: free_end, origin };
        if !self.list_piece(next, piece) {
            return false;
        }
        let width = usize::from(origin.width);
        let index = |tick: i64| usize::try_from(tick - start).unwrap_or(0) * width;
        self.lay(free, width, &bytes[index(free)..index(free_end)]);
        true
    }

    /// Forgets what lies before `tick`.
    pub(super) fn discard_before(&mut self, tick: i64) {
        while self.list.first().is_some_and(|segment| segment.end <= tick) {
            self.list.remove(0);
        }
        if let Some(first) = self.list.first_mut() {
            first.start = first.start.max(tick);
        }
    }

    /// Forgets what lies from `tick` on.
    pub(super) fn discard_from(&mut self, tick: i64) {
        while self.list.last().is_some_and(|segment| segment.start >= tick) {
            self.list.pop();
        }
        if let Some(last) = self.list.last_mut() {
            last.end = last.end.min(tick);
        }
    }

    /// What comes first.
    pub(super) fn first(&self) -> Option<Segment> {
        self.list.first().copied()
    }

    /// Where the last ends.
    pub(super) fn end(&self) -> Option<i64> {
        self.list.last().map(|segment| segment.end)
    }

    /// How many ticks of `width` bytes, at most `most`, can be read at once from `start` on.
    pub(super) fn readable(&self, start: i64, most: usize, width: u8) -> usize {
        let most = most.min(self.capacity() - self.slot(start));
        let width = usize::from(width.max(1));
        if width == self.width { most } else { most.min(self.closed_up.len() / width) }
    }

    /// The bytes of `count` ticks of `width` bytes, which are [`readable`](Self::readable).
    pub(super) fn read(&mut self, start: i64, count: usize, width: u8) -> &[u8] {
        let (from, width) = (self.slot(start) * self.width, usize::from(width.max(1)));
        let slots = &self.ring[from..(from + count * self.width).min(self.ring.len())];
        if width == self.width {
            return slots;
        }
        let mut len = 0;
        let closed_up = self.closed_up.chunks_exact_mut(width);
        for (to, slot) in closed_up.zip(slots.chunks_exact(self.width)) {
            to.copy_from_slice(&slot[..to.len()]);
            len += to.len();
        }
        &self.closed_up[..len]
    }

    /// Writes ticks of `width` bytes to their slots, from that of `start` on and around the end of the ring.
    fn lay(&mut self, start: i64, width: usize, bytes: &[u8]) {
        let (behind, before) = self.ring.split_at_mut(self.slot(start) * self.width);
        let (first, second) = bytes.split_at(bytes.len().min(before.len() / self.width * width));
        for (slots, bytes) in [(before, first), (behind, second)] {
            if width == self.width {
                slots[..bytes.len()].copy_from_slice(bytes);
                continue;
            }
            for (slot, tick) in slots.chunks_exact_mut(self.width).zip(bytes.chunks_exact(width)) {
                slot[..width].copy_from_slice(tick);
            }
        }
    }

    fn list_piece(&mut self, at: usize, piece: Segment) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.list.get_mut(before));
        if let Some(before) =
            before.filter(|before| before.end == piece.start && before.origin == piece.origin)
        {
            before.end = piece.end;
            self.join(at);
            return true;
        }
        if let Some(after) = self.list.get_mut(at)
            && after.start == piece.end
            && after.origin == piece.origin
        {
            after.start = piece.start;
            return true;
        }
        self.list.insert(at, piece).is_ok()
    }

    /// Makes one of the segment at `at` and the one before it, if they touch.
    fn join(&mut self, at: usize) {
        let Some(&after) = self.list.get(at) else { return };
        let before = &mut self.list[at - 1];
        if before.end == after.start && before.origin == after.origin {
            before.end = after.end;
            self.list.remove(at);
        }
    }

    fn slot(&self, tick: i64) -> usize {
        usize::try_from(tick.rem_euclid(ticks(self.capacity()))).unwrap_or(0)
    }
}

/// Speech without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) origin: Origin,
}

/// What ticks must have in common to lie in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) run: u32,
    pub(super) payload_type: u8,
    /// Bytes of a tick.
    pub(super) width: u8,
}

/// A number of ticks, with a sign.
pub(super) fn ticks(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin { run: 0, payload_type: 0, width: 1 };
    const WIDE: Origin = Origin { run: 0, payload_type: 96, width: 2 };

    fn segments() -> Segments {
        Segments::new(2_000, 1)
    }

    fn spans(segments: &Segments) -> Vec<(i64, i64)> {
        segments.list.iter().map(|segment| (segment.start, segment.end)).collect()
    }

    #[test]
    fn pieces_that_touch_become_one() {
        let mut segments = segments();
        assert!(segments.insert(0, ORIGIN, &[1; 10]));
        assert!(segments.insert(20, ORIGIN, &[3; 10]));
        assert_eq!(spans(&segments), [(0, 10), (20, 30)]);
        assert!(segments.insert(10, ORIGIN, &[2; 10]));
        assert_eq!(spans(&segments), [(0, 30)]);
        assert_eq!(segments.read(9, 12, 1), [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3]);
        assert_eq!(segments.end(), Some(30));
    }

    #[test]
    fn another_origin_stays_apart() {
        let mut segments = segments();
        segments.insert(0, ORIGIN, &[1; 10]);
        segments.insert(10, Origin { payload_type: 8, ..ORIGIN }, &[1; 10]);
        assert_eq!(spans(&segments), [(0, 10), (10, 20)]);
    }

    #[test]
    fn what_lies_there_already_stays() {
        let mut segments = segments();
        segments.insert(10, ORIGIN, &[1; 10]);
        assert!(!segments.insert(12, ORIGIN, &[2; 5]));
        assert!(segments.insert(5, ORIGIN, &[3; 10]));
        assert!(segments.insert(15, ORIGIN, &[4; 10]));
        assert_eq!(spans(&segments), [(5, 25)]);
        assert_eq!(segments.read(9, 2, 1), [3, 1]);
        assert_eq!(segments.read(19, 2, 1), [1, 4]);
    }

    #[test]
    fn narrow_ticks_in_wide_slots_wrap_around_the_ring_too() {
        let mut segments = Segments::new(300, 2);
        assert!(segments.insert(298, ORIGIN, &[1, 2, 3, 4]));
        assert_eq!(segments.readable(298, 4, 1), 2);
        assert_eq!(segments.read(298, 2, 1), [1, 2]);
        assert_eq!(segments.read(300, 2, 1), [3, 4]);
    }

    #[test]
    fn time_wraps_around_the_ring() {
        let mut segments = segments();
        let start = ticks(segments.capacity()) * 3 - 2;
        segments.insert(start, ORIGIN, &[1, 2, 3, 4]);
        assert_eq!(segments.readable(start, 4, 1), 2);
        assert_eq!(segments.read(start, 2, 1), [1, 2]);
        assert_eq!(segments.read(start + 2, 2, 1), [3, 4]);
    }

    #[test]
    fn ticks_of_one_byte_and_of_two_lie_side_by_side_in_any_order() {
        let mut segments = Segments::new(300, 2);
        assert!(segments.insert(2, WIDE, &[1, 2, 3, 4]));
        assert!(segments.insert(0, ORIGIN, &[5, 6]));
        assert!(segments.insert(4, ORIGIN, &[7, 8]));
        assert_eq!(segments.read(0, 2, 1), [5, 6]);
        assert_eq!(segments.read(2, 2, 2), [1, 2, 3, 4]);
        assert_eq!(segments.read(4, 2, 1), [7, 8]);
        assert_eq!(segments.readable(4, 300, 1), Chunk::CAPACITY);
    }

    #[test]
    fn ticks_that_are_too_wide_are_not_taken() {
        let mut segments = segments();
        assert!(!segments.insert(0, WIDE, &[1, 2]));
        assert!(!segments.insert(0, Origin { width: 0, ..ORIGIN }, &[1, 2]));
        assert_eq!(spans(&segments), []);
    }

    #[test]
    fn a_list_that_is_full_takes_no_more() {
        let mut segments = segments();
        let stored = (0..40).filter(|&index| segments.insert(index * 20, ORIGIN, &[1; 10])).count();
        assert_eq!(stored, 32);
        assert!(segments.insert(10, ORIGIN, &[1; 10]), "a piece that joins two needs no room");
    }

    #[test]
    fn both_ends_can_be_discarded() {
        let mut segments = segments();
        segments.insert(0, ORIGIN, &[1; 10]);
        segments.insert(20, ORIGIN, &[1; 10]);
        segments.discard_before(5);
        segments.discard_from(25);
        assert_eq!(spans(&segments), [(5, 10), (20, 25)]);
        segments.discard_from(20);
        segments.discard_before(10);
        assert_eq!(spans(&segments), []);
    }
}
