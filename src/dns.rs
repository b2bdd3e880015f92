//! Asking name servers which servers a domain has (SRV, RFC 2782), and reading `resolv.conf`.
//!
//! Decides what is asked, which answers are believed, and the order of servers: the lowest priority first, and of equal
//! ones by lot, as their weights say. Leaves out addresses, which the machine's own resolver finds, sockets, and how long
//! an answer holds: whoever asks again does so when the servers do not answer.

use core::net::{IpAddr, SocketAddr};

use simple_dns::rdata::{RData, SRV};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};

/// A server of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// What a datagram from a name server means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The servers, most wanted first; none where the domain names none.
    Servers(Vec<Target>),
    /// The name server cannot tell: another may.
    Failed,
    /// It answers another question.
    Other,
}

/// The question which servers `name` (`_sip._udp.pbx.example`) has; `None` when that is no name.
#[must_use]
pub fn question(id: u16, name: &str) -> Option<Vec<u8>> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).ok()?;
    packet.questions.push(Question::new(name, QTYPE::TYPE(TYPE::SRV), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().ok()
}

/// Reads what came upon the [`question`] with this `id` and `name`; `lot` decides among servers that are wanted alike.
#[must_use]
pub fn answer(id: u16, name: &str, lot: u64, bytes: &[u8]) -> Answer {
    let Ok(packet) = Packet::parse(bytes) else { return Answer::Other };
    let is_asked = |question: &Question<'_>| question.qname.to_string().eq_ignore_ascii_case(name);
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) || !packet.questions.iter().any(is_asked)
    {
        return Answer::Other;
    }
    let is_cut = packet.has_flags(PacketFlag::TRUNCATION);
    if is_cut || !matches!(packet.rcode(), RCODE::NoError | RCODE::NameError) {
        return Answer::Failed;
    }
    let records = packet.answers.iter().filter_map(|record| match &record.rdata {
        RData::SRV(record) => Some(record.clone()),
        _ => None,
    });
    Answer::Servers(ordered(records.take(MAX_SERVERS).collect(), lot))
}

/// The name servers in the text of `resolv.conf`, as many as the machine's resolver asks.
#[must_use]
pub fn name_servers(text: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let address = line.trim().strip_prefix("nameserver")?.trim();
        // An interface behind a percent sign needs a number that this text does not tell.
        address.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, PORT))
    };
    text.lines().filter_map(address).take(MAX_NAME_SERVERS).collect()
}

/// RFC 2782: by priority, and within one by lot, where a weight of zero hardly ever wins.
fn ordered(mut records: Vec<SRV<'_>>, lot: u64) -> Vec<Target> {
    // A target of "." says that there is none.
    records.retain(|record| record.port != 0 && !record.target.get_labels().is_empty());
    // Name servers give them in another order each time.
    records.sort_by_key(|record| (record.priority, record.port, record.target.to_string()));
    let (mut lot, mut targets) = (lot, Vec::with_capacity(records.len()));
    while let Some(first) = records.first() {
        let alike = records.iter().take_while(|record| record.priority == first.priority);
        let weights: Vec<u64> = alike.map(|record| u64::from(record.weight) * 64 + 1).collect();
        let mut left = lot % weights.iter().sum::<u64>();
        lot = lot.rotate_left(7) ^ 0x9e37_79b9_7f4a_7c15;
        let drawn = weights.iter().position(|&weight| {
            let is_drawn = left < weight;
            left = left.saturating_sub(weight);
            is_drawn
        });
        let record = records.remove(drawn.unwrap_or(0));
        targets.push(Target { host: record.target.to_string(), port: record.port });
    }
    targets
}

/// RFC 1035 §4.2.1.
const PORT: u16 = 53;
/// As `MAXNS` of the C library.
const MAX_NAME_SERVERS: usize = 3;
/// How many servers of a domain are looked at.
const MAX_SERVERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::ResourceRecord;

    const NAME: &str = "_sip._udp.pbx.example";

    /// What a name server answers: priority, weight, port, target.
    fn reply(change: impl FnOnce(&mut Packet<'_>), records: &[(u16, u16, u16, &'static str)]) -> Vec<u8> {
        let bytes = question(7, NAME).unwrap();
        let mut packet = Packet::parse(&bytes).unwrap().into_reply();
        for &(priority, weight, port, target) in records {
            let record = SRV { priority, weight, port, target: Name::new(target).unwrap() };
            let name = Name::new(NAME).unwrap();
            packet.answers.push(ResourceRecord::new(name, CLASS::IN, 60, RData::SRV(record)));
        }
        change(&mut packet);
        packet.build_bytes_vec_compressed().unwrap()
    }

    fn servers(lot: u64, records: &[(u16, u16, u16, &'static str)]) -> Vec<String> {
        match answer(7, NAME, lot, &reply(|_| (), records)) {
            Answer::Servers(targets) => {
                targets.iter().map(|Target { host, port }| format!("{host}:{port}")).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_question_is_that_of_rfc_1035() {
        let mut expected = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in NAME.split('.') {
            expected.push(u8::try_from(label.len()).unwrap());
            expected.extend(label.bytes());
        }
        expected.extend([0, 0, 33, 0, 1]);
        assert_eq!(question(7, NAME), Some(expected));
        assert_eq!(question(7, &"a".repeat(64)), None);
    }

    #[test]
    fn the_lowest_priority_comes_first_and_equals_by_lot_as_their_weights_say() {
        let records = [(20, 0, 5060, "c.example"), (10, 90, 5070, "a.example"), (10, 10, 5060, "b.example")];
        let mut first_a = 0;
        for lot in 0..6402 {
            let order = servers(lot, &records);
            assert_eq!(order[2], "c.example:5060");
            first_a += usize::from(order[0] == "a.example:5070");
        }
        assert!((5700..5820).contains(&first_a), "{first_a}");
    }

    #[test]
    fn a_domain_without_servers_has_none_and_a_dot_is_no_server() {
        assert_eq!(servers(1, &[]), [""; 0]);
        assert_eq!(servers(1, &[(0, 0, 5060, "."), (1, 0, 0, "a.example")]), [""; 0]);
        let unknown = reply(|packet| *packet.rcode_mut() = RCODE::NameError, &[]);
        assert_eq!(answer(7, NAME, 1, &unknown), Answer::Servers(Vec::new()));
    }

    #[test]
    fn a_name_server_that_cannot_tell_has_failed() {
        for rcode in [RCODE::ServerFailure, RCODE::Refused, RCODE::NotImplemented] {
            let bytes = reply(|packet| *packet.rcode_mut() = rcode, &[(1, 1, 5060, "a.example")]);
            assert_eq!(answer(7, NAME, 1, &bytes), Answer::Failed);
        }
    }

    #[test]
    fn an_answer_that_was_cut_tells_nothing() {
        let bytes = reply(|packet| packet.set_flags(PacketFlag::TRUNCATION), &[(1, 1, 5060, "a.example")]);
        assert_eq!(answer(7, NAME, 1, &bytes), Answer::Failed);
    }

    #[test]
    fn the_same_lot_gives_the_same_order_whatever_the_name_server_does() {
        let records = [(10, 1, 5060, "c.example"), (10, 1, 5060, "a.example"), (10, 1, 5060, "b.example")];
        let turned = [records[2], records[0], records[1]];
        for lot in 0..50 {
            assert_eq!(servers(lot, &records), servers(lot, &turned));
        }
    }

    #[test]
    fn what_answers_another_question_is_not_believed() {
        let good = reply(|_| (), &[(1, 1, 5060, "a.example")]);
        assert_eq!(answer(8, NAME, 1, &good), Answer::Other);
        assert_eq!(answer(7, "_sip._tcp.pbx.example", 1, &good), Answer::Other);
        assert_eq!(answer(7, NAME, 1, &question(7, NAME).unwrap()), Answer::Other);
        for len in 0..good.len() {
            assert_ne!(answer(7, NAME, 1, &good[..len]), Answer::Servers(Vec::new()), "{len}");
        }
    }

    #[test]
    fn the_letter_case_of_the_name_does_not_matter() {
        assert_eq!(answer(7, "_SIP._udp.PBX.example", 1, &reply(|_| (), &[])), Answer::Servers(Vec::new()));
    }

    #[test]
    fn name_servers_are_read_as_the_c_library_reads_them() {
        let text = "# by DHCP\nsearch example\nnameserver 192.0.2.53\n nameserver  2001:db8::53\nnameserver fe80::1%eth0\n\
                    nameserver\nnameserver 192.0.2.54\nnameserver 192.0.2.55\n";
        let list: Vec<_> = name_servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(list, ["192.0.2.53:53", "[2001:db8::53]:53", "192.0.2.54:53"]);
    }
}
