//! Reading: bytes become a [`Description`] once.
//!
//! The lines go through the `sdp-types` crate. What it would refuse for no good reason is mended before: only the lines
//! that say something about audio are shown to it, so a Latin-1 byte in a session name (s=) or a t= without a stop time
//! costs no call; any line end will do, and runs of blanks in an m= line are one. Line numbers stay right.

use core::fmt;
use core::time::Duration;

use sdp_types::ParserError;

use super::{Address, Description, Direction, Format, Media, Origin};

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// When `bytes` are no description; never panics, and takes time and memory in proportion to [`MAX_BYTES`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > MAX_BYTES {
            return Err(ParseError::TooLong { bytes: bytes.len() });
        }
        let session =
            sdp_types::Session::parse(screened(bytes).as_bytes()).map_err(|e| ParseError::from(&e))?;
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
    /// A line that is wrong in itself, or comes twice.
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        fault: &'static str,
    },
}

impl From<&ParserError> for ParseError {
    fn from(error: &ParserError) -> Self {
        let (line, fault) = match *error {
            ParserError::InvalidLineFormat(line, fault)
            | ParserError::InvalidFieldEncoding(line, fault)
            | ParserError::InvalidFieldFormat(line, fault)
            | ParserError::MissingField(line, fault)
            | ParserError::FieldTrailingData(line, fault) => (line, fault),
            ParserError::InvalidVersion(line, _) => (line, "version"),
            ParserError::MultipleVersions(line) => (line, "second v="),
            ParserError::MultipleOrigins(line) => (line, "second o="),
            ParserError::MultipleConnections(line) => (line, "second c="),
            _ => return Self::NoVersion,
        };
        Self::Line { line, fault }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => write!(f, "expected at most {MAX_BYTES} bytes of SDP, found {bytes}"),
            Self::TooManyMedia { count } => write!(f, "expected at most {MAX_MEDIA} m= lines, found {count}"),
            Self::NoVersion => f.write_str("expected SDP that begins with v=0"),
            Self::Line { line, fault } => write!(f, "SDP line {line} is malformed: {fault}"),
        }
    }
}

impl std::error::Error for ParseError {}

/// The lines that matter, mended; the others are left empty, so that lines keep their numbers.
fn screened(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = String::with_capacity(text.len());
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        let line: String = line.chars().map(plain).collect();
        lines.push_str(&screened_line(line.trim_end()));
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

fn screened_line(line: &str) -> String {
    match line.split_once('=') {
        Some(("m", value)) => format!("m={}", one_blank_between_words(value)),
        Some(("t", value)) if !is_time(value) => String::new(),
        Some(("s" | "i" | "u" | "e" | "p" | "b" | "r" | "z" | "k", _)) => String::new(),
        _ => line.to_owned(),
    }
}

fn one_blank_between_words(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_time(value: &str) -> bool {
    let fields: Vec<_> = value.split(' ').filter(|field| !field.is_empty()).collect();
    fields.len() == 2 && fields.iter().all(|field| field.parse::<u64>().is_ok())
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
        address: media.connections.first().map(read_address),
        ptime: values(attributes, "ptime").find_map(read_millis),
        maxptime: values(attributes, "maxptime").find_map(read_millis),
        direction: read_direction(attributes),
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
    fn faults_name_their_line() {
        let cases: [(&[u8], ParseError); 6] = [
            (b"", ParseError::NoVersion),
            (b"m=audio 4000 RTP/AVP 0\n", ParseError::NoVersion),
            (b"v=1\n", ParseError::Line { line: 1, fault: "version" }),
            (b"v=0\ns=\n\nm=audio x RTP/AVP 0\n", ParseError::Line { line: 4, fault: "Media port" }),
            (b"v=0\nm=audio 4000 RTP/AVP\n", ParseError::Line { line: 2, fault: "Media fmt" }),
            (b"v=0\nc=IN IP4 1.1.1.1\nc=IN IP4 1.1.1.1\n", ParseError::Line { line: 3, fault: "second c=" }),
        ];
        for (bytes, error) in cases {
            assert_eq!(Description::parse(bytes), Err(error), "{}", bytes.escape_ascii());
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
        fn garbage_is_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Description::parse(&bytes);
            let _ = Description::parse(&[b"v=0\n".as_slice(), &bytes].concat());
        }
    }

    /// Lines that mostly parse, with every kind of blank, number and letter in places.
    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            "m=(audio|video|\\PC{1,5}) [0-9]{1,5} {1,2}RTP/AVP( [0-9]{1,3}| \\PC{1,3}){1,4}",
            "a=rtpmap:[0-9]{1,3} [A-Za-z0-9]{1,6}/[0-9]{1,6}(/[0-9])?",
            "a=(ptime|maxptime):[0-9]{1,4}",
            "(a=(sendrecv|sendonly|recvonly|inactive|\\PC{0,9}))",
            "c=IN IP[46] (0\\.0\\.0\\.0|::1|192\\.0\\.2\\.1/127|[a-z.%/]{1,9})",
            "o=\\PC{1,4} [0-9]{1,22} [0-9]{1,6} IN IP4 [a-z0-9./%]{1,9}",
            "t=[0-9]{1,9} [0-9 ]{1,9}",
            "[a-z]=\\PC{0,20}",
        ]
    }

    #[expect(clippy::unnecessary_wraps, reason = "compared with what may be missing")]
    fn ms(millis: u64) -> Option<Duration> {
        Some(Duration::from_millis(millis))
    }
}
