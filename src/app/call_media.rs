//! The media of placed calls: what is offered, from which port, and what is said once an answer has come.
//!
//! ```text
//! open: a port ─> offer: it and our codecs ─INVITE─200─> start: the answer's place and codec ─> a voice of the talker
//! ```
//! Every call has a port of its own, as a telephone has (symmetric RTP, RFC 4961); what comes there is not listened to.
//! Calls of pure signalling share one port and say nothing.

use super::arguments::Announcement;
use super::call_error::CallError;
use super::call_faults::Random;
use super::call_histogram::Histogram;
use super::call_progress::Progress;
use super::call_stream::{Seeds, Stream};
use super::sound::Source;
use super::speech::Repertoire;
use super::talker::{Talker, Voice};
use crate::codec::Codec;
use crate::entropy;
use crate::sdp::{self, Description, Format, Local};
use crate::sip::CallKey;
use core::time::Duration;
use nix::sys::socket::{setsockopt, sockopt};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

/// The media of all calls of a run.
pub(super) struct CallMedia {
    /// The offer, but for the port.
    offer: Local,
    role: Role,
}

enum Role {
    Speaks(Box<Speaker>),
    IsSilent(Arc<UdpSocket>),
}

struct Speaker {
    announcement: Announcement,
    repertoire: Repertoire,
    talker: Talker,
    /// Faults follow from it and the number of the call.
    seed: u64,
}

/// A call that has begun to speak.
pub(super) struct Started {
    /// By which codec.
    pub(super) codec: Codec,
    /// To where.
    pub(super) remote: SocketAddr,
    /// How far it is.
    pub(super) progress: Arc<Progress>,
}

impl CallMedia {
    /// The media of calls from `address` that say `announcement`, or nothing. Their faults follow from `seed`.
    ///
    /// # Errors
    /// When the sound cannot be read, or the machine has no thread or port for it.
    pub(super) fn new(
        address: IpAddr,
        announcement: Option<Announcement>,
        seed: u64,
    ) -> Result<Self, CallError> {
        let codecs = announcement.as_ref().map_or(&DEFAULT_CODECS[..], |announcement| &announcement.codecs);
        let ptime = announcement.as_ref().and_then(|announcement| announcement.ptime).unwrap_or(PTIME);
        let offer = Local {
            address,
            port: 0,
            formats: formats(codecs),
            ptime,
            session_id: entropy::seed() >> 33,
            version: 1,
        };
        let role = match announcement {
            Some(announcement) => Role::Speaks(Box::new(Speaker::new(announcement, ptime, seed)?)),
            None => Role::IsSilent(Arc::new(port(address)?)),
        };
        Ok(Self { offer, role })
    }

    /// A port for a call.
    ///
    /// # Errors
    /// When the machine has none left.
    pub(super) fn open(&self) -> io::Result<Arc<UdpSocket>> {
        match &self.role {
            Role::Speaks(_) => port(self.offer.address).map(Arc::new),
            Role::IsSilent(shared) => Ok(Arc::clone(shared)),
        }
    }

    /// The offer of a call that has `port`.
    pub(super) fn offer(&self, port: &UdpSocket) -> Vec<u8> {
        sdp::offer(&self.local(port)).to_bytes()
    }

    /// Whether calls say anything.
    pub(super) const fn speaks(&self) -> bool {
        matches!(self.role, Role::Speaks(_))
    }

    /// Lets the call with this `number` say what it has to say, as its `answer` asks. `None` when it has nothing to say.
    ///
    /// # Errors
    /// When the answer leads to no sound, or the machine refuses.
    pub(super) fn start(
        &mut self,
        (call, number): (CallKey, u64),
        port: &Arc<UdpSocket>,
        answer: &[u8],
    ) -> Result<Option<Started>, CallError> {
        let offered = self.local(port);
        match &mut self.role {
            Role::IsSilent(_) => Ok(None),
            Role::Speaks(speaker) => speaker.start((call, number), port, agree(&offered, answer)?).map(Some),
        }
    }

    /// Lets a call say no more.
    pub(super) fn hush(&self, call: CallKey) {
        if let Role::Speaks(speaker) = &self.role {
            speaker.talker.hush(call);
        }
    }

    /// A call that has said everything.
    pub(super) fn poll_finished(&self) -> Option<CallKey> {
        match &self.role {
            Role::Speaks(speaker) => speaker.talker.poll_finished(),
            Role::IsSilent(_) => None,
        }
    }

    /// The end; says how late packets left.
    pub(super) fn end(self) -> Histogram {
        match self.role {
            Role::Speaks(speaker) => speaker.talker.end(),
            Role::IsSilent(_) => Histogram::default(),
        }
    }

    fn local(&self, port: &UdpSocket) -> Local {
        Local { port: port.local_addr().map_or(0, |address| address.port()), ..self.offer.clone() }
    }
}

impl Speaker {
    fn new(announcement: Announcement, ptime: Duration, seed: u64) -> Result<Self, CallError> {
        let mut repertoire = Repertoire::new(Source::load(&announcement.sound)?);
        // Most answers take what is offered: by then it is ready.
        for &codec in &announcement.codecs {
            repertoire.speech(codec, ptime)?;
        }
        Ok(Self { announcement, repertoire, talker: Talker::start()?, seed })
    }

    fn start(
        &mut self,
        (call, number): (CallKey, u64),
        port: &Arc<UdpSocket>,
        agreed: Agreed,
    ) -> Result<Started, CallError> {
        let Agreed { codec, payload_type, remote, ptime } = agreed;
        port.connect(remote)?;
        let speech = self.repertoire.speech(codec, self.announcement.ptime.unwrap_or(ptime))?;
        let progress = Arc::new(Progress::new(speech.len()));
        let seeds = Seeds { faults: Random(self.seed.wrapping_add(number)).next(), numbers: entropy::seed() };
        let stream = Stream::new(speech, self.announcement.manner, payload_type, seeds);
        let voice = Voice { stream, socket: Arc::clone(port), progress: Arc::clone(&progress) };
        self.talker.speak(call, voice);
        Ok(Started { codec, remote, progress })
    }
}

/// What an answer asks for.
#[derive(Clone, Copy)]
struct Agreed {
    codec: Codec,
    payload_type: u8,
    remote: SocketAddr,
    ptime: Duration,
}

fn agree(offered: &Local, answer: &[u8]) -> Result<Agreed, CallError> {
    let answer = Description::parse(answer).map_err(|error| CallError::Answer(error.to_string()))?;
    let agreed = sdp::accept(&answer, offered).map_err(|error| CallError::Answer(error.to_string()))?;
    let format = agreed.formats.first().and_then(|format| {
        let codec = Codec::from_encoding(&format.name, format.clock_rate_hz, format.channels)?;
        Some((codec, format.payload_type))
    });
    let (Some(remote), Some((codec, payload_type)), true) = (agreed.remote, format, agreed.direction.sends())
    else {
        return Err(CallError::Answer("it names no place that listens".to_owned()));
    };
    Ok(Agreed { codec, payload_type, remote, ptime: agreed.ptime })
}

/// Codecs without a payload type of their own get the dynamic ones in order (RFC 3551 §6).
fn formats(codecs: &[Codec]) -> Vec<Format> {
    let mut dynamic = FIRST_DYNAMIC..;
    let payload_type = |codec: Codec| codec.payload_type().or_else(|| dynamic.next());
    let numbered: Vec<_> = codecs.iter().copied().map(payload_type).collect();
    let format = |(&codec, payload_type): (&Codec, Option<u8>)| {
        Some(Format::new(payload_type?, codec.name(), codec.clock_rate().hz()))
    };
    codecs.iter().zip(numbered).filter_map(format).collect()
}

/// A port that keeps next to nothing of what it receives: a thousand of them shall not fill the kernel.
fn port(address: IpAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(SocketAddr::new(address, 0))?;
    socket.set_nonblocking(true)?;
    setsockopt(&socket, sockopt::RcvBuf, &0)?;
    Ok(socket)
}

/// What is offered where nothing else is asked for.
pub(super) const DEFAULT_CODECS: [Codec; 2] = [Codec::Pcmu, Codec::Pcma];
const PTIME: Duration = Duration::from_millis(20);
const FIRST_DYNAMIC: u8 = 96;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SampleRate;

    #[test]
    fn codecs_without_a_number_get_one_of_their_own() {
        let codecs = [Codec::L16(SampleRate::HZ_16000), Codec::G722, Codec::L16(SampleRate::HZ_8000)];
        let offered: Vec<_> = formats(&codecs).iter().map(ToString::to_string).collect();
        assert_eq!(offered, ["96 L16/16000", "9 G722/8000", "97 L16/8000"]);
    }

    #[test]
    fn calls_of_pure_signalling_share_a_port_and_offer_it() {
        let media = CallMedia::new("127.0.0.1".parse().unwrap(), None, 1).unwrap();
        let ports = [media.open().unwrap(), media.open().unwrap()];
        let [one, other] = ports.each_ref().map(|port| port.local_addr().unwrap());
        assert_eq!(one, other);
        let offer = String::from_utf8(media.offer(&ports[0])).unwrap();
        assert!(offer.contains(&format!("m=audio {} RTP/AVP 0 8\r\n", one.port())), "{offer}");
    }
}
