//! Several callers who hear one another: voices in, one leg back to each.
//!
//! Each voice is rendered once; a leg gets the sum of all but the caller's own that are heard in one of his zones, if he is
//! admitted, and what is said to him alone. It is the mixer of those sinks that have no card: its clock is the pacer's, and its voices are other ones than
//! those of the loudspeakers, each with a jitter buffer for this clock.
//!
//! Left out: limiting. Telephones clip softly enough, and two who talk at once do not add up to more than one who shouts.

use super::aside::Aside;
use super::bus::Buses;
use super::leg::{Leg, LegStats};
use super::message::{Command, Report, VoiceId};
use super::voice::Voice;
use super::{BLOCK, BLOCK_TIME, BUS_BLOCK};
use crate::dsp::Decimator;
use crate::time::Instant;
use crate::zones::ZoneSet;

/// The callers of one box.
#[derive(Debug)]
pub struct Conference {
    seats: Vec<Seat>,
    #[expect(clippy::vec_box, reason = "a leg comes and goes as it is, and is dropped elsewhere")]
    legs: Vec<Box<Leg>>,
    /// For the voices to come, made beforehand.
    filters: Vec<Decimator>,
    max_voices: usize,
    max_legs: usize,
}

impl Conference {
    /// A conference of up to so many voices and legs.
    #[must_use]
    pub fn new(max_voices: usize, max_legs: usize) -> Self {
        let seats = 2 * max_voices;
        let filters = core::iter::repeat_with(|| Decimator::new(BLOCK / BUS_BLOCK)).take(seats).collect();
        let (seats, legs) = (Vec::with_capacity(seats), Vec::with_capacity(max_legs));
        Self { seats, legs, filters, max_voices, max_legs }
    }

    /// The most legs there may be.
    #[must_use]
    pub fn max_legs(&self) -> usize {
        self.max_legs
    }

    /// Does as told, as a mixer does. A voice too many comes back by the next report.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Attach { voice, source, .. } => self.attach(voice, source),
            Command::Media(media) => {
                if let Some(seat) = self.find(media.voice) {
                    seat.source.handle_media(now, &media.chunk);
                }
            }
            Command::SetLevel { voice, level } => {
                if let Some(seat) = self.find(voice) {
                    seat.source.set_level(level);
                }
            }
            Command::Hush { voice, hushed } => {
                if let Some(seat) = self.find(voice) {
                    seat.source.set_hushed(hushed);
                }
            }
            Command::Release { voice } => {
                if let Some(seat) = self.find(voice) {
                    seat.source.release(now);
                }
            }
            // Callers are in no zone, and what they hear has a level of its own, and no music.
            Command::Route { .. }
            | Command::SetOutput(_)
            | Command::Piece { .. }
            | Command::SetPace { .. } => {}
        }
    }

    /// Adds a way back; one too many is returned.
    pub fn open(&mut self, leg: Box<Leg>) -> Option<Box<Leg>> {
        if self.legs.len() >= self.max_legs {
            return Some(leg);
        }
        self.legs.push(leg);
        None
    }

    /// Takes the way back to the caller of `voice` away.
    pub fn close(&mut self, voice: VoiceId) -> Option<Box<Leg>> {
        let index = self.legs.iter().position(|leg| leg.voice() == voice)?;
        Some(self.legs.swap_remove(index))
    }

    /// The caller of `voice` hears the others from now on.
    pub fn admit(&mut self, voice: VoiceId) {
        if let Some(leg) = self.find_leg(voice) {
            leg.admit();
        }
    }

    /// The caller of `voice` is heard in these zones: he hears, and is heard by, those who are in one of them. All until this
    /// is said.
    pub fn place(&mut self, voice: VoiceId, zones: ZoneSet) {
        if let Some(leg) = self.find_leg(voice) {
            leg.place(zones);
        }
        if let Some(seat) = self.find(voice) {
            seat.zones = zones;
        }
    }

    /// Says something to the caller of `voice` alone; given back when there is no way to him, or he is told something else.
    pub fn tell(&mut self, voice: VoiceId, aside: Box<Aside>) -> Option<Box<Aside>> {
        match self.find_leg(voice) {
            Some(leg) => leg.tell(aside),
            None => Some(aside),
        }
    }

    /// What is said to the caller of `voice` fades out.
    pub fn hush(&mut self, now: Instant, voice: VoiceId) {
        if let Some(leg) = self.find_leg(voice) {
            leg.hush(now);
        }
    }

    /// Something that has been said to a caller, and who that is.
    pub fn poll_told(&mut self) -> Option<(VoiceId, Box<Aside>)> {
        self.legs.iter_mut().find_map(|leg| Some((leg.voice(), leg.take_told()?)))
    }

    /// Sends nothing to the caller of `voice`, or again.
    pub fn set_muted(&mut self, voice: VoiceId, is_muted: bool) {
        if let Some(leg) = self.find_leg(voice) {
            leg.set_muted(is_muted);
        }
    }

    /// Renders what is said from `now` on for `blocks` blocks, and gives `send` each packet with whom it is for.
    pub fn render(&mut self, now: Instant, blocks: usize, mut send: impl FnMut(VoiceId, &[u8])) {
        let mut at = now;
        for _ in 0..blocks {
            self.render_block(at, &mut send);
            at += BLOCK_TIME;
        }
    }

    /// Lets `blocks` pass in which nobody speaks.
    pub fn rest(&mut self, blocks: usize, mut send: impl FnMut(VoiceId, &[u8])) {
        for leg in &mut self.legs {
            let voice = leg.voice();
            leg.rest(blocks, |packet| send(voice, packet));
        }
    }

    /// A voice that is given back.
    pub fn poll_report(&mut self) -> Option<Report> {
        let done = self.seats.iter().position(|seat| seat.retired)?;
        let Seat { voice, source, mut filter, .. } = self.seats.swap_remove(done);
        filter.reset();
        self.filters.push(filter);
        let stats = source.stats();
        Some(Report::Retired { voice, source, stats })
    }

    /// What has been sent to each caller.
    pub fn leg_stats(&self) -> impl Iterator<Item = (VoiceId, LegStats)> {
        self.legs.iter().map(|leg| (leg.voice(), leg.stats()))
    }

    /// Whether nobody can be heard, and nobody is told anything: nothing but silence goes out.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.seats.is_empty() && !self.legs.iter().any(|leg| leg.is_telling())
    }

    fn attach(&mut self, voice: VoiceId, source: Box<Voice>) {
        let retired = self.seats.iter().filter(|seat| !seat.retired).count() >= self.max_voices;
        let zones = ZoneSet::ALL;
        // As many filters as there are free seats.
        if let Some(filter) = self.filters.pop() {
            self.seats.push(Seat {
                voice,
                source,
                filter,
                retired,
                block: [0.0; BUS_BLOCK],
                sounds: false,
                zones,
            });
        }
    }

    fn find(&mut self, voice: VoiceId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.voice == voice && !seat.retired)
    }

    fn find_leg(&mut self, voice: VoiceId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.voice() == voice).map(|leg| &mut **leg)
    }

    fn render_block(&mut self, now: Instant, send: &mut impl FnMut(VoiceId, &[u8])) {
        for seat in self.seats.iter_mut().filter(|seat| !seat.retired) {
            seat.render(now);
        }
        for leg in &mut self.legs {
            let voice = leg.voice();
            let (mut block, mut sounds) = ([0.0; BUS_BLOCK], false);
            let is_heard =
                |seat: &&Seat| seat.sounds && seat.voice != voice && seat.zones.intersects(leg.zones());
            for seat in self.seats.iter().filter(is_heard) {
                add(&mut block, &seat.block, 1.0);
                sounds = true;
            }
            sounds |= leg.add_aside(now, &mut block);
            leg.push(&block, sounds, |packet| send(voice, packet));
        }
    }
}

/// A voice and the last it said.
#[derive(Debug)]
struct Seat {
    voice: VoiceId,
    source: Box<Voice>,
    /// Brings what is on the bus of 48 kHz to that of telephone voices.
    filter: Decimator,
    retired: bool,
    block: [f32; BUS_BLOCK],
    sounds: bool,
    /// Where it is heard.
    zones: ZoneSet,
}

impl Seat {
    fn render(&mut self, now: Instant) {
        let mut buses = Buses::new();
        self.source.render(now, &mut buses);
        self.sounds = buses.speech().is_some() || buses.full().is_some();
        self.block = buses.speech().copied().unwrap_or([0.0; BUS_BLOCK]);
        if let Some(full) = buses.full() {
            let mut block = [0.0; BUS_BLOCK];
            self.filter.process(full, &mut block);
            add(&mut self.block, &block, 1.0);
        }
        self.retired = self.source.is_done();
    }
}

fn add(sum: &mut [f32; BUS_BLOCK], block: &[f32; BUS_BLOCK], gain: f32) {
    for (sum, sample) in sum.iter_mut().zip(block) {
        *sum += gain * sample;
    }
}
