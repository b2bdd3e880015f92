//! One call's packets: which is next, when it leaves, and with which header.
//!
//! ```text
//! due(): the sender's clock ──beat()──> silent: the timestamp goes on
//!                                  ├──> lost: the sequence number goes on
//!                                  └──> leaves, once or twice, now or later
//! ```
//! Times count from the start of the stream. It reads no clock and sends nothing.

use super::call_faults::{Fate, Faults, Plan, Random};
use super::speech::Speech;
use crate::rtp::{Header, Sender};
use core::time::Duration;
use std::sync::Arc;

/// How a page is said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Manner {
    /// What goes wrong on the way.
    pub faults: Faults,
    /// When the stream goes on under another SSRC, as after a transfer.
    pub ssrc_change: Option<Duration>,
    /// Whether silence is not sent.
    pub dtx: bool,
}

/// The packets of one call.
#[derive(Debug)]
pub(super) struct Stream {
    speech: Arc<Speech>,
    manner: Manner,
    plan: Plan,
    sender: Sender,
    payload_type: u8,
    /// Seeds of the next SSRCs.
    seeds: Random,
    next: usize,
    /// When the latest of those that left so far leaves.
    latest: Duration,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// It is silence, and not sent.
    Silent,
    /// It is lost.
    Lost,
    /// It leaves.
    Leaves(Departure),
}

/// A packet on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Departure {
    /// Its header.
    pub(super) header: [u8; Header::LEN],
    /// Its payload in the speech.
    pub(super) packet: usize,
    /// When it leaves.
    pub(super) at: Duration,
    /// When it leaves once more.
    pub(super) again: Option<Duration>,
}

/// The seeds of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeds {
    /// Of its faults.
    pub(super) faults: u64,
    /// Of its numbers.
    pub(super) numbers: u64,
}

impl Stream {
    /// `speech` said in this `manner` as packets of `payload_type`.
    pub(super) fn new(speech: Arc<Speech>, manner: Manner, payload_type: u8, seeds: Seeds) -> Self {
        let plan = Plan::new(manner.faults, speech.ptime(), seeds.faults);
        let mut numbers = Random(seeds.numbers);
        let sender = Sender::new(numbers.next(), payload_type);
        Self { speech, manner, plan, sender, payload_type, seeds: numbers, next: 0, latest: Duration::ZERO }
    }

    /// What is said.
    pub(super) fn speech(&self) -> &Speech {
        &self.speech
    }

    /// When the sender lets the next packet go; `None` when all are gone.
    pub(super) fn due(&self) -> Option<Duration> {
        (self.next < self.speech.len()).then(|| self.elapsed())
    }

    /// When the far end has had the time to play what left last: as long as a packet, and as much again for safety.
    pub(super) fn over(&self) -> Duration {
        (self.elapsed() + self.speech.ptime()).max(self.latest + self.speech.ptime() * 2)
    }

    /// Lets the next packet go.
    pub(super) fn beat(&mut self) -> Beat {
        let due = self.elapsed();
        if self.manner.ssrc_change.is_some_and(|at| at <= due) {
            self.manner.ssrc_change = None;
            self.sender = Sender::new(self.seeds.next(), self.payload_type);
        }
        let packet = self.next;
        if self.manner.dtx && self.speech.is_silent(packet) {
            self.leave_out();
            return Beat::Silent;
        }
        self.next += 1;
        let header = self.header();
        match self.plan.next(due) {
            Fate::Lost => Beat::Lost,
            Fate::Leaves { at, again } => {
                self.latest = self.latest.max(again.map_or(at, |again| again.max(at)));
                Beat::Leaves(Departure { header, packet, at, again })
            }
        }
    }

    /// Passes over the next packet: its sound is left out.
    pub(super) fn leave_out(&mut self) {
        self.next += 1;
        self.sender.skip(self.speech.ticks());
    }

    fn header(&mut self) -> [u8; Header::LEN] {
        let mut header = [0; Header::LEN];
        // A header has the room of a header.
        let _ = self.sender.write(&[], self.speech.ticks(), &mut header);
        header
    }

    fn elapsed(&self) -> Duration {
        self.manner.faults.elapsed(self.speech.ptime(), self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::super::call_faults::Stall;
    use super::super::sound::Source;
    use super::super::speech::Repertoire;
    use super::*;
    use crate::codec::Codec;
    use crate::files::Clip;
    use crate::rtp::Packet;
    use crate::units::SampleRate;

    const PTIME: Duration = Duration::from_millis(20);
    const SEEDS: Seeds = Seeds { faults: 1, numbers: 2 };

    /// Loud for a second, quiet for one, loud for one.
    fn source() -> Source {
        let samples = [0.5, 0.0, 0.5].map(|level| vec![level; 8000]).concat();
        Source::Clip(Clip { rate: SampleRate::HZ_8000, samples })
    }

    fn stream(manner: Manner) -> Stream {
        let speech = Repertoire::new(source()).speech(Codec::Pcmu, PTIME).unwrap();
        Stream::new(speech, manner, 0, SEEDS)
    }

    /// What leaves: the number of each packet, its header, and when it leaves, in milliseconds.
    fn departures(manner: Manner) -> Vec<(usize, Header, u128)> {
        let mut stream = stream(manner);
        let beats = core::iter::from_fn(|| stream.due().map(|_| stream.beat()));
        let leaving = beats.filter_map(|beat| match beat {
            Beat::Leaves(departure) => Some(departure),
            Beat::Silent | Beat::Lost => None,
        });
        let header = |bytes: &[u8]| Packet::parse(bytes).unwrap().header;
        leaving.map(|left| (left.packet, header(&left.header), left.at.as_millis())).collect()
    }

    #[test]
    fn a_plain_stream_counts_packets_and_ticks() {
        let all = departures(Manner::default());
        assert_eq!(all.len(), 150);
        for (number, (packet, header, at)) in all.iter().enumerate() {
            assert_eq!((*packet, *at), (number, 20 * number as u128));
            assert_eq!(header.marker, number == 0);
        }
        for pair in all.windows(2) {
            assert_eq!(pair[1].1.sequence, pair[0].1.sequence.wrapping_add(1));
            assert_eq!(pair[1].1.timestamp, pair[0].1.timestamp.wrapping_add(160));
        }
    }

    #[test]
    fn a_lost_packet_leaves_a_hole_in_the_sequence() {
        let faults = Faults { loss: 0.2, ..Faults::default() };
        let all = departures(Manner { faults, ..Manner::default() });
        assert!(all.len() < 140, "{}", all.len());
        let (first_packet, first, _) = all[0];
        for (packet, header, _) in all {
            let after = packet - first_packet;
            assert_eq!(usize::from(header.sequence.wrapping_sub(first.sequence)), after);
            assert_eq!(header.timestamp.wrapping_sub(first.timestamp) as usize, 160 * after);
        }
    }

    #[test]
    fn suppressed_silence_is_a_jump_of_the_timestamp_and_a_marker_and_no_hole() {
        let all = departures(Manner { dtx: true, ..Manner::default() });
        let jump = all.windows(2).position(|pair| pair[1].0 != pair[0].0 + 1).unwrap();
        let [(last, before, _), (packet, header, _)] = [all[jump], all[jump + 1]];
        assert_eq!((last, packet), (59, 100));
        assert!(header.marker && !before.marker);
        assert_eq!(header.sequence, before.sequence.wrapping_add(1));
        assert_eq!(header.timestamp, before.timestamp.wrapping_add(160 * 41));
        assert_eq!(all.len(), 110);
    }

    #[test]
    fn a_change_of_ssrc_is_a_new_stream_of_the_same_sound() {
        let all = departures(Manner { ssrc_change: Some(Duration::from_secs(1)), ..Manner::default() });
        let [(_, before, _), (packet, after, at)] = [all[49], all[50]];
        assert_eq!((packet, at, after.marker), (50, 1000, true));
        assert_ne!(after.ssrc, before.ssrc);
        assert_ne!(after.sequence, before.sequence.wrapping_add(1));
        assert_eq!(
            all.iter().map(|(_, header, _)| header.ssrc).filter(|&ssrc| ssrc == after.ssrc).count(),
            100
        );
    }

    #[test]
    fn what_is_left_out_is_a_jump_of_the_timestamp() {
        let mut stream = stream(Manner::default());
        stream.beat();
        stream.leave_out();
        assert_eq!(stream.due(), Some(2 * PTIME));
        let Beat::Leaves(departure) = stream.beat() else { panic!() };
        let header = Packet::parse(&departure.header).unwrap().header;
        assert!(header.marker && departure.packet == 2);
    }

    #[test]
    fn it_is_over_when_the_last_packet_has_been_played() {
        let stall = Some(Stall { at: Duration::from_millis(2900), length: Duration::from_secs(1) });
        for (stall, over) in [(None, 3020), (stall, 3940)] {
            let mut stream =
                stream(Manner { faults: Faults { stall, ..Faults::default() }, ..Manner::default() });
            while stream.due().is_some() {
                stream.beat();
            }
            assert_eq!(stream.over(), Duration::from_millis(over));
        }
    }

    #[test]
    fn a_fast_clock_is_done_early() {
        let faults = Faults { ppm: 10_000, ..Faults::default() };
        assert_eq!(departures(Manner { faults, ..Manner::default() })[101].2, 2000);
    }
}
