//! Voices come, speak and go; what they say becomes one block after the other.

use super::message::{Command, MAX_ZONES, OutputLevels, OutputStats, Report, VoiceId, VoiceStats};
use super::reel::Piece;
use super::route::{Faders, Outlet, Route};
use super::spread::Spread;
use super::voice::Voice;
use super::zone::Zone;
use super::{BLOCK, BLOCK_TIME};
use crate::dsp::Reading;
use crate::time::Instant;
use crate::units::Level;
use core::time::Duration;

/// The voices of one sink, and what they sound like together.
#[derive(Debug)]
pub struct Mixer {
    channels: usize,
    /// At least one.
    zones: Vec<Zone>,
    /// Whether one zone has all channels.
    is_whole: bool,
    /// A voice keeps its seat until it is given back, so there is always room for what is to be reported. The room for
    /// twice as many as may be heard is made beforehand.
    seats: Vec<Seat>,
    max_voices: usize,
    /// Seats of voices that are heard.
    voices: usize,
    /// Whether there may be something to tell.
    has_news: bool,
    /// Blocks until the next reports of how things are.
    until_reports: u32,
    output: Option<OutputStats>,
    stray_media: u64,
    /// Pieces that nobody here takes, on their way back.
    strays: heapless::Deque<(VoiceId, Box<Piece>), MOST_STRAYS>,
}

impl Mixer {
    /// A mixer of up to `max_voices` voices for a sink of `channels` channels, which are one zone.
    #[must_use]
    pub fn new(channels: usize, max_voices: usize) -> Self {
        Self {
            channels: channels.max(1),
            zones: vec![Zone::new(Spread::even(channels), Duration::ZERO)],
            is_whole: true,
            seats: Vec::with_capacity(max_voices.saturating_mul(2)),
            max_voices,
            voices: 0,
            has_news: false,
            until_reports: BLOCKS_PER_REPORT,
            output: None,
            stray_media: 0,
            strays: heapless::Deque::new(),
        }
    }

    /// The same mixer with another loudest sample than [`Limiter::CEILING`](crate::dsp::Limiter::CEILING), for channels
    /// of unequal levels too.
    #[must_use]
    pub fn with_ceiling(mut self, ceiling: Level) -> Self {
        self.set_ceiling(ceiling);
        self
    }

    /// The same mixer for zones of one card, up to [`MAX_ZONES`], each with its channels and the time by which all is
    /// heard later there; to be told before the ceiling. Channels of no zone are silent.
    #[must_use]
    pub fn with_zones(self, zones: impl IntoIterator<Item = (Spread, Duration)>) -> Self {
        let mut zones = zones.into_iter().take(MAX_ZONES).peekable();
        let Some((first, _)) = zones.peek() else { return self };
        let (channels, is_everywhere) = (first.channels(), first.is_everywhere());
        let zones: Vec<_> = zones.map(|(spread, delay)| Zone::new(spread, delay)).collect();
        Self { channels, is_whole: is_everywhere && zones.len() == 1, zones, ..self }
    }

    /// Does as told. A voice beyond the most there may be is given back by [`Report::Retired`] at once.
    ///
    /// Voices that are not given back yet take room too. Whoever sends more than twice the most without taking any back
    /// has them dropped here.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Attach { voice, source, route } => self.attach(voice, source, &route),
            Command::Route { voice, zone, level, fade } => {
                if let Some(seat) = self.find(voice) {
                    seat.faders.set(zone, level, fade);
                }
            }
            Command::Media(media) => match self.find(media.voice) {
                Some(seat) => seat.source.handle_media(now, &media.chunk),
                None => self.stray_media += 1,
            },
            Command::Piece { voice, piece } => self.handle_piece(voice, piece),
            Command::SetPace { voice, ppm, paused } => {
                if let Some(seat) = self.find(voice) {
                    seat.source.set_pace(ppm, paused);
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
            Command::SetOutput(OutputLevels { channels, ceiling }) => {
                for zone in &mut self.zones {
                    zone.spread_mut().set_levels(&channels);
                }
                self.set_ceiling(ceiling);
            }
        }
    }

    /// Writes what is heard from `now` on: frames of interleaved samples at 48 kHz, a whole number of [`BLOCK`]s. What
    /// is left over is silence.
    pub fn render(&mut self, now: Instant, output: &mut [f32]) {
        let mut at = now;
        let mut blocks = output.chunks_exact_mut(BLOCK * self.channels);
        for block in &mut blocks {
            self.render_block(at, block);
            at += BLOCK_TIME;
        }
        blocks.into_remainder().fill(0.0);
    }

    /// What there is to tell, until there is no more.
    pub fn poll_report(&mut self) -> Option<Report> {
        if !self.has_news {
            return None;
        }
        let output = self.output.take().map(Report::Output);
        let report = output
            .or_else(|| self.strays.pop_front().map(|(voice, piece)| Report::Spent { voice, piece }))
            .or_else(|| self.poll_retired())
            .or_else(|| self.seats.iter_mut().find_map(Seat::poll));
        self.has_news = report.is_some();
        report
    }

    /// Whether no voice is attached and all sound has died away: what it renders is zeros.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.voices == 0 && self.zones.iter().all(Zone::is_quiet)
    }

    /// Whether all that there is to hear is music.
    #[must_use]
    pub fn plays_only_music(&self) -> bool {
        self.voices > 0 && self.seats.iter().filter(|seat| !seat.retired).all(|seat| seat.source.is_music())
    }

    /// Voices that are attached.
    #[must_use]
    pub fn voices(&self) -> usize {
        self.voices
    }

    fn set_ceiling(&mut self, ceiling: Level) {
        for zone in &mut self.zones {
            zone.set_ceiling(ceiling);
        }
    }

    fn attach(&mut self, voice: VoiceId, source: Box<Voice>, route: &Route) {
        let retired = self.voices >= self.max_voices;
        if self.seats.len() < self.max_voices.saturating_mul(2) {
            self.voices += usize::from(!retired);
            self.has_news |= retired;
            let faders = Faders::new(route, self.zones.len());
            self.seats.push(Seat { voice, source, faders, retired, playing: Playing::NotYet, stats: None });
        }
    }

    /// A piece of a voice that waits to be given back goes back with it. One that nobody takes goes back by itself; this thread
    /// frees none, so one of more than [`MOST_STRAYS`] would rather be lost.
    fn handle_piece(&mut self, voice: VoiceId, piece: Box<Piece>) {
        let left = match self.seats.iter_mut().find(|seat| seat.voice == voice) {
            Some(seat) => seat.source.handle_piece(piece),
            None => Some(piece),
        };
        let Some(left) = left else { return };
        self.has_news = true;
        if let Err(lost) = self.strays.push_back((voice, left)) {
            core::mem::forget(lost);
        }
    }

    /// Gives back a voice that is done, once it was told that it played.
    fn poll_retired(&mut self) -> Option<Report> {
        let done = self.seats.iter().position(|seat| seat.retired && seat.playing != Playing::ToTell)?;
        let seat = self.seats.swap_remove(done);
        let stats = seat.stats(&self.zones);
        let Seat { voice, source, .. } = seat;
        Some(Report::Retired { voice, source, stats })
    }

    fn find(&mut self, voice: VoiceId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.voice == voice && !seat.retired)
    }

    fn render_block(&mut self, now: Instant, output: &mut [f32]) {
        for zone in &mut self.zones {
            zone.buses.clear();
        }
        for seat in self.seats.iter_mut().filter(|seat| !seat.retired) {
            seat.render(now, &mut self.zones);
            self.voices -= usize::from(seat.retired);
            self.has_news |= seat.has_news();
        }
        self.render_zones(output);
        self.count_down_to_reports();
    }

    fn render_zones(&mut self, output: &mut [f32]) {
        if let (true, [zone]) = (self.is_whole, self.zones.as_mut_slice()) {
            if !zone.render(output) {
                output.fill(0.0);
            }
            return;
        }
        output.fill(0.0);
        for zone in &mut self.zones {
            zone.render(output);
        }
    }

    fn count_down_to_reports(&mut self) {
        self.until_reports -= 1;
        if self.until_reports > 0 {
            return;
        }
        self.until_reports = BLOCKS_PER_REPORT;
        self.has_news = true;
        for seat in self.seats.iter_mut().filter(|seat| !seat.retired) {
            seat.stats = Some(seat.stats(&self.zones));
            seat.source.reset_meter();
        }
        let readings = self.zones.iter_mut().map(Zone::take_reading);
        let level = readings.fold(Reading::default(), louder);
        let voices = self.voices;
        if !self.is_idle() {
            self.output = Some(OutputStats { level, voices, stray_media: self.stray_media });
        }
    }
}

/// A voice and what there is to tell of it.
#[derive(Debug)]
struct Seat {
    voice: VoiceId,
    source: Box<Voice>,
    faders: Faders,
    /// It waits to be given back.
    retired: bool,
    playing: Playing,
    stats: Option<VoiceStats>,
}

impl Seat {
    fn render(&mut self, now: Instant, zones: &mut [Zone]) {
        self.source.render(now, &mut Outlet { zones, faders: &self.faders });
        self.faders.advance();
        if self.playing == Playing::NotYet && self.source.has_spoken() {
            self.playing = Playing::ToTell;
        }
        self.retired = self.source.is_done();
    }

    fn stats(&self, zones: &[Zone]) -> VoiceStats {
        VoiceStats { gain: self.faders.loudest(zones), ..self.source.stats() }
    }

    fn has_news(&self) -> bool {
        self.retired || self.playing == Playing::ToTell || self.source.has_spent()
    }

    fn poll(&mut self) -> Option<Report> {
        let voice = self.voice;
        if self.playing == Playing::ToTell {
            self.playing = Playing::Told;
            return Some(Report::Playing { voice });
        }
        if let Some(piece) = self.source.take_spent() {
            return Some(Report::Spent { voice, piece });
        }
        let stats = self.stats.take()?;
        Some(Report::Voice { voice, stats })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Playing {
    NotYet,
    ToTell,
    Told,
}

fn louder(one: Reading, other: Reading) -> Reading {
    if other.rms > one.rms { other } else { one }
}

/// Pieces of a voice that is gone: all that it may have had, twice.
const MOST_STRAYS: usize = 2 * Piece::MOST;
/// A second of blocks.
const BLOCKS_PER_REPORT: u32 = 400;
