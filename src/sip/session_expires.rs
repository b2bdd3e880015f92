//! Session timers (RFC 4028): how long a session lasts unless it is refreshed, and who refreshes it.
//!
//! Decides what both ends have agreed on, from the headers of a request and its 2xx. When something is sent for it is the
//! endpoint's business (`endpoint::refresh`).
//!
//! An end that cannot count is refreshed by us all the same, for that shows whether it is still there (§9, its Table 2):
//!
//! ```text
//!  the request has     timer in Supported    the 2xx has
//!  refresher=uac       yes                   refresher=uac
//!  refresher=uas       yes                   refresher=uas
//!  no refresher        yes                   whoever it was before; at first uac
//!  whatever            no                    refresher=uas
//! ```

use super::wire::Headers;
use core::fmt;
use core::time::Duration;

/// The value of a Session-Expires header (§4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionExpires {
    /// How long the session lasts after the 2xx.
    pub(crate) interval: Duration,
    /// Who refreshes it; who asks may leave that open.
    pub(crate) refresher: Option<Refresher>,
}

/// One end of the transaction that has the header, not of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answered it.
    Uas,
}

/// What both ends have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// The session interval, from [`LEAST`] to [`LONGEST`].
    pub(crate) interval: Duration,
    /// Whether we refresh the session.
    pub(crate) is_ours: bool,
    /// Whether the other end counts too.
    pub(crate) is_mutual: bool,
}

impl SessionExpires {
    /// That of a message; `None` also for what cannot be read.
    pub(crate) fn of(headers: &Headers) -> Option<Self> {
        let mut parts = headers.get("Session-Expires")?.split(';');
        let interval = seconds(parts.next()?)?;
        let mut params = parts.filter_map(|param| param.split_once('='));
        let refresher = params.find(|(name, _)| name.trim().eq_ignore_ascii_case("refresher"));
        let refresher = refresher.and_then(|(_, value)| Refresher::of(value.trim()));
        Some(Self { interval, refresher })
    }
}

impl Refresher {
    fn of(text: &str) -> Option<Self> {
        [Self::Uac, Self::Uas].into_iter().find(|known| text.eq_ignore_ascii_case(known.name()))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

impl Agreed {
    /// What the 2xx to a request with these `headers` will say, where our own setting is `own`.
    pub(crate) fn as_uas(headers: &Headers, own: Duration, before: Option<Self>) -> Self {
        let asked = SessionExpires::of(headers);
        let interval = asked.map_or(own, |asked| asked.interval.min(own)).max(min_se(headers));
        let is_mutual = supports_timer(headers);
        let chosen = asked.and_then(|asked| asked.refresher).map(|refresher| refresher == Refresher::Uas);
        let is_ours = !is_mutual || chosen.or(before.map(|before| before.is_ours)).unwrap_or(false);
        Self { interval, is_ours, is_mutual }
    }

    /// What a 2xx with these `headers` says to a request of ours.
    pub(crate) fn as_uac(headers: &Headers) -> Option<Self> {
        let SessionExpires { interval, refresher } = SessionExpires::of(headers)?;
        let is_ours = refresher != Some(Refresher::Uas);
        Some(Self { interval: interval.clamp(LEAST, LONGEST), is_ours, is_mutual: true })
    }

    /// The header of our 2xx.
    pub(crate) const fn told_as_uas(self) -> SessionExpires {
        let refresher = if self.is_ours { Refresher::Uas } else { Refresher::Uac };
        SessionExpires { interval: self.interval, refresher: Some(refresher) }
    }

    /// The header of our refresh.
    pub(crate) const fn told_as_uac(self) -> SessionExpires {
        SessionExpires { interval: self.interval, refresher: Some(Refresher::Uac) }
    }

    /// When we refresh, from the last refresh on (§10 asks for half of the interval).
    pub(crate) fn refreshed_after(self) -> Duration {
        self.interval / 2
    }

    /// When the session is over for us. Who waits for the refreshes of the other end says BYE before the interval is over
    /// (§10).
    pub(crate) fn over_after(self) -> Duration {
        let early = if self.is_ours { Duration::ZERO } else { MOST_EARLY.min(self.interval / 3) };
        self.interval.saturating_sub(early)
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interval.as_secs())?;
        self.refresher.map_or(Ok(()), |refresher| write!(f, ";refresher={}", refresher.name()))
    }
}

/// The least interval that everybody on the way accepts (§5); without the header [`LEAST`], and never less. More than
/// [`LONGEST`] is nothing that anybody means.
pub(crate) fn min_se(headers: &Headers) -> Duration {
    let told = headers.get("Min-SE").and_then(|value| seconds(value.split(';').next()?));
    told.filter(|&told| told <= LONGEST).unwrap_or_default().max(LEAST)
}

/// Whether the sender of these `headers` can count (§7.1).
pub(crate) fn supports_timer(headers: &Headers) -> bool {
    let mut tags = headers.tokens("Supported").chain(headers.tokens("Require"));
    tags.any(|tag| tag.eq_ignore_ascii_case(TIMER))
}

/// Whether the sender of these `headers` says that it takes UPDATE (RFC 3311 §5.1); `None` if it does not say.
pub(crate) fn allows_update(headers: &Headers) -> Option<bool> {
    headers.get("Allow")?;
    Some(headers.tokens("Allow").any(|method| method == "UPDATE"))
}

/// delta-seconds (RFC 3261 §25.1); what is more than 136 years is that.
fn seconds(text: &str) -> Option<Duration> {
    let digits = text.trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(u64::from(digits.parse().unwrap_or(u32::MAX))))
}

/// The option tag (§3).
pub(crate) const TIMER: &str = "timer";
/// No interval is shorter (§4).
pub(crate) const LEAST: Duration = Duration::from_secs(90);
/// A day: no peer means a longer one.
pub(crate) const LONGEST: Duration = Duration::from_hours(24);
/// The longest that BYE comes before the interval is over (§10).
const MOST_EARLY: Duration = Duration::from_secs(32);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire::Message;

    const OWN: Duration = Duration::from_mins(10);

    fn headers(lines: &str) -> Headers {
        let text = format!(
            "INVITE sip:box@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1\r\n\
             From: <sip:alice@192.0.2.2>;tag=a\r\nTo: <sip:box@192.0.2.1>\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\n{lines}\r\n"
        );
        Message::parse(text.as_bytes()).unwrap().headers().clone()
    }

    fn told(lines: &str, before: Option<Agreed>) -> String {
        Agreed::as_uas(&headers(lines), OWN, before).told_as_uas().to_string()
    }

    #[test]
    fn the_interval_is_the_shorter_one_but_no_shorter_than_all_accept() {
        for (lines, interval) in [
            ("", "600"),
            ("Session-Expires: 300\r\n", "300"),
            ("x: 1800\r\n", "600"),
            ("Session-Expires: 30\r\n", "90"),
            ("Session-Expires: 1800\r\nMin-SE: 900\r\n", "900"),
            ("Session-Expires: 99999999999999999999\r\nMin-SE: 99999999999\r\n", "600"),
            ("Session-Expires: soon\r\nMin-SE: \r\n", "600"),
            ("Session-Expires: -1\r\n", "600"),
        ] {
            assert_eq!(told(lines, None), format!("{interval};refresher=uas"), "{lines}");
        }
    }

    #[test]
    fn who_asks_and_can_count_chooses_who_refreshes() {
        let before = |is_ours| Some(Agreed { interval: OWN, is_ours, is_mutual: true });
        for (lines, before, refresher) in [
            ("Supported: timer\r\nSession-Expires: 600 ; Refresher = UAS\r\n", before(false), "uas"),
            ("k: 100rel, TIMER\r\nx: 600;refresher=uac\r\n", before(true), "uac"),
            ("Supported: timer\r\nSession-Expires: 600;refresher=me\r\n", None, "uac"),
            ("Supported: timer\r\n", before(true), "uas"),
            ("Supported: timer\r\n", before(false), "uac"),
            ("Session-Expires: 600;refresher=uac\r\n", before(false), "uas"),
        ] {
            assert_eq!(told(lines, before), format!("600;refresher={refresher}"), "{lines}");
        }
    }

    #[test]
    fn a_2xx_says_who_refreshes_and_without_a_word_it_is_us() {
        let agreed =
            |lines| Agreed::as_uac(&headers(lines)).map(|agreed| (agreed.interval.as_secs(), agreed.is_ours));
        assert_eq!(agreed("Session-Expires: 120;refresher=uas\r\n"), Some((120, false)));
        assert_eq!(agreed("Session-Expires: 120;x=y\r\n"), Some((120, true)));
        assert_eq!(agreed("Session-Expires: 1\r\n"), Some((90, true)));
        assert_eq!(agreed("Session-Expires: 4294967295\r\n"), Some((86_400, true)));
        assert_eq!(agreed("Supported: timer\r\n"), None);
    }

    #[test]
    fn who_waits_is_done_a_third_or_32_seconds_before_the_end() {
        let over = |seconds, is_ours| {
            let interval = Duration::from_secs(seconds);
            Agreed { interval, is_ours, is_mutual: true }.over_after().as_secs()
        };
        assert_eq!((over(90, false), over(1800, false), over(90, true)), (60, 1768, 90));
    }
}
