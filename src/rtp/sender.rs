//! Numbers and stamps the packets of a stream that is sent.

use super::packet::Header;
use core::fmt;

/// One outgoing stream of one payload type.
#[derive(Clone, Debug)]
pub struct Sender {
    next: Header,
}

impl Sender {
    /// A stream whose first sequence number, timestamp and SSRC come from `seed` (RFC 3550 §5.1 wants them random).
    #[must_use]
    pub fn new(seed: u64, payload_type: u8) -> Self {
        let [a0, a1, a2, a3, b0, b1, b2, b3] = scramble(seed).to_be_bytes();
        let [c0, c1, ..] = scramble(seed.wrapping_add(GOLDEN)).to_be_bytes();
        Self {
            next: Header {
                payload_type,
                marker: true,
                sequence: u16::from_be_bytes([c0, c1]),
                timestamp: u32::from_be_bytes([a0, a1, a2, a3]),
                ssrc: u32::from_be_bytes([b0, b1, b2, b3]),
            },
        }
    }

    /// Writes the next packet to the front of `datagram` and says how long it is. Its payload lasts `ticks`.
    ///
    /// # Errors
    /// [`WriteError`] when it does not fit; then nothing has changed.
    pub fn write(&mut self, payload: &[u8], ticks: u32, datagram: &mut [u8]) -> Result<usize, WriteError> {
        let len = Header::LEN + payload.len();
        let datagram = datagram.get_mut(..len).ok_or(WriteError { needed: len })?;
        let (header, body) = datagram.split_at_mut(Header::LEN);
        header.copy_from_slice(&self.next.write());
        body.copy_from_slice(payload);
        self.next.marker = false;
        self.next.sequence = self.next.sequence.wrapping_add(1);
        self.next.timestamp = self.next.timestamp.wrapping_add(ticks);
        Ok(len)
    }

    /// Lets `ticks` pass in silence; the next packet carries the marker (RFC 3551 §4.1).
    pub fn skip(&mut self, ticks: u32) {
        self.next.timestamp = self.next.timestamp.wrapping_add(ticks);
        self.next.marker = true;
    }

    /// Changes what the payload is.
    pub fn set_payload_type(&mut self, payload_type: u8) {
        self.next.payload_type = payload_type;
    }

    /// The header the next packet will have.
    #[must_use]
    pub fn next_header(&self) -> Header {
        self.next
    }
}

/// A packet did not fit into the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteError {
    /// The bytes it needs.
    pub needed: usize,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected room for {} bytes of RTP", self.needed)
    }
}

impl std::error::Error for WriteError {}

/// The finalizer of splitmix64: seeds that differ in one bit give numbers that differ in half of theirs.
pub(super) fn scramble(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(GOLDEN);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::Packet;

    fn packet(sender: &mut Sender, payload: &[u8]) -> Header {
        let mut datagram = [0; 200];
        let len = sender.write(payload, 160, &mut datagram).unwrap();
        let packet = Packet::parse(&datagram[..len]).unwrap();
        assert_eq!(packet.payload, payload);
        packet.header
    }

    #[test]
    fn only_the_first_packet_carries_the_marker() {
        let mut sender = Sender::new(1, 0);
        let first = packet(&mut sender, &[1; 160]);
        let second = packet(&mut sender, &[2; 160]);
        assert!(first.marker && !second.marker);
        assert_eq!(second.sequence, first.sequence.wrapping_add(1));
        assert_eq!(second.timestamp, first.timestamp.wrapping_add(160));
        assert_eq!(second.ssrc, first.ssrc);
    }

    #[test]
    fn a_silence_moves_the_timestamp_and_not_the_sequence() {
        let mut sender = Sender::new(1, 0);
        let first = packet(&mut sender, b"a");
        sender.skip(800);
        let second = packet(&mut sender, b"b");
        assert!(second.marker);
        assert_eq!(second.sequence, first.sequence.wrapping_add(1));
        assert_eq!(second.timestamp, first.timestamp.wrapping_add(960));
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut sender = Sender::new(1, 0);
        let before = sender.next_header();
        assert_eq!(sender.write(&[0; 160], 160, &mut [0; 171]), Err(WriteError { needed: 172 }));
        assert_eq!(sender.next_header(), before);
    }

    #[test]
    fn seeds_give_different_streams() {
        let (one, two) = (Sender::new(1, 0).next_header(), Sender::new(2, 0).next_header());
        assert_ne!(one.ssrc, two.ssrc);
        assert_ne!(one.timestamp, two.timestamp);
        assert_ne!(one.sequence, two.sequence);
    }
}
