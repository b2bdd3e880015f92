//! What the guard of a card image is told, beside what every service manager is: how the box is, for the file on the card;
//! that its configuration is good; what time a registrar says it is.
//!
//! ```text
//! the same condition twice, 2 s apart ─> X_PAGING_REPORT=…       once more every five minutes: the guard may be another
//! good for six seconds ─> X_PAGING_GOOD=1                         and again every five minutes, for the same reason
//! ```
//! A box that has just begun is not told of until it works or half a minute is over, for every other condition is a
//! write to the card.

use super::guard_disk;
use crate::config::Settings;
use crate::guard::FILE_BYTES;
use crate::net::{self, NotifySocket};
use crate::status::{Condition, Status};
use crate::time::Instant;
use core::time::Duration;
use std::fs::File;
use std::io::Read;

/// Tells the guard.
pub(super) struct Tidings {
    socket: NotifySocket,
    board: String,
    /// The wireless network that the box is to join; empty: none.
    wifi: String,
    news: News,
}

impl Tidings {
    /// Where the environment says that the service manager is a guard, of a box of `settings`.
    pub(super) fn of_environment(now: Instant, settings: &Settings) -> Option<Self> {
        std::env::var_os("PAGING_GUARD")?;
        let socket = NotifySocket::open(&std::env::var_os("NOTIFY_SOCKET")?).ok()?;
        let wifi = settings.network.wifi.ssid.clone();
        Some(Self { socket, board: guard_disk::board(), wifi, news: News::new(now) })
    }

    /// When [`tell`](Self::tell) wants to be called.
    pub(super) const fn deadline(&self) -> Instant {
        self.news.look_at
    }

    /// Another configuration is in force.
    pub(super) const fn handle_configuration(&mut self) {
        self.news.is_good_told = false;
        self.news.good_since = None;
    }

    /// Tells what is new.
    pub(super) fn tell(&mut self, now: Instant, status: &Status) {
        let addresses = net::addresses().unwrap_or_default();
        let wifi_is = if self.wifi.is_empty() { String::new() } else { wifi_is() };
        let condition = Condition {
            status,
            board: &self.board,
            addresses: &addresses,
            wifi: &self.wifi,
            wifi_is: &wifi_is,
        };
        let view = View {
            works: condition.works(),
            is_good: condition.is_good(),
            is_settled: condition.is_settled(),
            text: condition.to_string(),
        };
        let (is_report, is_good) = self.news.handle(now, view);
        if is_report && !self.socket.send(&report(&self.news.text)) {
            self.news.told.clear();
        }
        if is_good && !self.socket.send("X_PAGING_GOOD=1") {
            self.news.is_good_told = false;
        }
    }

    /// Asks that the machine begins anew; false where nobody listens.
    pub(super) fn ask_for_reboot(&self) -> bool {
        self.socket.send("X_PAGING_REBOOT=1")
    }

    /// Tells what time a registrar says it is, since 1970. What is not heard is told again with the next registration.
    pub(super) fn tell_time(&self, date: Duration) {
        let _ = self.socket.send(&format!("X_PAGING_CLOCK={}", date.as_secs()));
    }
}

/// What the script that joins it says of it (overlay/usr/lib/paging/wifi): one word.
fn wifi_is() -> String {
    let mut word = [0; 32];
    let len = File::open(WIFI_IS).and_then(|mut file| file.read(&mut word)).unwrap_or(0);
    String::from_utf8_lossy(&word[..len]).trim().to_owned()
}

/// What is told of a text. Of one that is longer than the file comes as much as the file has bytes, so that it says what is
/// missing; a longer datagram would be nobody's.
fn report(text: &str) -> String {
    format!("X_PAGING_REPORT={}", text.get(..text.floor_char_boundary(FILE_BYTES)).unwrap_or_default())
}

/// The box at one moment.
struct View {
    text: String,
    works: bool,
    is_good: bool,
    is_settled: bool,
}

/// What is told when.
#[derive(Debug)]
struct News {
    since: Instant,
    look_at: Instant,
    /// What is so, and since when.
    text: String,
    text_since: Instant,
    unsettled_since: Option<Instant>,
    good_since: Option<Instant>,
    /// What was told last, and when.
    told: String,
    told_at: Instant,
    is_good_told: bool,
    good_told_at: Instant,
}

impl News {
    const fn new(now: Instant) -> Self {
        Self {
            since: now,
            look_at: now,
            text: String::new(),
            text_since: now,
            unsettled_since: None,
            good_since: None,
            told: String::new(),
            told_at: now,
            is_good_told: false,
            good_told_at: now,
        }
    }

    /// Whether [`text`](Self::text) is to be told, and that the configuration is good.
    fn handle(&mut self, now: Instant, view: View) -> (bool, bool) {
        if view.text != self.text {
            (self.text, self.text_since) = (view.text, now);
        }
        self.unsettled_since = (!view.is_settled).then(|| self.unsettled_since.unwrap_or(now));
        self.good_since = view.is_good.then(|| self.good_since.unwrap_or(now));
        let is_well = view.works && view.is_settled;
        let is_good = self.is_news_that_good(now);
        let is_report = self.is_news(now, is_well);
        let is_quiet = self.text == self.told && (self.is_good_told || self.good_since.is_none());
        self.look_at = now + if is_quiet { RARELY } else { OFTEN };
        (is_report, is_good)
    }

    fn is_news(&mut self, now: Instant, is_well: bool) -> bool {
        let lasts = now.since(self.text_since) >= OFTEN;
        let is_late = now.since(self.since) >= PATIENCE;
        let settles = self.unsettled_since.is_some_and(|since| now.since(since) < SETTLES_WITHIN);
        let is_due = self.text != self.told || now.since(self.told_at) >= AGAIN_EVERY;
        let is_news = is_due && lasts && !settles && (is_well || is_late);
        if is_news {
            self.told.clone_from(&self.text);
            self.told_at = now;
        }
        is_news
    }

    fn is_news_that_good(&mut self, now: Instant) -> bool {
        let is_good = self.good_since.is_some_and(|since| now.since(since) >= GOOD_AFTER);
        let is_due = !self.is_good_told || now.since(self.good_told_at) >= AGAIN_EVERY;
        if is_good && is_due {
            (self.is_good_told, self.good_told_at) = (true, now);
        }
        is_good && is_due
    }
}

const WIFI_IS: &str = "/run/network/wifi";
/// How often it is looked while there is something to tell.
const OFTEN: Duration = Duration::from_secs(2);
/// And while there is not.
const RARELY: Duration = Duration::from_secs(10);
/// Until then a box that has just begun may be ill.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is under way so long is not waited for any more.
const SETTLES_WITHIN: Duration = Duration::from_mins(1);
const AGAIN_EVERY: Duration = Duration::from_mins(5);
const GOOD_AFTER: Duration = Duration::from_secs(6);

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told in each second from 0 on, of a box that is like `view` in that second.
    fn told(seconds: u64, view: impl Fn(u64) -> View) -> Vec<(u64, String)> {
        let mut news = News::new(Instant::ZERO);
        let mut told = Vec::new();
        for second in 0..seconds {
            let now = Instant::from_millis(second * 1000);
            if news.look_at > now {
                continue;
            }
            let (is_report, is_good) = news.handle(now, view(second));
            told.extend(is_report.then(|| (second, news.text.clone())));
            told.extend(is_good.then(|| (second, "good".to_owned())));
        }
        told
    }

    fn view(text: &str, is_good: bool, is_settled: bool) -> View {
        View { text: text.to_owned(), works: is_good, is_good, is_settled }
    }

    fn expected(words: &[(u64, &str)]) -> Vec<(u64, String)> {
        words.iter().map(|(second, word)| (*second, (*word).to_owned())).collect()
    }

    #[test]
    fn a_box_that_is_well_is_told_of_when_that_lasts_and_then_every_five_minutes() {
        let told = told(700, |_| view("well", true, true));
        assert_eq!(
            told,
            expected(&[(2, "well"), (6, "good"), (306, "well"), (306, "good"), (606, "well"), (606, "good")])
        );
    }

    #[test]
    fn a_text_that_is_longer_than_the_file_is_cut_so_that_the_guard_takes_it() {
        for text in ["FAULT: x\n".repeat(5000), "ä".repeat(20_000), "short".to_owned()] {
            let report = report(&text);
            let told = report.strip_prefix("X_PAGING_REPORT=").unwrap();
            assert!(text.starts_with(told) && told.len() <= FILE_BYTES);
            assert!(told.len() + 1 >= text.len().min(FILE_BYTES));
        }
    }

    #[test]
    fn a_box_that_begins_is_not_told_of_until_it_is_well() {
        let told = told(60, |second| match second {
            0..8 => view("registers", false, false),
            8..16 => view("has no server", false, true),
            _ => view("well", true, true),
        });
        assert_eq!(told, expected(&[(18, "well"), (22, "good")]));
    }

    #[test]
    fn a_box_that_stays_ill_is_told_of_after_half_a_minute_and_is_never_good() {
        let told = told(200, |_| view("wrong password", false, true));
        assert_eq!(told, expected(&[(30, "wrong password")]));
    }

    #[test]
    fn a_box_that_works_in_spite_of_mistakes_is_told_of_at_once_and_is_not_good() {
        let works = |_| View { works: true, ..view("mistakes", false, true) };
        assert_eq!(told(200, works), expected(&[(2, "mistakes")]));
    }

    #[test]
    fn what_is_under_way_is_waited_for_a_minute() {
        assert_eq!(told(200, |_| view("registers", false, false)), expected(&[(60, "registers")]));
    }

    #[test]
    fn what_changes_again_and_again_is_told_when_it_lasts() {
        let told = told(100, |second| match second {
            40..60 => view(&format!("number {second}"), true, true),
            _ => view("well", true, true),
        });
        assert_eq!(told, expected(&[(2, "well"), (6, "good")]));
    }

    #[test]
    fn each_configuration_is_good_for_itself() {
        let mut news = News::new(Instant::ZERO);
        let mut good = 0;
        for second in 0..60 {
            if second == 30 {
                (news.is_good_told, news.good_since) = (false, None);
            }
            let (_, is_good) = news.handle(Instant::from_millis(second * 1000), view("well", true, true));
            good += u32::from(is_good);
        }
        assert_eq!(good, 2);
    }
}
