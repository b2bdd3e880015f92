//! Something that plays: a file, a stream or an input, opened, and brought to 48 kHz.
//!
//! What a server says of what it sends is not asked for: the bytes tell. A playlist at a URL is followed, to the first of its
//! streams that works; a web page is refused. How long a stream may go without sound is for [`Patience`].

use super::patience::{NoSound, Patience};
use super::reader::Word;
use crate::app::reading::found;
use crate::app::serve::USER_AGENT;
use crate::clock;
use crate::dsp::{ConvertError, Resampler};
use crate::files::{self, Track, TrackError};
use crate::music::{Base, Item, Kind, MOST_TRACKS, PlaylistError, entries};
use crate::net::{HttpError, HttpStream};
use crate::output::{LineIn, LineInError};
use crate::units::SampleRate;
use core::fmt;
use smol::channel::Sender;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Something that plays.
pub(super) struct Deck {
    input: Input,
    rate: SampleRate,
    resampler: Resampler,
    decoded: Vec<f32>,
    /// What was read of it already.
    ahead: Vec<f32>,
    /// With what need not give anything.
    patience: Option<Patience>,
}

enum Input {
    Track(Track),
    Line(LineIn),
}

impl Deck {
    /// Opens `item` for whoever hears `words`. This may take seconds.
    pub(super) fn open(item: &Item, words: &Sender<Word>) -> Result<Self, DeckError> {
        let patience = Patience::new(clock::now(), words);
        match item {
            Item::File(path) => Self::playing(Input::Track(Track::open(&found(path))?), None),
            Item::Url(url) => {
                let track = stream(url, DEEPEST, &patience)?;
                Self::playing(Input::Track(track), Some(patience))
            }
            Item::Pcm(name) => Self::playing(Input::Line(LineIn::open(name)?), Some(patience)),
        }
    }

    fn playing(input: Input, patience: Option<Patience>) -> Result<Self, DeckError> {
        let rate = input.rate();
        let resampler = Resampler::new(rate, SampleRate::HZ_48000)?;
        Ok(Self { input, rate, resampler, decoded: Vec::new(), ahead: Vec::new(), patience })
    }

    /// Appends what comes next, which may be nothing; false at the end.
    pub(super) fn read(&mut self, samples: &mut Vec<f32>) -> Result<bool, DeckError> {
        samples.append(&mut self.ahead);
        let (asked_at, before) = (clock::now(), samples.len());
        if let Some(patience) = &self.patience {
            patience.begin(asked_at);
        }
        let goes_on = self.decode(samples)?;
        let sound = SampleRate::HZ_48000.span_of((samples.len() - before) as u64);
        let waited = clock::now().since(asked_at);
        let is_patient = self.patience.as_mut().is_none_or(|patience| patience.end(waited, sound));
        if is_patient { Ok(goes_on) } else { Err(DeckError::Silent(NoSound)) }
    }

    /// Whether there is sound in it; what was read of it for that comes first.
    pub(super) fn sounds(&mut self) -> Result<bool, DeckError> {
        let mut ahead = Vec::new();
        while self.read(&mut ahead)? {
            if !ahead.is_empty() {
                self.ahead = ahead;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn decode(&mut self, samples: &mut Vec<f32>) -> Result<bool, DeckError> {
        self.decoded.clear();
        let goes_on = match &mut self.input {
            Input::Track(track) => track.read(&mut self.decoded)?,
            Input::Line(line) => line.read(&mut self.decoded).map(|()| true)?,
        };
        if self.input.rate() != self.rate {
            self.resampler.finish(samples);
            self.rate = self.input.rate();
            self.resampler = Resampler::new(self.rate, SampleRate::HZ_48000)?;
        }
        self.resampler.process(&self.decoded, samples);
        if !goes_on {
            self.resampler.finish(samples);
        }
        Ok(goes_on)
    }
}

impl Input {
    const fn rate(&self) -> SampleRate {
        match self {
            Self::Track(track) => track.rate(),
            Self::Line(line) => line.rate(),
        }
    }
}

/// The tracks of a source: the sound files of a folder, what a playlist names, or itself.
pub(super) fn tracks(item: &Item) -> Result<Vec<Item>, DeckError> {
    let Item::File(path) = item else { return Ok(vec![item.clone()]) };
    let path = found(path);
    let kind = fs::metadata(&path).map_err(DeckError::Unreadable)?;
    if kind.is_dir() {
        let files = files::sound_files(&path, MOST_TRACKS).map_err(DeckError::Unreadable)?;
        if files.is_empty() {
            return Err(DeckError::Empty);
        }
        return Ok(files.into_iter().map(Item::File).collect());
    }
    if !is_playlist(&path) {
        return Ok(vec![Item::File(path)]);
    }
    let mut text = Vec::new();
    let file = File::open(&path).map_err(DeckError::Unreadable)?;
    file.take(LONGEST_LIST).read_to_end(&mut text).map_err(DeckError::Unreadable)?;
    Ok(entries(&text, Base::Folder(path.parent().unwrap_or(Path::new("."))))?)
}

fn is_playlist(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["m3u", "m3u8", "pls"].iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// The sound at a URL, or at one that a playlist there names.
fn stream(url: &str, deep: u32, patience: &Patience) -> Result<Track, DeckError> {
    if patience.is_over(clock::now()) {
        return Err(DeckError::Silent(NoSound));
    }
    let stream = HttpStream::open(url, USER_AGENT)?;
    let base = stream.url().to_owned();
    let mut stream = patience.watched(stream);
    let head = head(&mut stream)?;
    match Kind::of(&head) {
        Kind::Page => Err(DeckError::Page),
        Kind::Playlist if deep > 0 => {
            let mut text = head;
            stream.take(LONGEST_LIST).read_to_end(&mut text).map_err(DeckError::Unreadable)?;
            first_of(&entries(&text, Base::Url(&base))?, deep - 1, patience)
        }
        Kind::Playlist | Kind::Sound => Ok(Track::stream(io::Cursor::new(head).chain(stream))?),
    }
}

/// The first of these streams that works, or why the last does not.
fn first_of(items: &[Item], deep: u32, patience: &Patience) -> Result<Track, DeckError> {
    let mut failure = DeckError::Empty;
    for item in items.iter().take(MOST_TRIED) {
        let Item::Url(url) = item else { continue };
        match stream(url, deep, patience) {
            Ok(track) => return Ok(track),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The first bytes, by which it is told what it is.
fn head(stream: &mut impl Read) -> Result<Vec<u8>, DeckError> {
    let mut head = Vec::with_capacity(Kind::BYTES);
    stream.take(Kind::BYTES as u64).read_to_end(&mut head).map_err(DeckError::Unreadable)?;
    if head.is_empty() { Err(DeckError::Empty) } else { Ok(head) }
}

/// Why something does not play, or no more.
#[derive(Debug)]
pub(super) enum DeckError {
    Unreadable(io::Error),
    Track(TrackError),
    Http(HttpError),
    Playlist(PlaylistError),
    Line(LineInError),
    Rate(ConvertError),
    Silent(NoSound),
    Page,
    Empty,
}

impl fmt::Display for DeckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Track(error) => error.fmt(f),
            Self::Http(error) => error.fmt(f),
            Self::Playlist(error) => error.fmt(f),
            Self::Line(error) => error.fmt(f),
            Self::Rate(error) => error.fmt(f),
            Self::Silent(error) => error.fmt(f),
            Self::Page => f.write_str("expected a stream, found a web page"),
            Self::Empty => f.write_str("there is nothing to play in it"),
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident),*) => {$(
        impl From<$error> for DeckError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}
from!(TrackError => Track, HttpError => Http, PlaylistError => Playlist, LineInError => Line, ConvertError => Rate);

/// Bytes of a playlist that are read.
const LONGEST_LIST: u64 = 512 * 1024;
/// A playlist may name a playlist.
const DEEPEST: u32 = 2;
/// Streams of one playlist that are tried: they are the same, elsewhere.
const MOST_TRIED: usize = 4;
