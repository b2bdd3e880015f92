//! The media of a call: what is agreed on, the socket it comes by, the voice it becomes.
//!
//! ```text
//! offer ──prepare──> Prepared (answer, sockets) ──start──> Stream (voice, task) ──drop──> the sink retires the voice
//! ```

use super::sink::Sink;
use super::stream;
use crate::codec::Codec;
use crate::config::Settings;
use crate::mix::{Format, Voice, VoiceConfig, VoiceId};
use crate::net::{BindError, MediaPorts, Udp, UdpOptions};
use crate::rtp::{DelayRange, Kind, PayloadFormat, Receiver, ReceiverConfig, ReceiverStats, Source};
use crate::sdp::{self, Description, Local, Negotiated};
use crate::sip::wire::StatusCode;
use crate::sip::{Path, Warning};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use core::fmt;
use core::time::Duration;
use smol::{LocalExecutor, Task};
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

/// Makes the streams of all calls.
pub(super) struct Media<'a> {
    executor: Rc<LocalExecutor<'a>>,
    sink: Rc<Sink<'a>>,
    ports: MediaPorts,
    options: Options,
    /// Session ids and voices count on from here.
    next_session: u64,
    next_voice: u64,
}

impl<'a> Media<'a> {
    /// Streams as `settings` say, played by `sink`, received by tasks of `executor`.
    pub(super) fn new(
        executor: Rc<LocalExecutor<'a>>,
        sink: Rc<Sink<'a>>,
        settings: &Settings,
        seed: u64,
    ) -> Self {
        let ports = MediaPorts::new(settings.sip.rtp_ports, seed);
        let options = Options::new(settings);
        // A session id is numeric and unique for this host; half of it stays below the sign bit that some peers mind.
        Self { executor, sink, ports, options, next_session: seed >> 33, next_voice: 0 }
    }

    /// What plays the streams.
    pub(super) fn sink(&self) -> Rc<Sink<'a>> {
        Rc::clone(&self.sink)
    }

    /// Agrees on `offer`, which came by `path`; an empty one asks for our offer (RFC 3261 §13.3.1.4).
    pub(super) fn prepare(&mut self, path: Path, offer: &[u8]) -> Result<Prepared, Refused> {
        let offer = if offer.is_empty() { None } else { Some(Description::parse(offer)?) };
        let address = path.local.ip();
        let (speech, reports) = self.ports.bind(address, self.options.socket).map_err(Refused::NoPorts)?;
        let local = self.local(address, speech.local_addr().port());
        let (ours, agreed) = match offer {
            Some(offer) => sdp::answer(&offer, &local).map(|(answer, agreed)| (answer, Some(agreed)))?,
            None => (sdp::offer(&local), None),
        };
        Ok(Prepared { ours: ours.to_bytes(), agreed, local, path, speech, reports })
    }

    /// Begins to receive and to play; `None` when the audio thread takes no more voices.
    pub(super) fn start(&mut self, prepared: Prepared) -> Option<Stream<'a>> {
        let voice = VoiceId(self.next_voice);
        self.next_voice += 1;
        if !self.sink.attach(voice, Box::new(self.voice(prepared.formats()))) {
            return None;
        }
        let receiver = Rc::new(RefCell::new(Receiver::new(prepared.reception())));
        let sink = Rc::clone(&self.sink);
        let receiving = stream::receive(prepared.speech, Rc::clone(&receiver), voice, sink);
        Some(Stream {
            voice,
            receiver,
            signalling: prepared.path.remote.ip(),
            offered: prepared.agreed.is_none().then_some(prepared.local),
            sink: Rc::clone(&self.sink),
            _receiving: self.executor.spawn(receiving),
            _reports: prepared.reports,
        })
    }

    fn local(&mut self, address: IpAddr, port: u16) -> Local {
        self.next_session += 1;
        let (formats, ptime) = (self.options.formats.clone(), self.options.ptime);
        Local { address, port, formats, ptime, session_id: self.next_session, version: 1 }
    }

    fn voice(&self, formats: &[sdp::Format]) -> Voice {
        let formats = formats.iter().filter_map(|format| {
            let codec = Codec::from_encoding(&format.name, format.clock_rate_hz, format.channels)?;
            Some(Format { payload_type: format.payload_type, codec })
        });
        Voice::telephone(VoiceConfig {
            formats: formats.take(MAX_FORMATS).collect(),
            delay: self.options.delay,
            level: self.options.level,
        })
    }
}

/// A stream that is agreed on, or offered, and not yet started.
pub(super) struct Prepared {
    /// The answer to the offer, or the offer.
    pub(super) ours: Vec<u8>,
    /// `None` while nobody has answered our offer.
    agreed: Option<Negotiated>,
    local: Local,
    path: Path,
    /// RTP comes here.
    speech: Udp,
    /// RTCP comes here.
    reports: Udp,
}

impl Prepared {
    /// What the caller speaks, as far as it is known.
    pub(super) fn codec(&self) -> &str {
        match &self.agreed {
            Some(agreed) => agreed.formats.first().map_or("nothing", |format| &format.name),
            None => "waits for our offer",
        }
    }

    /// What may come.
    fn formats(&self) -> &[sdp::Format] {
        self.agreed.as_ref().map_or(&self.local.formats, |agreed| &agreed.formats)
    }

    /// Callers behind NAT send from another port than they name, and from another address: then from the one that
    /// signalled.
    fn reception(&self) -> ReceiverConfig {
        let signalling = self.path.remote.ip();
        let named = self.agreed.as_ref().and_then(|agreed| agreed.remote).map(|remote| remote.ip());
        // G.711 is all there is.
        let kind = Kind::Speech { clock: SampleRate::HZ_8000, bytes_per_tick: 1 };
        let formats =
            self.formats().iter().map(|format| PayloadFormat { payload_type: format.payload_type, kind });
        ReceiverConfig {
            formats: formats.take(MAX_FORMATS).collect(),
            source: Source::Hosts([named.unwrap_or(signalling), signalling]),
        }
    }
}

/// A stream on its way to the loudspeaker. Dropped, it plays what has come and ends.
pub(super) struct Stream<'a> {
    /// Its voice.
    pub(super) voice: VoiceId,
    receiver: Rc<RefCell<Receiver>>,
    /// Our offer, until it is answered.
    offered: Option<Local>,
    /// Where the caller signals from.
    signalling: IpAddr,
    sink: Rc<Sink<'a>>,
    _receiving: Task<()>,
    // Held so that nobody else gets the port; what comes is not read yet.
    _reports: Udp,
}

impl Stream<'_> {
    /// When media last came.
    pub(super) fn heard_at(&self) -> Option<Instant> {
        self.receiver.borrow().heard_at()
    }

    /// What came.
    pub(super) fn stats(&self) -> ReceiverStats {
        self.receiver.borrow().stats()
    }

    /// Takes the answer to our offer, if we made one.
    pub(super) fn handle_answer(&mut self, answer: &[u8]) -> Result<(), Refused> {
        let Some(offered) = self.offered.take() else { return Ok(()) };
        let agreed = sdp::accept(&Description::parse(answer)?, &offered)?;
        if let Some(named) = agreed.remote {
            self.receiver.borrow_mut().set_source(Source::Hosts([named.ip(), self.signalling]));
        }
        Ok(())
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        self.sink.release(self.voice);
    }
}

/// Why an offer or an answer cannot be taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is no session description.
    Unreadable(sdp::ParseError),
    /// Nothing in it suits this box.
    Incompatible(sdp::Refusal),
    /// The box has no port left.
    NoPorts(BindError),
}

impl Refused {
    /// The final response that says it.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::Incompatible(_) => StatusCode::NOT_ACCEPTABLE_HERE,
            Self::NoPorts(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the caller's people and machines are told of it.
    pub(super) fn warning(&self) -> Option<Warning> {
        match self {
            Self::Incompatible(refusal) => {
                Some(Warning { code: refusal.warning_code(), text: refusal.to_string() })
            }
            Self::Unreadable(_) => Some(Warning { code: MISCELLANEOUS, text: self.to_string() }),
            Self::NoPorts(_) => None,
        }
    }
}

impl From<sdp::ParseError> for Refused {
    fn from(error: sdp::ParseError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<sdp::Refusal> for Refused {
    fn from(refusal: sdp::Refusal) -> Self {
        Self::Incompatible(refusal)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "no session description: {error}"),
            Self::Incompatible(refusal) => write!(f, "{refusal}"),
            Self::NoPorts(error) => write!(f, "no port for its media: {error}"),
        }
    }
}

/// What the configuration says of every stream.
struct Options {
    formats: Vec<sdp::Format>,
    ptime: Duration,
    socket: UdpOptions,
    delay: DelayRange,
    level: Level,
}

impl Options {
    fn new(settings: &Settings) -> Self {
        let (sip, audio) = (&settings.sip, &settings.audio);
        Self {
            formats: sip.codecs.iter().filter_map(|name| format(&name.to_string())).collect(),
            ptime: sip.ptime,
            socket: UdpOptions { dscp: Some(sip.dscp_rtp), ..UdpOptions::default() },
            delay: DelayRange { min: audio.jitter_min, max: audio.jitter_max },
            level: audio.volume_call.unwrap_or(Level::UNITY),
        }
    }
}

/// The format of SDP for a codec of the configuration, if this build has it.
fn format(name: &str) -> Option<sdp::Format> {
    let codec = Codec::from_encoding(name, SampleRate::HZ_8000.hz(), 1)?;
    Some(sdp::Format::new(codec.payload_type()?, codec.name(), codec.clock_rate().hz()))
}

/// The warn-code that only people read (RFC 3261 §20.43).
const MISCELLANEOUS: u16 = 399;
/// As many as a voice can decode.
const MAX_FORMATS: usize = 4;
