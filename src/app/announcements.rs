//! The box speaks up: faults over its loudspeakers, when nobody is calling.
//!
//! ```text
//! faults ─> Announcer ─> Script ─> recital (a task) ─> bell ─> a voice on every card
//!                                     └────── a call comes: dropped, or faded out at once ──┘
//! ```

use super::bell::Bell;
use super::cards::{Cards, Said};
use super::floor::Hold;
use super::recite;
use crate::clock;
use crate::config::Settings;
use crate::mix::{Part, Recital, VoiceId};
use crate::net;
use crate::paging::{Claim, Class};
use crate::speech::{Announcer, Fault, Scene, Script};
use crate::status::{Mistake, Severity};
use crate::time::Instant;
use crate::units::Level;
use crate::zones::ZoneSet;
use core::cell::RefCell;
use smol::{LocalExecutor, Task};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// What the box says unasked.
pub(super) struct Announcements<'a> {
    /// Whether it says anything.
    is_on: bool,
    announcer: Announcer,
    /// What is wrong with the configuration.
    mistakes: Option<Fault>,
    /// Whether it is to be called from other machines.
    needs_network: bool,
    level: Level,
    executor: Rc<LocalExecutor<'a>>,
    cards: Rc<Cards<'a>>,
    bell: Rc<Bell>,
    /// What a task has made ready.
    ready: Rc<RefCell<Option<Recital>>>,
    /// Makes it ready; dropped, it stops.
    making: Option<Task<()>>,
    playing: Option<(VoiceId, Rc<Hold<'a>>)>,
}

impl<'a> Announcements<'a> {
    /// What a box of `settings` says on `cards`; `bell` is rung when [`handle_timeout`](Self::handle_timeout) has
    /// something to do.
    pub(super) fn new(
        settings: &Settings,
        mistakes: Option<Fault>,
        executor: Rc<LocalExecutor<'a>>,
        cards: Rc<Cards<'a>>,
        bell: Rc<Bell>,
    ) -> Self {
        Self {
            is_on: settings.status.announce_faults,
            announcer: Announcer::new(clock::now()),
            mistakes,
            needs_network: needs_network(settings),
            level: level(settings),
            executor,
            cards,
            bell,
            ready: Rc::default(),
            making: None,
            playing: None,
        }
    }

    /// Does as `settings` say from now on.
    pub(super) fn set_options(&mut self, now: Instant, settings: &Settings) {
        self.is_on = settings.status.announce_faults;
        (self.needs_network, self.level) = (needs_network(settings), level(settings));
        self.announcer.handle_change(now);
        if !self.is_on {
            self.hush("the configuration");
        }
    }

    /// This is wrong with the configuration now.
    pub(super) fn set_mistakes(&mut self, now: Instant, mistakes: Option<Fault>) {
        if mistakes != self.mistakes {
            self.mistakes = mistakes;
            self.announcer.handle_change(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.announcer.poll_timeout().filter(|_| self.is_on)
    }

    /// Looks whether something is to be said, when it is time to. Tells what of the accounts is wrong by `faults`.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        has_calls: bool,
        faults: impl Iterator<Item = Fault>,
    ) {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return;
        }
        let own = [self.network_fault(), self.cards.is_one_missing().then_some(Fault::CardMissing)];
        let faults: Vec<_> = own.into_iter().flatten().chain(self.mistakes.clone()).chain(faults).collect();
        let scene = Scene { faults: &faults, has_calls, is_audible: self.cards.is_audible() };
        if let Some(said) = self.announcer.handle_scene(now, scene) {
            self.make(&said);
        }
    }

    /// Whether something is being said, or about to be.
    pub(super) fn is_busy(&self) -> bool {
        self.making.is_some() || self.playing.is_some() || self.ready.borrow().is_some()
    }

    /// Says what is ready, as the voice `name` names.
    pub(super) fn play(&mut self, name: impl FnOnce() -> VoiceId) {
        let Some(mut recital) = self.ready.borrow_mut().take() else { return };
        self.making = None;
        let voice = name();
        let now = clock::now();
        // Music makes way first.
        let begins_at = self.cards.open_at(now, &NOTICE);
        let hold = self.cards.claim(now, NOTICE, begins_at);
        recital.parts.insert(0, Part::Pause(begins_at.since(now)));
        self.cards.wake(hold.zones());
        match self.cards.attach_recital(voice, &recital, &hold) {
            Said::Begun => self.playing = Some((voice, hold)),
            Said::Nowhere => log::warn!("it is not said: no zone has a channel"),
            Said::Busy => log::warn!("it is not said: an audio thread is too busy"),
        }
    }

    /// A call has come or gone: nothing is said now, nor soon.
    pub(super) fn handle_call(&mut self, now: Instant) {
        self.announcer.handle_call(now);
        self.hush("a call");
    }

    /// Ends what is being said.
    pub(super) fn hush(&mut self, why: &str) {
        let was_begun = self.making.take().is_some();
        self.ready.borrow_mut().take();
        let playing = self.playing.take();
        if let Some((voice, _)) = &playing {
            self.cards.release(*voice);
        }
        if was_begun || playing.is_some() {
            log::info!("what is said aloud is cut off by {why}");
        }
    }

    /// A voice came back.
    pub(super) fn handle_retired(&mut self, voice: VoiceId) {
        let is_its_own = self.playing.as_ref().is_some_and(|&(own, _)| own == voice);
        if is_its_own && !self.cards.is_heard(voice) {
            self.playing = None;
            log::info!("said aloud to the end");
        }
    }

    fn make(&mut self, faults: &[Fault]) {
        let script = Script::of_faults(faults);
        log::info!("says aloud: \"{script}\"");
        let (ready, bell, level) = (Rc::clone(&self.ready), Rc::clone(&self.bell), self.level);
        self.making = Some(self.executor.spawn(async move {
            // Nobody else waits for it.
            let recital = smol::unblock(move || recite::recital(&script, level)).await;
            *ready.borrow_mut() = Some(recital);
            bell.ring();
        }));
    }

    fn network_fault(&self) -> Option<Fault> {
        (self.needs_network && own_address().is_none()).then_some(Fault::NoNetwork)
    }
}

fn needs_network(settings: &Settings) -> bool {
    !settings.sip.listen.iter().all(|address| address.ip().is_loopback())
}

fn level(settings: &Settings) -> Level {
    settings.audio.volume_call.unwrap_or(Level::UNITY)
}

/// The mistakes among what is worth a word in a configuration, if there are any.
pub(super) fn mistakes(all: &[Mistake]) -> Option<Fault> {
    let errors: Vec<_> = all.iter().filter(|mistake| mistake.severity == Severity::Error).collect();
    let lines = errors.iter().filter_map(|mistake| mistake.line).collect();
    (!errors.is_empty()).then_some(Fault::Mistakes { lines, count: errors.len() })
}

/// The address by which others would call the box: that of its way out, or of any network.
pub(super) fn own_address() -> Option<IpAddr> {
    let ways = FAR.into_iter().filter_map(|far| net::source_for(far).ok());
    ways.chain(net::addresses().unwrap_or_default()).find(|&address| is_of_a_network(address))
}

fn is_of_a_network(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

/// What the box says by itself is heard everywhere, and is more than music, but less than all else.
pub(super) const NOTICE: Claim = Claim { class: Class::Notice, priority: 15, zones: ZoneSet::ALL };

/// Addresses that are beyond every router, and nobody's (RFC 5737, RFC 3849). Nothing is sent there.
const FAR: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 9),
    SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), 9),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_others_can_call_is_of_a_network() {
        for (address, expected) in [
            ("192.168.1.20", true),
            ("10.0.0.1", true),
            ("2001:db8::1", true),
            ("fd00::1", true),
            ("127.0.0.1", false),
            ("169.254.7.7", false),
            ("::1", false),
            ("fe80::1", false),
        ] {
            assert_eq!(is_of_a_network(address.parse().unwrap()), expected, "{address}");
        }
    }
}
