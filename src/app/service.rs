//! The box at work: signalling, paging decisions and voices, joined.
//!
//! ```text
//! messages ──> Endpoint ─> Event ─> Pager ─> Action ─> Endpoint ─> messages
//!                            └─> offer, media socket, voice ─┘
//! ```
//! One task runs [`Service::serve`]; it handles at most [`BURST`] SIP messages before it lets the media tasks run.
//! Nothing here waits for a peer: every step takes what has come and hands on what follows from it.

mod aloud;
mod answers;
mod call;
mod call_log;
mod callers;
mod calls;
mod chimes;
mod delayed;
mod music;
mod offers;
mod phone;
mod playing;
mod proof;
mod reboot;
mod reports;
#[cfg(test)]
pub(crate) mod rig;
mod ringing;
mod settings;
mod status;
mod switches;

use super::accounts::Accounts;
use super::announcements::Announcements;
use super::cards::Cards;
use super::configuration::Read;
use super::inbox::{Inbox, Input};
use super::klaxon::Klaxon;
use super::legs::Legs;
use super::lines::Lines;
use super::mdns::Mdns;
use super::media::Media;
use super::music::Music;
use super::outlook::Outlook;
use super::phone::Phone;
use super::post::Post;
use super::reload::Reload;
use super::serve::queue_rule;
use super::strangers::Strangers;
use super::terms::Directory;
use super::throttle::Throttle;
use crate::clock;
use crate::config::Settings;
use crate::mix::VoiceId;
use crate::paging::{Pager, Queue, Ringer};
use crate::sip::wire::StatusCode;
use crate::sip::{CallKey, Endpoint};
use crate::time::Instant;
use core::time::Duration;
use smol::future;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

pub(super) use call::short;
use call::{Call, Caller, KeyWay, Stage, complain, name, named, sentence, tell, tell_reception};
use call_log::CallLog;
use callers::{Manners, Speaker};
use delayed::Delays;
pub(super) use playing::Desk;
use reboot::Reboot;
use ringing::Stroke;
use switches::Presses;

/// The box.
pub(super) struct Service<'a> {
    endpoint: Endpoint,
    pager: Pager<CallKey>,
    /// Who waits for whom.
    queue: Queue<Speaker>,
    directory: Directory,
    ringer: Ringer<CallKey>,
    strokes: Vec<Stroke<'a>>,
    manners: Manners,
    media: Media<'a>,
    cards: Rc<Cards<'a>>,
    legs: Rc<Legs<'a>>,
    post: Post,
    accounts: Accounts<'a>,
    reload: Reload<'a>,
    /// What the box shall come up with when no call is on.
    waiting: Option<Arc<Read>>,
    throttle: Throttle,
    /// Of lines that come of what is said within calls.
    chatter: Throttle,
    strangers: Strangers,
    /// `None`: it says nothing unasked.
    announcements: Option<Announcements<'a>>,
    /// `None`: it has no lines.
    lines: Option<Lines<'a>>,
    presses: Presses,
    /// `None`: it is not found.
    mdns: Option<Mdns<'a>>,
    /// `None`: it has no chimes.
    klaxon: Option<Klaxon<'a>>,
    /// `None`: nothing is played at a word.
    desk: Option<Desk<'a>>,
    /// `None`: keys mean nothing.
    phone: Option<Phone<'a>>,
    /// `None`: it has no players.
    music: Option<Music<'a>>,
    outlook: Outlook,
    reboot: Reboot,
    /// The box is told to stop: nobody is answered any more.
    is_leaving: bool,
    calls: HashMap<CallKey, Call<'a>>,
    /// Calls to be answered as soon as the sink is ready, or at the latest then: so nothing of what the caller says has
    /// to wait for the card, or is left out to make up for it.
    answers: Vec<(CallKey, Instant)>,
    /// Whose voice it was, until the audio thread gives it back.
    voices: HashMap<VoiceId, String>,
    pages: CallLog,
    delays: Delays<'a>,
}

impl<'a> Service<'a> {
    /// A box without calls.
    pub(super) fn new(
        endpoint: Endpoint,
        pager: Pager<CallKey>,
        (media, settings): (Media<'a>, &Settings),
        post: Post,
        (accounts, reload): (Accounts<'a>, Reload<'a>),
    ) -> Self {
        let (cards, legs) = (media.cards(), media.legs());
        Self {
            endpoint,
            pager,
            queue: Queue::new(queue_rule(settings)),
            directory: Directory::new(settings),
            ringer: Ringer::new(),
            strokes: Vec::new(),
            manners: Manners::of(settings),
            media,
            cards,
            legs,
            post,
            accounts,
            reload,
            waiting: None,
            throttle: Throttle::default(),
            chatter: Throttle::default(),
            strangers: Strangers::default(),
            announcements: None,
            lines: None,
            presses: Presses::default(),
            mdns: None,
            klaxon: None,
            desk: None,
            phone: None,
            music: None,
            outlook: Outlook::new(clock::now(), Vec::new()),
            reboot: Reboot::default(),
            is_leaving: false,
            calls: HashMap::new(),
            answers: Vec::new(),
            voices: HashMap::new(),
            pages: CallLog::default(),
            delays: Delays::new(),
        }
    }

    /// The same box, which says aloud what is wrong.
    pub(super) fn announcing(self, announcements: Announcements<'a>) -> Self {
        Self { announcements: Some(announcements), ..self }
    }

    /// The same box with relay, lamp and buttons.
    pub(super) fn switching(self, lines: Lines<'a>) -> Self {
        Self { lines: Some(lines), ..self }
    }

    /// The same box, found in its network.
    pub(super) fn found_by(self, mdns: Mdns<'a>) -> Self {
        Self { mdns: Some(mdns), ..self }
    }

    /// The same box with those to whom it shows itself.
    pub(super) fn with_outlook(self, outlook: Outlook) -> Self {
        Self { outlook, ..self }
    }

    /// Works until `inbox` says stop, then ends all calls and returns when their callers know, or after [`FAREWELL`]. It also
    /// returns, with what the box shall come up with, when that has waited for the end of all calls.
    pub(super) async fn serve(&mut self, inbox: &Inbox) -> Option<Arc<Read>> {
        let now = clock::now();
        self.accounts.start(now, &mut self.endpoint);
        self.reload.start();
        self.settle(now);
        let mut goes_on = true;
        while goes_on && !self.may_begin_anew() {
            goes_on = self.turn(inbox, self.deadline()).await;
        }
        let now = clock::now();
        let until = now + FAREWELL;
        if goes_on {
            log::info!("no call is on: the box comes up with the new settings");
        } else {
            log::info!("asked to stop: {} calls to end", self.calls.len());
            self.outlook.stop();
        }
        log::debug!("SIP so far: {:?}", self.endpoint.counters());
        self.begin_to_leave(now);
        while (!self.calls.is_empty() || !self.endpoint.is_unregistered()) && clock::now() < until {
            let deadline = self.deadline().map_or(until, |deadline| deadline.min(until));
            goes_on &= self.turn(inbox, Some(deadline)).await;
        }
        self.switch_off(clock::now());
        self.pages.close(clock::now());
        self.waiting.take().filter(|_| goes_on)
    }

    /// Nobody is answered any more, and all ends.
    fn begin_to_leave(&mut self, now: Instant) {
        self.is_leaving = true;
        self.end_all(now);
        self.settle(now);
    }

    /// Ends all that the box does.
    fn end_all(&mut self, now: Instant) {
        if let Some(mut announcements) = self.announcements.take() {
            announcements.hush("the end of the box");
        }
        if let Some(mut mdns) = self.mdns.take() {
            mdns.stop();
        }
        if let Some(mut klaxon) = self.klaxon.take() {
            klaxon.handle_stop();
        }
        self.stop_delayed();
        if let Some(desk) = &mut self.desk {
            desk.playback.stop();
        }
        if let Some(mut music) = self.music.take() {
            music.stop();
        }
        self.answers.clear();
        for &call in self.calls.keys() {
            self.endpoint.hang_up(now, call);
        }
        self.accounts.stop(now, &mut self.endpoint);
    }

    /// Handles the next input and what has come with it; false when it was the order to stop.
    async fn turn(&mut self, inbox: &Inbox, deadline: Option<Instant>) -> bool {
        let mut goes_on = self.handle(inbox.next(deadline).await);
        for _ in 1..BURST {
            // Nothing is taken that is not handled.
            let Some(input) = inbox.try_next() else { break };
            goes_on &= self.handle(input);
        }
        // Media tasks that are ready run before the next burst.
        future::yield_now().await;
        goes_on
    }

    fn handle(&mut self, input: Input) -> bool {
        let now = clock::now();
        let mut heard = None;
        match input {
            Input::Message { path, bytes } => {
                let path = self.post.seen(now, path);
                self.strangers.look_around(now, &mut self.endpoint, path);
                heard = Some((path, self.endpoint.handle_message(now, path, &bytes)));
            }
            Input::Oversized { path, head } => {
                let path = self.post.seen(now, path);
                heard = Some((path, self.endpoint.handle_oversized(now, path, &head)));
            }
            Input::Broken { far } => self.endpoint.handle_broken(now, far),
            Input::Timeout | Input::Nothing => {}
            Input::News => {
                self.take_keys(now);
                self.take_presses(now);
                self.take_orders(now);
                self.take_sounds(now);
                self.accounts.handle_news(now, &mut self.endpoint, &self.post);
                self.take_settings(now);
            }
            Input::Reload => self.reload.handle_signal(now),
            Input::Stop => return false,
        }
        self.settle(now);
        if let Some((path, reception)) = heard {
            self.post.hear(now, path, reception);
        }
        true
    }

    /// Hands everything on until nothing is left to do at `now`.
    fn settle(&mut self, now: Instant) {
        self.pass_turn();
        // Early, so that a call that comes now finds the ports free of those that have ended.
        self.legs.poll();
        self.endpoint.handle_timeout(now);
        self.accounts.handle_timeout(now);
        self.reload.handle_timeout(now);
        self.hear(now);
        self.pager.handle_timeout(now);
        self.follow_keys(now);
        self.ringer.handle_timeout(now);
        self.answer_waiting(now);
        self.remind(now);
        loop {
            if let Some(event) = self.endpoint.poll_event() {
                self.on_event(now, event);
            } else if let Some(action) = self.pager.poll_action() {
                self.on_action(now, action);
            } else if let Some((call, wish)) = self.poll_wish(now) {
                self.grant(now, call, wish);
            } else if let Some(turn) = self.queue.poll_turn() {
                self.on_turn(now, turn);
            } else if let Some(ringing) = self.ringer.poll_action() {
                self.on_ringing(now, ringing);
            } else if !self.transmit(now) {
                break;
            }
        }
        self.endpoint.set_closed(self.closed(now));
        self.post.tend(now, self.endpoint.flows());
        self.announce(now);
        while let Some((card, report)) = self.cards.poll_numbered() {
            self.pages.handle_report((card, self.cards.plays(card)), &report);
            self.on_report(&report);
            // A voice that came back is freed here, where freeing is allowed, unless it is a box of music to be filled again.
            self.take_back(report);
        }
        self.follow_delayed(now);
        self.pages.handle_timeout(now);
        self.follow(now);
        // Who is to hear a chime that begins is told so at once.
        while self.transmit(now) {}
        self.follow_playback(now);
        self.look_at_the_clock(now);
        self.cards.tend(now);
        self.place_callers(now);
        self.tell_callers(now);
        self.play_music(now);
        self.switch(now);
        self.show(now);
        self.reboot(now);
    }

    /// Sends the next message, if there is one.
    fn transmit(&mut self, now: Instant) -> bool {
        let Some(transmit) = self.endpoint.poll_transmit() else { return false };
        if self.post.send(&transmit).is_err() {
            self.endpoint.handle_unreachable(now, transmit.path);
        }
        true
    }

    /// What a new call is refused with.
    fn closed(&self, now: Instant) -> Option<StatusCode> {
        match () {
            () if self.is_leaving || now < self.reboot.closed_until => Some(StatusCode::SERVICE_UNAVAILABLE),
            () if self.pager.is_full() => Some(StatusCode::BUSY_HERE),
            () => None,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let now = clock::now();
        let waits = self.klaxon.as_ref().is_some_and(Klaxon::waits_for_silence) || self.is_playing();
        let is_behind = self.cards.is_one_behind();
        let reports_every = if waits || is_behind { REPORTS_SOON } else { REPORTS_EVERY };
        let reports = (self.cards.voices() > 0 || is_behind).then(|| now + reports_every);
        let answer = (!self.answers.is_empty()).then(|| now + READY_EVERY);
        let own = [self.endpoint.poll_timeout(), self.pager.poll_timeout(), self.accounts.poll_timeout()];
        let announcement = self.announcements.as_ref().and_then(Announcements::poll_timeout);
        let (reload, outlook) = (self.reload.poll_timeout(), self.outlook.deadline());
        let lines = self.lines.as_ref().and_then(Lines::poll_timeout);
        let chime = self.klaxon.as_ref().and_then(Klaxon::poll_timeout);
        let desk = self.desk.as_ref().and_then(|desk| desk.deadline(now));
        let phone = self.phone.as_ref().and_then(Phone::poll_timeout);
        let (post, told) = (self.post.deadline(), self.legs.poll_timeout());
        let (bells, turn) = (self.ringer.poll_timeout(), self.queue.has_turn().then_some(now));
        let (floor, place) = (self.cards.poll_timeout(now), self.reminder_at());
        let music = self.music.as_ref().and_then(|music| music.poll_timeout(now));
        let (pages, delays) = (self.pages.poll_timeout(now), self.delays.poll_timeout(now));
        let waiting = [turn, place];
        let sounds = [announcement, lines, chime, told, floor, bells, music, desk, phone, pages, delays];
        let others = [post, reload, outlook, reports, answer].into_iter().chain(sounds).chain(waiting);
        own.into_iter().chain(others).flatten().min()
    }
}

/// SIP messages handled in a row.
const BURST: usize = 8;
/// How long callers are waited for when the box is told to stop. It has to end within 2 s.
const FAREWELL: Duration = Duration::from_millis(1500);
/// How often it is looked whether the sink is ready.
const READY_EVERY: Duration = Duration::from_millis(1);
/// How often reports of the audio thread are read while there are voices.
const REPORTS_EVERY: Duration = Duration::from_secs(1);
/// The same while a chime waits for the last voice to end, or an audio thread has still to be told something.
const REPORTS_SOON: Duration = Duration::from_millis(20);
