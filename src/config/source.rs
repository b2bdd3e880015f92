//! Where sounds come from: chimes and files, music, what is sent on.

use std::path::PathBuf;

use super::Expected;
use super::form::Form;

/// A sound by name, or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Silence.
    None,
    /// One stroke of a gong.
    Gong,
    /// Three tones, one after the other.
    ThreeTone,
    /// A rising tone that asks for attention.
    Attention,
    /// A file.
    File(PathBuf),
}

impl Sound {
    /// The words, in the order of the variants before the file.
    pub(super) const WORDS: &[&str] = &["none", "gong", "three-tone", "attention"];

    /// Reads a word, or the path of a file: with a slash or an ending, so that a misspelt word is none.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "none" | "no" | "off" => Ok(Self::None),
            "gong" => Ok(Self::Gong),
            "three-tone" => Ok(Self::ThreeTone),
            "attention" => Ok(Self::Attention),
            _ => file(text).map(Self::File).ok_or(Expected::Sound),
        }
    }
}

/// Where music comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A directory, a playlist or a sound file.
    File(PathBuf),
    /// A stream.
    Url(String),
    /// An input of a sound card, by the name of its PCM.
    Pcm(String),
}

impl Source {
    /// Reads a list, the most wanted first.
    pub(super) fn list(text: &str) -> Result<Vec<Self>, Expected> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let list: Vec<_> =
            parts.map(|part| Self::one(part).ok_or(Expected::Sources)).collect::<Result<_, _>>()?;
        if list.is_empty() || list.len() > MAX_SOURCES { Err(Expected::Sources) } else { Ok(list) }
    }

    fn one(text: &str) -> Option<Self> {
        if let Ok(url) = Form::Url.read(text) {
            return Some(Self::Url(url));
        }
        if let Some((scheme, rest)) = text.split_once(':') {
            let is_pcm = scheme.eq_ignore_ascii_case("alsa") && !rest.trim().is_empty() && is_printable(rest);
            return is_pcm.then(|| Self::Pcm(rest.trim().to_owned()));
        }
        is_printable(text).then(|| Self::File(text.into()))
    }
}

/// What a multicast sender sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Pages by telephone.
    Calls,
    /// Bells.
    Bells,
    /// Music.
    Music,
    /// A file, over and over.
    File(PathBuf),
}

impl Feed {
    /// The words, in the order of the variants before the file.
    pub(super) const WORDS: &[&str] = &["call", "bell", "music"];

    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        match text.to_ascii_lowercase().as_str() {
            "call" => Ok(Self::Calls),
            "bell" => Ok(Self::Bells),
            "music" => Ok(Self::Music),
            _ => file(text).map(Self::File).ok_or(Expected::Feed),
        }
    }
}

/// The path of a file; a bare word is rather a word that nobody knows. Windows writes `sounds\chime.wav`.
fn file(text: &str) -> Option<PathBuf> {
    let text = &text.replace('\\', "/");
    let is_path = text.contains(['/', '.']) && !text.ends_with('/') && !text.contains("://");
    (is_path && is_printable(text)).then(|| text.into())
}

fn is_printable(text: &str) -> bool {
    text.len() <= 1024 && !text.chars().any(char::is_control)
}

/// More players in a row than anybody falls back to.
const MAX_SOURCES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_is_a_word_or_a_file() {
        assert_eq!(Sound::from_text("Three_Tone"), Ok(Sound::ThreeTone));
        assert_eq!(Sound::from_text("none"), Ok(Sound::None));
        for text in ["sounds/x.wav", "sounds\\x.wav"] {
            assert_eq!(Sound::from_text(text), Ok(Sound::File("sounds/x.wav".into())));
        }
        for word in Sound::WORDS {
            assert!(!matches!(Sound::from_text(word), Ok(Sound::File(_)) | Err(_)), "{word}");
        }
        for text in ["", "gnog", "http://a/x.wav", "sounds/", "a\u{7}.wav"] {
            assert_eq!(Sound::from_text(text), Err(Expected::Sound), "{text}");
        }
    }

    #[test]
    fn music_comes_from_files_streams_and_inputs() {
        let list = Source::list("/music, https://radio.example/live.mp3, alsa:hw:1,").unwrap();
        let expected = [
            Source::File("/music".into()),
            Source::Url("https://radio.example/live.mp3".to_owned()),
            Source::Pcm("hw:1".to_owned()),
        ];
        assert_eq!(list, expected);
        for text in ["", ",", "ftp://a/b", "alsa:", "http:/a", "spotify:x"] {
            assert_eq!(Source::list(text), Err(Expected::Sources), "{text}");
        }
    }

    #[test]
    fn what_is_sent_is_a_word_or_a_file() {
        for word in Feed::WORDS {
            assert!(!matches!(Feed::from_text(word), Ok(Feed::File(_)) | Err(_)), "{word}");
        }
        assert_eq!(Feed::from_text("a.wav"), Ok(Feed::File("a.wav".into())));
        assert_eq!(Feed::from_text("calls"), Err(Expected::Feed));
    }
}
