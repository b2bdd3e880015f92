//! A site: a box with the configuration of an installer, telephones, and ears in every zone, in virtual time.
//!
//! ```text
//! telephones ─ SIP, RTP ─> Rig: the whole service, its mixers ─> a track of sound per zone
//!      ^────── SIP, RTP ──────┘                                └> what each caller hears
//! ```
//! The box is the real one, on its [`Rig`], which says what is left out. A telephone is a real
//! [`Endpoint`](crate::sip::Endpoint) on a network that loses nothing and takes no time; it speaks a tone of its own, so that
//! everybody can be told from all others in what is heard. Times are milliseconds since the site began.
//!
//! Left out: networks (`page_link` has them), and cards (`output`).
#![expect(clippy::cast_possible_truncation, reason = "a test lasts minutes")]

mod sound;
mod telephone;

use self::sound::Sound;
use self::telephone::Telephone;
use crate::app::rig::Rig;
use crate::config::Press;
use crate::sip::Path;
use crate::time::Instant;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

/// A box, its callers, and what is heard.
pub(super) struct Site {
    rig: Rig,
    began: Instant,
    zones: Vec<Zone>,
    telephones: Vec<Telephone>,
}

/// Where somebody listens.
struct Zone {
    name: String,
    /// Its card, its first channel there, and how many channels the card has.
    place: (usize, usize, usize),
    sound: Sound,
}

/// A call of a telephone, which makes one call only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call(usize);

impl Site {
    /// A site whose box has come up with this configuration, at noon.
    pub(super) fn new(text: &str) -> Self {
        Self::at(text, Duration::from_hours(12))
    }

    /// The same at another time of the local day.
    pub(super) fn at(text: &str, time_of_day: Duration) -> Self {
        let rig = Rig::new(text, time_of_day);
        let mut zones = Vec::new();
        for (card, output) in rig.settings().outputs().iter().enumerate() {
            let channels = output.gains().len();
            for route in &output.routes {
                let own = (0..channels)
                    .find(|channel| route.channels.is_none_or(|channels| channels.contains(channel + 1)));
                let place = (card, own.unwrap(), channels);
                zones.push(Zone { name: route.zone.clone(), place, sound: Sound::default() });
            }
        }
        Self { began: rig.now(), rig, zones, telephones: Vec::new() }
    }

    /// `from` calls `to`, users both.
    pub(super) fn call(&mut self, from: &str, to: &str) -> Call {
        let place = self.telephones.len();
        // Each user has a host, and each call a port there.
        let host = self.telephones.iter().position(|other| other.user() == from).unwrap_or(place) + 1;
        let host = IpAddr::V4(Ipv4Addr::new(192, 0, 2, u8::try_from(host).unwrap()));
        let own = SocketAddr::new(host, 5060 + u16::try_from(place).unwrap());
        self.telephones.push(Telephone::calling(self.rig.now(), (own, from), (BOX, to)));
        self.exchange();
        Call(place)
    }

    /// Says a tone from now on, at -12 dBFS.
    pub(super) fn talk(&mut self, call: Call, hz: u32) {
        self.telephones[call.0].talk(hz);
    }

    /// Says nothing any more: what the telephone sends is silence.
    pub(super) fn fall_silent(&mut self, call: Call) {
        self.telephones[call.0].talk(0);
    }

    /// Sends nothing at all from now on, or again.
    pub(super) fn set_mute(&mut self, call: Call, is_mute: bool) {
        self.telephones[call.0].set_mute(is_mute);
    }

    /// Sends reports and no sound from now on, as a telephone does that leaves out silence.
    pub(super) fn report_only(&mut self, call: Call) {
        self.telephones[call.0].report_only();
    }

    /// No message comes to the telephone any more, and none of it arrives; what it says does.
    pub(super) fn cut_off(&mut self, call: Call) {
        self.telephones[call.0].cut_off();
    }

    /// The box is told to stop.
    pub(super) fn stop(&mut self) {
        self.rig.stop();
        self.exchange();
    }

    /// Presses keys, one after the other, each for a tenth of a second, and waits until that is done.
    pub(super) fn press(&mut self, call: Call, keys: &str) {
        for key in keys.chars() {
            self.telephones[call.0].press(key);
            self.pass(200);
        }
    }

    /// Presses a button of the box.
    pub(super) fn press_button(&mut self, name: &str, press: &Press) {
        self.rig.press(name, press);
        self.exchange();
    }

    pub(super) fn hang_up(&mut self, call: Call) {
        let now = self.rig.now();
        self.telephones[call.0].hang_up(now);
        self.exchange();
    }

    /// Time goes on.
    pub(super) fn pass(&mut self, millis: u64) {
        let until = self.rig.now() + Duration::from_millis(millis);
        while self.rig.now() < until {
            self.period();
        }
    }

    /// A source of music gives nothing from now on, or again.
    pub(super) fn set_dead(&mut self, source: &str, is_dead: bool) {
        self.rig.set_dead(source, is_dead);
    }

    pub(super) fn now(&self) -> u64 {
        self.millis(self.rig.now())
    }

    /// What was heard in a zone.
    pub(super) fn heard(&self, zone: &str) -> &Sound {
        &self.zones.iter().find(|heard| heard.name == zone).expect("a zone").sound
    }

    /// When the call was answered.
    pub(super) fn answered_at(&self, call: Call) -> Option<u64> {
        self.telephones[call.0].answered_at().map(|at| self.millis(at))
    }

    /// When the call ended, whoever ended it.
    pub(super) fn over_at(&self, call: Call) -> Option<u64> {
        self.telephones[call.0].over_at().map(|at| self.millis(at))
    }

    /// With which status the call was refused.
    pub(super) fn refused(&self, call: Call) -> Option<u16> {
        self.telephones[call.0].refused()
    }

    /// When tones of this frequency began that the caller has heard by telephone.
    pub(super) fn beeps(&self, call: Call, hz: f64) -> Vec<u64> {
        self.telephones[call.0].beeps(hz).into_iter().map(|at| self.millis(at)).collect()
    }

    /// How the box is.
    pub(super) fn status(&self) -> crate::status::Status {
        self.rig.status()
    }

    fn period(&mut self) {
        let now = self.rig.now();
        self.speak(now);
        self.exchange();
        let heard = self.rig.render();
        for Zone { place: (card, channel, channels), sound, .. } in &mut self.zones {
            sound.add(heard.cards[*card].iter().skip(*channel).step_by(*channels).copied());
        }
        for (call_id, packet) in heard.callers {
            if let Some(telephone) = self.telephones.iter_mut().find(|one| one.call_id() == call_id) {
                telephone.hear(now, &packet);
            }
        }
        self.rig.pass(now + Rig::PERIOD);
    }

    /// The telephones send what they have to say.
    fn speak(&mut self, now: Instant) {
        for telephone in &mut self.telephones {
            telephone.handle_timeout(now);
            while let Some(packet) = telephone.poll_packet(now) {
                self.rig.hear(telephone.call_id(), telephone.media_addr(), &packet);
            }
        }
    }

    /// Messages go to and fro until nobody has another one.
    fn exchange(&mut self) {
        loop {
            let mut is_quiet = true;
            for telephone in &mut self.telephones {
                while let Some(message) = telephone.poll_message() {
                    is_quiet = false;
                    self.rig.receive(Path::udp(BOX, telephone.address()), message);
                }
            }
            while let Some(sent) = self.rig.poll_sent() {
                is_quiet = false;
                let now = self.rig.now();
                let telephone = self.telephones.iter_mut().find(|one| one.address() == sent.path.remote);
                telephone.expect("nobody else is there").handle_message(now, BOX, &sent.bytes);
            }
            if is_quiet {
                return;
            }
        }
    }

    fn millis(&self, at: Instant) -> u64 {
        at.since(self.began).as_millis() as u64
    }
}

/// What the sources of music play, by their place.
pub(super) const MUSIC: [u32; 2] = Rig::MUSIC_HZ;
/// Where the box is: at a loopback address, for its ports are bound.
const BOX: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060);
