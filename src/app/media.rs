//! The media of a call: what is agreed on, the socket it comes by, the voice it becomes.
//!
//! ```text
//! offer ──prepare──> Prepared (answer, sockets) ──start──> Stream (voice, task) ──drop──> the sink retires the voice
//! ```

use super::sink::Sink;
use super::stream::{self, Heard};
use crate::codec::Codec;
use crate::config::Settings;
use crate::mix::{Format, Voice, VoiceConfig, VoiceId};
use crate::net::{BindError, MediaPorts, Udp, UdpOptions};
use crate::rtp::{DelayRange, Receiver, ReceiverConfig, Source};
use crate::sdp::{self, Description, Local, Negotiated};
use crate::sip::wire::StatusCode;
use crate::sip::{Path, Warning};
use crate::units::{Level, SampleRate};
use core::fmt;
use core::time::Duration;
use smol::{LocalExecutor, Task};
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

    /// Agrees on `offer`, which came by `path`.
    pub(super) fn prepare(&mut self, path: Path, offer: &[u8]) -> Result<Prepared, Refused> {
        let offer = Description::parse(offer).map_err(Refused::Unreadable)?;
        let address = path.local.ip();
        let (speech, reports) = self.ports.bind(address, self.options.socket).map_err(Refused::NoPorts)?;
        self.next_session += 1;
        let local = Local {
            address,
            port: speech.local_addr().port(),
            formats: self.options.formats.clone(),
            ptime: self.options.ptime,
            session_id: self.next_session,
            version: 1,
        };
        let (answer, negotiated) = sdp::answer(&offer, &local).map_err(Refused::Incompatible)?;
        Ok(Prepared { answer: answer.to_bytes(), negotiated, path, speech, reports })
    }

    /// Begins to receive and to play; `None` when the audio thread takes no more voices.
    pub(super) fn start(&mut self, prepared: Prepared) -> Option<Stream<'a>> {
        let voice = VoiceId(self.next_voice);
        self.next_voice += 1;
        if !self.sink.attach(voice, Box::new(self.voice(&prepared.negotiated))) {
            return None;
        }
        let receiver = Receiver::new(receiver(&prepared));
        let heard = Heard::default();
        let sink = Rc::clone(&self.sink);
        let receiving = stream::receive(prepared.speech, receiver, voice, sink, Rc::clone(&heard));
        Some(Stream {
            voice,
            heard,
            sink: Rc::clone(&self.sink),
            _receiving: self.executor.spawn(receiving),
            _reports: prepared.reports,
        })
    }

    fn voice(&self, negotiated: &Negotiated) -> Voice {
        let formats = negotiated.formats.iter().filter_map(|format| {
            let codec = Codec::from_name(&format.name)?;
            Some(Format { payload_type: format.payload_type, codec })
        });
        Voice::telephone(VoiceConfig {
            formats: formats.take(MAX_FORMATS).collect(),
            delay: self.options.delay,
            level: self.options.level,
        })
    }
}

/// A stream that is agreed on and not yet started.
pub(super) struct Prepared {
    /// The answer to the offer.
    pub(super) answer: Vec<u8>,
    negotiated: Negotiated,
    path: Path,
    /// RTP comes here.
    speech: Udp,
    /// RTCP comes here.
    reports: Udp,
}

impl Prepared {
    /// What the caller speaks.
    pub(super) fn codec(&self) -> &str {
        self.negotiated.formats.first().map_or("nothing", |format| &format.name)
    }
}

/// A stream on its way to the loudspeaker. Dropped, it plays what has come and ends.
pub(super) struct Stream<'a> {
    /// Its voice.
    pub(super) voice: VoiceId,
    /// When media last came.
    pub(super) heard: Heard,
    sink: Rc<Sink<'a>>,
    _receiving: Task<()>,
    // Held so that nobody else gets the port; what comes is not read yet.
    _reports: Udp,
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        self.sink.release(self.voice);
    }
}

/// Why an offer cannot be taken.
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

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "the offer is no session description: {error}"),
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
    let codec = Codec::from_name(name)?;
    Some(sdp::Format::new(codec.payload_type(), codec.name(), codec.rate().hz()))
}

fn receiver(prepared: &Prepared) -> ReceiverConfig {
    let payload_types = prepared.negotiated.formats.iter().map(|format| format.payload_type);
    // Callers behind NAT send from another port, and from another address than they name: then from the one that
    // signalled.
    let named = prepared.negotiated.remote.map(|remote| remote.ip());
    let signalling = prepared.path.remote.ip();
    ReceiverConfig {
        payload_types: payload_types.take(MAX_FORMATS).collect(),
        rate: SampleRate::HZ_8000,
        source: Source::Host(named.unwrap_or(signalling)),
    }
}

/// The warn-code that only people read (RFC 3261 §20.43).
const MISCELLANEOUS: u16 = 399;
/// As many as a voice can decode.
const MAX_FORMATS: usize = 4;
