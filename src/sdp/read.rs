//! Reading: bytes become a [`Description`] once.
//!
//! The lines go through the `sdp-types` crate. What it would refuse is mended before, so that no line costs a call that
//! could do without it: only the lines that say something about audio are shown to it, and of those only what it can
//! read. Gone are a Latin-1 byte in a session name (s=), a t= without a stop time, an o= with blanks in the user's name
//! (nothing is made of the peer's origin), a line without `=`, and the second of what may come once. Any line end will
//! do, and runs of blanks in an m= line are one. An m= line that makes no sense is read as refused, with port 0: it
//! keeps its place, for an answer has as many m= lines as its offer (RFC 3264 §6).

use core::fmt;
use core::time::Duration;

use super::{Address, Description, Direction, Format, Media, Origin, Parameters, Rtcp};

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// When `bytes` are no description; never panics, and takes time and memory in proportion to [`MAX_BYTES`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > MAX_BYTES {
            return Err(ParseError::TooLong { bytes: bytes.len() });
        }
        // All that can be wrong otherwise has been mended.
        let session =
            sdp_types::Session::parse(screened(bytes).as_bytes()).map_err(|_| ParseError::NoVersion)?;
        if session.medias.len() > MAX_MEDIA {
            return Err(ParseError::TooManyMedia { count: session.medias.len() });
        }
        Ok(Self {
            origin: read_origin(&session.origin),
            address: session.connection.as_ref().map(read_address),
            time: session.times.first().map_or((0, 0), |time| (time.start_time, time.stop_time)),
            direction: read_direction(&session.attributes),
            media: session.medias.iter().map(read_media).collect(),
        })
    }
}

/// Why bytes are no description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// More than [`MAX_BYTES`].
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// More than [`MAX_MEDIA`] m= lines.
    TooManyMedia {
        /// How many there are.
        count: usize,
    },
    /// It does not begin with v=0.
    NoVersion,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(f, "expected at most {MAX_BYTES} bytes of SDP, found {bytes}"),
            Self::TooManyMedia { count } => write!(f, "expected at most {MAX_MEDIA} m= lines, found {count}"),
            Self::NoVersion => f.write_str("expected SDP that begins with v=0"),
        }
    }
}

impl std::error::Error for ParseError {}

/// The lines that matter, mended.
fn screened(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = String::with_capacity(text.len());
    let mut screen = Screen::default();
    for line in text.split(['\n', '\r']) {
        let line: String = line.chars().map(plain).collect();
        lines.push_str(&screen.mended(line.trim_end()));
        lines.push('\n');
    }
    lines
}

/// Bytes that are no UTF-8 become as many question marks, so that text never grows.
fn plain(c: char) -> char {
    match c {
        char::REPLACEMENT_CHARACTER => '?',
        c if c.is_control() => ' ',
        c => c,
    }
}

/// What has passed of that which may come once.
#[derive(Default)]
struct Screen {
    has_origin: bool,
    has_address: bool,
    is_in_media: bool,
}

impl Screen {
    /// The line as it is shown to the parser; empty when it says nothing that matters, or nothing that can be read.
    fn mended(&mut self, line: &str) -> String {
        let Some((key, value)) = line.split_once('=') else { return String::new() };
        let is_kept = match key {
            "m" => {
                self.is_in_media = true;
                return mended_media(value);
            }
            "o" => is_readable(line) && !core::mem::replace(&mut self.has_origin, true),
            "c" if self.is_in_media => is_readable(line),
            "c" => is_readable(line) && !core::mem::replace(&mut self.has_address, true),
            "t" => is_readable(line),
            "v" | "a" => true,
            _ => false,
        };
        if is_kept { line.to_owned() } else { String::new() }
    }
}

/// The m= line of `value`; with port 0 and what it lacks, if it cannot be read.
fn mended_media(value: &str) -> String {
    let words: Vec<_> = value.split_whitespace().collect();
    let line = format!("m={}", words.join(" "));
    if is_readable(&line) {
        return line;
    }
    let kind = words.first().unwrap_or(&"audio");
    let protocol = words.get(2).unwrap_or(&"RTP/AVP");
    let formats = words.get(3..).filter(|formats| !formats.is_empty());
    format!("m={kind} 0 {protocol} {}", formats.map_or("0".to_owned(), |formats| formats.join(" ")))
}

/// Whether the parser takes this line.
fn is_readable(line: &str) -> bool {
    sdp_types::Session::parse(format!("v=0\n{line}").as_bytes()).is_ok()
}

fn read_origin(origin: &sdp_types::Origin) -> Origin {
    Origin {
        user: origin.username.clone().unwrap_or_else(|| "-".to_owned()),
        session_id: origin.sess_id.clone(),
        version: origin.sess_version,
        address: Address::from_text(&origin.unicast_address),
    }
}

fn read_address(connection: &sdp_types::Connection) -> Address {
    Address::from_text(&connection.connection_address)
}

fn read_media(media: &sdp_types::Media) -> Media {
    let attributes = &media.attributes;
    Media {
        kind: media.media.clone(),
        port: media.port,
        protocol: media.proto.clone(),
        formats: media.fmt.split(' ').map(str::to_owned).collect(),
        rtpmaps: values(attributes, "rtpmap").filter_map(Format::from_rtpmap).collect(),
        parameters: values(attributes, "fmtp").filter_map(Parameters::from_fmtp).collect(),
        address: media.connections.first().map(read_address),
        ptime: values(attributes, "ptime").find_map(read_millis),
        maxptime: values(attributes, "maxptime").find_map(read_millis),
        direction: read_direction(attributes),
        rtcp: values(attributes, "rtcp").find_map(Rtcp::from_attribute),
        rtcp_mux: attributes.iter().any(|a| a.attribute.eq_ignore_ascii_case("rtcp-mux")),
    }
}

fn read_direction(attributes: &[sdp_types::Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|a| Direction::from_attribute(&a.attribute))
}

/// A time of packets; nothing sensible is as long as a second, and 0 says nothing.
fn read_millis(value: &str) -> Option<Duration> {
    let millis = value.trim().parse().ok().filter(|millis| (1..=1000).contains(millis))?;
    Some(Duration::from_millis(millis))
}

fn values<'a>(attributes: &'a [sdp_types::Attribute], name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = attributes.iter().filter(move |a| a.attribute.eq_ignore_ascii_case(name));
    named.filter_map(|a| a.value.as_deref())
}

/// The longest description that is read; the SIP message around it is no longer.
pub const MAX_BYTES: usize = 16 * 1024;

/// The most streams that are read.
pub const MAX_MEDIA: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn reads_what_concerns_audio() {
        let text = "v=0\r\no=alice 2890844526 3 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=1 2\r\n\
            m=audio 49170 RTP/AVP 8 97\r\na=rtpmap:97 iLBC/8000\r\na=ptime:30\r\na=maxptime:60\r\na=SENDONLY\r\n";
        let description = Description::parse(text.as_bytes()).unwrap();
        assert_eq!((description.origin.session_id.as_str(), description.origin.version), ("2890844526", 3));
        assert_eq!(description.time, (1, 2));
        let media = &description.media[0];
        assert_eq!(description.address_of(media), Some(&Address::from_text("198.51.100.2")));
        assert_eq!(description.direction_of(media), Direction::SendOnly);
        assert_eq!((media.ptime, media.maxptime), (ms(30), ms(60)));
        let formats: Vec<_> = media.payload_formats().collect();
        assert_eq!(formats, [Format::new(8, "PCMA", 8000), Format::new(97, "iLBC", 8000)]);
    }

    #[test]
    fn a_stream_overrules_its_session() {
        let text =
            "v=0\nc=IN IP4 192.0.2.1\na=inactive\nm=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::1\na=recvonly\n";
        let description = Description::parse(text.as_bytes()).unwrap();
        let media = &description.media[0];
        assert_eq!(description.address_of(media), Some(&Address::from_text("2001:db8::1")));
        assert_eq!(description.direction_of(media), Direction::RecvOnly);
    }

    #[test]
    fn an_rtpmap_overrules_the_static_meaning() {
        let text = "v=0\nm=audio 4000 RTP/AVP 0\na=rtpmap:0 pcma/8000\n";
        let media = &Description::parse(text.as_bytes()).unwrap().media[0];
        assert_eq!(media.payload_formats().next(), Some(Format::new(0, "pcma", 8000)));
    }

    #[test]
    fn what_says_nothing_about_audio_costs_no_call() {
        let text = b"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=B\xfcro\ni=\xff\nb=AS\nt=0\nz=x\nk=\nm=audio  4000\tRTP/AVP  0 \r";
        let description = Description::parse(text).unwrap();
        assert_eq!(description.media[0].formats, ["0"]);
        assert_eq!(description.time, (0, 0));
    }

    #[test]
    fn addresses_lose_time_to_live_and_zone() {
        assert_eq!(Address::from_text("224.2.1.1/127/3"), Address::from_text("224.2.1.1"));
        assert_eq!(Address::from_text("fe80::1%eth0").to_string(), "IN IP6 fe80::1");
        assert_eq!(Address::from_text("pbx.example.com").to_string(), "IN IP4 pbx.example.com");
    }

    #[test]
    fn a_line_that_cannot_be_read_costs_no_call() {
        let lines = [
            "o=Front Desk 1 1 IN IP4 192.0.2.1",
            "o=- 1 -1 IN IP4 192.0.2.1",
            "o=- 1 99999999999999999999999 IN IP4 192.0.2.1",
            "o=- 1 1",
            "o=",
            "o=- 1 1 IN IP4 192.0.2.1\no=- 2 2 IN IP4 192.0.2.2",
            "a line of its own",
            "=",
            "==x",
            "\u{e9}=x",
            "c=",
            "c=IN",
            "c=IN IP4 192.0.2.9\nc=IN IP4 192.0.2.8",
            "t=now later",
            "v=1",
        ];
        for line in lines {
            let text = format!("v=0\n{line}\nc=IN IP4 192.0.2.9\nm=audio 4000 RTP/AVP 0\n{line}\n");
            let description = Description::parse(text.as_bytes()).unwrap();
            let media = &description.media[0];
            assert_eq!((description.media.len(), media.port, media.formats[0].as_str()), (1, 4000, "0"));
            assert_eq!(description.address_of(media), Some(&Address::from_text("192.0.2.9")), "{line}");
        }
    }

    #[test]
    fn an_origin_that_cannot_be_read_is_none_at_all() {
        let description = Description::parse(b"v=0\no=Front Desk 1 1 IN IP4 192.0.2.1\n").unwrap();
        assert_eq!(description.origin, Origin::default());
    }

    #[test]
    fn a_broken_stream_is_a_refused_one() {
        let cases = [
            ("m=", "m=audio 0 RTP/AVP 0"),
            ("m=video", "m=video 0 RTP/AVP 0"),
            ("m=video x RTP/AVP 31 32", "m=video 0 RTP/AVP 31 32"),
            ("m=video 65536 RTP/SAVP 31", "m=video 0 RTP/SAVP 31"),
            ("m=audio -1 RTP/AVP 0", "m=audio 0 RTP/AVP 0"),
            ("m=audio 4000/x RTP/AVP 8", "m=audio 0 RTP/AVP 8"),
            ("m=audio 4000 RTP/AVP", "m=audio 0 RTP/AVP 0"),
        ];
        for (line, read) in cases {
            let description = Description::parse(format!("v=0\n{line}\na=sendonly\n").as_bytes()).unwrap();
            let text = String::from_utf8(description.to_bytes()).unwrap();
            assert!(text.ends_with(&format!("{read}\r\na=sendonly\r\n")), "{line}: {text}");
        }
    }

    #[test]
    fn what_has_no_version_is_no_description() {
        for bytes in
            ["", "m=audio 4000 RTP/AVP 0\n", "v=1\n", "v=\n", "v\n", "o=- 1 1 IN IP4 192.0.2.1\nv=0\n"]
        {
            assert_eq!(Description::parse(bytes.as_bytes()), Err(ParseError::NoVersion), "{bytes}");
        }
    }

    #[test]
    fn size_is_bounded() {
        assert_eq!(
            Description::parse(&vec![b'v'; MAX_BYTES + 1]),
            Err(ParseError::TooLong { bytes: MAX_BYTES + 1 })
        );
        let many = format!("v=0\n{}", "m=audio 0 RTP/AVP 0\n".repeat(MAX_MEDIA + 1));
        assert_eq!(
            Description::parse(many.as_bytes()),
            Err(ParseError::TooManyMedia { count: MAX_MEDIA + 1 })
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(3264),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn what_parses_prints_and_parses_to_the_same(lines in proptest::collection::vec(line(), 0..20)) {
            let text = format!("v=0\n{}", lines.join("\n"));
            if let Ok(description) = Description::parse(text.as_bytes()) {
                prop_assert_eq!(Description::parse(&description.to_bytes()), Ok(description));
            }
        }

        #[test]
        fn garbage_has_no_version(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert_eq!(Description::parse(&bytes), Err(ParseError::NoVersion));
        }

        #[test]
        fn what_was_damaged_on_its_way_prints_and_parses_to_the_same(bytes in damaged()) {
            if let Ok(description) = Description::parse(&bytes) {
                prop_assert_eq!(Description::parse(&description.to_bytes()), Ok(description));
            }
        }

        #[test]
        fn what_begins_with_a_version_is_a_description(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let description = Description::parse(&[b"v=0\n".as_slice(), &bytes].concat());
            prop_assert!(description.is_ok(), "{:?}", description);
        }

        #[test]
        fn lines_of_any_kind_are_a_description(lines in proptest::collection::vec(line(), 0..20)) {
            let description = Description::parse(format!("v=0\n{}", lines.join("\n")).as_bytes());
            prop_assert!(description.is_ok(), "{:?}", description);
        }
    }

    /// A description with some bytes replaced, left out or put in, or its end cut off.
    fn damaged() -> impl Strategy<Value = Vec<u8>> {
        let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..8_u8);
        let lines = proptest::collection::vec(line(), 1..20);
        (lines, proptest::collection::vec(edit, 1..6)).prop_map(|(lines, edits)| {
            let mut bytes = format!("v=0\r\n{}\r\n", lines.join("\r\n")).into_bytes();
            for (at, byte, kind) in edits {
                let at = at.index(bytes.len() - 4) + 4;
                match kind {
                    0 => bytes.truncate(at + 1),
                    1 | 2 => bytes[at] = byte,
                    3 | 4 => bytes[at] = b"\r\n =:/%"[usize::from(byte) % 7],
                    5 if bytes.len() > 5 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, byte),
                }
            }
            bytes
        })
    }

    /// Lines that often parse, with every kind of blank, number and letter in places.
    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            "m=(audio|video|\\PC{1,5}) [0-9]{1,5} {1,2}RTP/AVP( [0-9]{1,3}| \\PC{1,3}){1,4}",
            "a=rtpmap:[0-9]{1,3} [A-Za-z0-9]{1,6}/[0-9]{1,6}(/[0-9])?",
            "a=(ptime|maxptime):[0-9]{1,4}",
            "a=fmtp:[0-9]{1,3} {1,2}[0-9a-z=;,-]{0,9}",
            "a=rtcp(-mux|:[0-9]{1,5}( IN IP[46] [a-z0-9:.%/]{1,9})?)",
            "(a=(sendrecv|sendonly|recvonly|inactive|\\PC{0,9}))",
            "c=IN IP[46] (0\\.0\\.0\\.0|::1|192\\.0\\.2\\.1/127|[a-z.%/]{1,9})",
            "o=\\PC{1,4} [0-9]{1,22} [0-9]{1,6} IN IP4 [a-z0-9./%]{1,9}",
            "t=[0-9]{1,9} [0-9 ]{1,9}",
            "[a-z]=\\PC{0,20}",
            "[moctv]=[0-9a-zA-Z/ -]{0,12}",
            "\\PC{0,20}",
        ]
    }

    #[expect(clippy::unnecessary_wraps, reason = "compared with what may be missing")]
    fn ms(millis: u64) -> Option<Duration> {
        Some(Duration::from_millis(millis))
    }
}
