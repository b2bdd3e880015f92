//! Reading the configuration again: when, and what comes of it.
//!
//! ```text
//! SIGHUP ──────────────────────────────────────────────┐
//! inotify ─> bell ─> Settling: half a second of quiet ─┴─> read_again (a task) ─> bell ─> New
//! ```
//! Decides when files are read, what is told about the differences, and which of them wait for the end of the calls. What
//! is done about them is the service's business. Files are read where nothing waits for them.

use super::arguments::Configuration;
use super::bell::Bell;
use super::configuration::{self, Read};
use super::mailbox::Mailbox;
use crate::clock;
use crate::config::{Change, Settings, Timing, changes, meanwhile};
use crate::net::{self, Folders};
use crate::status::Mistake;
use crate::time::Instant;
use core::time::Duration;
use smol::LocalExecutor;
use std::rc::Rc;
use std::sync::Arc;

/// What is in force, and how it changes.
pub(super) struct Reload<'a> {
    executor: Rc<LocalExecutor<'a>>,
    news: Rc<Mailbox<News>>,
    origin: Origin,
    /// What is in force.
    running: Settings,
    settling: Settling,
    is_reading: bool,
    /// Nobody has asked: if there is nothing new, nothing is said.
    is_quiet: bool,
    /// There was a reason to read again since.
    again: bool,
}

/// Where settings come from.
pub(super) struct Origin {
    /// What was asked for.
    pub(super) configuration: Configuration,
    /// What was read last.
    pub(super) read: Arc<Read>,
    /// Why the box could not come up with it.
    pub(super) failure: Option<Mistake>,
}

/// What has come of reading again.
pub(super) struct New {
    /// What is in force from now on; `None`: what was so before.
    pub(super) settings: Option<Settings>,
    /// What the box shall come up with as soon as no call is on, if that is anything else.
    pub(super) waiting: Option<Arc<Read>>,
    read: Arc<Read>,
    lines: Vec<String>,
}

impl New {
    /// What is wrong with what was read.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        self.read.mistakes()
    }

    /// Logs what is wrong, what has changed and what waits; to be called when it is done, for the log may have changed too.
    pub(super) fn tell(&self) {
        self.read.report();
        for line in &self.lines {
            log::info!("{line}");
        }
    }
}

/// What tasks have to tell.
enum News {
    /// The files are watched from now on; what was before is not known.
    Watching,
    Changed,
    Read(Box<Read>),
}

impl<'a> Reload<'a> {
    /// For a box that runs on `running`; `bell` is rung when [`handle_news`](Self::handle_news) has something to do.
    pub(super) fn new(
        origin: Origin,
        running: Settings,
        executor: Rc<LocalExecutor<'a>>,
        bell: Rc<Bell>,
    ) -> Self {
        let news = Mailbox::new(bell);
        let settling = Settling::default();
        Self { executor, news, origin, running, settling, is_reading: false, is_quiet: false, again: false }
    }

    /// Watches the files from now on.
    pub(super) fn start(&self) {
        let (news, configuration) = (Rc::clone(&self.news), self.origin.configuration.clone());
        let watch = async move {
            let mut is_told = false;
            loop {
                match Folders::new(configuration::files(&configuration)) {
                    Ok(folders) => {
                        is_told = false;
                        news.post(News::Watching);
                        while folders.changed().await.is_ok() {
                            news.post(News::Changed);
                        }
                    }
                    Err(error) if !core::mem::replace(&mut is_told, true) => {
                        log::warn!("a changed configuration is read on SIGHUP only: {error}");
                    }
                    Err(_) => {}
                }
                net::sleep_until(clock::now() + WATCH_AGAIN).await;
            }
        };
        self.executor.spawn(watch).detach();
    }

    /// Somebody asks for it.
    pub(super) fn handle_signal(&mut self, now: Instant) {
        self.settling.at_once(now);
        self.is_quiet = false;
        self.handle_timeout(now);
    }

    /// Does what is due at `now`.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if !self.settling.is_due(now) {
            return;
        }
        if core::mem::replace(&mut self.is_reading, true) {
            self.again = true;
            return;
        }
        let Origin { configuration, read, .. } = &self.origin;
        let (configuration, before, news) = (configuration.clone(), Arc::clone(read), Rc::clone(&self.news));
        // A card that is worn out takes its time.
        let read = smol::unblock(move || configuration::read_again(&configuration, &before));
        self.executor.spawn(async move { news.post(News::Read(Box::new(read.await))) }).detach();
    }

    /// A mistake that names a key, with the line of it.
    pub(super) fn placed(&self, mistake: Mistake) -> Mistake {
        self.origin.read.placed(mistake)
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.settling.due()
    }

    /// Takes what tasks have to tell; what has come of the last reading, if one is done.
    pub(super) fn handle_news(&mut self, now: Instant) -> Option<New> {
        let mut last = None;
        loop {
            match self.news.take() {
                Some(News::Watching) if self.settling.due().is_some() || self.is_reading => {}
                Some(News::Watching) => {
                    self.settling.at_once(now);
                    self.is_quiet = true;
                }
                Some(News::Changed) => {
                    self.settling.changed(now);
                    self.is_quiet = false;
                }
                Some(News::Read(read)) => last = self.on_read(now, Arc::new(*read)),
                None => return last,
            }
        }
    }

    fn on_read(&mut self, now: Instant, read: Arc<Read>) -> Option<New> {
        self.is_reading = false;
        if core::mem::take(&mut self.again) {
            self.settling.at_once(now);
        }
        if core::mem::take(&mut self.is_quiet) && read.is_same(&self.origin.read) {
            return None;
        }
        self.origin.read = Arc::clone(&read);
        let wanted = &read.loaded.settings;
        let settings = meanwhile(&self.running, wanted);
        let (done, waiting) = (changes(&self.running, &settings), changes(&settings, wanted));
        let lines = lines(&done, &waiting);
        self.running.clone_from(&settings);
        Some(New {
            settings: Some(settings).filter(|_| !done.is_empty()),
            waiting: Some(Arc::clone(&read)).filter(|_| !waiting.is_empty()),
            read,
            lines,
        })
    }
}

/// What the log says of a reload.
fn lines(done: &[Change], waiting: &[Change]) -> Vec<String> {
    let (at_start, done): (Vec<_>, Vec<_>) =
        done.iter().cloned().partition(|change| change.timing == Timing::Start);
    let list = |changes: &[Change]| {
        let mut list: Vec<_> = changes.iter().take(MAX_TOLD).map(ToString::to_string).collect();
        if let more @ 1.. = changes.len().saturating_sub(MAX_TOLD) {
            list.push(format!("{more} more"));
        }
        list.join(", ")
    };
    let mut lines = Vec::new();
    if !done.is_empty() {
        lines.push(format!("reloaded: {}", list(&done)));
    }
    if !waiting.is_empty() {
        let verb = if waiting.len() == 1 { "waits" } else { "wait" };
        lines.push(format!("reloaded: {} {verb} until no call is on", list(waiting)));
    }
    if !at_start.is_empty() {
        let verb = if at_start.len() == 1 { "counts" } else { "count" };
        lines.push(format!("reloaded: {} {verb} from the next start of the card image", list(&at_start)));
    }
    if lines.is_empty() {
        lines.push("reloaded: nothing has changed".to_owned());
    }
    lines
}

/// Waits until an editor is done: half a second after the last change, and not for ever.
#[derive(Debug, Default)]
struct Settling {
    since: Option<Instant>,
    due: Option<Instant>,
}

impl Settling {
    fn changed(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        self.due = Some((now + QUIET).min(since + LONGEST));
    }

    fn at_once(&mut self, now: Instant) {
        self.due = Some(now);
    }

    const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is over; then it begins anew.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.due.is_some_and(|due| due <= now);
        if is_due {
            *self = Self::default();
        }
        is_due
    }
}

const QUIET: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);
/// Where no folder can be watched, or one has gone, it is looked again after this.
const WATCH_AGAIN: Duration = Duration::from_mins(1);
/// So many changes are named in one line.
const MAX_TOLD: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn told(old: &str, new: &str) -> Vec<String> {
        let read = |text: &str| load(&[("paging.conf", text.as_bytes())], [], &[]).settings;
        let (running, wanted) = (read(old), read(new));
        let settings = meanwhile(&running, &wanted);
        lines(&changes(&running, &settings), &changes(&settings, &wanted))
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn a_line_says_what_changed_and_one_what_waits() {
        assert_eq!(told("", ""), ["reloaded: nothing has changed"]);
        assert_eq!(
            told("[zone hall]\n", "[zone hall]\nvolume = 50\n[sip]\nallow = 10.0.0.0/8\n"),
            ["reloaded: sip.allow, zone hall volume"]
        );
        assert_eq!(
            told("", "[sip]\nptime = 30\n[audio]\ndevice = null\n"),
            ["reloaded: sip.ptime", "reloaded: audio.device waits until no call is on"]
        );
        assert_eq!(
            told("", "[audio]\ndevice = null\n[sip]\nlisten = [::]\n"),
            ["reloaded: sip.listen, audio.device wait until no call is on"]
        );
        assert_eq!(
            told("", "[network]\nvlan = 2\n[sip]\nptime = 30\n"),
            ["reloaded: sip.ptime", "reloaded: network.vlan counts from the next start of the card image"]
        );
        let many = (0..30).map(|number| format!("[zone z{number}]")).collect::<Vec<_>>().join("\n");
        assert!(told("", &many)[0].ends_with("zone z19 (new), 10 more wait until no call is on"));
    }

    #[test]
    fn changes_settle_for_half_a_second() {
        let mut settling = Settling::default();
        assert_eq!(settling.due(), None);
        settling.changed(at(1000));
        settling.changed(at(1400));
        assert!(!settling.is_due(at(1899)) && settling.is_due(at(1900)));
        assert_eq!((settling.due(), settling.is_due(at(9999))), (None, false));
    }

    #[test]
    fn a_file_that_never_comes_to_rest_is_read_all_the_same() {
        let mut settling = Settling::default();
        for millis in (1000..6000).step_by(100) {
            assert!(!settling.is_due(at(millis)));
            settling.changed(at(millis));
        }
        assert!(settling.is_due(at(6000)));
    }

    #[test]
    fn a_signal_does_not_wait() {
        let mut settling = Settling::default();
        settling.changed(at(1000));
        settling.at_once(at(1100));
        assert!(settling.is_due(at(1100)));
    }
}
