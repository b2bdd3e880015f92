//! Playlists: M3U, M3U8 and PLS, in a file or from a server.
//!
//! Names that are not whole count from where the list lies. What a server lists are streams: files of the box are not its
//! business. Left out: HLS, which is an M3U8 of short pieces of sound.

use super::{Item, MOST_TRACKS};
use core::fmt;
use std::path::{Path, PathBuf};

/// Where a playlist lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base<'a> {
    /// In this folder.
    Folder(&'a Path),
    /// At this URL.
    Url(&'a str),
}

/// The tracks that a playlist names, in its order; at most [`MOST_TRACKS`].
///
/// # Errors
///
/// See [`PlaylistError`].
pub fn entries(bytes: &[u8], base: Base<'_>) -> Result<Vec<Item>, PlaylistError> {
    let text = decoded(bytes);
    if text.lines().any(|line| line.starts_with("#EXT-X-")) {
        return Err(PlaylistError::Segments);
    }
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let is_pls = first.eq_ignore_ascii_case("[playlist]");
    let names = if is_pls { pls(&text) } else { m3u(&text) };
    let items: Vec<_> = names.into_iter().filter_map(|name| item(name, base)).take(MOST_TRACKS).collect();
    if items.is_empty() { Err(PlaylistError::Empty) } else { Ok(items) }
}

/// Why a playlist gives nothing to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaylistError {
    /// It is of HLS.
    Segments,
    /// It names nothing that could be played.
    Empty,
}

impl fmt::Display for PlaylistError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Segments => "expected a stream, found one of HLS, which is not known here",
            Self::Empty => "expected a playlist, found nothing to play in it",
        })
    }
}

impl std::error::Error for PlaylistError {}

/// Old players wrote Latin-1.
fn decoded(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match core::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

fn m3u(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// `File1=…`, in the order of the numbers.
fn pls(text: &str) -> Vec<&str> {
    let numbered = |line: &'_ str| -> Option<u32> {
        let start = line.get(..4).filter(|start| start.eq_ignore_ascii_case("file"));
        start.and_then(|_| line[4..].split_once('=')?.0.trim().parse().ok())
    };
    let lines = text.lines().map(str::trim);
    let mut files: Vec<_> = lines.filter_map(|line| Some((numbered(line)?, line))).collect();
    files.sort_by_key(|&(number, _)| number);
    files.into_iter().filter_map(|(_, line)| Some(line.split_once('=')?.1.trim())).collect()
}

fn item(name: &str, base: Base<'_>) -> Option<Item> {
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| name.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if name.chars().any(char::is_control) {
        return None;
    }
    match base {
        _ if is_url => Some(Item::Url(name.to_owned())),
        Base::Url(url) => beside(url, name).map(Item::Url),
        Base::Folder(folder) => Some(Item::File(folder.join(path(name)?))),
    }
}

/// A name that is a path; of other schemes than `file` there is none.
fn path(name: &str) -> Option<PathBuf> {
    if let Some(rest) = name.strip_prefix("file://") {
        return rest.starts_with('/').then(|| rest.replace("%20", " ").into());
    }
    // Windows writes `Music\song.mp3`.
    (!name.contains("://")).then(|| name.replace('\\', "/").into())
}

/// What a server calls `name` in a list at `url`.
fn beside(url: &str, name: &str) -> Option<String> {
    if name.contains("://") || name.starts_with("//") {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next()?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let name = name.strip_prefix('/').map_or_else(|| format!("{folder}/{name}"), |name| format!("/{name}"));
    Some(format!("{scheme}://{host}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &[u8], base: Base<'_>) -> Vec<String> {
        entries(text, base).unwrap().iter().map(ToString::to_string).collect()
    }

    fn in_folder(text: &[u8]) -> Vec<String> {
        names(text, Base::Folder(Path::new("/music")))
    }

    #[test]
    fn m3u_names_files_beside_it_files_elsewhere_and_streams() {
        let list = b"\xef\xbb\xbf#EXTM3U\r\n#EXTINF:12,Song\r\nA\\one.mp3\r\n\r\n/b/two.ogg\r\nHTTP://r.example/x\r\nfile:///c/a%20b.wav\r\nftp://x/y\r\n";
        assert_eq!(in_folder(list), ["/music/A/one.mp3", "/b/two.ogg", "HTTP://r.example/x", "/c/a b.wav"]);
    }

    #[test]
    fn pls_is_read_in_the_order_of_its_numbers() {
        let list =
            b"[playlist]\nfile10=c.mp3\nTitle1=A\nFile2=b.mp3\nFILE1=http://r.example/a\nNumberOfEntries=3\n";
        assert_eq!(in_folder(list), ["http://r.example/a", "/music/b.mp3", "/music/c.mp3"]);
    }

    #[test]
    fn latin_1_is_read_as_such() {
        assert_eq!(in_folder(b"Caf\xe9.mp3\n"), ["/music/Café.mp3"]);
    }

    #[test]
    fn what_a_server_lists_are_streams_of_it_or_of_others() {
        let base = Base::Url("http://r.example:8000/a/list.m3u?x=/y");
        assert_eq!(
            names(b"live.mp3\n/top\nfile:///etc/passwd\n//other/x\nhttps://b.example/\n", base),
            ["http://r.example:8000/a/live.mp3", "http://r.example:8000/top", "https://b.example/"]
        );
        assert_eq!(names(b"live", Base::Url("http://r.example")), ["http://r.example/live"]);
    }

    #[test]
    fn a_list_of_nothing_and_one_of_pieces_say_so() {
        let folder = Base::Folder(Path::new("/music"));
        assert_eq!(entries(b"#EXTM3U\n\n", folder), Err(PlaylistError::Empty));
        assert_eq!(entries(b"", folder), Err(PlaylistError::Empty));
        let hls = b"#EXTM3U\n#EXT-X-TARGETDURATION:6\n1.ts\n";
        assert_eq!(entries(hls, folder), Err(PlaylistError::Segments));
    }

    #[test]
    fn no_list_is_longer_than_the_longest() {
        let list = "x.mp3\n".repeat(MOST_TRACKS + 1);
        assert_eq!(entries(list.as_bytes(), Base::Folder(Path::new("/music"))).unwrap().len(), MOST_TRACKS);
    }
}
