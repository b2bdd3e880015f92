//! One end of a stream between two members (RFC 3550 §6.3, §6.4, §8.2).
//!
//! It reports what came and what was sent, keeps what the other end says, and says goodbye. Whose datagrams to listen to
//! is for others to decide, by their address; nothing here is believed to end a call.
//!
//! ```text
//!         our SR, at A             the other end's report, at B
//! ───────────┬───────────────────────────────^──────── us
//!             \                             /           round trip = B - A - delay
//! ─────────────v─────── delay ─────────────┴────────── the other end
//! ```

use super::Reception;
use super::ntp;
use super::reception::Progress;
use super::schedule::Schedule;
use super::{Cname, Compound, Datagram, NtpTime, Outgoing, Packet, ParseError, ReportBlock, SenderInfo};
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

/// Reports, and hears reports.
#[derive(Clone, Debug)]
pub struct Reporter {
    config: ReporterConfig,
    schedule: Schedule,
    sent: Sending,
    progress: Progress,
    /// The last of our SRs: the middle of their time, and when they went.
    our_times: heapless::Deque<(u32, Instant), OUR_TIMES>,
    peer_clock: Option<PeerClock>,
    peer_view: Option<PeerView>,
    transmit: Option<Datagram>,
    events: heapless::Deque<Event, MAX_EVENTS>,
    has_collided: bool,
    has_left: bool,
    stats: ReporterStats,
}

impl Reporter {
    /// A member that joins at `now`.
    #[must_use]
    pub fn new(config: ReporterConfig, now: Instant) -> Self {
        Self {
            schedule: Schedule::new(config.interval.min(LONGEST_INTERVAL), config.seed, now),
            config,
            sent: Sending::default(),
            progress: Progress::default(),
            our_times: heapless::Deque::new(),
            peer_clock: None,
            peer_view: None,
            transmit: None,
            events: heapless::Deque::new(),
            has_collided: false,
            has_left: false,
            stats: ReporterStats::default(),
        }
    }

    /// Takes a datagram from the other end.
    ///
    /// # Errors
    /// A [`ParseError`] for what is no RTCP; it is counted.
    pub fn handle_message(&mut self, now: Instant, datagram: &[u8]) -> Result<(), ParseError> {
        let compound = Compound::parse(datagram).inspect_err(|_| self.stats.malformed += 1)?;
        self.stats.received += 1;
        for packet in compound.packets() {
            self.handle_packet(now, packet);
        }
        Ok(())
    }

    /// Counts what was sent.
    pub fn handle_sent(&mut self, now: Instant, sent: Sent) {
        self.sent.packets = self.sent.packets.wrapping_add(sent.packets);
        self.sent.octets = self.sent.octets.wrapping_add(sent.octets);
        self.sent.newest = Some((now, sent.timestamp));
        self.sent.is_known = true;
        self.sent.is_recent = [true, self.sent.is_recent[1]];
    }

    /// Reports, if it is time.
    pub fn handle_timeout(&mut self, now: Instant, local: Local) {
        if !self.has_left && self.schedule.expire(now) {
            self.report(now, local, false);
        }
    }

    /// When [`Self::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.has_left { None } else { Some(self.schedule.due()) }
    }

    /// The datagram to be sent to the other end.
    pub fn poll_transmit(&mut self) -> Option<Datagram> {
        self.transmit.take()
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Leaves: there is a last report with a BYE to be sent, unless nothing was ever sent (§6.3.7). Among so few members
    /// it need not wait.
    pub fn bye(&mut self, now: Instant, local: Local) {
        self.farewell(now, local);
        self.has_left = true;
    }

    /// Goes on under another SSRC, with a BYE for the old one, after a collision (§8.2) or because another stream is sent
    /// now. Counts begin anew (§6.4.1).
    pub fn change_ssrc(&mut self, now: Instant, ssrc: u32, local: Local) {
        self.farewell(now, local);
        self.config.ssrc = ssrc;
        self.sent = Sending::default();
        self.has_collided = false;
        self.our_times.clear();
        self.peer_view = None;
    }

    /// What the other end says of its clock.
    #[must_use]
    pub fn peer_clock(&self) -> Option<PeerClock> {
        self.peer_clock
    }

    /// What the other end says of the stream that is sent to it.
    #[must_use]
    pub fn peer_view(&self) -> Option<PeerView> {
        self.peer_view
    }

    /// What has come and gone so far.
    #[must_use]
    pub fn stats(&self) -> ReporterStats {
        self.stats
    }

    fn handle_packet(&mut self, now: Instant, packet: Packet) {
        match packet {
            Packet::SenderReport { ssrc, .. } | Packet::ReceiverReport { ssrc, .. }
                if ssrc == self.config.ssrc =>
            {
                self.stats.own += 1;
            }
            Packet::SenderReport { ssrc, info, reports } => {
                self.peer_clock = Some(PeerClock { ssrc, info, at: now });
                reports.iter().for_each(|block| self.on_block(now, &block));
            }
            Packet::ReceiverReport { reports, .. } => {
                reports.iter().for_each(|block| self.on_block(now, &block));
            }
            Packet::SourceDescription(names) => {
                names.names().for_each(|(ssrc, name)| self.on_name(ssrc, name));
            }
            Packet::Bye(sources) => sources.iter().for_each(|ssrc| self.on_bye(ssrc)),
            Packet::App { .. } | Packet::Other { .. } => {}
        }
    }

    fn on_block(&mut self, now: Instant, block: &ReportBlock) {
        if block.ssrc != self.config.ssrc {
            return;
        }
        let before = self.peer_view.and_then(|view| view.round_trip);
        self.peer_view = Some(PeerView {
            fraction_lost: f32::from(block.fraction_lost) / 256.0,
            lost: block.lost,
            jitter: self.config.clock.span_of(block.jitter.into()),
            round_trip: self.round_trip(now, block).or(before),
            at: now,
        });
    }

    /// By the time of this box: a wall clock may have been set since.
    fn round_trip(&self, now: Instant, block: &ReportBlock) -> Option<Duration> {
        let &(_, sent_at) = self.our_times.iter().find(|(time, _)| *time == block.last_report)?;
        let (elapsed, delay) = (now.since(sent_at), ntp::span(block.delay));
        // Rounded, and counted by another clock.
        if delay > elapsed + INEXACT { None } else { Some(elapsed.saturating_sub(delay)) }
    }

    fn on_name(&mut self, ssrc: u32, name: &[u8]) {
        let is_collision = ssrc == self.config.ssrc && name != self.config.cname.as_bytes();
        if is_collision && !self.has_collided {
            self.has_collided = true;
            self.push(Event::Collision);
        }
    }

    fn on_bye(&mut self, ssrc: u32) {
        if ssrc != self.config.ssrc {
            self.push(Event::Bye { ssrc });
        }
    }

    /// The oldest gives way: nobody has asked for it.
    fn push(&mut self, event: Event) {
        if self.events.is_full() {
            self.events.pop_front();
        }
        // There is room now.
        let _ = self.events.push_back(event);
    }

    fn farewell(&mut self, now: Instant, local: Local) {
        if !self.has_left && self.sent.is_known {
            self.report(now, local, true);
        }
    }

    fn report(&mut self, now: Instant, local: Local, bye: bool) {
        let info = self.sent.info(now, local.ntp, self.config.clock);
        if info.is_some() {
            self.remember(local.ntp, now);
        }
        let report = local.reception.and_then(|reception| self.block(now, reception));
        let (ssrc, cname) = (self.config.ssrc, self.config.cname);
        self.transmit = Some(Outgoing { ssrc, info, report, cname, bye }.write());
        self.stats.sent += 1;
        self.sent.is_known = true;
        self.sent.is_recent = [false, self.sent.is_recent[0]];
    }

    fn remember(&mut self, ntp: NtpTime, now: Instant) {
        if self.our_times.is_full() {
            self.our_times.pop_front();
        }
        // There is room now.
        let _ = self.our_times.push_back((ntp.middle(), now));
    }

    fn block(&mut self, now: Instant, reception: Reception) -> Option<ReportBlock> {
        let block = self.progress.block(reception)?;
        let Some(clock) = self.peer_clock.filter(|clock| clock.ssrc == block.ssrc) else {
            return Some(block);
        };
        let delay = ntp::short(now.since(clock.at));
        Some(ReportBlock { last_report: clock.info.ntp.middle(), delay, ..block })
    }
}

/// What a [`Reporter`] reports as.
#[derive(Clone, Copy, Debug)]
pub struct ReporterConfig {
    /// The stream that is sent, or the name under which nothing is.
    pub ssrc: u32,
    /// Who sends it.
    pub cname: Cname,
    /// The clock of the timestamps that are sent.
    pub clock: SampleRate,
    /// The mean of the time between reports; at most an hour. See [`Self::INTERVAL`].
    pub interval: Duration,
    /// Where random intervals come from.
    pub seed: u64,
}

impl ReporterConfig {
    /// What RFC 3550 §6.2 recommends.
    pub const INTERVAL: Duration = Duration::from_secs(5);
}

/// What was sent since the last time that was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How many packets.
    pub packets: u32,
    /// How many bytes of payload.
    pub octets: u32,
    /// The timestamp of the last; it stands for the moment of the call.
    pub timestamp: u32,
}

/// What a report needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The time, by the wall or since the call began; it need not go on without a jump.
    pub ntp: NtpTime,
    /// What has come so far.
    pub reception: Option<Reception>,
}

/// What the driver should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A stream of the other end is over. Not so the call: that is for SIP to say.
    Bye {
        /// Which stream.
        ssrc: u32,
    },
    /// The other end uses our SSRC: time for another, and for [`Reporter::change_ssrc`].
    Collision,
}

/// How the clock of a stream runs, as its sender says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerClock {
    /// Which stream.
    pub ssrc: u32,
    /// Its time and its timestamp of the same moment, and what was sent.
    pub info: SenderInfo,
    /// When that came.
    pub at: Instant,
}

/// How what is sent fares on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeerView {
    /// Which part of the packets got lost between the last two reports; 0 to 1.
    pub fraction_lost: f32,
    /// How many got lost so far; negative if more came than were sent.
    pub lost: i32,
    /// How unevenly they come.
    pub jitter: Duration,
    /// From here to there and back, when that was last known. Only SRs find out.
    pub round_trip: Option<Duration>,
    /// When this came.
    pub at: Instant,
}

/// What a [`Reporter`] counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReporterStats {
    /// Compounds sent.
    pub sent: u64,
    /// Compounds received.
    pub received: u64,
    /// Datagrams that were none.
    pub malformed: u64,
    /// Reports under our own SSRC: sent by ourselves and returned, or a collision.
    pub own: u64,
}

/// What was sent under an SSRC.
#[derive(Clone, Copy, Debug, Default)]
struct Sending {
    packets: u32,
    octets: u32,
    /// When the last packet went, and its timestamp.
    newest: Option<(Instant, u32)>,
    /// Whether anything went since the last report, and between the two before.
    is_recent: [bool; 2],
    /// Whether anybody may have heard of the SSRC.
    is_known: bool,
}

impl Sending {
    /// What an SR says; `None` when nothing went for two intervals (§6.3.8).
    fn info(&self, now: Instant, ntp: NtpTime, clock: SampleRate) -> Option<SenderInfo> {
        let (sent_at, timestamp) = self.newest.filter(|_| self.is_recent.contains(&true))?;
        let elapsed = u64::try_from(now.since(sent_at).as_micros()).unwrap_or(u64::MAX);
        #[expect(clippy::cast_possible_truncation, reason = "timestamps wrap")]
        let ticks = (elapsed.saturating_mul(clock.hz().into()) / 1_000_000) as u32;
        let timestamp = timestamp.wrapping_add(ticks);
        Some(SenderInfo { ntp, timestamp, packets: self.packets, octets: self.octets })
    }
}

/// Nobody waits longer for a report.
const LONGEST_INTERVAL: Duration = Duration::from_hours(1);
/// A report may be about the fourth last of ours when those behind it got lost.
const OUR_TIMES: usize = 4;
/// How much longer the delay at the other end may seem than the round trip.
const INEXACT: Duration = Duration::from_millis(1);
/// More than that many streams do not end in one datagram that means well.
const MAX_EVENTS: usize = 8;

#[cfg(test)]
mod tests;
