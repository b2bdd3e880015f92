//! What something from a server is, by its first bytes: servers call sound text and web pages sound.

/// What it seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A web page, or a message for people.
    Page,
    /// A list of streams.
    Playlist,
    /// Anything else: sound, or what a decoder is to refuse.
    Sound,
}

impl Kind {
    /// Bytes that are enough to tell.
    pub const BYTES: usize = 512;

    /// Of what begins with `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        let begins_with = |text: &str| {
            bytes.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
        };
        if ["#EXTM3U", "#EXTINF", "[playlist]", "http://", "https://"].iter().any(|text| begins_with(text)) {
            Self::Playlist
        } else if begins_with("<") || begins_with("{") {
            Self::Page
        } else {
            Self::Sound
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_by_the_bytes() {
        for (bytes, kind) in [
            (&b"<!DOCTYPE html><html>"[..], Kind::Page),
            (b"\r\n<html>", Kind::Page),
            (b"{\"error\": 404}", Kind::Page),
            (b"\xef\xbb\xbf#extm3u\r\n", Kind::Playlist),
            (b"[Playlist]\nFile1=x", Kind::Playlist),
            (b"http://radio.example/live\n", Kind::Playlist),
            (b"OggS\0", Kind::Sound),
            (b"ID3\x04", Kind::Sound),
            (b"\xff\xfb\x90", Kind::Sound),
            (b"fLaC", Kind::Sound),
            (b"", Kind::Sound),
        ] {
            assert_eq!(Kind::of(bytes), kind, "{bytes:?}");
        }
    }
}
