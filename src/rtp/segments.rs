//! Bytes laid out in time: one byte per tick, in a ring, with a list of what is there.

/// Speech of up to [`Segments::CAPACITY`] ticks from the first to the last.
#[derive(Clone, Debug)]
pub(super) struct Segments {
    ring: [u8; Self::CAPACITY],
    /// In order of time, none touching the next unless of another kind.
    list: heapless::Vec<Segment, 32>,
}

impl Segments {
    /// The ticks from the first byte to the end of the last: a second at 8 kHz.
    pub(super) const CAPACITY: usize = 8192;

    pub(super) fn new() -> Self {
        Self { ring: [0; Self::CAPACITY], list: heapless::Vec::new() }
    }

    /// Lays `bytes` down from `start` on, where nothing lies yet, and says whether any of them did. The caller sees to
    /// it that everything stays within the capacity.
    pub(super) fn insert(&mut self, start: i64, kind: Kind, bytes: &[u8]) -> bool {
        let end = start + ticks(bytes.len());
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
        let piece = Segment { start: free, end: free_end, kind };
        if !self.list_piece(next, piece) {
            return false;
        }
        for (tick, &byte) in (start..end).zip(bytes) {
            if (free..free_end).contains(&tick) {
                self.ring[slot(tick)] = byte;
            }
        }
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

    /// The ticks that are there.
    pub(super) fn len(&self) -> usize {
        self.list.iter().map(Segment::len).sum()
    }

    /// The bytes from `start` on: `most` of them, or fewer where the ring ends.
    pub(super) fn bytes(&self, start: i64, most: usize) -> &[u8] {
        let from = slot(start);
        &self.ring[from..Self::CAPACITY.min(from + most)]
    }

    fn list_piece(&mut self, at: usize, piece: Segment) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.list.get_mut(before));
        if let Some(before) = before.filter(|before| before.end == piece.start && before.kind == piece.kind) {
            before.end = piece.end;
            self.join(at);
            return true;
        }
        if let Some(after) = self.list.get_mut(at)
            && after.start == piece.end
            && after.kind == piece.kind
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
        if before.end == after.start && before.kind == after.kind {
            before.end = after.end;
            self.list.remove(at);
        }
    }
}

/// Speech without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) kind: Kind,
}

impl Segment {
    fn len(&self) -> usize {
        usize::try_from(self.end - self.start).unwrap_or(0)
    }
}

/// What bytes must have in common to lie in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) run: u32,
    pub(super) payload_type: u8,
}

/// A number of bytes as a number of ticks.
pub(super) fn ticks(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn slot(tick: i64) -> usize {
    usize::try_from(tick.rem_euclid(ticks(Segments::CAPACITY))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { run: 0, payload_type: 0 };

    fn spans(segments: &Segments) -> Vec<(i64, i64)> {
        segments.list.iter().map(|segment| (segment.start, segment.end)).collect()
    }

    #[test]
    fn pieces_that_touch_become_one() {
        let mut segments = Segments::new();
        assert!(segments.insert(0, KIND, &[1; 10]));
        assert!(segments.insert(20, KIND, &[3; 10]));
        assert_eq!(spans(&segments), [(0, 10), (20, 30)]);
        assert!(segments.insert(10, KIND, &[2; 10]));
        assert_eq!(spans(&segments), [(0, 30)]);
        assert_eq!(segments.bytes(9, 12), [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3]);
        assert_eq!((segments.len(), segments.end()), (30, Some(30)));
    }

    #[test]
    fn another_kind_stays_apart() {
        let mut segments = Segments::new();
        segments.insert(0, KIND, &[1; 10]);
        segments.insert(10, Kind { payload_type: 8, ..KIND }, &[1; 10]);
        assert_eq!(spans(&segments), [(0, 10), (10, 20)]);
    }

    #[test]
    fn what_lies_there_already_stays() {
        let mut segments = Segments::new();
        segments.insert(10, KIND, &[1; 10]);
        assert!(!segments.insert(12, KIND, &[2; 5]));
        assert!(segments.insert(5, KIND, &[3; 10]));
        assert!(segments.insert(15, KIND, &[4; 10]));
        assert_eq!(spans(&segments), [(5, 25)]);
        assert_eq!(segments.bytes(9, 2), [3, 1]);
        assert_eq!(segments.bytes(19, 2), [1, 4]);
    }

    #[test]
    fn time_wraps_around_the_ring() {
        let mut segments = Segments::new();
        let start = ticks(Segments::CAPACITY) * 3 - 2;
        segments.insert(start, KIND, &[1, 2, 3, 4]);
        assert_eq!(segments.bytes(start, 4), [1, 2]);
        assert_eq!(segments.bytes(start + 2, 2), [3, 4]);
    }

    #[test]
    fn a_list_that_is_full_takes_no_more() {
        let mut segments = Segments::new();
        let stored = (0..40).filter(|&index| segments.insert(index * 20, KIND, &[1; 10])).count();
        assert_eq!(stored, 32);
        assert!(segments.insert(10, KIND, &[1; 10]), "a piece that joins two needs no room");
    }

    #[test]
    fn both_ends_can_be_discarded() {
        let mut segments = Segments::new();
        segments.insert(0, KIND, &[1; 10]);
        segments.insert(20, KIND, &[1; 10]);
        segments.discard_before(5);
        segments.discard_from(25);
        assert_eq!(spans(&segments), [(5, 10), (20, 25)]);
        segments.discard_from(20);
        segments.discard_before(10);
        assert_eq!(spans(&segments), []);
    }
}
