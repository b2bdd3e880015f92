//! What the service says: lines `NAME=value` as in `sd_notify(3)`, and words of our own, each in a datagram of its own.

use core::time::Duration;

/// One word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// `READY=1`, `WATCHDOG=1`: it works.
    Alive,
    /// `STOPPING=1`: it works, and is going to end.
    Stopping,
    /// `X_PAGING_REPORT=`: the text of the status file, lines and all.
    Report(&'a [u8]),
    /// `X_PAGING_GOOD=1`: with the configuration in force it does what it should.
    Good,
    /// `X_PAGING_CLOCK=`: seconds since 1970, by a registrar's Date.
    Clock(Duration),
    /// `X_PAGING_REBOOT=1`: somebody who may asks that the machine begins anew.
    Reboot,
    /// A line of `sd_notify(3)` that means nothing here.
    Other,
}

impl<'a> Word<'a> {
    /// The words of a datagram; `None` where anything in it is none.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Vec<Self>> {
        if bytes.starts_with(OURS) {
            return Self::own(bytes).map(|word| vec![word]);
        }
        let lines = bytes.trim_ascii_end().split(|&byte| byte == b'\n');
        let line = |(at, line)| Self::line(line).filter(|_| at < LINES_MAX);
        lines.enumerate().map(line).collect()
    }

    fn own(bytes: &'a [u8]) -> Option<Self> {
        let value = |name: &str| bytes.strip_prefix(OURS)?.strip_prefix(name.as_bytes())?.strip_prefix(b"=");
        let report = || value("REPORT").map(Self::Report);
        let is_one = |value: &&[u8]| value.trim_ascii() == b"1";
        let good = || value("GOOD").filter(is_one).map(|_| Self::Good);
        let reboot = || value("REBOOT").filter(is_one).map(|_| Self::Reboot);
        let seconds = || str::from_utf8(value("CLOCK")?.trim_ascii()).ok()?.parse().ok();
        let clock = || seconds().map(Duration::from_secs).map(Self::Clock);
        report().or_else(good).or_else(clock).or_else(reboot)
    }

    fn line(line: &[u8]) -> Option<Self> {
        match line {
            b"READY=1" | b"WATCHDOG=1" => Some(Self::Alive),
            b"STOPPING=1" => Some(Self::Stopping),
            _ => {
                let name = line.split(|&byte| byte == b'=').next().filter(|name| name.len() < line.len())?;
                let is_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
                let is_theirs = !name.starts_with(OURS) && !name.is_empty() && name.iter().all(is_name);
                is_theirs.then_some(Self::Other)
            }
        }
    }
}

/// How words of our own begin.
const OURS: &[u8] = b"X_PAGING_";
/// Lines of a datagram.
const LINES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_sd_notify_and_words_of_our_own_are_understood() {
        let cases: [(&str, &[Word<'_>]); 9] = [
            (
                "READY=1\nSTATUS=registered (1 of 1), 0 calls\nWATCHDOG=1",
                &[Word::Alive, Word::Other, Word::Alive],
            ),
            ("STOPPING=1\n", &[Word::Stopping]),
            ("STATUS=a = b", &[Word::Other]),
            ("WATCHDOG=trigger", &[Word::Other]),
            ("X_PAGING_REPORT=a\nWATCHDOG=1\n", &[Word::Report(b"a\nWATCHDOG=1\n")]),
            ("X_PAGING_REPORT=", &[Word::Report(b"")]),
            ("X_PAGING_GOOD=1", &[Word::Good]),
            ("X_PAGING_CLOCK=1796000000", &[Word::Clock(Duration::from_secs(1_796_000_000))]),
            ("X_PAGING_REBOOT=1\n", &[Word::Reboot]),
        ];
        for (text, words) in cases {
            assert_eq!(Word::parse(text.as_bytes()).as_deref(), Some(words), "{text}");
        }
    }

    #[test]
    fn what_is_none_of_them_is_not_understood() {
        let long = "A=1\n".repeat(17);
        let cases = [
            "",
            "\n",
            "hello",
            "ready=1",
            "=1",
            "READY=1\n\nWATCHDOG=1",
            "X_PAGING_GOOD=0",
            "X_PAGING_CLOCK=soon",
            "X_PAGING_CLOCK=-1",
            "X_PAGING_CLOCK=99999999999999999999999",
            "WATCHDOG=1\nX_PAGING_GOOD=1",
            "X_PAGING_REBOOT=now",
            &long,
        ];
        for text in cases {
            assert_eq!(Word::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Word::parse(&[0xff, b'=', 0]), None);
        assert!(Word::parse("A=1\n".repeat(16).as_bytes()).is_some());
    }
}
