//! A call as the service knows it, and what the log says of it.

use super::super::beeps;
use super::super::floor::Hold;
use super::super::media::{Prepared, Refused, Stream};
use super::super::terms::Terms;
use crate::key::Key;
use crate::mix::{Part, Recital, VoiceId, VoiceStats};
use crate::sip::wire::NameAddr;
use crate::sip::{EndReason, Path};
use crate::time::Instant;
use core::fmt;
use core::time::Duration;
use log::Level;
use std::net::SocketAddr;
use std::rc::Rc;

/// One call, as long as the endpoint knows it.
pub(super) struct Call<'a> {
    /// Caller and Call-ID, for the log; `None` when this peer has had its line of this second.
    pub(super) name: Option<String>,
    pub(super) caller: Caller,
    pub(super) since: Instant,
    pub(super) terms: Terms,
    /// Where it is heard; `None` while it waits for others, and when it is over.
    pub(super) hold: Option<Rc<Hold<'a>>>,
    /// Keys that the log does not know of yet.
    pub(super) keys: String,
    /// The way that its first key came; `None`: there was none.
    pub(super) key_way: Option<KeyWay>,
    pub(super) stage: Stage<'a>,
    /// It is recorded first, and never heard itself.
    pub(super) is_delayed: bool,
    pub(super) told: Told,
}

/// What a caller has been told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Since when something can be sent to him.
    pub(super) hears_since: Option<Instant>,
    /// His place in the queue, and when he was told so last.
    pub(super) place: Option<(usize, Instant)>,
    /// Whether he is heard.
    pub(super) is_heard: Option<bool>,
}

/// Who calls, for those who ask.
pub(super) struct Caller {
    pub(super) from: String,
    pub(super) call_id: String,
    pub(super) peer: SocketAddr,
}

/// How a key comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyWay {
    /// As a telephone event, or as tones in the speech.
    Media,
    /// By INFO.
    Info,
}

pub(super) enum Stage<'a> {
    Waiting(Box<Prepared>),
    /// The caller can be told things, and is not heard. With what he is to be answered, if he has not been.
    OffAir(Box<Stream<'a>>, Option<Vec<u8>>),
    OnAir(Box<Stream<'a>>),
    /// It rings over the loudspeakers, until somebody else answers.
    Ringing,
    /// The box has hung up, the caller does not know yet.
    Leaving,
}

impl<'a> Stage<'a> {
    /// What comes from the caller, and goes back to him.
    pub(super) fn stream(&self) -> Option<&Stream<'a>> {
        match self {
            Self::OffAir(stream, _) | Self::OnAir(stream) => Some(stream),
            Self::Waiting(_) | Self::Ringing | Self::Leaving => None,
        }
    }

    /// The same, once the caller has been answered, to be changed.
    pub(super) fn answered_mut(&mut self) -> Option<&mut Stream<'a>> {
        match self {
            Self::OffAir(stream, None) | Self::OnAir(stream) => Some(stream),
            _ => None,
        }
    }
}

impl Call<'_> {
    /// Whether it is heard, or will be.
    pub(super) const fn is_page(&self) -> bool {
        !self.is_delayed && !matches!(self.stage, Stage::Leaving)
    }

    /// Something can be sent to him from now on.
    pub(super) fn open_ear(&mut self, now: Instant) {
        self.told.hears_since.get_or_insert(now);
    }

    /// How long nothing is said to him yet.
    pub(super) fn lead_in(&self, now: Instant) -> Duration {
        self.told.hears_since.map_or(Duration::ZERO, |since| (since + LEAD_IN).since(now))
    }

    /// Tells him something alone, after what is still to be said to him, and not before his telephone is ready to play it.
    pub(super) fn say(&self, now: Instant, recital: &Recital) {
        let Some(stream) = self.stage.stream() else { return };
        let lead_in = self.lead_in(now);
        if lead_in.is_zero() {
            return stream.say(recital);
        }
        let mut parts = vec![Part::Pause(lead_in)];
        parts.extend(recital.parts.iter().cloned());
        stream.say(&Recital { parts, ..recital.clone() });
    }

    /// The same in place of what is still to be said to him.
    pub(super) fn say_at_once(&self, now: Instant, recital: &Recital) {
        if let Some(stream) = self.stage.stream() {
            stream.hush();
        }
        self.say(now, recital);
    }

    /// Tells him his place in the queue.
    pub(super) fn tell_place(&mut self, now: Instant, place: usize) {
        self.told.place = Some((place, now));
        self.say_at_once(now, &beeps::place(place));
    }

    /// Whether keys are taken that come by this way: that of the first one.
    pub(super) fn takes_keys_by(&mut self, way: KeyWay) -> bool {
        *self.key_way.get_or_insert(way) == way
    }

    /// Keeps a key for the next line of the log; more than [`MAX_KEYS`] are not told.
    pub(super) fn press(&mut self, key: Key) {
        if self.keys.len() < MAX_KEYS {
            self.keys.push(key.as_char());
        }
    }

    pub(super) fn tell_keys(&mut self) {
        match core::mem::take(&mut self.keys).as_str() {
            "" => {}
            keys => tell(Level::Info, self.name.as_deref(), format_args!("key {keys}")),
        }
    }
}

impl Caller {
    pub(super) fn new(from: &NameAddr, path: Path, call_id: &str) -> Self {
        Self { from: short(&from.uri.to_string()), call_id: short(call_id), peer: path.remote }
    }
}

pub(super) fn name(from: &NameAddr, path: Path, call_id: &str) -> String {
    format!("call from {} at {} ({})", short(&from.uri.to_string()), path.remote, short(call_id))
}

/// Logs what happened to a call, if it may be.
pub(super) fn tell(level: Level, name: Option<&str>, what: fmt::Arguments<'_>) {
    if let Some(name) = name {
        log::log!(level, "{name}: {what}");
    }
}

/// What a stranger wrote, fit for a line of the log.
pub(in super::super) fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(LONGEST_NAME).collect()
}

/// Says that a call goes on although what its caller wanted is refused, if a line may be said: `held_back` were not.
pub(super) fn complain(held_back: Option<u64>, name: Option<&str>, refused: &Refused) {
    match held_back {
        None => {}
        Some(0) => tell(Level::Warn, name, format_args!("goes on unchanged: {refused}")),
        Some(count) => {
            tell(
                Level::Warn,
                name,
                format_args!("goes on unchanged: {refused}; {count} lines were held back"),
            );
        }
    }
}

/// Says what was received, loudly if none of it could be played.
pub(super) fn tell_reception(call: &Call<'_>) {
    let Stage::OnAir(stream) = &call.stage else { return };
    let stats = stream.stats();
    let (name, rejected) = (call.name.as_deref(), stats.rejected);
    if stats.received == 0 && rejected > 0 {
        tell(Level::Warn, name, format_args!("nothing heard: {rejected} packets were not of this call"));
    } else {
        let (received, lost) = (stats.received, stats.lost);
        tell(Level::Info, name, format_args!("received {received} packets, {lost} lost, {rejected} refused"));
    }
    if let Some(view) = stream.peer_view() {
        let (lost, jitter, round_trip) = (view.lost, view.jitter, view.round_trip.unwrap_or_default());
        let what =
            format_args!("the caller lost {lost} packets, jitter {jitter:.1?}, round trip {round_trip:.1?}");
        tell(Level::Info, name, what);
    }
}

/// The voice of a call that is heard, and its name for the log.
pub(super) fn named(name: Option<&str>, stream: &Stream<'_>) -> Option<(VoiceId, String)> {
    Some((stream.voice(), name?.to_owned())).filter(|_| stream.is_on_air())
}

pub(super) fn sentence(reason: EndReason) -> &'static str {
    match reason {
        EndReason::RemoteHangUp => "the caller hung up",
        EndReason::LocalHangUp => "hung up",
        EndReason::Cancelled => "the caller gave up",
        EndReason::NoAck => "ended: the caller never acknowledged the answer",
        EndReason::Expired => "ended: the caller's telephone is gone without a word",
        EndReason::Unwritable => "ended: its answer could not be written",
    }
}

pub(super) fn summary(stats: &VoiceStats) -> String {
    let jitter = &stats.jitter;
    format!(
        "off air: {} packets, {} late, {} ms made up, {} ms left out",
        jitter.chunks,
        jitter.late,
        jitter.concealed_ticks / TICKS_PER_MS,
        (jitter.skipped_ticks + jitter.overflow_ticks) / TICKS_PER_MS,
    )
}

/// So long a telephone may need, once the call is answered, before it plays what it is sent.
const LEAD_IN: Duration = Duration::from_millis(300);
/// Keys that the log has still to be told of.
const MAX_KEYS: usize = 32;
/// Characters of a caller's address, and of a Call-ID, that the log shows.
const LONGEST_NAME: usize = 80;
/// Of the RTP clock of a telephone voice.
const TICKS_PER_MS: u64 = 8;
