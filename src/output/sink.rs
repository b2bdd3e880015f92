//! The three kinds of device behind one face: a card, a file, nothing.

use core::fmt;
use std::io;
use std::path::PathBuf;

use super::devices::{self, UsbId};
use super::found::Found;
use super::geometry::{FILTERS, Geometry, RATE_HZ, Request, millis, time_of};
use super::kind::Kind;
use super::paced::{Missing, Paced};
use super::pcm::{Card, CardError};
use super::setup::Setup;
use super::wav::WavSink;
use crate::config::Device;
use crate::time::Instant;

/// An open device.
#[derive(Debug)]
pub(super) struct Sink {
    kind: SinkKind,
    geometry: Geometry,
}

#[derive(Debug)]
enum SinkKind {
    Card(Card),
    Wav(WavSink),
    Null(Paced),
}

impl Sink {
    /// Opens the device of `setup`.
    pub(super) fn open(setup: &Setup) -> Result<Self, SinkError> {
        match &setup.device {
            Device::Null => Ok(Self::nothing(setup)),
            Device::Wav(path) => {
                let geometry = virtual_geometry(setup);
                let sink = WavSink::create(path, setup, geometry.buffer);
                let sink = sink.map_err(|source| SinkError::File { path: path.clone(), source })?;
                Ok(Self::new(SinkKind::Wav(sink), geometry))
            }
            Device::Pcm(name) => Self::open_first(&[name], None, setup),
            Device::Auto => {
                let found = devices::list();
                let screen = found.iter().find(|device| device.kind == Kind::Hdmi);
                match (devices::best(&found), screen) {
                    (None, Some(screen)) => Err(SinkError::OnlyHdmi { card: screen.card.clone() }),
                    (best, _) => Self::open_found(best, setup),
                }
            }
            Device::Card(id) => match devices::of_card(&devices::list(), id) {
                // A bare word may also be the name of a PCM in somebody's asound.conf.
                None => Self::open_first(&[id], None, setup),
                found => Self::open_found(found, setup),
            },
            &Device::Usb { vendor, product } => {
                Self::open_found(devices::of_usb(&devices::list(), UsbId { vendor, product }), setup)
            }
        }
    }

    /// A device that plays to nobody, in real time: what stands in for one that is missing.
    pub(super) fn nothing(setup: &Setup) -> Self {
        Self::new(SinkKind::Null(Paced::default()), virtual_geometry(setup))
    }

    fn new(kind: SinkKind, geometry: Geometry) -> Self {
        Self { kind, geometry }
    }

    fn open_found(found: Option<&devices::Playback>, setup: &Setup) -> Result<Self, SinkError> {
        let found = found.ok_or_else(|| SinkError::NoSuchCard { device: setup.device.clone() })?;
        Self::open_first(&found.names(), Some(found.kind), setup)
    }

    /// The first of `names` that takes what we have; the first one's error if none does.
    fn open_first(names: &[impl AsRef<str>], kind: Option<Kind>, setup: &Setup) -> Result<Self, SinkError> {
        let mut refusal = None;
        for name in names {
            match Card::open(name.as_ref(), kind, setup) {
                Ok(card) => return Ok(Self::playing(card)),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        let nothing = SinkError::NoSuchCard { device: setup.device.clone() };
        Err(refusal.map_or(nothing, SinkError::Card))
    }

    fn playing(card: Card) -> Self {
        if card.missing_channels() > 0 {
            log::warn!(
                "{card}: the zones have {} channels more; they are not heard",
                card.missing_channels()
            );
        }
        let geometry = card.geometry();
        Self::new(SinkKind::Card(card), geometry)
    }

    pub(super) const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// What it is, of a sink opened by `setup`.
    pub(super) fn found(&self, setup: &Setup) -> Found {
        let (kind, format, channels) = match &self.kind {
            SinkKind::Card(card) => return card.found(),
            SinkKind::Wav(wav) => ("wav", Some(wav.format()), wav.channels()),
            SinkKind::Null(_) => ("null", None, setup.channels),
        };
        let (name, kind, latency) =
            (setup.device.to_string(), kind.to_owned(), self.geometry.latency(FILTERS));
        Found { name, kind, format, channels, rate_hz: RATE_HZ, latency }
    }

    /// Whether `auto` would take another card by now.
    pub(super) fn is_outdone(&self, setup: &Setup) -> bool {
        match &self.kind {
            SinkKind::Card(card) if setup.device == Device::Auto => {
                devices::is_outdone(card.kind(), &devices::list())
            }
            _ => false,
        }
    }

    /// The number of the card that plays, if it is one.
    pub(super) fn card(&self) -> Option<i32> {
        match &self.kind {
            SinkKind::Card(card) => card.number(),
            SinkKind::Wav(_) | SinkKind::Null(_) => None,
        }
    }

    /// Frames written and not yet played.
    pub(super) fn queued(&mut self, now: Instant) -> Result<usize, Fault> {
        match &mut self.kind {
            SinkKind::Card(card) => card.queued(now),
            SinkKind::Wav(wav) => wav.queued(now).map_err(Fault::from),
            SinkKind::Null(clock) => clock.queued(now).map_err(Fault::from),
        }
    }

    /// Plays interleaved `sound` after what is queued; all of it is taken.
    pub(super) fn write(&mut self, sound: &[f32], frames: usize, now: Instant) -> Result<(), Fault> {
        match &mut self.kind {
            SinkKind::Card(card) => return card.write(sound),
            SinkKind::Wav(wav) => wav.write(sound, now),
            SinkKind::Null(clock) => clock.write(frames, now),
        }
        Ok(())
    }

    /// Plays so many frames of silence.
    pub(super) fn write_silence(&mut self, frames: usize, now: Instant) -> Result<(), Fault> {
        match &mut self.kind {
            SinkKind::Card(card) => return card.write_silence(frames),
            SinkKind::Wav(wav) => wav.write_silence(frames, now),
            SinkKind::Null(clock) => clock.write(frames, now),
        }
        Ok(())
    }

    /// Takes back so many of the frames written last; says how many it was. The rest plays.
    pub(super) fn take_back(&mut self, frames: usize) -> usize {
        match &mut self.kind {
            SinkKind::Card(card) => return card.take_back(frames),
            // What is in the file is in the file.
            SinkKind::Wav(_) => return 0,
            SinkKind::Null(clock) => clock.take_back(frames),
        }
        frames
    }

    /// Makes a device that ran dry ready again, with a period of silence ahead of what comes.
    pub(super) fn recover(&mut self, missing: u64, now: Instant) -> Result<(), Fault> {
        if let SinkKind::Card(card) = &mut self.kind {
            return card.recover();
        }
        let missing = if missing > LONGEST_GAP_FRAMES { self.restart(missing, now) } else { missing };
        // What a virtual device has missed is silence in its file, so that its time line stays whole.
        let mut silence = usize::try_from(missing).unwrap_or(usize::MAX).saturating_add(self.geometry.period);
        while silence > 0 {
            let part = silence.min(self.geometry.buffer);
            self.write_silence(part, now)?;
            silence -= part;
        }
        Ok(())
    }

    /// Begins a new time line, on which nothing is missing: making up for hours would keep the thread from playing.
    fn restart(&mut self, missing: u64, now: Instant) -> u64 {
        match &mut self.kind {
            SinkKind::Card(_) => {}
            SinkKind::Wav(wav) => wav.restart(missing, now),
            SinkKind::Null(clock) => *clock = Paced::default(),
        }
        0
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let latency = match &self.kind {
            SinkKind::Card(card) => {
                write!(f, "{card}")?;
                card.latency()
            }
            SinkKind::Wav(_) => {
                write!(f, "wav, {RATE_HZ} Hz")?;
                self.geometry.latency(FILTERS)
            }
            SinkKind::Null(_) => {
                write!(f, "null, {RATE_HZ} Hz")?;
                self.geometry.latency(FILTERS)
            }
        };
        let [period, target, buffer] = [self.geometry.period, self.geometry.target, self.geometry.buffer]
            .map(|frames| millis(time_of(frames)));
        write!(f, ", latency {} ms: period {period}, filled to {target}, buffer {buffer} ms", millis(latency))
    }
}

/// What stops a device from playing on.
#[derive(Debug)]
pub(super) enum Fault {
    /// It ran dry; so many frames are missing on its time line.
    Underrun(u64),
    /// It is lost.
    Gone(CardError),
}

impl From<Missing> for Fault {
    fn from(Missing(frames): Missing) -> Self {
        Self::Underrun(frames)
    }
}

/// Why there is no device.
#[derive(Debug)]
#[non_exhaustive]
pub enum SinkError {
    /// No such card is plugged in.
    NoSuchCard {
        /// What was asked for.
        device: Device,
    },
    /// There are a screen's loudspeakers, and nobody has asked for them.
    OnlyHdmi {
        /// Their card.
        card: String,
    },
    /// The file cannot be made.
    File {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The card is there and does not play.
    Card(CardError),
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchCard { device } => write!(f, "{device}: no such sound card"),
            Self::OnlyHdmi { card } => {
                write!(
                    f,
                    "auto: there is only HDMI, which is not taken unasked: [audio] device = {card} does"
                )
            }
            Self::File { path, source } => write!(f, "wav:{}: {source}", path.display()),
            Self::Card(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SinkError {}

fn virtual_geometry(setup: &Setup) -> Geometry {
    let Request { period, buffer, periods, .. } = setup.request(Kind::Virtual);
    Geometry::new(period, buffer.max(2 * period), periods)
}

/// A virtual device that stood still for longer, 2 s, begins anew.
const LONGEST_GAP_FRAMES: u64 = 96_000;

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::config::Span;
    use crate::output::Others;
    use crate::time::Instant;

    /// Frames in a recording that stood still for so long after 10 ms of sound.
    fn recorded_after(name: &str, standstill: Duration) -> usize {
        let path = std::env::temp_dir().join(format!("pagingbox-{}-sink-{name}.wav", std::process::id()));
        let device = Device::Wav(path.clone());
        let (period, buffer) = (Span::Auto, Span::Auto);
        let setup = Setup { device, channels: 1, others: Others::Silent, period, buffer };
        let mut sink = Sink::open(&setup).unwrap();
        let begin = Instant::from_millis(1);
        sink.write(&[0.5; 480], 480, begin).unwrap();
        let now = begin + standstill;
        let Err(Fault::Underrun(missing)) = sink.queued(now) else { panic!("it did not run dry") };
        sink.recover(missing, now).unwrap();
        assert_eq!(sink.queued(now).unwrap(), 240);
        drop(sink);
        let frames = (std::fs::read(&path).unwrap().len() - 44) / 2;
        std::fs::remove_file(path).unwrap();
        frames
    }

    #[test]
    fn a_short_standstill_is_silence_in_the_file() {
        assert_eq!(recorded_after("short", Duration::from_secs(1)), 48_000 + 240);
    }

    #[test]
    fn a_long_standstill_is_left_out_of_the_file() {
        assert_eq!(recorded_after("long", Duration::from_hours(3)), 480 + 240);
    }
}
