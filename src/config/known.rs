//! A text as it was before, and whether it has lost its end since.
//!
//! ```text
//!  when the box was well      now                       now counts as
//!  ptime = 30⏎gain = 2⏎   ->  ptime = 3                 cut off: it is a beginning of what it was
//!  ptime = 30⏎gain = 2⏎   ->  ptime = 30⏎               cut off, likewise
//!  ptime = 30⏎gain = 2⏎   ->  ptime = 40⏎gai            cut off: its last line has no end, and was longer
//!  ptime = 30⏎gain = 2⏎   ->  ptime = 40⏎gain = two     meant as it is: nobody ends the last line in Notepad
//!  ptime = 30⏎gain = 2⏎   ->  ptime = 30⏎; end⏎         meant as it is
//! ```
//! That a text is nothing but a beginning tells only beside the last good one, on a card that was pulled out too early. Beside
//! what was read before in the same run it does not: there people take out the last lines of a file as any others.

use core::fmt;

use super::decode::decode;
use super::read::is_secret;
use super::scan::scan;

/// What a text was.
#[derive(Clone, PartialEq)]
pub(super) struct Known {
    pub(super) bytes: Vec<u8>,
    /// Whether the box was well with it.
    pub(super) is_good: bool,
}

impl Known {
    /// Whether `bytes` are nothing but its beginning, and what is missing says something.
    pub(super) fn is_cut_to(&self, bytes: &[u8]) -> bool {
        let is_beginning = self.bytes.starts_with(bytes);
        self.is_good && is_beginning && {
            let (all, rest) = (decode(&self.bytes), decode(bytes));
            !scan(&all, is_secret).eq(scan(&rest, is_secret))
        }
    }

    /// Whether a text that it became ends before its end: there are bytes that nobody writes, or the last line has no end, and
    /// was longer.
    pub(super) fn is_longer_than(&self, text: &str) -> bool {
        let last = text.rsplit('\n').next().unwrap_or_default();
        let all = decode(&self.bytes);
        let had_more = |line: &str| line.len() > last.len() && line.starts_with(last);
        all != text && (text.contains('\0') || (!last.trim().is_empty() && all.split('\n').any(had_more)))
    }
}

/// It holds secrets.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("is_good", &self.is_good).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Loaded, Severity, last_good, load, reload};

    const NAME: &str = "paging.conf";
    const GOOD: &str = "; A hall.\n[sip]\ndomain = pbx\nuser = 501 ; of the hall\npass = geheim\n\n[network]\n\
                        address = 10.0.0.7/24\ngateway = 10.0.0.1\ndns = 9.9.9.9\n; B\u{fc}ro\n[zone h\u{e4}ll]\n; the end\n";

    fn now(good: &[u8], text: &[u8]) -> Loaded {
        reload(&last_good(NAME, good), &[(NAME, text)], [], &[])
    }

    fn errors(loaded: &Loaded) -> usize {
        loaded.diagnostics.iter().filter(|told| told.severity == Severity::Error).count()
    }

    #[test]
    fn no_beginning_of_a_good_text_is_taken_for_a_wish() {
        let utf16: Vec<u8> = format!("\u{feff}{GOOD}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let latin_1: Vec<u8> = GOOD.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let windows = GOOD.replace('\n', "\r\n");
        for good in [GOOD.as_bytes(), windows.as_bytes(), &utf16, &latin_1] {
            let whole = load(&[(NAME, good)], [], &[]);
            assert_eq!(errors(&whole), 0, "{:?}", whole.diagnostics);
            for end in 0..good.len() {
                let cut = now(good, &good[..end]);
                assert_eq!(cut.settings, whole.settings, "{end}");
                let lacks = load(&[(NAME, &good[..end])], [], &[]).settings != whole.settings;
                assert!(errors(&cut) == 1 || !lacks, "{end}: {:?}", cut.diagnostics);
            }
            assert_eq!(errors(&now(good, good)), 0);
        }
    }

    #[test]
    fn a_text_that_was_written_anew_and_is_cut_within_a_line_keeps_what_it_has_lost() {
        let new = GOOD.replace("domain = pbx", "domain = other");
        let whole = load(&[(NAME, new.as_bytes())], [], &[]);
        let begin = new.find("user").unwrap();
        for end in (begin..new.len()).filter(|&end| new.is_char_boundary(end)) {
            let is_within = !new[..end].ends_with('\n') && !new[end..].starts_with('\n');
            let cut = now(GOOD.as_bytes(), &new.as_bytes()[..end]);
            if is_within {
                assert_eq!((errors(&cut) > 0, &cut.settings.sip), (true, &whole.settings.sip), "{end}");
                assert_eq!(cut.settings.network, whole.settings.network, "{end}");
            }
        }
    }

    #[test]
    fn a_last_line_without_an_end_that_was_never_longer_is_a_mistake_like_any_other() {
        let loaded = now(GOOD.as_bytes(), b"[sip]\ndomain = pbx\nuser = 501\npass = geheim\nptime = soon");
        assert_eq!((errors(&loaded), loaded.settings.network.address.is_none()), (1, true));
        let right = now(GOOD.as_bytes(), b"[sip]\ndomain = pbx\nuser = 502");
        assert_eq!((errors(&right), right.settings.accounts[0].pass.as_str()), (0, ""));
    }

    #[test]
    fn a_remark_at_the_end_says_that_the_rest_is_not_wanted() {
        let loaded = now(GOOD.as_bytes(), b"; A hall.\n[sip]\ndomain = pbx\nuser = 501\n; end\n");
        assert_eq!((errors(&loaded), loaded.settings.accounts[0].pass.as_str()), (0, ""));
        let nothing_is_lost = GOOD.strip_suffix("; the end\n").unwrap();
        assert_eq!(errors(&now(GOOD.as_bytes(), nothing_is_lost.as_bytes())), 0);
    }

    #[test]
    fn what_was_cut_off_stays_so_however_often_it_is_read() {
        let good = last_good(NAME, GOOD.as_bytes());
        for text in [&GOOD[..30], "[sip]\nuser = 502\n[netw"] {
            let cut = reload(&good, &[(NAME, text.as_bytes())], [], &[]);
            assert_eq!(reload(&cut, &[(NAME, text.as_bytes())], [], &[]), cut);
        }
    }

    #[test]
    fn beside_what_was_read_before_in_the_same_run_lines_at_the_end_may_go() {
        let before = load(&[(NAME, GOOD.as_bytes())], [], &[]);
        let without = GOOD.split_once("[network]").unwrap().0;
        let after = reload(&before, &[(NAME, without.as_bytes())], [], &[]);
        assert_eq!((errors(&after), after.settings.network.address.is_none()), (0, true));
    }
}
