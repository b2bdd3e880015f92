//! What goes back to one caller: sound on the bus of telephone voices in, RTP out.
//!
//! ```text
//! the others ─┬─ 16 kHz, 40 frames ─> Decimator (or none, or Interpolator3) ─> frame of ptime ─> Encoder ─> Sender ─> datagram
//! an Aside ───┘
//! ```
//!
//! Silence is not sent, but for one packet a [`KEEP_ALIVE`]: it holds NAT bindings open and tells exchanges that watch for
//! RTP that the call lives (RFC 6263 §4 asks for 15 s; some give up sooner). The first packets of all are sent whatever
//! is in them, so that a peer that answers to where packets come from (symmetric RTP, RFC 4961) knows it early.

use super::aside::Aside;
use super::message::VoiceId;
use super::{BLOCK_TIME, BUS_BLOCK};
use crate::codec::{Codec, Encoder};
use crate::dsp::{Decimator, Interpolator3};
use crate::rtp::{Header, Sender};
use crate::time::Instant;
use crate::zones::ZoneSet;
use core::time::Duration;

/// The way back to one caller.
#[derive(Clone, Debug)]
pub struct Leg {
    /// The caller's own voice, which he does not hear.
    voice: VoiceId,
    filter: Filter,
    encoder: Encoder,
    sender: Sender,
    /// A packet's worth of samples, and how many are there.
    frame: Box<[f32]>,
    filled: usize,
    payload: Box<[u8]>,
    datagram: Box<[u8]>,
    ticks: u32,
    /// Frames of silence since the last sound, and since the last packet.
    quiet: u32,
    unsent: u32,
    /// Frames of silence between two packets.
    keep_alive: u32,
    is_muted: bool,
    /// Whether the caller hears the others.
    is_admitted: bool,
    /// He hears those who are in one of them.
    zones: ZoneSet,
    /// What is said to him alone.
    aside: Option<Box<Aside>>,
    stats: LegStats,
}

/// What a leg is made for.
#[derive(Clone, Copy, Debug)]
pub struct LegConfig {
    /// How sound is encoded.
    pub codec: Codec,
    /// The payload type that was agreed on.
    pub payload_type: u8,
    /// How long a packet lasts: 10 to 60 ms, cut to whole blocks.
    pub ptime: Duration,
    /// Of sequence number, timestamp and SSRC.
    pub seed: u64,
}

/// What a leg has sent, as RTCP reports it (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegStats {
    /// Packets.
    pub packets: u64,
    /// Bytes of payload.
    pub octets: u64,
    /// The RTP timestamp of what would be sent now.
    pub timestamp: u32,
}

impl Leg {
    /// The way back to the caller whose voice is `voice`, who hears nobody yet.
    #[must_use]
    pub fn new(voice: VoiceId, config: LegConfig) -> Self {
        let LegConfig { codec, payload_type, ptime, seed } = config;
        let ptime = whole_blocks(ptime.clamp(PTIME_MIN, PTIME_MAX));
        let samples = codec.sample_rate().frames_in(ptime);
        let ticks = codec.clock_rate().frames_in(ptime);
        let len = ticks * codec.bytes_per_tick();
        Self {
            voice,
            filter: Filter::new(codec.sample_rate().hz()),
            encoder: codec.encoder(),
            sender: Sender::new(seed, payload_type),
            frame: vec![0.0; samples].into(),
            filled: 0,
            payload: vec![0; len].into(),
            datagram: vec![0; Header::LEN + len].into(),
            ticks: u32::try_from(ticks).unwrap_or(u32::MAX),
            quiet: HANG_OVER,
            unsent: 0,
            keep_alive: u32::try_from(KEEP_ALIVE.as_micros() / ptime.as_micros()).unwrap_or(1),
            is_muted: false,
            is_admitted: false,
            zones: ZoneSet::ALL,
            aside: None,
            stats: LegStats::default(),
        }
    }

    /// Whose way back it is.
    #[must_use]
    pub fn voice(&self) -> VoiceId {
        self.voice
    }

    /// The SSRC of its packets.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.sender.next_header().ssrc
    }

    /// What it has sent.
    #[must_use]
    pub fn stats(&self) -> LegStats {
        LegStats { timestamp: self.sender.next_header().timestamp, ..self.stats }
    }

    /// Sends nothing while muted: the caller is on hold.
    pub fn set_muted(&mut self, is_muted: bool) {
        self.is_muted = is_muted;
    }

    /// The caller hears the others from now on.
    pub fn admit(&mut self) {
        self.is_admitted = true;
    }

    /// The caller hears those who are in one of these zones; all until this is said.
    pub fn place(&mut self, zones: ZoneSet) {
        self.zones = zones;
    }

    /// Whose voices he hears, if any.
    pub(super) fn zones(&self) -> ZoneSet {
        if self.is_admitted { self.zones } else { ZoneSet::NONE }
    }

    /// Says something to the caller alone; given back while he is told something else.
    pub(super) fn tell(&mut self, aside: Box<Aside>) -> Option<Box<Aside>> {
        if self.aside.is_some() {
            return Some(aside);
        }
        self.aside = Some(aside);
        None
    }

    /// What is said to him fades out.
    pub(super) fn hush(&mut self, now: Instant) {
        if let Some(aside) = &mut self.aside {
            aside.release(now);
        }
    }

    /// Whether something is said to him, or waits to be taken back.
    pub(super) fn is_telling(&self) -> bool {
        self.aside.is_some()
    }

    /// What has been said to him.
    pub(super) fn take_told(&mut self) -> Option<Box<Aside>> {
        self.aside.take_if(|aside| aside.is_done())
    }

    /// Adds what is said to him from `now` on to `block`; whether that is anything.
    pub(super) fn add_aside(&mut self, now: Instant, block: &mut [f32; BUS_BLOCK]) -> bool {
        let Some(said) = self.aside.as_mut().and_then(|aside| aside.render(now)) else { return false };
        for (sample, said) in block.iter_mut().zip(said) {
            *sample += said;
        }
        true
    }

    /// Takes a block of what the caller is to hear, and gives `send` the packet that it fills.
    pub(super) fn push(&mut self, block: &[f32; BUS_BLOCK], sounds: bool, send: impl FnMut(&[u8])) {
        if sounds {
            self.quiet = 0;
        }
        let mut samples = [0.0; 3 * BUS_BLOCK];
        let samples = self.filter.process(block, &mut samples);
        let room = &mut self.frame[self.filled..];
        let taken = samples.len().min(room.len());
        room[..taken].copy_from_slice(&samples[..taken]);
        self.filled += taken;
        self.end_frame(send);
    }

    /// Lets `blocks` of silence pass.
    pub(super) fn rest(&mut self, blocks: usize, mut send: impl FnMut(&[u8])) {
        let len = self.filter.block_len();
        for _ in 0..blocks {
            let end = (self.filled + len).min(self.frame.len());
            self.frame[self.filled..end].fill(0.0);
            self.filled = end;
            self.end_frame(&mut send);
        }
    }

    fn end_frame(&mut self, mut send: impl FnMut(&[u8])) {
        if self.filled < self.frame.len() {
            return;
        }
        self.filled = 0;
        let is_opening = self.stats.packets < OPENING;
        let is_due = is_opening || self.quiet < HANG_OVER || self.unsent + 1 >= self.keep_alive;
        self.quiet = self.quiet.saturating_add(1);
        if !is_due || self.is_muted {
            self.unsent = self.unsent.saturating_add(1);
            self.sender.skip(self.ticks);
            return;
        }
        self.unsent = 0;
        let len = self.encoder.encode(&self.frame, &mut self.payload);
        if let Ok(len) = self.sender.write(&self.payload[..len], self.ticks, &mut self.datagram) {
            self.stats.packets += 1;
            self.stats.octets += u64::try_from(len - Header::LEN).unwrap_or(0);
            send(&self.datagram[..len]);
        }
    }
}

/// From the bus to the rate of a codec.
#[derive(Clone, Debug)]
enum Filter {
    Down(Decimator),
    Same,
    Up(Box<Interpolator3>),
}

impl Filter {
    fn new(rate_hz: u32) -> Self {
        match rate_hz {
            8_000 => Self::Down(Decimator::new(2)),
            48_000 => Self::Up(Box::default()),
            _ => Self::Same,
        }
    }

    /// Samples that a block becomes.
    fn block_len(&self) -> usize {
        match self {
            Self::Down(_) => BUS_BLOCK / 2,
            Self::Same => BUS_BLOCK,
            Self::Up(_) => BUS_BLOCK * Interpolator3::FACTOR,
        }
    }

    fn process<'a>(&mut self, block: &[f32; BUS_BLOCK], samples: &'a mut [f32; 3 * BUS_BLOCK]) -> &'a [f32] {
        let written = match self {
            Self::Down(decimator) => decimator.process(block, samples),
            Self::Same => {
                samples[..BUS_BLOCK].copy_from_slice(block);
                BUS_BLOCK
            }
            Self::Up(interpolator) => interpolator.process(block, samples),
        };
        &samples[..written]
    }
}

fn whole_blocks(span: Duration) -> Duration {
    BLOCK_TIME * u32::try_from(span.as_micros() / BLOCK_TIME.as_micros()).unwrap_or(1)
}

/// How often silence is sent.
pub const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// Packets that are sent first, whatever is in them.
const OPENING: u64 = 3;
/// Frames that are still sent after the last sound, for what rings on.
const HANG_OVER: u32 = 5;
const PTIME_MIN: Duration = Duration::from_millis(10);
const PTIME_MAX: Duration = Duration::from_millis(60);
