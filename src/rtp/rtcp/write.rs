//! What is sent: a report, a name, and perhaps a farewell, in one datagram (RFC 3550 §6.1).

use super::read::{BYE, CNAME, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION, VERSION};
use super::{Cname, ReportBlock, SenderInfo};

/// The longest compound that is sent.
pub type Datagram = heapless::Vec<u8, { Outgoing::MAX_LEN }>;

/// A compound of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Who sends it.
    pub ssrc: u32,
    /// What it has sent; without this the report is an RR.
    pub info: Option<SenderInfo>,
    /// What it has received.
    pub report: Option<ReportBlock>,
    /// Its name.
    pub cname: Cname,
    /// Whether it leaves.
    pub bye: bool,
}

impl Outgoing {
    /// SR with a block, SDES and BYE.
    pub const MAX_LEN: usize = 8 + SenderInfo::LEN + ReportBlock::LEN + DESCRIPTION_LEN + 8;

    /// Its bytes.
    #[must_use]
    pub fn write(&self) -> Datagram {
        let mut datagram = Bytes(Datagram::new());
        self.write_report(&mut datagram);
        self.write_description(&mut datagram);
        if self.bye {
            datagram.begin(BYE, 1, 8);
            datagram.words(&[self.ssrc]);
        }
        datagram.0
    }

    fn write_report(&self, datagram: &mut Bytes) {
        let (packet_type, info_len) =
            if self.info.is_some() { (SENDER_REPORT, SenderInfo::LEN) } else { (RECEIVER_REPORT, 0) };
        let (count, blocks_len) = if self.report.is_some() { (1, ReportBlock::LEN) } else { (0, 0) };
        datagram.begin(packet_type, count, 8 + info_len + blocks_len);
        datagram.words(&[self.ssrc]);
        if let Some(info) = self.info {
            datagram.push(&info.ntp.bits().to_be_bytes());
            datagram.words(&[info.timestamp, info.packets, info.octets]);
        }
        if let Some(block) = self.report {
            let lost = block.lost.clamp(MIN_LOST, MAX_LOST).cast_unsigned() & 0xff_ffff;
            let packets = u32::from(block.fraction_lost) << 24 | lost;
            let ReportBlock { ssrc, highest_sequence, jitter, last_report, delay, .. } = block;
            datagram.words(&[ssrc, packets, highest_sequence, jitter, last_report, delay]);
        }
    }

    fn write_description(&self, datagram: &mut Bytes) {
        datagram.begin(SOURCE_DESCRIPTION, 1, DESCRIPTION_LEN);
        datagram.words(&[self.ssrc]);
        datagram.push(&[CNAME, Cname::LEN_BYTE]);
        datagram.push(self.cname.as_bytes());
        datagram.push(&[0; DESCRIPTION_LEN - NAMED_LEN]);
    }
}

struct Bytes(Datagram);

impl Bytes {
    /// The first word of a packet of `len` bytes.
    fn begin(&mut self, packet_type: u8, count: u8, len: usize) {
        let words = u16::try_from(len / 4 - 1).unwrap_or(0);
        let [l0, l1] = words.to_be_bytes();
        self.push(&[VERSION << 6 | count, packet_type, l0, l1]);
    }

    fn words(&mut self, words: &[u32]) {
        for word in words {
            self.push(&word.to_be_bytes());
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        // MAX_LEN counts all that is ever written.
        let _ = self.0.extend_from_slice(bytes);
    }
}

/// An SDES with a name, up to the end of the name.
const NAMED_LEN: usize = 4 + 4 + 2 + Cname::LEN;
/// At least one zero ends the items.
const DESCRIPTION_LEN: usize = (NAMED_LEN + 1).next_multiple_of(4);
/// What 24 bits hold (RFC 3550 §6.4.1).
pub(super) const MAX_LOST: i32 = 0x7f_ffff;
pub(super) const MIN_LOST: i32 = -0x80_0000;

#[cfg(test)]
mod tests {
    use super::super::{Compound, NtpTime, Packet};
    use super::*;

    const INFO: SenderInfo = SenderInfo {
        ntp: NtpTime::from_bits(0x1122_3344_5566_7788),
        timestamp: 9,
        packets: 10,
        octets: 1600,
    };
    const BLOCK: ReportBlock = ReportBlock {
        ssrc: 0xaabb_ccdd,
        fraction_lost: 64,
        lost: -3,
        highest_sequence: 0x1_0005,
        jitter: 80,
        last_report: 0x3344_5566,
        delay: 65_536,
    };

    fn outgoing(info: Option<SenderInfo>, report: Option<ReportBlock>, bye: bool) -> Outgoing {
        Outgoing { ssrc: 7, info, report, cname: Cname::new([1, 2]), bye }
    }

    /// What a reader makes of it.
    fn read(datagram: &[u8]) -> (Option<SenderInfo>, Vec<ReportBlock>, bool) {
        let (mut info, mut blocks, mut bye) = (None, Vec::new(), false);
        for packet in Compound::parse(datagram).unwrap().packets() {
            match packet {
                Packet::SenderReport { ssrc: 7, info: sent, reports } => {
                    info = Some(sent);
                    blocks.extend(reports.iter());
                }
                Packet::ReceiverReport { ssrc: 7, reports } => blocks.extend(reports.iter()),
                Packet::SourceDescription(names) => {
                    let cname = Cname::new([1, 2]);
                    assert_eq!(names.names().collect::<Vec<_>>(), [(7, &cname.as_bytes()[..])]);
                }
                Packet::Bye(sources) => bye = sources.iter().eq([7]),
                other => panic!("{other:?}"),
            }
        }
        (info, blocks, bye)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for info in [None, Some(INFO)] {
            for report in [None, Some(BLOCK)] {
                for bye in [false, true] {
                    let datagram = outgoing(info, report, bye).write();
                    assert_eq!(read(&datagram), (info, report.into_iter().collect(), bye));
                }
            }
        }
    }

    #[test]
    fn the_longest_fits_exactly() {
        assert_eq!(outgoing(Some(INFO), Some(BLOCK), true).write().len(), Outgoing::MAX_LEN);
    }

    #[test]
    fn loss_stops_at_24_bits() {
        for (lost, written) in [(i32::MAX, MAX_LOST), (i32::MIN, MIN_LOST), (-1, -1)] {
            let datagram = outgoing(None, Some(ReportBlock { lost, ..BLOCK }), false).write();
            assert_eq!(read(&datagram).1[0].lost, written);
        }
    }
}
