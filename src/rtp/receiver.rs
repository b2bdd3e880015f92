//! Whose packets are played, and in which order they were sent (RFC 3550 §8, appendix A).
//!
//! A [`Receiver`] follows one stream. It takes the first packet that comes from where it may come, with a payload type
//! that was agreed on: the first syllable is in it. What does not fit afterwards (another SSRC, a sequence number out
//! of range, another port) is a stranger. A stranger takes over
//! - at once, when it comes from where the stream comes from and the stream has paused, or it is a new SSRC: the peer has
//!   changed it, and the next syllable should not wait;
//! - at once, when it comes from elsewhere and there was no packet of the stream for two seconds: a stall of the network
//!   is no door for another;
//! - with the second of two packets in a row from where the stream comes from, if it was heard before (the SSRC of the
//!   stream before this one, or this one with other sequence numbers). The first of the two is kept and not lost. So of
//!   two streams mixed up, one is heard and not both by turns.
//!
//! A new run begins with each new stream, when timestamps jump against time, and with another clock (RFC 7160): those who
//! play it then start anew.
//!
//! Left out: when to play (`jitter.rs`), what keys mean, RTCP reports, encryption.

use super::chunk::{Chunk, Content, Stamp};
use super::clock::{Arrived, Clock};
use super::format::{Kind, PayloadFormat};
use super::packet::{Header, Packet, ParseError};
use super::rtcp::Reception;
use super::sequence::{Order, SequenceTracker};
use super::source::Source;
use crate::time::Instant;
use crate::units::SampleRate;
use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Follows one incoming stream.
#[derive(Clone, Debug)]
pub struct Receiver {
    config: ReceiverConfig,
    stream: Option<Stream>,
    stranger: Option<Stranger>,
    /// The SSRC of the stream before.
    previous: Option<u32>,
    run: u32,
    /// Up to [`MAX_CHUNKS`].
    chunks: VecDeque<Chunk>,
    events: heapless::Deque<TelephoneEvent, 4>,
    stats: ReceiverStats,
}

impl Receiver {
    /// Waits for a stream.
    #[must_use]
    pub fn new(config: ReceiverConfig) -> Self {
        Self {
            config,
            stream: None,
            stranger: None,
            previous: None,
            run: 0,
            chunks: VecDeque::new(),
            events: heapless::Deque::new(),
            stats: ReceiverStats::default(),
        }
    }

    /// Takes a datagram that came from `remote`. What is in it is then to be had from [`Self::poll_chunk`] and
    /// [`Self::poll_telephone_event`].
    ///
    /// # Errors
    /// A [`Rejected`] says why there is nothing in it; it is counted.
    pub fn handle_message(
        &mut self,
        arrival: Instant,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> Result<(), Rejected> {
        let result = self.admit(arrival, remote, datagram);
        self.stats.rejected += u64::from(result.is_err());
        result
    }

    /// The next piece of speech, in the order of arrival; comfort noise and telephone events are among them, for those
    /// who play.
    pub fn poll_chunk(&mut self) -> Option<Chunk> {
        self.chunks.pop_front()
    }

    /// The next packet of a telephone event, in the order of arrival.
    pub fn poll_telephone_event(&mut self) -> Option<TelephoneEvent> {
        self.events.pop_front()
    }

    /// Changes where packets may come from, once more is known of the other end. A stream from elsewhere makes room at
    /// once.
    pub fn set_source(&mut self, source: Source) {
        self.config.source = source;
    }

    /// What has come so far.
    #[must_use]
    pub fn stats(&self) -> ReceiverStats {
        let lost = self.stream.as_ref().map_or(0, |stream| stream.order.lost());
        ReceiverStats { lost: self.stats.lost + lost, ..self.stats }
    }

    /// What has come of the stream, as its sender is told by RTCP; `None` before the first packet.
    #[must_use]
    pub fn reception(&self) -> Option<Reception> {
        let stream = self.stream.as_ref()?;
        let ticks = stream.clock.jitter().as_micros() * u128::from(stream.clock.rate().hz()) / 1_000_000;
        Some(Reception {
            ssrc: stream.ssrc,
            highest_sequence: stream.order.highest(),
            expected: stream.order.expected(),
            received: stream.order.received() + stream.duplicates,
            jitter: u32::try_from(ticks).unwrap_or(u32::MAX),
        })
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
        let kind = self.config.kind(packet.header.payload_type);
        if kind.is_some_and(|kind| is_too_long(kind, packet.payload.len())) {
            return Err(Rejected::TooLong);
        }
        let arrived = Arrived { at: arrival, remote, header: packet.header };
        match (self.place(&arrived), kind) {
            (Place::Nowhere, _) => Err(Rejected::Duplicate),
            (Place::Stream(order), kind) => self.follow(&arrived, order, kind, packet.payload),
            (Place::Stranger, None) => Err(Rejected::PayloadType),
            (Place::Stranger, Some(Kind::TelephoneEvent)) => self.meet_event(&arrived, packet.payload),
            (Place::Stranger, Some(kind)) => self.meet(&arrived, kind, packet.payload),
        }
    }

    /// Whether a packet belongs to the stream.
    fn place(&mut self, packet: &Arrived) -> Place {
        let has_paused = self.has_paused(packet);
        let Some(stream) = &mut self.stream else { return Place::Stranger };
        if stream.ssrc != packet.header.ssrc || stream.remote != packet.remote {
            return Place::Stranger;
        }
        // Some say the same once more, with the same numbers.
        let is_restart = has_paused && stream.clock.slip(packet).is_jump();
        match stream.order.offer(packet.header.sequence) {
            Order::Jump => Place::Stranger,
            Order::Duplicate | Order::Behind { .. } if is_restart => Place::Stranger,
            Order::Duplicate => {
                stream.duplicates += 1;
                self.stats.duplicates += 1;
                Place::Nowhere
            }
            order => Place::Stream(order),
        }
    }

    /// A packet of the stream.
    fn follow(
        &mut self,
        packet: &Arrived,
        order: Order,
        kind: Option<Kind>,
        payload: &[u8],
    ) -> Result<(), Rejected> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        stream.heard_at = packet.at;
        self.stranger = None;
        self.stats.received += 1;
        match kind {
            None => Err(Rejected::PayloadType),
            Some(Kind::TelephoneEvent) => {
                self.queue_event(packet, payload)?;
                self.queue(packet, Content::TelephoneEvent, payload);
                Ok(())
            }
            Some(kind) => self.follow_speech(packet, order, kind, payload),
        }
    }

    fn follow_speech(
        &mut self,
        packet: &Arrived,
        order: Order,
        kind: Kind,
        payload: &[u8],
    ) -> Result<(), Rejected> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let rate = kind.clock().unwrap_or(stream.clock.rate());
        let slip = stream.clock.slip(packet);
        let is_jump = slip.is_jump() || rate != stream.clock.rate();
        match order {
            Order::Behind { .. } if is_jump => return Err(Rejected::Order),
            Order::Behind { .. } => {
                self.stats.reordered += 1;
                stream.clock.advance(packet, false);
            }
            _ if is_jump || slip.ticks <= 0 => {
                self.run = self.run.wrapping_add(1);
                self.stats.restarts += 1;
                stream.clock.restart(packet, rate);
            }
            _ => stream.clock.advance(packet, true),
        }
        self.stats.jitter = stream.clock.jitter();
        self.queue(packet, kind.content(), payload);
        Ok(())
    }

    /// A packet of another stream, or of none so far.
    fn meet(&mut self, packet: &Arrived, kind: Kind, payload: &[u8]) -> Result<(), Rejected> {
        if self.has_paused(packet) || self.is_changed_ssrc(packet) {
            self.begin(packet, kind, payload);
            return Ok(());
        }
        match self.stranger.take() {
            Some(first) if self.may_take_over(&first, packet) => {
                self.begin(&first.packet, first.kind, &first.payload);
                self.handle_again(packet, kind, payload)
            }
            _ => {
                self.stranger = Some(Stranger { packet: *packet, kind, payload: payload.to_vec() });
                Err(Rejected::Stranger)
            }
        }
    }

    /// A key that comes beside the stream: some gateways give it an SSRC of its own.
    fn meet_event(&mut self, packet: &Arrived, payload: &[u8]) -> Result<(), Rejected> {
        if self.stream.as_ref().is_some_and(|stream| stream.remote != packet.remote) {
            return Err(Rejected::Stranger);
        }
        self.queue_event(packet, payload)
    }

    fn handle_again(&mut self, packet: &Arrived, kind: Kind, payload: &[u8]) -> Result<(), Rejected> {
        match self.place(packet) {
            Place::Stream(order) => self.follow(packet, order, Some(kind), payload),
            Place::Stranger | Place::Nowhere => Err(Rejected::Order),
        }
    }

    fn begin(&mut self, packet: &Arrived, kind: Kind, payload: &[u8]) {
        if let Some(old) = &self.stream {
            self.previous = Some(old.ssrc);
            self.run = self.run.wrapping_add(1);
            self.stats.restarts += 1;
            self.stats.lost += old.order.lost();
        }
        self.stranger = None;
        self.stats.received += 1;
        let rate = kind.clock().unwrap_or_else(|| self.config.clock());
        self.stream = Some(Stream {
            ssrc: packet.header.ssrc,
            remote: packet.remote,
            order: SequenceTracker::new(packet.header.sequence),
            duplicates: 0,
            heard_at: packet.at,
            clock: Clock::new(packet, rate),
        });
        self.queue(packet, kind.content(), payload);
    }

    fn queue(&mut self, packet: &Arrived, content: Content, payload: &[u8]) {
        let Some(stream) = &self.stream else { return };
        let (run, clock) = (self.run, stream.clock.rate());
        let stamp = Stamp { run, header: packet.header, arrival: packet.at, clock, content };
        for chunk in Chunk::cut(&stamp, payload) {
            if self.chunks.len() == MAX_CHUNKS {
                self.chunks.pop_front();
                self.stats.unread += 1;
            }
            self.chunks.push_back(chunk);
        }
    }

    fn queue_event(&mut self, packet: &Arrived, payload: &[u8]) -> Result<(), Rejected> {
        let payload = *payload.first_chunk().ok_or(Rejected::TooShort)?;
        let event = TelephoneEvent { arrival: packet.at, header: packet.header, payload };
        if self.events.is_full() {
            self.events.pop_front();
            self.stats.unread += 1;
        }
        // There is room now.
        let _ = self.events.push_back(event);
        Ok(())
    }

    /// Whether the stream has made room for `packet`.
    fn has_paused(&self, packet: &Arrived) -> bool {
        let Some(stream) = &self.stream else { return true };
        let is_from_there = stream.remote == packet.remote;
        let pause = if is_from_there { PAUSE } else { PAUSE_FOR_OTHERS };
        packet.at.since(stream.heard_at) >= pause || !self.config.source.allows(stream.remote)
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
    /// The payload types that were agreed on.
    pub formats: heapless::Vec<PayloadFormat, 16>,
    /// Where packets may come from.
    pub source: Source,
}

impl ReceiverConfig {
    fn kind(&self, payload_type: u8) -> Option<Kind> {
        let found = self.formats.iter().find(|format| format.payload_type == payload_type);
        found.map(|format| format.kind)
    }

    /// The clock before there is speech.
    fn clock(&self) -> SampleRate {
        self.formats.iter().find_map(|format| format.kind.clock()).unwrap_or(SampleRate::HZ_8000)
    }
}

/// A packet of a telephone event (RFC 4733).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// When it came.
    pub arrival: Instant,
    /// Its header: all packets of an event have the timestamp of its beginning.
    pub header: Header,
    /// The front of its payload: event, end and volume, duration.
    pub payload: [u8; 4],
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
    /// Its payload is longer than 240 ms, or than 60 ms of the widest format there is.
    TooLong,
    /// It is a telephone event of less than four bytes.
    TooShort,
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
            Self::TooLong => "expected a payload of 240 ms and 5760 bytes at most",
            Self::TooShort => "expected four bytes of telephone event",
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
    duplicates: u64,
    heard_at: Instant,
    clock: Clock,
}

/// A packet that may be the first of another stream.
#[derive(Clone, Debug)]
struct Stranger {
    packet: Arrived,
    kind: Kind,
    payload: Vec<u8>,
}

enum Place {
    Stream(Order),
    Stranger,
    Nowhere,
}

fn is_too_long(kind: Kind, len: usize) -> bool {
    match kind {
        Kind::Speech { clock, bytes_per_tick } => {
            let second = usize::try_from(clock.hz()).unwrap_or(0) * usize::from(bytes_per_tick);
            len > MAX_PAYLOAD || len * 1000 > second * MAX_PAYLOAD_MS
        }
        Kind::ComfortNoise | Kind::TelephoneEvent => false,
    }
}

/// A stream that is silent for so long has made room for another of its sender.
const PAUSE: Duration = Duration::from_millis(100);
/// And for another sender. Pauses of speech and bad networks are shorter.
const PAUSE_FOR_OTHERS: Duration = Duration::from_secs(2);
/// The longest payload: 60 ms of 16 bits at 48 kHz.
const MAX_PAYLOAD: usize = 36 * Chunk::CAPACITY;
const MAX_PAYLOAD_MS: usize = 240;
/// The chunks of two packets.
const MAX_CHUNKS: usize = 2 * MAX_PAYLOAD / Chunk::CAPACITY;

#[cfg(test)]
mod tests;
