//! One open ALSA playback stream: non-blocking, read/write access, interleaved frames.
//!
//! RW access is the common ground of all plug-ins (mmap fails on pulse). The thread does not wait for the card but
//! for the time at which its queue will have sunk: it is woken as often as there is something to do. Errors come
//! out as what the thread can do about them: EPIPE and ESTRPIPE are a device run dry, to be prepared again; everything
//! else is a device lost, to be opened again.

use core::fmt;
use core::time::Duration;

use alsa::pcm::{Access, Format, Frames, HwParams, PCM, State};
use alsa::{Direction, Output, ValueOr};
use nix::errno::Errno;

use super::geometry::{Geometry, RATE_HZ, Request};
use super::rt;
use super::samples::{Layout, SampleFormat};
use super::sink::Fault;
use crate::mix::BLOCK;
use crate::time::Instant;

/// A card that plays.
pub(super) struct Card {
    pcm: PCM,
    name: String,
    layout: Layout,
    geometry: Geometry,
    /// Encoded frames; those from `sent` on are still to be written.
    bytes: Vec<u8>,
    sent: usize,
    handle: Option<rt::Handle>,
    watch: Watch,
}

impl Card {
    /// Opens the PCM `name`, to be fed with frames of so many channels.
    pub(super) fn open(name: &str, engine_channels: usize, request: Request) -> Result<Self, CardError> {
        // ALSA prints to the standard error; here it prints into a buffer that is thrown away at the next opening.
        let _silence = Output::local_error_handler();
        let refused = |cause| CardError { name: name.to_owned(), cause };
        let pcm = PCM::new(name, Direction::Playback, true).map_err(|error| refused(error.into()))?;
        let (layout, geometry) =
            negotiate(&pcm, engine_channels, request).map_err(|error| refused(error.into()))?;
        let bytes = Vec::with_capacity(geometry.buffer.max(BLOCK) * 2 * layout.frame_bytes());
        let (name, handle, watch) = (name.to_owned(), rt::Handle::of(&pcm), Watch::default());
        Ok(Self { pcm, name, layout, geometry, bytes, sent: 0, handle, watch })
    }

    pub(super) const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// Frames written and not yet played.
    pub(super) fn queued(&mut self, now: Instant) -> Result<usize, Fault> {
        self.flush()?;
        let free = self.pcm.avail().map_err(|error| self.fault(error))?;
        let free = usize::try_from(free).unwrap_or(0).min(self.geometry.buffer);
        let queued = self.geometry.buffer - free + self.unsent_frames();
        self.watch.see(queued, now).map_err(|cause| self.gone(cause))?;
        Ok(queued)
    }

    pub(super) fn write(&mut self, sound: &[f32]) -> Result<(), Fault> {
        self.drop_sent();
        self.watch.wrote(sound.len() / self.layout.engine_channels.max(1));
        self.layout.encode(sound, &mut self.bytes);
        self.flush()
    }

    pub(super) fn write_silence(&mut self, frames: usize) -> Result<(), Fault> {
        self.drop_sent();
        self.watch.wrote(frames);
        let len = self.bytes.len() + frames * self.layout.frame_bytes();
        self.bytes.resize(len, 0);
        self.flush()
    }

    /// Takes back so many of the frames written last; says how many it was.
    pub(super) fn take_back(&mut self, frames: usize) -> usize {
        if self.unsent_frames() > 0 {
            return 0;
        }
        let Some(handle) = self.handle else { return 0 };
        let taken = rt::rewind(&self.pcm, handle, frames);
        self.watch.took_back(taken);
        taken
    }

    /// Gets a stream that ran dry, or slept with the machine, going again: a period of silence, then what it had not
    /// taken yet.
    pub(super) fn recover(&mut self) -> Result<(), Fault> {
        self.watch.restart().map_err(|cause| self.gone(cause))?;
        self.prepare().map_err(|error| self.gone(error.into()))?;
        self.drop_sent();
        let silence = self.geometry.period * self.layout.frame_bytes();
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

    /// Hands over as much as the card takes; the rest stays for the next time.
    fn flush(&mut self) -> Result<(), Fault> {
        let rest = &self.bytes[self.sent.min(self.bytes.len())..];
        if rest.is_empty() {
            return Ok(());
        }
        match self.pcm.io_bytes().writei(rest) {
            Ok(frames) => {
                self.sent += frames * self.layout.frame_bytes();
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
        self.bytes.len().saturating_sub(self.sent) / self.layout.frame_bytes().max(1)
    }

    fn fault(&self, error: alsa::Error) -> Fault {
        match error.errno() {
            libc::EPIPE | libc::ESTRPIPE => Fault::Underrun(0),
            _ => self.gone(error.into()),
        }
    }

    fn gone(&self, cause: Cause) -> Fault {
        Fault::Gone(CardError { name: self.name.clone(), cause })
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
        let Layout { format, device_channels, .. } = self.layout;
        write!(f, "{}: {device_channels} channels, {format:?}", self.name)
    }
}

/// Sets the stream up: 48 kHz, 16 bits (32 where the card has no 16), as many channels as it has of ours.
fn negotiate(pcm: &PCM, engine_channels: usize, request: Request) -> alsa::Result<(Layout, Geometry)> {
    let wanted = HwParams::any(pcm)?;
    wanted.set_access(Access::RWInterleaved)?;
    let format =
        if wanted.test_format(Format::s16()).is_ok() { SampleFormat::S16 } else { SampleFormat::S32 };
    wanted.set_format(if format == SampleFormat::S16 { Format::s16() } else { Format::s32() })?;
    let channels = wanted.set_channels_near(u32::try_from(engine_channels).unwrap_or(u32::MAX))?;
    wanted.set_rate(RATE_HZ, ValueOr::Nearest)?;
    let period = wanted.set_period_size_near(as_alsa(request.period), ValueOr::Nearest)?;
    let buffer = wanted.set_buffer_size_near(as_alsa(request.buffer).max(2 * period))?;
    pcm.hw_params(&wanted)?;
    let geometry = Geometry::new(as_frames(period), as_frames(buffer), request.periods);
    set_start(pcm, geometry)?;
    let device_channels = usize::try_from(channels).unwrap_or(1);
    Ok((Layout { format, engine_channels, device_channels }, geometry))
}

/// Starts by itself when it is filled for the first time.
fn set_start(pcm: &PCM, geometry: Geometry) -> alsa::Result<()> {
    let software = pcm.sw_params_current()?;
    software.set_start_threshold(as_alsa(geometry.start_threshold()))?;
    pcm.sw_params(&software)
}

fn as_alsa(frames: usize) -> Frames {
    Frames::try_from(frames).unwrap_or(Frames::MAX)
}

fn as_frames(frames: Frames) -> usize {
    usize::try_from(frames).unwrap_or(0)
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

    fn see(&mut self, queued: usize, now: Instant) -> Result<(), Cause> {
        let moved_at = *self.moved_at.get_or_insert(now);
        if queued < self.queued {
            self.moved_at = Some(now);
            self.restarts = 0;
        } else if now.since(moved_at) > STANDSTILL {
            return Err(Cause::StandsStill);
        }
        self.queued = queued;
        Ok(())
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

#[derive(Debug)]
enum Cause {
    /// What ALSA says.
    Alsa(alsa::Error),
    /// It takes frames and does not play them.
    StandsStill,
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
        let error = Card::open("no-such-pcm", 2, Request::default()).unwrap_err();
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
