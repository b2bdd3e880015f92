//! Whose packets are played, and in which order they were sent (RFC 3550 §8, appendix A).
//!
//! A [`Receiver`] follows one stream. It takes the first packet that comes from where it may come, with a payload type
//! that was agreed on: the first syllable is in it. What does not fit afterwards (another SSRC, a sequence number out
//! of range, another port) is a stranger. A stranger takes over
//! - at once, when the stream has paused, or when it is a new SSRC from where the stream comes from: the peer has changed
//!   it, and the next syllable should not wait;
//! - with the second of two packets in a row from where the stream comes from, if it was heard before (the SSRC of the
//!   stream before this one, or this one with other sequence numbers). The first of the two is kept and not lost. So of
//!   two streams mixed up, one is heard and not both by turns.
//!
//! A new run begins with each new stream, and when timestamps jump against time: those who play it then start anew.
//!
//! Left out: when to play (`jitter.rs`), RTCP reports, encryption.

use super::chunk::Chunk;
use super::clock::{Arrived, Clock};
use super::packet::{Packet, ParseError};
use super::sequence::{Order, SequenceTracker};
use crate::time::Instant;
use crate::units::SampleRate;
use core::fmt;
use core::time::Duration;
use std::net::{IpAddr, SocketAddr};

/// Follows one incoming stream.
#[derive(Clone, Debug)]
pub struct Receiver {
    config: ReceiverConfig,
    stream: Option<Stream>,
    stranger: Option<Stranger>,
    /// The SSRC of the stream before.
    previous: Option<u32>,
    run: u32,
    chunks: heapless::Deque<Chunk, MAX_CHUNKS>,
    stats: ReceiverStats,
}

impl Receiver {
    /// Waits for a stream.
    #[must_use]
    pub fn new(config: ReceiverConfig) -> Self {
        let (stats, chunks) = (ReceiverStats::default(), heapless::Deque::new());
        Self { config, stream: None, stranger: None, previous: None, run: 0, chunks, stats }
    }

    /// Takes a datagram that came from `remote`. Its speech is then to be had from [`Self::poll_chunk`].
    ///
    /// # Errors
    /// A [`Rejected`] says why there is no speech in it; it is counted.
    pub fn handle_datagram(
        &mut self,
        arrival: Instant,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> Result<(), Rejected> {
        let result = self.admit(arrival, remote, datagram);
        self.stats.rejected += u64::from(result.is_err());
        result
    }

    /// The next piece of speech, in the order of arrival.
    pub fn poll_chunk(&mut self) -> Option<Chunk> {
        self.chunks.pop_front()
    }

    /// Changes where packets may come from, once more is known of the other end.
    pub fn set_source(&mut self, source: Source) {
        self.config.source = source;
    }

    /// What has come so far.
    #[must_use]
    pub fn stats(&self) -> ReceiverStats {
        let lost = self.stream.as_ref().map_or(0, |stream| stream.order.lost());
        ReceiverStats { lost: self.stats.lost + lost, ..self.stats }
    }

    /// The SSRC of the stream and where it comes from.
    #[must_use]
    pub fn stream(&self) -> Option<(u32, SocketAddr)> {
        self.stream.as_ref().map(|stream| (stream.ssrc, stream.remote))
    }

    /// When the last packet of the stream came.
    #[must_use]
    pub fn heard_at(&self) -> Option<Instant> {
        self.stream.as_ref().map(|stream| stream.heard_at)
    }

    fn admit(&mut self, arrival: Instant, remote: SocketAddr, datagram: &[u8]) -> Result<(), Rejected> {
        if !self.config.source.allows(remote) {
            return Err(Rejected::Source);
        }
        let packet = Packet::parse(datagram).map_err(Rejected::Malformed)?;
        if packet.payload.len() > MAX_PAYLOAD {
            return Err(Rejected::TooLong);
        }
        let arrived = Arrived { at: arrival, remote, header: packet.header };
        match self.place(&arrived) {
            Place::Stream(order) => self.follow(&arrived, order, packet.payload),
            Place::Stranger => self.meet(&arrived, packet.payload),
            Place::Nowhere => Err(Rejected::Duplicate),
        }
    }

    /// Whether a packet belongs to the stream.
    fn place(&mut self, packet: &Arrived) -> Place {
        let Some(stream) = &mut self.stream else { return Place::Stranger };
        if stream.ssrc != packet.header.ssrc || stream.remote != packet.remote {
            return Place::Stranger;
        }
        match stream.order.offer(packet.header.sequence) {
            Order::Jump => Place::Stranger,
            Order::Duplicate => {
                self.stats.duplicates += 1;
                Place::Nowhere
            }
            order => Place::Stream(order),
        }
    }

    /// A packet of the stream.
    fn follow(&mut self, packet: &Arrived, order: Order, payload: &[u8]) -> Result<(), Rejected> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        stream.heard_at = packet.at;
        self.stranger = None;
        self.stats.received += 1;
        if !self.config.speaks(packet.header.payload_type) {
            return Err(Rejected::PayloadType);
        }
        let slip = stream.clock.slip(packet, self.config.rate);
        match order {
            Order::Behind { .. } if slip.is_jump() => return Err(Rejected::Order),
            Order::Behind { .. } => self.stats.reordered += 1,
            _ if slip.is_jump() || slip.ticks <= 0 => {
                self.run = self.run.wrapping_add(1);
                self.stats.restarts += 1;
                stream.clock = Clock::new(packet);
            }
            _ => stream.clock.advance(packet, &slip),
        }
        self.stats.jitter = stream.clock.jitter();
        self.queue(packet, payload);
        Ok(())
    }

    /// A packet of another stream, or of none so far.
    fn meet(&mut self, packet: &Arrived, payload: &[u8]) -> Result<(), Rejected> {
        if !self.config.speaks(packet.header.payload_type) {
            return Err(Rejected::PayloadType);
        }
        if self.has_paused(packet.at) || self.is_changed_ssrc(packet) {
            self.begin(packet, payload);
            return Ok(());
        }
        match self.stranger.take() {
            Some(first) if self.may_take_over(&first, packet) => {
                self.begin(&first.packet, &first.payload);
                self.handle_again(packet, payload)
            }
            _ => {
                self.stranger = Stranger::new(packet, payload);
                Err(Rejected::Stranger)
            }
        }
    }

    fn handle_again(&mut self, packet: &Arrived, payload: &[u8]) -> Result<(), Rejected> {
        match self.place(packet) {
            Place::Stream(order) => self.follow(packet, order, payload),
            Place::Stranger | Place::Nowhere => Err(Rejected::Order),
        }
    }

    fn begin(&mut self, packet: &Arrived, payload: &[u8]) {
        if let Some(old) = &self.stream {
            self.previous = Some(old.ssrc);
            self.run = self.run.wrapping_add(1);
            self.stats.restarts += 1;
            self.stats.lost += old.order.lost();
        }
        self.stranger = None;
        self.stats.received += 1;
        self.stream = Some(Stream {
            ssrc: packet.header.ssrc,
            remote: packet.remote,
            order: SequenceTracker::new(packet.header.sequence),
            heard_at: packet.at,
            clock: Clock::new(packet),
        });
        self.queue(packet, payload);
    }

    fn queue(&mut self, packet: &Arrived, payload: &[u8]) {
        for chunk in Chunk::cut(self.run, packet.header, packet.at, self.config.rate, payload) {
            if self.chunks.is_full() {
                self.chunks.pop_front();
                self.stats.unread += 1;
            }
            // There is room now.
            let _ = self.chunks.push_back(chunk);
        }
    }

    fn has_paused(&self, now: Instant) -> bool {
        self.stream.as_ref().is_none_or(|stream| now.since(stream.heard_at) >= PAUSE)
    }

    /// Whether the peer itself seems to have begun another stream.
    fn is_changed_ssrc(&self, packet: &Arrived) -> bool {
        let ssrc = packet.header.ssrc;
        let from_there = |stream: &Stream| stream.remote == packet.remote && stream.ssrc != ssrc;
        self.stream.as_ref().is_some_and(from_there) && self.previous != Some(ssrc)
    }

    fn may_take_over(&self, first: &Stranger, second: &Arrived) -> bool {
        let (one, two) = (&first.packet, second);
        let in_a_row = one.header.sequence.wrapping_add(1) == two.header.sequence;
        let same = one.header.ssrc == two.header.ssrc && one.remote == two.remote;
        let from_there = self.stream.as_ref().is_none_or(|stream| stream.remote == two.remote);
        in_a_row && same && from_there
    }
}

/// What a [`Receiver`] accepts.
#[derive(Clone, Debug)]
pub struct ReceiverConfig {
    /// The payload types of speech that were agreed on.
    pub payload_types: heapless::Vec<u8, 8>,
    /// The clock of timestamps.
    pub rate: SampleRate,
    /// Where packets may come from.
    pub source: Source,
}

impl ReceiverConfig {
    fn speaks(&self, payload_type: u8) -> bool {
        self.payload_types.contains(&payload_type)
    }
}

/// Where packets may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Anywhere.
    Any,
    /// Any port of a host; the port of the first packet is then the stream's.
    Host(IpAddr),
    /// Any port of either host: the one a caller names, and the one it signals from, which is the real one behind NAT.
    Hosts([IpAddr; 2]),
    /// One port of one host.
    Port(SocketAddr),
}

impl Source {
    fn allows(self, remote: SocketAddr) -> bool {
        let ip = remote.ip().to_canonical();
        match self {
            Self::Any => true,
            Self::Host(host) => ip == host.to_canonical(),
            Self::Hosts(hosts) => hosts.iter().any(|host| ip == host.to_canonical()),
            Self::Port(address) => ip == address.ip().to_canonical() && remote.port() == address.port(),
        }
    }
}

/// Why a datagram is not played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejected {
    /// It comes from where no speech is expected from.
    Source,
    /// It is no RTP.
    Malformed(ParseError),
    /// Its payload type was not agreed on.
    PayloadType,
    /// Its payload is longer than 240 ms.
    TooLong,
    /// It has come before.
    Duplicate,
    /// It does not belong to the stream; kept in case that another follows it.
    Stranger,
    /// It is of a time before the run began.
    Order,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "expected RTP from another address",
            Self::Malformed(error) => return error.fmt(f),
            Self::PayloadType => "expected a payload type that was agreed on",
            Self::TooLong => "expected a payload of 1920 bytes at most",
            Self::Duplicate => "expected a packet that has not come before",
            Self::Stranger => "expected a packet of the stream that is playing",
            Self::Order => "expected a packet of the run that is playing",
        })
    }
}

impl std::error::Error for Rejected {}

/// What a [`Receiver`] counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverStats {
    /// Packets of the stream, each once.
    pub received: u64,
    /// Packets that were sent and have not come.
    pub lost: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that came after one that was sent later.
    pub reordered: u64,
    /// Runs after the first.
    pub restarts: u64,
    /// Datagrams that were not played, whatever the reason.
    pub rejected: u64,
    /// Chunks thrown away because nobody polled.
    pub unread: u64,
    /// The interarrival jitter (RFC 3550 §6.4.1).
    pub jitter: Duration,
}

/// The stream that is followed.
#[derive(Clone, Debug)]
struct Stream {
    ssrc: u32,
    remote: SocketAddr,
    order: SequenceTracker,
    heard_at: Instant,
    clock: Clock,
}

/// A packet that may be the first of another stream.
#[derive(Clone, Debug)]
struct Stranger {
    packet: Arrived,
    payload: heapless::Vec<u8, MAX_PAYLOAD>,
}

impl Stranger {
    fn new(packet: &Arrived, payload: &[u8]) -> Option<Self> {
        let payload = heapless::Vec::from_slice(payload).ok()?;
        Some(Self { packet: *packet, payload })
    }
}

enum Place {
    Stream(Order),
    Stranger,
    Nowhere,
}

/// A stream that is silent for so long has made room for another.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest payload.
const MAX_PAYLOAD: usize = 12 * Chunk::CAPACITY;
/// The chunks of two packets.
const MAX_CHUNKS: usize = 24;

#[cfg(test)]
mod tests;
