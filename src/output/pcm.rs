//! One open ALSA playback stream: non-blocking, read/write access, interleaved frames.
//!
//! RW access is the common ground of all plug-ins (mmap fails on pulse). The thread does not wait for the card but
//! for the time at which its queue will have sunk: it is woken as often as there is something to do. Errors come
//! out as what the thread can do about them: EPIPE and ESTRPIPE are a device run dry, to be prepared again; everything
//! else is a device lost, to be opened again.
//!
//! Outside of this file all frames are the engine's, at 48 kHz, whatever the card's own rate.

use core::fmt;
use core::time::Duration;

use alsa::pcm::{PCM, State};
use alsa::{Direction, Output};
use nix::errno::Errno;

use super::devices;
use super::encoder::Encoder;
use super::found::Found;
use super::geometry::{FILTERS, Geometry};
use super::kind::Kind;
use super::negotiate::{Choice, Misfit, as_alsa};
use super::rt;
use super::samples::Layout;
use super::setup::Setup;
use super::sink::Fault;
use crate::mix::BLOCK;
use crate::time::Instant;

/// A card that plays.
pub(super) struct Card {
    pcm: PCM,
    name: String,
    kind: Kind,
    geometry: Geometry,
    /// What it holds, in its own frames.
    buffer: usize,
    encoder: Encoder,
    /// Encoded frames; those from `sent` on are still to be written.
    bytes: Vec<u8>,
    sent: usize,
    handle: Option<rt::Handle>,
    watch: Watch,
}

impl Card {
    /// Opens the PCM `name` for what `setup` renders. What it is, is asked of the card behind it where it is not known.
    pub(super) fn open(name: &str, kind: Option<Kind>, setup: &Setup) -> Result<Self, CardError> {
        // ALSA prints to the standard error; here it prints into a buffer that is thrown away at the next opening.
        let _silence = Output::local_error_handler();
        let pcm = playback(name)?;
        let kind = kind.unwrap_or_else(|| kind_behind(&pcm));
        let choice =
            Choice::new(&pcm, setup, setup.request(kind)).map_err(|misfit| CardError::new(name, misfit))?;
        choice.install(&pcm).map_err(|error| CardError::new(name, error))?;
        let Choice { layout, rate, geometry, buffer, .. } = choice;
        drop(choice);
        let (encoder, watch, handle) = (Encoder::new(layout, rate), Watch::default(), rt::Handle::of(&pcm));
        let bytes = Vec::with_capacity((buffer.max(BLOCK) + BLOCK) * 2 * layout.frame_bytes());
        let name = name.to_owned();
        let card = Self { pcm, name, kind, geometry, buffer, encoder, bytes, sent: 0, handle, watch };
        card.set_start().map_err(|error| CardError::new(&card.name, error))?;
        Ok(card)
    }

    /// Channels that are rendered for it and that it does not have; a card of one plays the mean of all.
    pub(super) fn missing_channels(&self) -> usize {
        let Layout { engine_channels, device_channels, .. } = self.encoder.layout();
        if device_channels == 1 { 0 } else { engine_channels.saturating_sub(device_channels) }
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The number of the card behind it, if there is one.
    pub(super) fn number(&self) -> Option<i32> {
        self.pcm.info().ok().map(|info| info.get_card()).filter(|&card| card >= 0)
    }

    /// How late sound is heard at most after it came.
    pub(super) fn latency(&self) -> Duration {
        self.geometry.latency(FILTERS + self.encoder.delay())
    }

    pub(super) const fn geometry(&self) -> Geometry {
        self.geometry
    }

    pub(super) fn found(&self) -> Found {
        let Layout { format, device_channels: channels, .. } = self.encoder.layout();
        let (name, kind, rate_hz) = (self.name.clone(), self.kind.to_string(), self.encoder.rate().hz());
        Found { name, kind, format: Some(format.name()), channels, rate_hz, latency: self.latency() }
    }

    /// Frames written and not yet played.
    pub(super) fn queued(&mut self, now: Instant) -> Result<usize, Fault> {
        self.flush()?;
        let free = self.pcm.avail().map_err(|error| self.fault(error))?;
        let free = usize::try_from(free).unwrap_or(0).min(self.buffer);
        let queued = self.buffer - free + self.unsent_frames();
        let has_moved = self.watch.see(queued, now).map_err(|cause| self.gone(cause))?;
        if !has_moved {
            self.ask_why()?;
        }
        Ok(self.encoder.rate().to_engine(queued))
    }

    /// Of a card that sleeps or is gone, plug-ins tell no more than what was queued last. Waiting is refused.
    fn ask_why(&self) -> Result<(), Fault> {
        match self.pcm.wait(Some(0)) {
            Ok(_) => Ok(()),
            Err(error) if error.errno() == libc::EINTR => Ok(()),
            Err(error) => Err(self.fault(error)),
        }
    }

    pub(super) fn write(&mut self, sound: &[f32]) -> Result<(), Fault> {
        self.drop_sent();
        let frames = self.encoder.encode(sound, &mut self.bytes);
        self.watch.wrote(frames);
        self.flush()
    }

    pub(super) fn write_silence(&mut self, frames: usize) -> Result<(), Fault> {
        self.drop_sent();
        let frames = self.encoder.encode_silence(frames, &mut self.bytes);
        self.watch.wrote(frames);
        self.flush()
    }

    /// Takes back so many of the frames written last; says how many it was.
    pub(super) fn take_back(&mut self, frames: usize) -> usize {
        if self.unsent_frames() > 0 {
            return 0;
        }
        let Some(handle) = self.handle else { return 0 };
        let rate = self.encoder.rate();
        let wanted = rate.to_device(frames);
        let taken = rt::rewind(&self.pcm, handle, wanted);
        self.watch.took_back(taken);
        if taken == wanted { frames } else { rate.to_engine(taken) }
    }

    /// Gets a stream that ran dry, or slept with the machine, going again: a period of silence, then what it had not
    /// taken yet.
    pub(super) fn recover(&mut self) -> Result<(), Fault> {
        self.watch.restart().map_err(|cause| self.gone(cause))?;
        self.prepare().map_err(|error| self.gone(error.into()))?;
        self.drop_sent();
        let period = self.encoder.rate().to_device(self.geometry.period);
        let silence = period * self.encoder.layout().frame_bytes();
        self.bytes.resize(self.bytes.len() + silence, 0);
        self.bytes.rotate_right(silence);
        self.watch.wrote(self.unsent_frames());
        self.flush()
    }

    /// After a suspend some drivers go on where they were; those that cannot are prepared like after an XRUN.
    fn prepare(&self) -> alsa::Result<()> {
        let is_suspended = self.pcm.state_raw() == SUSPENDED;
        if is_suspended && self.pcm.resume().is_ok() { Ok(()) } else { self.pcm.prepare() }
    }

    /// It starts by itself when it is filled for the first time.
    fn set_start(&self) -> alsa::Result<()> {
        let software = self.pcm.sw_params_current()?;
        let frames = self.encoder.rate().to_device(self.geometry.start_threshold());
        software.set_start_threshold(as_alsa(frames.max(1)))?;
        self.pcm.sw_params(&software)
    }

    /// Hands over as much as the card takes; the rest stays for the next time.
    fn flush(&mut self) -> Result<(), Fault> {
        let rest = &self.bytes[self.sent.min(self.bytes.len())..];
        if rest.is_empty() {
            return Ok(());
        }
        match self.pcm.io_bytes().writei(rest) {
            Ok(frames) => {
                self.sent += frames * self.encoder.layout().frame_bytes();
                Ok(())
            }
            Err(error) if [libc::EAGAIN, libc::EINTR].contains(&error.errno()) => Ok(()),
            Err(error) => Err(self.fault(error)),
        }
    }

    fn drop_sent(&mut self) {
        let sent = self.sent.min(self.bytes.len());
        self.bytes.drain(..sent);
        self.sent = 0;
    }

    fn unsent_frames(&self) -> usize {
        self.encoder.frames(self.bytes.len().saturating_sub(self.sent))
    }

    fn fault(&self, error: alsa::Error) -> Fault {
        match error.errno() {
            libc::EPIPE | libc::ESTRPIPE => Fault::Underrun(0),
            _ => self.gone(error.into()),
        }
    }

    fn gone(&self, cause: Cause) -> Fault {
        Fault::Gone(CardError::new(&self.name, cause))
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card")
            .field("name", &self.name)
            .field("geometry", &self.geometry)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Layout { format, device_channels, .. } = self.encoder.layout();
        let (name, kind, rate_hz) = (&self.name, self.kind, self.encoder.rate().hz());
        write!(f, "{name}: {kind}, {device_channels} channels, {}, {rate_hz} Hz", format.name())
    }
}

/// Opens the PCM `name` as it is.
pub(super) fn playback(name: &str) -> Result<PCM, CardError> {
    PCM::new(name, Direction::Playback, true).map_err(|error| CardError::new(name, error))
}

/// The kind of the card that a PCM ends at, whatever lies between; without a card it is a program.
fn kind_behind(pcm: &PCM) -> Kind {
    let Ok(info) = pcm.info() else { return Kind::Virtual };
    devices::kind_of(info.get_card(), info.get_device()).unwrap_or(Kind::Virtual)
}

/// Notices a card that takes frames and does not play them.
#[derive(Debug, Default)]
struct Watch {
    /// What should be queued if nothing has been played.
    queued: usize,
    moved_at: Option<Instant>,
    /// How often it ran dry since it last played something.
    restarts: u32,
}

impl Watch {
    fn wrote(&mut self, frames: usize) {
        self.queued += frames;
    }

    fn took_back(&mut self, frames: usize) {
        self.queued = self.queued.saturating_sub(frames);
    }

    /// Whether it has played something since it was last looked at.
    fn see(&mut self, queued: usize, now: Instant) -> Result<bool, Cause> {
        let moved_at = *self.moved_at.get_or_insert(now);
        let has_moved = queued < self.queued;
        if has_moved {
            self.moved_at = Some(now);
            self.restarts = 0;
        } else if now.since(moved_at) > STANDSTILL {
            return Err(Cause::StandsStill);
        }
        self.queued = queued;
        Ok(has_moved)
    }

    fn restart(&mut self) -> Result<(), Cause> {
        let restarts = self.restarts + 1;
        *self = Self { restarts, ..Self::default() };
        if restarts > MAX_RESTARTS { Err(Cause::StandsStill) } else { Ok(()) }
    }
}

/// Why a card does not play, or plays no more.
#[derive(Debug)]
pub struct CardError {
    name: String,
    cause: Cause,
}

impl CardError {
    pub(super) fn new(name: &str, cause: impl Into<Cause>) -> Self {
        Self { name: name.to_owned(), cause: cause.into() }
    }
}

/// What it says of its card.
#[derive(Debug)]
pub(super) enum Cause {
    /// What ALSA says.
    Alsa(alsa::Error),
    /// It takes frames and does not play them.
    StandsStill,
    /// It takes none of our formats.
    Format,
    /// It knows none of our rates.
    Rate,
}

impl From<Misfit> for Cause {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Alsa(error) => Self::Alsa(error),
            Misfit::Format => Self::Format,
            Misfit::Rate => Self::Rate,
        }
    }
}

impl From<alsa::Error> for Cause {
    fn from(error: alsa::Error) -> Self {
        Self::Alsa(error)
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.cause {
            Cause::Alsa(error) => match error.errno() {
                libc::EBUSY => write!(f, "{name}: another program plays on it"),
                libc::ENODEV => write!(f, "{name}: unplugged"),
                errno => write!(f, "{name}: {}: {}", error.func(), Errno::from_raw(errno).desc()),
            },
            Cause::StandsStill => write!(f, "{name}: takes sound and does not play it"),
            Cause::Format => write!(f, "{name}: takes neither S16, S24, S32 nor FLOAT"),
            Cause::Rate => write!(f, "{name}: knows neither 48 nor 44.1 kHz"),
        }
    }
}

impl std::error::Error for CardError {}

const SUSPENDED: i32 = State::Suspended as i32;

/// A card that has not moved for so long is opened again.
const STANDSTILL: Duration = Duration::from_millis(500);

/// A card that runs dry so often without having played is opened again.
const MAX_RESTARTS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn a_card_that_plays_is_left_alone() {
        let mut watch = Watch::default();
        for turn in 0..1000 {
            watch.see(240, at(5 * turn)).unwrap();
            watch.wrote(240);
        }
    }

    #[test]
    fn a_card_that_stands_still_is_noticed() {
        let mut watch = Watch::default();
        watch.wrote(480);
        watch.see(480, at(0)).unwrap();
        watch.see(480, at(500)).unwrap();
        assert!(matches!(watch.see(480, at(501)), Err(Cause::StandsStill)));
    }

    #[test]
    fn a_card_that_never_gets_going_is_noticed() {
        let mut watch = Watch::default();
        let restarts = (0..100).take_while(|_| watch.restart().is_ok()).count();
        assert_eq!(restarts, 20);
        watch = Watch::default();
        for _ in 0..100 {
            watch.wrote(480);
            watch.see(240, at(0)).unwrap();
            watch.restart().unwrap();
        }
    }

    #[test]
    fn a_name_that_alsa_does_not_know_is_refused_with_the_reason() {
        let setup = Setup::new(&Settings::default().outputs()[0], &Settings::default().audio);
        let error = Card::open("no-such-pcm", None, &setup).unwrap_err();
        assert!(error.to_string().starts_with("no-such-pcm: snd_pcm_open: "), "{error}");
    }

    #[test]
    fn what_a_user_can_mend_is_said_in_words() {
        let say =
            |errno| CardError { name: "x".into(), cause: alsa::Error::new("f", errno).into() }.to_string();
        assert_eq!(say(libc::EBUSY), "x: another program plays on it");
        assert_eq!(say(libc::ENODEV), "x: unplugged");
    }
}
