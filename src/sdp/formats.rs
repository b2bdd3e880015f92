//! What one stream may carry, by what it is for.

use super::{Format, Media};

/// The formats of a stream: speech, and what may come beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    /// Speech, in order of preference. Never empty once it is agreed on.
    pub speech: Vec<Format>,
    /// The levels of silences (RFC 3389).
    pub comfort_noise: Vec<Format>,
    /// Keys (RFC 4733).
    pub telephone_events: Vec<Format>,
}

impl Formats {
    /// All of them, as they stand in an m= line.
    pub fn iter(&self) -> impl Iterator<Item = &Format> {
        self.speech.iter().chain(&self.comfort_noise).chain(&self.telephone_events)
    }

    /// The formats of a stream.
    pub(super) fn of(stream: &Media) -> Self {
        let mut formats = Self::default();
        for format in stream.payload_formats() {
            let list = match () {
                () if format.is_telephone_event() => &mut formats.telephone_events,
                () if format.is_comfort_noise() => &mut formats.comfort_noise,
                () => &mut formats.speech,
            };
            list.push(format);
        }
        formats
    }

    /// An offer of this speech: comfort noise where it has a number, and keys for each clock rate (RFC 4733 §2.1 wants
    /// events to have the clock of the speech they interrupt).
    pub(super) fn offering(speech: &[Format]) -> Self {
        let mut clocks: Vec<u32> = Vec::new();
        for clock in speech.iter().map(|format| format.clock_rate_hz) {
            if !clocks.contains(&clock) {
                clocks.push(clock);
            }
        }
        let noise = Format::comfort_noise();
        let events =
            (FIRST_EVENT..).zip(&clocks).map(|(number, &clock)| Format::telephone_event(number, clock));
        Self {
            speech: speech.to_vec(),
            comfort_noise: clocks.contains(&noise.clock_rate_hz).then_some(noise).into_iter().collect(),
            telephone_events: events.collect(),
        }
    }

    /// What the answer to an offer of `self` takes: the first of *our* speech formats that is offered, and what may come
    /// beside it; `None` without common speech.
    pub(super) fn answered_by(&self, ours: &[Format]) -> Option<Self> {
        let theirs = |our| self.speech.iter().find(|their| their.is_same_encoding(our));
        let speech = ours.iter().find_map(theirs)?;
        let fits = |format: &&Format| format.clock_rate_hz == speech.clock_rate_hz;
        let noise = self.comfort_noise.iter().find(fits);
        // Asterisk before 22 offers telephone-event/8000 beside speech of any rate, and nothing else.
        let events = self.telephone_events.iter().find(fits).or(self.telephone_events.first());
        Some(Self {
            speech: vec![speech.clone()],
            comfort_noise: noise.cloned().into_iter().collect(),
            telephone_events: events.cloned().into_iter().collect(),
        })
    }

    /// What `answer` leaves of an offer of `self`, to be received: under our numbers, which the answer should repeat
    /// (RFC 3264 §6.1), and under its own where those differ and are free.
    pub(super) fn accepting(&self, answer: &Self) -> Self {
        let is_free = |number: u8| self.iter().all(|format| format.payload_type != number);
        let common = |ours: &[Format], theirs: &[Format]| {
            let mut common: Vec<Format> = Vec::new();
            for their in theirs {
                let Some(our) = ours.iter().find(|our| our.is_same_encoding(their)) else { continue };
                for format in [Some(our), Some(their).filter(|their| is_free(their.payload_type))] {
                    common.extend(format.filter(|format| !common.contains(format)).cloned());
                }
            }
            common
        };
        Self {
            speech: common(&self.speech, &answer.speech),
            comfort_noise: common(&self.comfort_noise, &answer.comfort_noise),
            telephone_events: common(&self.telephone_events, &answer.telephone_events),
        }
    }

    /// The same formats, with numbers that stand for nothing else among `known`: what has a number there keeps it (RFC
    /// 3264 §8.3.2). What finds no number is left out.
    pub(super) fn numbered(self, known: &[Format]) -> Self {
        let mut used: Vec<u8> = known.iter().map(|format| format.payload_type).collect();
        let mut number = |format: Format| {
            let payload_type = if let Some(same) = known.iter().find(|known| known.is_same_encoding(&format))
            {
                same.payload_type
            } else {
                let own = core::iter::once(format.payload_type);
                own.chain(DYNAMIC).find(|number| !used.contains(number))?
            };
            used.push(payload_type);
            Some(Format { payload_type, ..format })
        };
        Self {
            speech: self.speech.into_iter().filter_map(&mut number).collect(),
            comfort_noise: self.comfort_noise.into_iter().filter_map(&mut number).collect(),
            telephone_events: self.telephone_events.into_iter().filter_map(&mut number).collect(),
        }
    }
}

/// What everybody numbers telephone-event with.
const FIRST_EVENT: u8 = 101;

/// The numbers that mean what an a=rtpmap says (RFC 3551 §3).
const DYNAMIC: core::ops::RangeInclusive<u8> = 96..=127;
