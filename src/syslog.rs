//! Messages of the syslog protocol as bytes (RFC 5424), and as they go by a connection (RFC 6587 §3.4.1).
//!
//! ```text
//! <30>1 2026-11-29T16:47:03.120000Z hall-box paging 312 calls - call from sip:200@pbx at …: rings, PCMU
//! PRI │ TIMESTAMP                   HOSTNAME APP    │   MSGID │ MSG
//! VERSION                                      PROCID   STRUCTURED-DATA
//! ```
//! Decides what a message looks like; the time is UTC. A clock that shows a time before [`EARLIEST`] was never set: then
//! there is no timestamp, and the collector writes its own. Leaves out structured data, sockets, and which lines are sent.

use crate::time::CivilTime;
use core::fmt::Write;
use core::time::Duration;

/// Who sends messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    hostname: String,
    process: u32,
}

/// One message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// The time since 1970, UTC.
    pub at: Duration,
    /// The part of the program, as MSGID.
    pub part: &'a str,
    /// What happened.
    pub text: &'a str,
}

/// How bad it is (RFC 5424 §6.2.1), as far as this program tells levels apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// What failed.
    Error,
    /// What may fail.
    Warning,
    /// What happens.
    Informational,
    /// Why.
    Debug,
}

impl Origin {
    /// This process on the machine of that name.
    #[must_use]
    pub fn new(hostname: &str, process: u32) -> Self {
        Self { hostname: header(hostname, MAX_HOSTNAME), process }
    }

    /// The bytes of a message: one datagram (RFC 5426 §3.1).
    #[must_use]
    pub fn encode(&self, message: &Message<'_>) -> Vec<u8> {
        let Message { severity, at, part, text } = *message;
        let (priority, timestamp) = (DAEMON * 8 + severity.code(), timestamp(at));
        let Self { hostname, process } = self;
        let part = header(part, MAX_MSGID);
        // Only what is no ASCII has to say that it is UTF-8 (§6.4).
        let mark = if text.is_ascii() { "" } else { "\u{feff}" };
        let line = format!(
            "<{priority}>{VERSION} {timestamp} {hostname} {APP_NAME} {process} {part} - {mark}{text}"
        );
        line.into_bytes()
    }
}

/// The message as a frame of a connection, by octet counting.
#[must_use]
pub fn octet_counted(message: &[u8]) -> Vec<u8> {
    let mut frame = format!("{} ", message.len()).into_bytes();
    frame.extend_from_slice(message);
    frame
}

impl Severity {
    const fn code(self) -> u8 {
        match self {
            Self::Error => 3,
            Self::Warning => 4,
            Self::Informational => 6,
            Self::Debug => 7,
        }
    }
}

/// The visible ASCII of a header field, and NILVALUE where there is none.
fn header(text: &str, most: usize) -> String {
    let visible: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if visible.is_empty() { NIL.to_owned() } else { visible }
}

/// RFC 3339 with microseconds.
fn timestamp(at: Duration) -> String {
    if at < EARLIEST {
        return NIL.to_owned();
    }
    let CivilTime { year, month, day, hour, minute, second } = CivilTime::of(at);
    let mut text = String::with_capacity(27);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}Z",
        at.subsec_micros()
    );
    text
}

/// 2026-01-01: this program is not older.
pub const EARLIEST: Duration = Duration::from_hours(490_896);
/// The facility of system daemons (§6.2.1).
const DAEMON: u8 = 3;
const VERSION: u8 = 1;
const APP_NAME: &str = "paging";
const NIL: &str = "-";
/// §6.2.4 and §6.2.7.
const MAX_HOSTNAME: usize = 255;
const MAX_MSGID: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-29T16:47:03.12Z.
    const AT: Duration = Duration::from_millis(1_795_970_823_120);

    fn encoded(severity: Severity, at: Duration, text: &str) -> String {
        let message = Message { severity, at, part: "calls", text };
        String::from_utf8(Origin::new("hall.example.com", 312).encode(&message)).unwrap()
    }

    #[test]
    fn messages_are_those_of_the_rfc() {
        // RFC 5424 §6.5, with our facility, names and times.
        let cases = [
            (
                Severity::Error,
                AT,
                "'su root' failed for lonvick on /dev/pts/8",
                "<27>1 2026-11-29T16:47:03.120000Z hall.example.com paging 312 calls - 'su root' failed for lonvick on \
                 /dev/pts/8",
            ),
            (
                Severity::Warning,
                EARLIEST,
                "%% It's time to make the do-nuts.",
                "<28>1 2026-01-01T00:00:00.000000Z hall.example.com paging 312 calls - %% It's time to make the do-nuts.",
            ),
            (
                Severity::Informational,
                AT,
                "B\u{fc}ro",
                "<30>1 2026-11-29T16:47:03.120000Z hall.example.com paging 312 calls - \u{feff}B\u{fc}ro",
            ),
            (
                Severity::Debug,
                AT,
                "",
                "<31>1 2026-11-29T16:47:03.120000Z hall.example.com paging 312 calls - ",
            ),
        ];
        for (severity, at, text, expected) in cases {
            assert_eq!(encoded(severity, at, text), expected);
        }
    }

    #[test]
    fn a_clock_that_was_never_set_gives_no_timestamp() {
        for at in [Duration::ZERO, Duration::from_secs(9), EARLIEST.saturating_sub(Duration::from_micros(1))]
        {
            assert_eq!(encoded(Severity::Error, at, "x"), "<27>1 - hall.example.com paging 312 calls - x");
        }
    }

    #[test]
    fn what_a_header_cannot_hold_is_left_out_of_it() {
        let message = Message { severity: Severity::Error, at: AT, part: " \u{e4}", text: "x" };
        let bytes = Origin::new("h\u{fc}tte 7\n", 1).encode(&message);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "<27>1 2026-11-29T16:47:03.120000Z htte7 paging 1 - - x"
        );
        let long = "x".repeat(300);
        let bytes = Origin::new(&long, 1).encode(&Message { part: &long, ..message });
        assert_eq!(bytes.len(), "<27>1 2026-11-29T16:47:03.120000Z  paging 1  - x".len() + 255 + 32);
        assert!(Origin::new("", 1).encode(&message).windows(10).any(|part| part == b" - paging "));
    }

    #[test]
    fn a_frame_says_how_many_octets_follow() {
        assert_eq!(octet_counted(b"<27>1 - x"), b"9 <27>1 - x");
        assert_eq!(octet_counted("\u{fc}".as_bytes()), "2 \u{fc}".as_bytes());
    }
}
