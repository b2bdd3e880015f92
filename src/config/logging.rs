//! `[log]`: how much each part of the program tells, and to whom.

use core::fmt;

use super::{Expected, Host, LogLevel, value};

/// `[log]`: what is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least important thing that is told.
    pub level: LogLevel,
    /// The same for some parts, each once.
    pub levels: Vec<(LogPart, LogLevel)>,
    /// Who is told besides standard error.
    pub syslog: Option<Collector>,
}

/// A part of the program, as lines of the log name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPart {
    /// Messages, connections, strangers.
    Sip,
    /// What becomes of calls.
    Calls,
    /// Registration, and names of servers.
    Accounts,
    /// Voices on their way.
    Rtp,
    /// Sound cards.
    Output,
    /// Sockets.
    Net,
    /// The configuration.
    Config,
    /// The log itself.
    Log,
    /// Everything else.
    App,
}

/// A server of the syslog protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// Whether messages go over TCP, otherwise over UDP.
    pub is_tcp: bool,
    /// Its name or address, that of IPv6 without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl LogPart {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Sip,
        Self::Calls,
        Self::Accounts,
        Self::Rtp,
        Self::Output,
        Self::Net,
        Self::Config,
        Self::Log,
        Self::App,
    ];

    /// What it is called.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::Calls => "calls",
            Self::Accounts => "accounts",
            Self::Rtp => "rtp",
            Self::Output => "output",
            Self::Net => "net",
            Self::Config => "config",
            Self::Log => "log",
            Self::App => "app",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str().eq_ignore_ascii_case(text))
    }
}

impl Collector {
    /// Reads `udp:host:514` or `tcp:[2001:db8::1]`; nothing at all is none.
    pub(super) fn from_text(text: &str) -> Result<Option<Self>, Expected> {
        if text.is_empty() {
            return Ok(None);
        }
        let (transport, rest) = text.split_once(':').ok_or(Expected::Collector)?;
        let (is_tcp, usual) = match transport.to_ascii_lowercase().as_str() {
            "udp" => (false, UDP_PORT),
            "tcp" => (true, TCP_PORT),
            _ => return Err(Expected::Collector),
        };
        let hosts = Host::list(rest.trim()).map_err(|_| Expected::Collector)?;
        let [Host { name, port }] = hosts.try_into().map_err(|_| Expected::Collector)?;
        Ok(Some(Self { is_tcp, host: name, port: port.unwrap_or(usual) }))
    }
}

impl fmt::Display for Collector {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = if self.is_tcp { "tcp" } else { "udp" };
        let host = Host { name: self.host.clone(), port: Some(self.port) };
        write!(f, "{transport}:{host}")
    }
}

/// Reads `sip=debug, output=warn`; nothing at all is an empty list.
pub(super) fn levels(text: &str) -> Result<Vec<(LogPart, LogLevel)>, Expected> {
    let mut levels: Vec<(LogPart, LogLevel)> = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let (part, level) = word.split_once('=').ok_or(Expected::LogLevels)?;
        let part = LogPart::from_text(part.trim()).ok_or(Expected::LogPart)?;
        if levels.iter().any(|(known, _)| *known == part) {
            return Err(Expected::LogLevels);
        }
        levels.push((part, value::log_level(level.trim())?));
    }
    Ok(levels)
}

/// What in a list that [`levels`] refuses is neither a part nor a level.
pub(super) fn strange_word(text: &str) -> Option<&str> {
    text.split(',').find_map(|word| {
        let (part, level) = word.split_once('=').unwrap_or((word, "off"));
        let (part, level) = (part.trim(), level.trim());
        if LogPart::from_text(part).is_none() {
            return Some(part);
        }
        value::log_level(level).is_err().then_some(level)
    })
}

/// RFC 5426 §3.3.
const UDP_PORT: u16 = 514;
/// That of syslog-conn, which is what collectors listen on (RFC 3195 §9.2); RFC 6587 names none.
const TCP_PORT: u16 = 601;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn parts_have_levels() {
        assert_eq!(
            levels("SIP=debug, output = warn,"),
            Ok(vec![(LogPart::Sip, LogLevel::Debug), (LogPart::Output, LogLevel::Warn)])
        );
        assert_eq!(levels(""), Ok(Vec::new()));
        for part in LogPart::ALL {
            assert_eq!(levels(&format!("{}=off", part.as_str())), Ok(vec![(part, LogLevel::Off)]));
            assert!(Expected::LogPart.to_string().contains(part.as_str()), "{}", part.as_str());
        }
    }

    #[test]
    fn a_wrong_part_or_level_is_refused() {
        for (text, expected, strange) in [
            ("sip", Expected::LogLevels, None),
            ("sip=debug, sip=info", Expected::LogLevels, None),
            ("spi=debug", Expected::LogPart, Some("spi")),
            ("sip=debug, rtp=", Expected::Word(value::LOG_LEVELS), Some("")),
            ("sip=debg", Expected::Word(value::LOG_LEVELS), Some("debg")),
        ] {
            assert_eq!(levels(text), Err(expected), "{text}");
            assert_eq!(strange_word(text), strange, "{text}");
        }
    }

    #[test]
    fn the_part_or_the_level_that_was_meant_is_said() {
        for (text, expected) in [
            ("spi=debug", "found \"spi=debug\"; it is left out; did you mean sip?"),
            (
                "sip=debug, outputs=warn",
                "found \"sip=debug, outputs=warn\"; it is left out; did you mean output?",
            ),
            ("sip=debgu", "found \"sip=debgu\"; it is left out; did you mean debug?"),
            ("kitchen=debug", "found \"kitchen=debug\"; it is left out"),
        ] {
            let text = format!("[log]\nlevels = {text}\n");
            let told: Vec<_> = load(&[("paging.conf", text.as_bytes())], [], &[]).diagnostics;
            let [told] = told.as_slice() else { panic!("{told:?}") };
            assert!(told.to_string().ends_with(expected), "{told}");
        }
    }

    #[test]
    fn a_collector_is_read_and_printed_alike() {
        let cases = [
            ("udp:log.example", "udp:log.example:514"),
            ("TCP:192.0.2.1", "tcp:192.0.2.1:601"),
            ("tcp:log.example:6514", "tcp:log.example:6514"),
            ("udp:[2001:DB8::1]:5140", "udp:[2001:db8::1]:5140"),
            ("udp: [2001:db8::1]", "udp:[2001:db8::1]:514"),
            ("udp:2001:db8::1", "udp:[2001:db8::1]:514"),
        ];
        for (text, printed) in cases {
            let collector = Collector::from_text(text).unwrap().unwrap();
            assert_eq!(collector.to_string(), printed);
            assert_eq!(Collector::from_text(printed), Ok(Some(collector)));
        }
        assert_eq!(Collector::from_text(""), Ok(None));
    }

    #[test]
    fn what_is_no_collector_is_refused() {
        for text in [
            "log.example",
            "udp",
            "udp:",
            "tls:log.example",
            "udp:a,b",
            "udp:a:0",
            "192.0.2.1:514",
            "udp://a",
        ] {
            assert_eq!(Collector::from_text(text), Err(Expected::Collector), "{text}");
        }
    }
}
