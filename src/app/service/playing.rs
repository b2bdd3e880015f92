//! What a box at work plays at a word: of a key, a button, or a program on its machine.

use super::Service;
use super::call_log::{Page, Received};
use super::callers::Speaker;
use crate::app::control_socket::{Asked, Brought, ControlSocket, Guest};
use crate::app::playback::{AirNumber, Aired, Playback, Playing, Programme, Unplayed, What};
use crate::config::{Settings, Zone, ZoneNames};
use crate::control::{Play, Reply, Sound};
use crate::dsp::Chime;
use crate::mix::{Part, VoiceId};
use crate::paging::{Admission, Claim, Class, Kind, Want};
use crate::sip::CallKey;
use crate::status::{self, Ended, Programme as Shown, RecordKind};
use crate::time::Instant;
use crate::zones::ZoneSet;
use std::collections::VecDeque;
use std::sync::Arc;

/// What is played at a word, who asks for it, and what its words mean.
pub(in crate::app) struct Desk<'a> {
    pub(super) playback: Playback<'a>,
    control: Option<ControlSocket>,
    pub(super) settings: Settings,
    /// Programmes whose turn has come, and for which there is no room on air yet.
    due: VecDeque<AirNumber>,
    /// When the emergency was begun last, and by whom.
    alarm: Option<(Instant, Asker)>,
}

/// Who asks for the emergency, or for its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    Caller(CallKey),
    /// The name of a button.
    Button(String),
    Program,
}

impl<'a> Desk<'a> {
    /// One where those ask who come to `control`.
    pub(in crate::app) fn new(
        playback: Playback<'a>,
        control: Option<ControlSocket>,
        settings: Settings,
    ) -> Self {
        Self { playback, control, settings, due: VecDeque::new(), alarm: None }
    }

    pub(super) fn set_options(&mut self, settings: &Settings) {
        self.playback.set_options(settings);
        self.settings.clone_from(settings);
    }

    /// When the service wants to be woken for it.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let again = self.playback.waits().then(|| now + AGAIN_IN);
        [again, self.control.as_ref().and_then(ControlSocket::poll_timeout)].into_iter().flatten().min()
    }

    /// Whether the emergency is on, and was begun by somebody else so lately that who asks for it does not mean its end.
    fn is_begun_by_another(&self, now: Instant, by: &Asker) -> bool {
        let is_another = |(at, of): &(Instant, Asker)| of != by && now.since(*at) < SAME_ALARM;
        self.playback.is_emergency() && self.alarm.as_ref().is_some_and(is_another)
    }

    /// What is heard in every zone as a page is.
    fn everywhere(&self) -> Claim {
        let zones = self.settings.zone_set(&ZoneNames::All);
        Claim { class: Class::Page, priority: PAGE, zones }
    }

    /// The zones and groups of these names.
    fn zones(&self, names: &[String]) -> Result<Option<ZoneSet>, String> {
        let mut zones = None;
        for name in names {
            let found = self.settings.zones_named(name);
            if found.is_empty() {
                return Err(self.no_zone(name));
            }
            zones = Some(zones.unwrap_or(ZoneSet::NONE).union(found));
        }
        Ok(zones)
    }

    fn no_zone(&self, name: &str) -> String {
        let zones = self.settings.zones.iter().map(|zone| zone.name.as_str());
        let names = zones.chain(self.settings.groups.iter().map(|group| group.name.as_str()));
        let near = names
            .map(|known| (strsim::damerau_levenshtein(&known.to_lowercase(), &name.to_lowercase()), known))
            .min()
            .filter(|(distance, _)| *distance <= FAR);
        let near = near.map(|(_, near)| format!("; is \"{near}\" meant?")).unwrap_or_default();
        format!("there is no zone or group \"{}\"{near}", name.escape_debug())
    }

    pub(super) fn zone_names(&self, zones: ZoneSet) -> Vec<String> {
        let of_zone = |zone: usize| self.settings.zones.get(zone).map(|zone| zone.name.clone());
        let names: Vec<_> = zones.iter().filter_map(of_zone).collect();
        if names.is_empty() { vec![Zone::EVERYWHERE.to_owned()] } else { names }
    }

    /// What is to be played, where, and against what.
    fn programme(&self, play: Play, brought: Option<Brought>) -> Result<Programme, String> {
        let zones = self.zones(&play.zones)?;
        let claim = self.everywhere();
        let mut programme = match (play.sound, brought) {
            (Sound::Announcement(number), _) => {
                self.playback.announcement(&number).map_err(|error| error.to_string())?
            }
            (Sound::Samples { .. }, Some(Brought { rate, samples })) => {
                let name = play.name.chars().map(|c| if c.is_control() { '?' } else { c }).take(80).collect();
                Programme { what: What::Brought(name), claim, rate, parts: vec![Part::Clip(samples)] }
            }
            (Sound::Gong, _) => built_in("gong", Chime::Gong, claim),
            (Sound::ThreeTone, _) => built_in("three-tone", Chime::ThreeTone, claim),
            (Sound::Attention, _) => built_in("attention", Chime::Attention, claim),
            (Sound::Samples { .. } | Sound::Emergency, _) => return Err("it brings no sound".to_owned()),
        };
        programme.claim.zones = zones.unwrap_or(programme.claim.zones);
        programme.claim.priority = play.priority.unwrap_or(programme.claim.priority);
        Ok(programme)
    }
}

impl<'a> Service<'a> {
    /// The same box with what it plays at a word.
    pub(in crate::app) fn playing(self, desk: Desk<'a>) -> Self {
        Self { desk: Some(desk), ..self }
    }

    /// Does what programs ask for.
    pub(super) fn take_orders(&mut self, now: Instant) {
        while let Some(asked) = self.desk.as_ref().and_then(|desk| desk.control.as_ref()?.poll_asked()) {
            match asked {
                Asked::Play(guest, play, brought) => self.take_play(now, guest, play, brought),
                Asked::Stop(guest) => {
                    log::info!("paging stop: ends {} calls, and what is played", self.calls.len());
                    self.end_pages(now);
                    self.reply(guest, &Reply::Stopped);
                }
                Asked::Left(air) => {
                    if let Some(desk) = &mut self.desk {
                        desk.playback.end(air);
                    }
                }
            }
        }
    }

    fn take_play(&mut self, now: Instant, guest: Guest, play: Play, brought: Option<Brought>) {
        let waits = play.wait;
        match self.begin_play(now, play, brought) {
            Err(why) => self.reply(guest, &Reply::Error(why)),
            Ok(aired) => {
                self.reply(guest, &Reply::Playing);
                let control = self.desk.as_ref().and_then(|desk| desk.control.as_ref());
                if let (Some(control), true) = (control, waits) {
                    control.await_end(guest, aired);
                }
            }
        }
    }

    fn begin_play(&mut self, now: Instant, play: Play, brought: Option<Brought>) -> Result<Aired, String> {
        if play.sound == Sound::Emergency {
            return self.begin_emergency(now, &play);
        }
        let desk = self.desk.as_ref().ok_or_else(|| Unplayed::Busy.to_string())?;
        let programme = desk.programme(play, brought)?;
        self.play(now, programme).map_err(|error| error.to_string())
    }

    /// Begins a programme, as soon as it is heard whole, or as soon as nobody is before it any more.
    pub(super) fn play(&mut self, now: Instant, programme: Programme) -> Result<Aired, Unplayed> {
        let Some(desk) = &mut self.desk else { return Err(Unplayed::Busy) };
        let (what, want) = (programme.what.to_string(), Want::new(Kind::Programme, &programme.claim));
        let aired = desk.playback.admit(programme);
        if !aired.is_new {
            return Ok(aired);
        }
        match self.queue.handle_incoming(Speaker::Programme(aired.number), want) {
            Admission::Enter => self.begin_programme(now, aired.number)?,
            Admission::Wait => log::info!("{what} waits for others"),
            Admission::Refuse => {
                desk.playback.end(aired.number);
                return Err(Unplayed::TooManyWait);
            }
        }
        Ok(aired)
    }

    /// Nobody is before it.
    fn begin_programme(&mut self, now: Instant, number: AirNumber) -> Result<(), Unplayed> {
        self.make_way(now);
        let open_at = self.lines.as_mut().map_or(now, |lines| lines.open(now));
        let voice = self.media.voice();
        let Some(desk) = &mut self.desk else { return Err(Unplayed::Busy) };
        let Some(Programme { what, claim, .. }) = desk.playback.awaited(number) else { return Ok(()) };
        let of_what = (what.to_string(), claim.zones);
        desk.playback.begin((now, open_at), number, voice)?;
        let record = self.record_of_programme(now, RecordKind::Announcement, of_what);
        self.pages.begin(now, (Page::Programme(number), None), voice, record);
        Ok(())
    }

    /// It is the turn of a programme that waited.
    pub(super) fn play_awaited(&mut self, now: Instant, number: AirNumber) {
        if let Some(desk) = &mut self.desk {
            desk.due.push_back(number);
        }
        self.play_due(now);
    }

    /// Begins those whose turn has come, as far as there is room; the others keep their places.
    fn play_due(&mut self, now: Instant) {
        while let Some(desk) = self.desk.as_mut().filter(|desk| desk.playback.has_room())
            && let Some(number) = desk.due.pop_front()
        {
            let Some(what) = desk.playback.awaited(number).map(|programme| programme.what.to_string()) else {
                continue;
            };
            if let Err(error) = self.begin_programme(now, number) {
                log::warn!("{what} is not played: {error}");
            }
        }
    }

    /// Begins the stored announcement of this number.
    pub(super) fn play_announcement(&mut self, now: Instant, number: &str) -> Result<(), Unplayed> {
        let Some(desk) = &self.desk else { return Ok(()) };
        let programme = desk.playback.announcement(number)?;
        self.play(now, programme).map(drop)
    }

    /// Begins the emergency, or cancels it, at somebody's word; whether it is on from now on.
    pub(super) fn toggle_emergency(&mut self, now: Instant, by: Asker) -> bool {
        let Some(desk) = &mut self.desk else { return false };
        if desk.is_begun_by_another(now, &by) {
            return true;
        }
        let is_on = desk.playback.toggle_emergency(now);
        if is_on {
            desk.alarm = Some((now, by));
            if let Some((number, claim)) = desk.playback.emergency_on_air() {
                // Recordings wait for it, and callers where they wait for one another; it waits for nobody.
                self.queue.handle_incoming(Speaker::Programme(number), Want::new(Kind::Programme, &claim));
            }
            self.make_way(now);
        }
        self.follow_playback(now);
        is_on
    }

    fn begin_emergency(&mut self, now: Instant, play: &Play) -> Result<Aired, String> {
        if !play.zones.is_empty() || play.priority.is_some() {
            return Err("the emergency is heard where and before whom [emergency] says".to_owned());
        }
        let emergency = |desk: &Option<Desk<'_>>| desk.as_ref().and_then(|desk| desk.playback.emergency());
        let is_new = emergency(&self.desk).is_none();
        if is_new {
            self.toggle_emergency(now, Asker::Program);
        }
        let number = emergency(&self.desk).ok_or_else(|| Unplayed::Busy.to_string())?;
        Ok(Aired { number, is_new })
    }

    /// The emergency is heard as this voice.
    fn emergency_begins(&mut self, now: Instant, (number, voice): (AirNumber, VoiceId)) {
        let Some(zones) = self.desk.as_ref().map(|desk| desk.playback.emergency_zones()) else { return };
        let what = What::Emergency.to_string();
        let record = self.record_of_programme(now, RecordKind::Announcement, (what, zones));
        let page = Page::Programme(number);
        self.pages.begin(now, (page, None), voice, record);
        self.pages.handle_voice(page, voice);
    }

    /// A tone in every zone.
    pub(super) fn play_test(&mut self, now: Instant) -> Result<(), Unplayed> {
        let Some(desk) = &self.desk else { return Ok(()) };
        let everywhere = desk.everywhere();
        self.play(now, What::test(everywhere)).map(drop)
    }

    /// Begins what is to begin again, and tells who waits for an end.
    pub(super) fn follow_playback(&mut self, now: Instant) {
        if let Some(desk) = self.desk.as_mut().filter(|desk| desk.playback.waits()) {
            let open_at = self.lines.as_mut().map_or(now, |lines| lines.open(now));
            let begun = desk.playback.handle_timeout(open_at.since(now), || self.media.voice());
            if let Some(begun) = begun {
                self.emergency_begins(now, begun);
            }
        }
        let Some(desk) = &mut self.desk else { return };
        while let Some(ended) = desk.playback.poll_ended() {
            if let Some(control) = &desk.control {
                let is_heard = !ended.is_cut && self.cards.is_audible_in(ended.zones);
                control.handle_ended(ended.number, !is_heard);
            }
            self.delays.handle_ended(&ended);
            self.queue.handle_ended(Speaker::Programme(ended.number));
            let how = if ended.is_cut { Ended::Stopped } else { Ended::Finished };
            self.pages.end(now, Page::Programme(ended.number), how, Received::default());
        }
        if let Some(control) = &desk.control {
            control.handle_timeout(now);
        }
        self.play_due(now);
    }

    /// What is played at a word, for those who ask.
    pub(super) fn programmes(&self, now: Instant) -> Vec<Shown> {
        let Some(desk) = &self.desk else { return Vec::new() };
        let shown = |playing: Playing| status::Programme {
            what: playing.what,
            zones: desk.zone_names(playing.claim.zones),
            priority: playing.claim.priority,
            duration_s: now.since(playing.since).as_secs(),
        };
        desk.playback.playing().map(shown).collect()
    }

    /// Whether something is played at a word.
    pub(super) fn is_playing(&self) -> bool {
        self.desk.as_ref().is_some_and(|desk| desk.playback.is_busy())
    }

    fn reply(&self, guest: Guest, reply: &Reply) {
        if let Some(control) = self.desk.as_ref().and_then(|desk| desk.control.as_ref()) {
            control.reply(guest, reply);
        }
    }
}

fn built_in(name: &str, chime: Chime, claim: Claim) -> Programme {
    let samples: Arc<[i16]> = chime.sound().into();
    Programme {
        what: What::Brought(name.to_owned()),
        claim,
        rate: Chime::RATE,
        parts: vec![Part::Clip(samples)],
    }
}

/// What is played where nothing else is said is heard as a page is.
const PAGE: u8 = 60;
/// Who asks for the emergency so soon after somebody else wants the same.
const SAME_ALARM: core::time::Duration = core::time::Duration::from_secs(10);
/// A name that is so many letters away from another one is none that was meant so.
const FAR: usize = 2;
/// When what found no room, or an audio thread busy, is tried again.
pub(super) const AGAIN_IN: core::time::Duration = core::time::Duration::from_secs(1);
