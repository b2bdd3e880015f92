//! The media of a call: what is agreed on, the sockets it comes by, the voices it becomes, the way back.
//!
//! ```text
//! offer ──prepare──> Prepared (answer, sockets) ──start──> Stream (tasks, leg) ──put_on_air──> voices ──drop──> retired
//!                                                           │  ^
//!                                                           └──┘ offers and answers within the call
//! ```
//! A stream that is not on air hears keys and is told things; what its caller says meanwhile is thrown away.

mod formats;
mod refused;

use self::formats::{MixOptions, Options, clock_of, codec, encoding, kind};
pub(super) use self::refused::Refused;
use super::back::Manner;
use super::bell::Bell;
use super::cards::Cards;
use super::floor::{Hold, level_of};
use super::inband::Inband;
use super::legs::Legs;
use super::recorder::Recorder;
use super::stream::{Desk, Ends, Inflow};
use crate::config::Settings;
use crate::key::Key;
use crate::mix::{Recital, VoiceId};
use crate::net::{MediaPorts, Udp};
use crate::paging::{Shelf, Tape};
use crate::rtp::rtcp::{Cname, PeerView, Reporter, ReporterConfig};
use crate::rtp::telephone_event::Keys;
use crate::rtp::{PayloadFormat, ReceiverConfig, ReceiverStats, Source};
use crate::sdp::{self, Description, Local, Negotiated, Session};
use crate::sip::{Path, with_scope_of};
use crate::time::Instant;
use crate::units::SampleRate;
use crate::{clock, entropy};
use core::cell::Cell;
use smol::{LocalExecutor, Task};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// Makes the streams of all calls.
pub(super) struct Media<'a> {
    executor: Rc<LocalExecutor<'a>>,
    way: Way<'a>,
    ports: MediaPorts,
    options: Options,
    /// Session ids count on from here.
    next_session: u64,
}

/// What all streams share: where sound goes.
#[derive(Clone)]
struct Way<'a> {
    cards: Rc<Cards<'a>>,
    legs: Rc<Legs<'a>>,
    bell: Rc<Bell>,
    desk: Rc<Desk>,
    next_voice: Rc<Cell<u64>>,
}

impl Way<'_> {
    /// A name that no voice has had.
    fn voice(&self) -> VoiceId {
        VoiceId(self.next_voice.replace(self.next_voice.get() + 1))
    }
}

impl<'a> Media<'a> {
    /// Streams as `settings` say, played by `cards`, sent back by `legs`, received by tasks of `executor`.
    pub(super) fn new(
        executor: Rc<LocalExecutor<'a>>,
        cards: Rc<Cards<'a>>,
        legs: Rc<Legs<'a>>,
        settings: &Settings,
        seed: u64,
    ) -> Self {
        let way = Way { cards, legs, bell: Rc::default(), desk: Rc::default(), next_voice: Rc::default() };
        let ports = MediaPorts::new(settings.sip.rtp_ports, seed);
        let options = Options::new(settings);
        // A session id is numeric and unique for this host; half of it stays below the sign bit that some peers mind.
        Self { executor, way, ports, options, next_session: seed >> 33 }
    }

    /// Makes streams as `settings` say from now on, but for the ports.
    pub(super) fn set_options(&mut self, settings: &Settings) {
        self.options = Options::new(settings);
    }

    /// What plays the streams.
    pub(super) fn cards(&self) -> Rc<Cards<'a>> {
        Rc::clone(&self.way.cards)
    }

    /// A name for a voice that is nobody's call.
    pub(super) fn voice(&self) -> VoiceId {
        self.way.voice()
    }

    /// What sends to callers.
    pub(super) fn legs(&self) -> Rc<Legs<'a>> {
        Rc::clone(&self.way.legs)
    }

    /// Rings when a stream has something to tell.
    pub(super) fn bell(&self) -> Rc<Bell> {
        Rc::clone(&self.way.bell)
    }

    /// Agrees on `offer`, which came by `path`; an empty one asks for our offer (RFC 3261 §13.3.1.4).
    pub(super) fn prepare(&mut self, path: Path, offer: &[u8]) -> Result<Prepared, Refused> {
        let offer = if offer.is_empty() { None } else { Some(Description::parse(offer)?) };
        let address = path.local.ip();
        let (speech, reports) = self.ports.bind(address, self.options.socket).map_err(Refused::NoPorts)?;
        let mut session = Session::new(self.local(path.known_as.ip(), speech.local_addr().port()));
        let (ours, formats) = match offer {
            Some(offer) => session.answer(&offer).map(|(answer, agreed)| (answer, agreed.formats))?,
            None => session.offer(),
        };
        Ok(Prepared { ours: ours.to_bytes(), session, formats, path, speech, reports })
    }

    /// Begins to receive; nobody hears it yet.
    pub(super) fn start(&mut self, prepared: Prepared) -> Stream<'a> {
        let Prepared { session, formats, path, speech, reports, .. } = prepared;
        let voice = self.way.voice();
        let mix = self.options.mix;
        self.way.legs.enter(voice);
        let Way { cards, legs, bell, desk, .. } = self.way.clone();
        let remote = session.agreed().and_then(|agreed| agreed.remote);
        let config = reception(&formats, remote, path);
        let ends = Ends { cards, legs, bell, speech, reports, desk };
        let inflow = Rc::new(Inflow::new(ends, voice, config, Keys::new(clock_of(&formats)), reporter));
        let stream = Stream {
            _receiving: self.executor.spawn(Inflow::receive(Rc::downgrade(&inflow))),
            _reporting: self.executor.spawn(Inflow::report(Rc::downgrade(&inflow))),
            inflow,
            hold: None,
            way: self.way.clone(),
            mix,
            path,
            awaits_answer: session.agreed().is_none(),
            session: Box::new(session),
            formats,
        };
        if let Some(agreed) = stream.session.agreed() {
            stream.direct(agreed);
        }
        stream
    }

    fn local(&mut self, address: IpAddr, port: u16) -> Local {
        self.next_session += 1;
        let (formats, ptime) = (self.options.formats.clone(), self.options.ptime);
        Local { address, port, formats, ptime, session_id: self.next_session }
    }
}

/// A stream that is agreed on, or offered, and not yet started.
pub(super) struct Prepared {
    /// The answer to the offer, or the offer.
    pub(super) ours: Vec<u8>,
    session: Session,
    /// What may come.
    formats: sdp::Formats,
    path: Path,
    /// RTP comes here.
    speech: Udp,
    /// RTCP comes here.
    reports: Udp,
}

impl Prepared {
    /// Whether both ends have said what they want.
    pub(super) fn is_agreed(&self) -> bool {
        self.session.agreed().is_some()
    }

    /// What the caller speaks, once it is agreed on.
    pub(super) fn agreed_codec(&self) -> Option<String> {
        self.session.agreed().map(|agreed| encoding(&agreed.send))
    }

    /// What the caller speaks, as far as it is known.
    pub(super) fn codec(&self) -> &str {
        self.session.agreed().map_or("waits for our offer", |agreed| &agreed.send.name)
    }
}

/// A stream on its way to the loudspeakers, and back to the caller. Dropped, it plays what has come and ends.
pub(super) struct Stream<'a> {
    inflow: Rc<Inflow<'a>>,
    /// Where it is heard; `None` until it is.
    hold: Option<Rc<Hold<'a>>>,
    way: Way<'a>,
    mix: MixOptions,
    /// How the signalling goes.
    path: Path,
    /// What was said of it.
    session: Box<Session>,
    /// We have offered.
    awaits_answer: bool,
    /// What may come.
    formats: sdp::Formats,
    _receiving: Task<()>,
    _reporting: Task<()>,
}

impl<'a> Stream<'a> {
    /// Its voice, until a change of codecs makes it another one.
    pub(super) fn voice(&self) -> VoiceId {
        self.inflow.voice()
    }

    /// Has it heard from now on, by the loudspeakers where `hold` says and by others who are; false when an audio thread takes
    /// no more voices.
    pub(super) fn put_on_air(&mut self, hold: Rc<Hold<'a>>) -> bool {
        if self.hold.is_some() {
            return true;
        }
        self.mix.level = level_of(hold.claim().class, self.mix.level);
        let voice = self.mix.voice(&self.formats.speech);
        if !self.way.cards.attach(self.voice(), &voice, &hold) {
            return false;
        }
        self.way.legs.join(self.voice(), voice);
        self.inflow.put_on_air();
        self.hold = Some(hold);
        true
    }

    /// Records what is said from now on, on a tape that takes its memory there; what was recorded before is forgotten.
    pub(super) fn record(&self, memory: &Shelf) {
        drop(self.inflow.record(None));
        let config = self.mix.voice(&self.formats.speech);
        self.inflow.record(Some(Recorder::new(config, memory)));
    }

    /// Records no more; what was recorded.
    pub(super) fn stop_recording(&self) -> Option<Tape> {
        self.inflow.record(None).map(Recorder::finish)
    }

    /// Whether there is no room for more of what is recorded.
    pub(super) fn is_tape_full(&self) -> bool {
        self.inflow.recorder().as_ref().is_some_and(Recorder::is_full)
    }

    /// Whether it is heard.
    pub(super) fn is_on_air(&self) -> bool {
        self.hold.is_some()
    }

    /// Says something to the caller alone, after what is still to be said to him. Where there is no way back within a second,
    /// it is left out. The end of it is told by [`is_saying`](Self::is_saying), and [`Legs::poll_timeout`] says when to ask.
    pub(super) fn say(&self, recital: &Recital) {
        self.inflow.say(recital);
    }

    /// Ends what is said to him, and what was still to be said.
    pub(super) fn hush(&self) {
        self.inflow.hush();
    }

    /// Whether something is said to him, or still to be said.
    pub(super) fn is_saying(&self) -> bool {
        self.inflow.is_saying()
    }

    /// Sends to the caller from now on, though nothing has come from him.
    pub(super) fn open_back(&self) {
        self.inflow.open_back();
    }

    /// Changes how loud it is to what `settings` say.
    pub(super) fn set_level(&mut self, settings: &Settings) {
        let MixOptions { level, .. } = Options::new(settings).mix;
        let level = self.hold.as_ref().map_or(level, |hold| level_of(hold.claim().class, level));
        if self.mix.level != level {
            self.mix.level = level;
            self.way.cards.set_level(self.voice(), level);
            self.way.legs.set_level(self.voice(), level);
        }
    }

    /// When media last came.
    pub(super) fn heard_at(&self) -> Option<Instant> {
        self.inflow.receiver().heard_at()
    }

    /// When anything last came that shows that his telephone is there.
    pub(super) fn seen_at(&self) -> Option<Instant> {
        self.heard_at().max(self.inflow.reported_at())
    }

    /// Whether nothing is to come: the caller holds the call.
    pub(super) fn is_held(&self) -> bool {
        self.session.agreed().is_some_and(|agreed| !agreed.direction.receives())
    }

    /// What came.
    pub(super) fn stats(&self) -> ReceiverStats {
        self.inflow.receiver().stats()
    }

    /// What the caller speaks, once it is agreed on.
    pub(super) fn agreed_codec(&self) -> Option<String> {
        self.session.agreed().map(|agreed| encoding(&agreed.send))
    }

    /// Takes a packet that came by no socket.
    #[cfg(test)]
    pub(super) fn handle_packet(&self, arrival: Instant, remote: SocketAddr, packet: &[u8]) {
        self.inflow.on_speech(arrival, remote, packet);
    }

    /// Does what its tasks would, which wait for sockets.
    #[cfg(test)]
    pub(super) fn handle_timeout(&self, now: Instant) {
        if self.inflow.next_deadline().is_some_and(|due| due <= now) {
            self.inflow.on_timeout(now);
        }
    }

    /// What the caller says of what it is sent.
    pub(super) fn peer_view(&self) -> Option<PeerView> {
        self.inflow.peer_view()
    }

    /// The next key that was pressed.
    pub(super) fn poll_key(&self) -> Option<Key> {
        self.inflow.poll_key()
    }

    /// Takes the answer to our offer, if we made one.
    pub(super) fn handle_answer(&mut self, answer: &[u8]) -> Result<(), Refused> {
        let has_none = answer.is_empty() && self.session.agreed().is_some();
        if !std::mem::take(&mut self.awaits_answer) || has_none {
            return Ok(());
        }
        let agreed = self.session.accept(&Description::parse(answer)?)?;
        self.follow(&agreed)
    }

    /// Answers an offer within the call; an empty one asks for our offer. What is refused changes nothing.
    pub(super) fn handle_offer(&mut self, offer: &[u8]) -> Result<Vec<u8>, Refused> {
        if offer.is_empty() {
            self.awaits_answer = true;
            return Ok(self.session.offer().0.to_bytes());
        }
        let mut session = self.session.clone();
        let (answer, agreed) = session.answer(&Description::parse(offer)?)?;
        self.follow(&agreed)?;
        self.session = session;
        Ok(answer.to_bytes())
    }

    /// Takes the answer to what was said before and is said again, mostly the answer of before. What is refused changes
    /// nothing.
    pub(super) fn handle_refresh(&mut self, answer: &[u8]) -> Result<(), Refused> {
        let mut session = self.session.clone();
        let agreed = session.accept(&Description::parse(answer)?)?;
        if self.session.agreed() != Some(&agreed) {
            self.follow(&agreed)?;
        }
        self.session = session;
        Ok(())
    }

    /// Does as agreed: another codec becomes another voice.
    fn follow(&mut self, agreed: &Negotiated) -> Result<(), Refused> {
        if agreed.formats != self.formats {
            self.replace_voice(&agreed.formats)?;
            self.formats = agreed.formats.clone();
            self.inflow.change(reception(&self.formats, agreed.remote, self.path));
        }
        self.direct(agreed);
        Ok(())
    }

    /// The old voice plays what has come; what comes from now on is the new one's.
    fn replace_voice(&mut self, formats: &sdp::Formats) -> Result<(), Refused> {
        if formats.speech == self.formats.speech {
            return Ok(());
        }
        let (old, new) = (self.inflow.voice(), self.way.voice());
        let (hold, voice) = (self.hold.clone(), self.mix.voice(&formats.speech));
        if hold.as_ref().is_some_and(|hold| !self.way.cards.attach(new, &voice, hold)) {
            return Err(Refused::NoVoice);
        }
        self.way.legs.rename(old, new);
        if let Some(recorder) = &mut *self.inflow.recorder() {
            recorder.change(voice.clone());
        }
        if hold.is_some() {
            self.way.cards.release(old);
            self.way.legs.join(new, voice);
        }
        self.inflow.change_voice(new);
        Ok(())
    }

    /// Listens to where media comes from, and sends to where it is wanted.
    fn direct(&self, agreed: &Negotiated) {
        self.inflow.set_source(source(agreed.remote, self.path));
        self.listen(&agreed.formats);
        let scoped = |remote: SocketAddr| with_scope_of(remote, self.path.remote);
        self.inflow.set_reports_to(agreed.remote_rtcp.map(scoped), agreed.rtcp_mux);
        let remote = agreed.remote.filter(|_| agreed.direction.sends()).map(scoped);
        let manner = codec(&agreed.send).map(|codec| Manner {
            codec,
            payload_type: agreed.send.payload_type,
            ptime: agreed.ptime,
        });
        self.inflow.set_back(manner.zip(remote));
    }

    /// Keys come as tones where they do not come as events.
    fn listen(&self, formats: &sdp::Formats) {
        let codecs = formats.speech.iter().filter_map(|format| Some((format.payload_type, codec(format)?)));
        let is_needed = formats.telephone_events.is_empty();
        self.inflow.set_inband(if is_needed { Inband::new(codecs) } else { None });
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        self.inflow.leave();
        self.way.legs.leave(self.voice());
        if self.hold.is_some() {
            self.way.cards.release(self.voice());
        }
    }
}

/// Callers behind NAT send from another port than they name, and from another address: then from the one that signalled.
fn source(named: Option<SocketAddr>, path: Path) -> Source {
    let signalling = path.remote.ip();
    Source::Hosts([named.map_or(signalling, |remote| remote.ip()), signalling])
}

fn reception(formats: &sdp::Formats, named: Option<SocketAddr>, path: Path) -> ReceiverConfig {
    let formats = formats
        .iter()
        .filter_map(|format| Some(PayloadFormat { payload_type: format.payload_type, kind: kind(format)? }));
    ReceiverConfig { formats: formats.take(MAX_RECEIVED).collect(), source: source(named, path) }
}

fn reporter(ssrc: u32) -> Reporter {
    let config = ReporterConfig {
        ssrc,
        cname: Cname::new([entropy::seed(), entropy::seed()]),
        clock: SampleRate::HZ_8000,
        interval: ReporterConfig::INTERVAL,
        seed: entropy::seed(),
    };
    Reporter::new(config, clock::now())
}

/// As many as a receiver can tell apart.
const MAX_RECEIVED: usize = 16;
