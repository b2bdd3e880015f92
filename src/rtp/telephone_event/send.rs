//! Packets of a press (RFC 4733 §2.5.1).

use super::Payload;
use crate::key::Key;
use crate::rtp::{self, WriteError};
use crate::units::SampleRate;
use core::time::Duration;

/// A press that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// Which key.
    pub key: Key,
    /// How long it is held; at least a packet. ITU-T Q.24 wants 40 ms, and as long a pause behind it.
    pub length: Duration,
    /// Which payload type was agreed on.
    pub payload_type: u8,
}

/// Writes the packets of one press into a stream.
///
/// While it has packets, they take the place of speech: one per packet time, the last of them thrice, since nothing else
/// says that the press is over (RFC 4733 §2.5.1.4). The time of the stream goes on as if it had carried speech.
#[derive(Clone, Debug)]
pub struct Sender {
    press: Press,
    ptime: u32,
    /// Ticks of the part that is going on (RFC 4733 §2.5.1.3).
    part: u32,
    /// Ticks that are still to be told of.
    left: u64,
    ends_left: u32,
    has_begun: bool,
}

impl Sender {
    /// The packets of a press, one each `ptime`, in a stream whose timestamps tick at `clock`.
    #[must_use]
    pub fn new(press: Press, clock: SampleRate, ptime: Duration) -> Self {
        let ptime = ticks(clock, ptime).clamp(1, MAX_PTIME);
        let left = ticks(clock, press.length).max(ptime);
        let ptime = u32::try_from(ptime).unwrap_or(1);
        Self { press, ptime, part: 0, left, ends_left: ENDS, has_begun: false }
    }

    /// Writes the next packet to the front of `datagram` and says how long it is; `None` when all are written. The
    /// stream has its payload type of before afterwards.
    ///
    /// # Errors
    /// [`WriteError`] when it does not fit; it can then be tried again.
    pub fn write(
        &mut self,
        stream: &mut rtp::Sender,
        datagram: &mut [u8],
    ) -> Result<Option<usize>, WriteError> {
        if self.ends_left == 0 {
            return Ok(None);
        }
        if !self.has_begun {
            stream.skip(0);
        }
        let told = self.told();
        let speech = stream.next_header().payload_type;
        stream.set_payload_type(self.press.payload_type);
        let written = stream.write(&told.payload().write(), told.ticks_behind(), datagram);
        stream.set_payload_type(speech);
        let len = written?;
        *self = told.advance();
        if self.ends_left == 0 {
            stream.skip(0);
        }
        Ok(Some(len))
    }

    /// As it is when the next packet has been told of.
    fn told(&self) -> Self {
        let step = u32::try_from(self.left.min(self.ptime.into())).unwrap_or(self.ptime);
        Self { part: self.part + step, left: self.left - u64::from(step), has_begun: true, ..*self }
    }

    fn payload(&self) -> Payload {
        let duration = u16::try_from(self.part).unwrap_or(u16::MAX);
        Payload { event: self.press.key.event(), end: self.left == 0, volume: VOLUME, duration }
    }

    /// How far the timestamp moves behind this packet.
    fn ticks_behind(&self) -> u32 {
        match self.left {
            0 if self.ends_left == 1 => self.part + (ENDS - 1) * self.ptime,
            0 => 0,
            _ if self.is_part_full() => self.part,
            _ => 0,
        }
    }

    fn advance(mut self) -> Self {
        if self.left == 0 {
            self.ends_left -= 1;
        } else if self.is_part_full() {
            self.part = 0;
        }
        self
    }

    fn is_part_full(&self) -> bool {
        self.part + self.ptime > u16::MAX.into()
    }
}

/// A span in ticks.
fn ticks(clock: SampleRate, span: Duration) -> u64 {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    micros.saturating_mul(clock.hz().into()) / 1_000_000
}

/// How often the end is said (RFC 4733 §2.5.1.4).
const ENDS: u32 = 3;
/// Half a second at 48 kHz: more than any packet, less than the duration can say.
const MAX_PTIME: u64 = 24_000;
/// -10 dBm0, as telephones sound.
const VOLUME: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::{Header, Packet};

    const TEN_MS: Duration = Duration::from_millis(10);
    const TWENTY_MS: Duration = Duration::from_millis(20);

    /// All packets of a press of `2`, in the middle of a stream of PCMU.
    fn packets(length: Duration, ptime: Duration) -> (rtp::Sender, Vec<(Header, Payload)>) {
        let mut stream = rtp::Sender::new(1, 0);
        let mut datagram = [0; 200];
        stream.write(&[0; 160], 160, &mut datagram).unwrap();
        let press = Press { key: Key::from_event(2).unwrap(), length, payload_type: 101 };
        let mut sender = Sender::new(press, SampleRate::HZ_8000, ptime);
        let mut packets = Vec::new();
        while let Some(len) = sender.write(&mut stream, &mut datagram).unwrap() {
            let packet = Packet::parse(&datagram[..len]).unwrap();
            packets.push((packet.header, Payload::read(packet.payload.try_into().unwrap())));
        }
        (stream, packets)
    }

    #[test]
    fn a_press_is_told_of_as_it_lasts_and_its_end_thrice() {
        let (_, packets) = packets(Duration::from_millis(50), TWENTY_MS);
        let told: Vec<_> = packets.iter().map(|(_, payload)| (payload.duration, payload.end)).collect();
        assert_eq!(told, [(160, false), (320, false), (400, true), (400, true), (400, true)]);
        assert!(packets.iter().all(|(header, payload)| header.payload_type == 101 && payload.event == 2));
    }

    #[test]
    fn all_packets_carry_the_first_timestamp_and_only_the_first_the_marker() {
        let (_, packets) = packets(Duration::from_millis(50), TWENTY_MS);
        let first = packets[0].0;
        assert!(first.marker);
        for ((header, _), number) in packets.iter().zip(0..).skip(1) {
            assert_eq!(header.timestamp, first.timestamp);
            assert_eq!(header.sequence, first.sequence.wrapping_add(number));
            assert!(!header.marker);
        }
    }

    #[test]
    fn speech_goes_on_as_if_it_had_not_been_interrupted() {
        let (stream, packets) = packets(Duration::from_millis(60), TWENTY_MS);
        let (first, next) = (packets[0].0, stream.next_header());
        assert_eq!(next.timestamp, first.timestamp.wrapping_add(160 * 5), "five packets were sent");
        assert_eq!((next.payload_type, next.marker), (0, true));
    }

    #[test]
    fn a_long_press_has_parts_that_touch() {
        let (_, packets) = packets(Duration::from_secs(20), TEN_MS);
        let first = packets[0].0.timestamp;
        let mut parts: Vec<(u32, u16)> = Vec::new();
        for (header, payload) in &packets {
            let start = header.timestamp.wrapping_sub(first);
            match parts.last_mut() {
                Some(last) if last.0 == start => last.1 = payload.duration,
                _ => parts.push((start, payload.duration)),
            }
        }
        assert_eq!(parts, [(0, 65_520), (65_520, 65_520), (131_040, 28_960)]);
        assert_eq!(packets.iter().filter(|(_, payload)| payload.end).count(), 3);
        assert_eq!(packets.iter().filter(|(header, _)| header.marker).count(), 1);
    }

    #[test]
    fn what_does_not_fit_can_be_tried_again() {
        let mut stream = rtp::Sender::new(1, 0);
        let press = Press { key: Key::STAR, length: TWENTY_MS, payload_type: 101 };
        let mut sender = Sender::new(press, SampleRate::HZ_8000, TWENTY_MS);
        assert_eq!(sender.write(&mut stream, &mut [0; 15]), Err(WriteError { needed: 16 }));
        assert_eq!(stream.next_header().payload_type, 0);
        assert_eq!(sender.write(&mut stream, &mut [0; 16]), Ok(Some(16)));
    }

    #[test]
    fn nothing_is_too_short_to_be_told_of() {
        let (_, packets) = packets(Duration::ZERO, TWENTY_MS);
        assert_eq!(packets.iter().map(|(_, payload)| payload.duration).collect::<Vec<_>>(), [160; 3]);
    }
}
