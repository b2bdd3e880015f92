//! The records of the box on one link, and the packets that carry them.

use super::{Identity, address};
use core::net::IpAddr;
use simple_dns::rdata::{A, AAAA, PTR, RData, SRV, TXT};
use simple_dns::{CLASS, Label, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, ResourceRecord, TYPE};
use std::collections::BTreeSet;

/// A kind of record of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Services,
    Service,
    Server,
    Text,
    Addresses,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Services, Self::Service, Self::Server, Self::Text, Self::Addresses];

    /// Whether others may have one of the same name.
    pub(super) const fn is_shared(self) -> bool {
        matches!(self, Self::Services | Self::Service)
    }
}

/// What the box says of itself on a link.
pub(super) struct Own {
    host: Name<'static>,
    instance: Name<'static>,
    user: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl Own {
    pub(super) fn new(label: &str, identity: &Identity, addresses: Vec<IpAddr>) -> Self {
        let name = |text: String| Name::new_unchecked(&text).into_owned();
        Self {
            host: name(format!("{label}.local")),
            instance: name(format!("{label}.{SERVICE}")),
            user: identity.user.clone(),
            port: identity.port,
            addresses,
        }
    }

    /// What of ours a question is about.
    pub(super) fn asked<'a>(&'a self, question: &'a Question<'_>) -> impl Iterator<Item = Kind> {
        let is_internet = matches!(question.qclass, QCLASS::ANY | QCLASS::CLASS(CLASS::IN));
        let fits = move |kind: &Kind| {
            let types: &[TYPE] = match kind {
                Kind::Services | Kind::Service => &[TYPE::PTR],
                Kind::Server => &[TYPE::SRV],
                Kind::Text => &[TYPE::TXT],
                Kind::Addresses => &[TYPE::A, TYPE::AAAA],
            };
            let is_type = match question.qtype {
                QTYPE::ANY => true,
                QTYPE::TYPE(asked) => types.contains(&asked),
                _ => false,
            };
            is_internet && is_type && is_same(&question.qname, &self.name(*kind))
        };
        Kind::ALL.into_iter().filter(fits)
    }

    /// Whether the asker knows all of a kind already, for half of its time at least.
    pub(super) fn is_known(&self, kind: Kind, known: &[ResourceRecord<'_>]) -> bool {
        self.records(kind).iter().all(|own| {
            let is_it = |record: &ResourceRecord<'_>| {
                is_same(&record.name, &own.name)
                    && is_same_data(&record.rdata, &own.rdata)
                    && record.ttl >= own.ttl / 2
            };
            known.iter().any(is_it)
        })
    }

    /// Whether somebody else says something of a name that is ours alone.
    pub(super) fn is_disputed_by(&self, record: &ResourceRecord<'_>) -> bool {
        let own = [Kind::Server, Kind::Text, Kind::Addresses].into_iter().flat_map(|kind| self.records(kind));
        let mut same_name = own.filter(|own| is_same(&own.name, &record.name)).peekable();
        same_name.peek().is_some()
            && matches!(record.rdata.type_code(), TYPE::A | TYPE::AAAA | TYPE::SRV | TYPE::TXT)
            && !same_name.any(|own| is_same_data(&own.rdata, &record.rdata))
    }

    /// Whether a record is of our host's name.
    pub(super) fn is_host(&self, record: &ResourceRecord<'_>) -> bool {
        is_same(&record.name, &self.host)
    }

    /// Whether a record is of a name that is ours alone.
    pub(super) fn is_unique(&self, record: &ResourceRecord<'_>) -> bool {
        self.is_host(record) || is_same(&record.name, &self.instance)
    }

    /// As §8.2 compares them.
    pub(super) fn addresses_as_bytes(&self) -> Vec<(u16, Vec<u8>)> {
        let mut all: Vec<_> = self.addresses.iter().map(as_bytes).collect();
        all.sort();
        all
    }

    /// Asks whether the names are free.
    pub(super) fn probe(&self) -> Option<Vec<u8>> {
        let mut packet = Packet::new_query(0);
        for name in [&self.host, &self.instance] {
            packet.questions.push(Question::new(name.clone(), QTYPE::ANY, QCLASS::CLASS(CLASS::IN), true));
        }
        let proposed = [Kind::Addresses, Kind::Server].into_iter().flat_map(|kind| self.records(kind));
        packet.name_servers.extend(proposed);
        packet.build_bytes_vec_compressed().ok()
    }

    /// Tells `kinds`, and what is asked next.
    pub(super) fn response(&self, kinds: &BTreeSet<Kind>) -> Option<Vec<u8>> {
        let flush = |record: ResourceRecord<'static>, kind: Kind| record.with_cache_flush(!kind.is_shared());
        let of = |kind: Kind| self.records(kind).into_iter().map(move |record| flush(record, kind));
        let mut packet = reply(0);
        packet.answers.extend(kinds.iter().flat_map(|kind| of(*kind)));
        packet.additional_records.extend(further(kinds).flat_map(of));
        packet.build_bytes_vec_compressed().ok()
    }

    /// Tells a resolver that knows nothing of multicast (§6.7).
    pub(super) fn legacy(&self, kinds: &BTreeSet<Kind>, asked: &Packet<'_>) -> Option<Vec<u8>> {
        let mut packet = reply(asked.id());
        packet.questions.extend(asked.questions.first().cloned());
        let brief =
            |record: ResourceRecord<'static>| ResourceRecord { ttl: record.ttl.min(LEGACY_TTL), ..record };
        packet.answers.extend(kinds.iter().flat_map(|kind| self.records(*kind)).map(brief));
        packet.additional_records.extend(further(kinds).flat_map(|kind| self.records(kind)).map(brief));
        packet.build_bytes_vec_compressed().ok()
    }

    /// Tells that nothing of it holds any more.
    pub(super) fn goodbye(&self) -> Option<Vec<u8>> {
        let mut packet = reply(0);
        let all =
            Kind::ALL.into_iter().filter(|kind| *kind != Kind::Services).flat_map(|kind| self.records(kind));
        packet.answers.extend(all.map(|record| ResourceRecord { ttl: 0, ..record }));
        packet.build_bytes_vec_compressed().ok()
    }

    fn name(&self, kind: Kind) -> Name<'static> {
        match kind {
            Kind::Services => Name::new_unchecked(SERVICES),
            Kind::Service => Name::new_unchecked(SERVICE),
            Kind::Server | Kind::Text => self.instance.clone(),
            Kind::Addresses => self.host.clone(),
        }
    }

    fn records(&self, kind: Kind) -> Vec<ResourceRecord<'static>> {
        let data = match kind {
            Kind::Services => vec![RData::PTR(PTR(Name::new_unchecked(SERVICE)))],
            Kind::Service => vec![RData::PTR(PTR(self.instance.clone()))],
            Kind::Server => {
                vec![RData::SRV(SRV { priority: 0, weight: 0, port: self.port, target: self.host.clone() })]
            }
            Kind::Text => vec![RData::TXT(self.text())],
            Kind::Addresses => self.addresses.iter().map(data_of).collect(),
        };
        let ttl = if matches!(kind, Kind::Server | Kind::Addresses) { HOST_TTL } else { OTHER_TTL };
        data.into_iter().map(|data| ResourceRecord::new(self.name(kind), CLASS::IN, ttl, data)).collect()
    }

    fn text(&self) -> TXT<'static> {
        let text = TXT::new().with_string("txtvers=1").unwrap_or_default();
        let user = format!("user={}", self.user);
        let with_user = if self.user.is_empty() {
            None
        } else {
            text.clone().with_string(&user).ok().map(TXT::into_owned)
        };
        with_user.unwrap_or(text).into_owned()
    }
}

/// What an asker of `kinds` will ask next (RFC 6763 §12).
fn further(kinds: &BTreeSet<Kind>) -> impl Iterator<Item = Kind> {
    let next: &[Kind] = match () {
        () if kinds.contains(&Kind::Service) => &[Kind::Server, Kind::Text, Kind::Addresses],
        () if kinds.contains(&Kind::Server) => &[Kind::Addresses],
        () => &[],
    };
    next.iter().copied().filter(|kind| !kinds.contains(kind))
}

fn reply(id: u16) -> Packet<'static> {
    let mut packet = Packet::new_reply(id);
    packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    packet
}

/// The addresses among records, as §8.2 compares them.
pub(super) fn addresses<'a>(records: impl Iterator<Item = &'a ResourceRecord<'a>>) -> Vec<(u16, Vec<u8>)> {
    let mut all: Vec<_> =
        records.filter_map(|record| address(&record.rdata)).map(|address| as_bytes(&address)).collect();
    all.sort();
    all
}

fn as_bytes(address: &IpAddr) -> (u16, Vec<u8>) {
    match address {
        IpAddr::V4(v4) => (u16::from(TYPE::A), v4.octets().to_vec()),
        IpAddr::V6(v6) => (u16::from(TYPE::AAAA), v6.octets().to_vec()),
    }
}

fn data_of(address: &IpAddr) -> RData<'static> {
    match *address {
        IpAddr::V4(v4) => RData::A(A { address: v4.to_bits() }),
        IpAddr::V6(v6) => RData::AAAA(AAAA { address: v6.to_bits() }),
    }
}

/// Names are the same in any letter case.
fn is_same(one: &Name<'_>, other: &Name<'_>) -> bool {
    let (one, other) = (one.get_labels(), other.get_labels());
    let is_same = |(one, other): (&Label<'_>, &Label<'_>)| one.as_ref().eq_ignore_ascii_case(other.as_ref());
    one.len() == other.len() && one.iter().zip(other).all(is_same)
}

fn is_same_data(one: &RData<'_>, other: &RData<'_>) -> bool {
    match (one, other) {
        (RData::PTR(one), RData::PTR(other)) => is_same(&one.0, &other.0),
        (RData::SRV(one), RData::SRV(other)) => one.port == other.port && is_same(&one.target, &other.target),
        _ => one == other,
    }
}

/// RFC 6763 §4.1.2, and RFC 3263's name of SIP over UDP.
const SERVICE: &str = "_sip._udp.local";
/// RFC 6763 §9.
const SERVICES: &str = "_services._dns-sd._udp.local";
/// §10: of what names a host.
const HOST_TTL: u32 = 120;
const OTHER_TTL: u32 = 4500;
/// §6.7.
const LEGACY_TTL: u32 = 10;
