//! What the root process of the card image decides: who is killed, what is written, when the machine begins anew.
//!
//! ```text
//! datagrams of the service ─> Word ─┐          ┌ Kill         the service, silent for too long
//! the service has ended ────────────┤          ├ Feed         the hardware watchdog
//! the wall clock ───────────────────┼─ Guard ──┼ Report       paging-status.txt, in place
//! what became of a write ───────────┘          ├ Keep…        a slot of the state partition
//!                                              ├ SetClock, Reboot, Say
//! ```
//! The service beats (`WATCHDOG=1`). One that is silent for [`Limits::silence`] is killed, and init starts it again, and so is one
//! that init has started and that is not heard for [`Limits::unheard`]. The hardware watchdog is fed all that time, and no more when
//! killing does not end one within [`STUBBORN`], or the machine is to begin anew. A machine that stood still itself is forgiven.
//!
//! Bounds, whatever comes: a card is written [`Report`](Action::Report) six times at once and then once in ten minutes, a
//! configuration once in ten minutes, a time once a day. By itself the guard does not have the machine begin anew in its first half hour, for a
//! box that this does not help may still take calls; the hardware does, where the configuration was good and the service cannot
//! even be ended. Who asks for it (`X_PAGING_REBOOT=1`) has it begin anew at once, but not in its first minute. Ten lines are said at
//! once and then one a second.
//!
//! Leaves out where files and slots lie, clocks, sockets and processes.

mod bucket;
mod notice;
mod page;
mod service;
#[cfg(test)]
mod tests;
mod word;

use crate::time::Instant;
use bucket::Bucket;
use core::time::Duration;
use service::{Ending, Service, Verdict};
use std::collections::VecDeque;

pub use notice::Notice;
pub use page::{BLANK_TEXT, FILE_BYTES, MARK, blank, is_same};
pub use word::Word;

/// The guard of a box.
#[derive(Debug)]
pub struct Guard {
    powers: Powers,
    wall: Wall,
    service: Service,
    /// `None`: there is no hardware watchdog, or it is to bite, which it does where the machine does not begin anew by itself.
    feed_at: Option<Instant>,
    report: Report,
    keeping: Keeping,
    clock: Clock,
    reboot: Reboot,
    strangers: Strangers,
    lines: Bucket,
    actions: VecDeque<Action>,
}

/// How patient it is.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For how long a service may be silent.
    pub silence: Duration,
    /// For how long nothing may be heard of one that was started.
    pub unheard: Duration,
}

/// What it may do on this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Powers {
    /// There is a hardware watchdog.
    pub watchdog: bool,
    /// It may begin the machine anew.
    pub reboot: bool,
    /// It may set the clock, to a time after this one: when the image was built.
    pub built: Option<Duration>,
    /// The time that was last remembered.
    pub floor: Option<Duration>,
}

/// What the wall clock shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wall {
    /// Since 1970, UTC.
    pub shows: Duration,
    /// Something keeps it right (NTP).
    pub is_synchronised: bool,
}

/// Who has sent a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// His process.
    pub pid: u32,
    /// He is of a user who may send any.
    pub is_trusted: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// End this process, whatever it does. What becomes of it is told by [`Guard::handle_end`].
    Kill(u32),
    /// Feed the hardware watchdog.
    Feed,
    /// Write the text of the file, if it [is not there already](is_same), and say so by [`Guard::handle_report`].
    Report(Vec<u8>),
    /// Remember the configuration file, and that it is good; [`Guard::handle_configuration_unkept`] where that fails.
    KeepConfiguration,
    /// Remember that time; [`Guard::handle_floor_unkept`] where that fails.
    KeepFloor(Duration),
    /// Set the wall clock.
    SetClock(Duration),
    /// Have init begin the machine anew.
    Reboot,
    /// Tell whoever reads the console.
    Say(Notice),
}

/// What became of a [report](Action::Report).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there already.
    Same,
    /// It is there now.
    Written,
    /// It is not there.
    Failed,
}

impl Guard {
    /// A guard that begins at `now`, counted from when the machine has begun.
    #[must_use]
    pub fn new(now: Instant, limits: Limits, powers: Powers) -> Self {
        Self {
            powers,
            wall: Wall::default(),
            service: Service::new(now, limits),
            feed_at: powers.watchdog.then_some(now),
            report: Report::new(now),
            keeping: Keeping { floor: powers.floor, ..Keeping::default() },
            clock: Clock::default(),
            reboot: Reboot::default(),
            strangers: Strangers::default(),
            lines: Bucket::new(now, LINES_AT_ONCE, LINE_EVERY),
            actions: VecDeque::new(),
        }
    }

    /// Takes a datagram; `is_cut`: it was longer than what is read of it.
    pub fn handle_datagram(&mut self, now: Instant, sender: Sender, bytes: &[u8], is_cut: bool) {
        let words = Word::parse(bytes).filter(|_| sender.is_trusted && !is_cut);
        match words {
            Some(words) => words.into_iter().for_each(|word| self.on_word(now, sender.pid, word)),
            None => self.strangers.count = self.strangers.count.saturating_add(1),
        }
    }

    /// Init has started the service, as that process. To be told while none is [watched](Self::watched), as often as one likes.
    pub fn handle_start(&mut self, now: Instant, pid: u32) {
        self.service.handle_start(now, pid);
    }

    /// That process, the service once, has ended.
    pub fn handle_end(&mut self, now: Instant, pid: u32) {
        let Some(ending) = self.service.handle_end(now, pid) else { return };
        self.say(now, Notice::Ended { pid });
        if ending == Ending::Unasked {
            let at = page::moment(now, self.wall.shows, self.is_clock_trusted());
            self.report.on_end(now, at);
        }
    }

    /// What became of the report that was given out last.
    pub fn handle_report(&mut self, now: Instant, outcome: Outcome) {
        self.report.is_under_way = false;
        match outcome {
            Outcome::Same => {}
            Outcome::Written => self.report.bucket.take(now),
            Outcome::Failed => self.report.due_at = Some(now + TRY_AGAIN),
        }
    }

    /// The configuration could not be remembered.
    pub fn handle_configuration_unkept(&mut self, now: Instant) {
        (self.keeping.wants, self.keeping.may_at) = (true, now + TRY_AGAIN);
    }

    /// The time could not be remembered.
    pub fn handle_floor_unkept(&mut self, now: Instant) {
        (self.keeping.floor, self.keeping.floor_may_at) = (None, now + TRY_AGAIN);
    }

    /// The clock could not be set.
    pub fn handle_clock_unset(&mut self) {
        self.clock.is_known = false;
    }

    /// To be called at [`poll_timeout`](Self::poll_timeout), and when what else has come has been handled and done. `wall` was
    /// read after that.
    pub fn handle_timeout(&mut self, now: Instant, wall: Wall) {
        self.wall = wall;
        self.clock.was_synchronised |= wall.is_synchronised;
        self.watch(now);
        self.feed(now);
        self.keep(now);
        self.tell_of_strangers(now);
        self.begin_anew(now);
        self.give_report(now);
    }

    /// What is to be done next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let report = self.report.due_at.filter(|_| !self.report.is_under_way);
        let report = report.map(|at| at.max(self.report.bucket.ready_at()));
        let keep = self.keeping.wants.then_some(self.keeping.may_at);
        let strangers = (self.strangers.count > self.strangers.said).then_some(self.strangers.say_at);
        let reboot = self.reboot.wanted.then(|| self.reboot.may_at());
        let others = [self.feed_at, report, keep, strangers, reboot];
        others.into_iter().chain([self.service.deadline()]).flatten().min()
    }

    /// The process of the service, until it has [ended](Self::handle_end).
    #[must_use]
    pub const fn watched(&self) -> Option<u32> {
        self.service.pid()
    }

    /// Whether the wall clock shows the time.
    #[must_use]
    pub const fn is_clock_trusted(&self) -> bool {
        self.clock.was_synchronised || self.clock.is_known
    }

    fn on_word(&mut self, now: Instant, pid: u32, word: Word<'_>) {
        match word {
            Word::Alive | Word::Stopping => {
                if self.service.handle_beat(now, pid) {
                    self.say(now, Notice::Heard { pid });
                    self.report.changed(now);
                }
                if word == Word::Stopping {
                    self.service.handle_stopping();
                }
            }
            Word::Report(text) => {
                let text = page::cleaned(text);
                if self.report.text.as_ref() != Some(&text) {
                    self.report.text = Some(text);
                    self.report.changed(now);
                }
            }
            Word::Good => {
                self.service.was_good = true;
                self.keeping.wants = true;
            }
            Word::Clock(time) => self.on_clock(now, time),
            Word::Reboot => self.on_reboot(now),
            Word::Other => {}
        }
    }

    /// A registrar says what time it is.
    fn on_clock(&mut self, now: Instant, time: Duration) {
        let Some(built) = self.powers.built else { return };
        let is_believed = time > built && time < built + BELIEVED_FOR;
        let is_early = self.clock.set_at.is_some_and(|at| now.since(at) < SET_EVERY);
        if !is_believed || self.clock.was_synchronised || is_early {
            return;
        }
        self.clock.is_known = true;
        if time.abs_diff(self.wall.shows) <= CLOSE_ENOUGH {
            return;
        }
        self.clock.set_at = Some(now);
        self.wall.shows = time;
        self.say(now, Notice::ClockSet { time });
        self.actions.push_back(Action::SetClock(time));
    }

    /// Somebody who may has asked for it. One that is asked again and again does not begin anew for ever.
    fn on_reboot(&mut self, now: Instant) {
        let is_late_enough = now >= self.reboot.asked_from();
        self.say(now, if is_late_enough { Notice::Asked } else { Notice::AskedTooSoon });
        self.reboot.is_asked |= is_late_enough;
    }

    fn watch(&mut self, now: Instant) {
        match self.service.handle_timeout(now) {
            Some(Verdict::Silent { pid, span }) => {
                let at = page::moment(now, self.wall.shows, self.is_clock_trusted());
                self.say(now, Notice::Silent { pid, for_s: span.as_secs() });
                self.actions.push_back(Action::Kill(pid));
                self.report.on_kill(now, at);
            }
            Some(Verdict::Stubborn { pid }) => self.say(now, Notice::Stubborn { pid }),
            Some(Verdict::Unheard) => {
                self.say(now, Notice::Unheard);
                self.report.changed(now);
            }
            None => {}
        }
        self.reboot.wanted = self.service.is_hopeless(now);
    }

    fn feed(&mut self, now: Instant) {
        // One that was good is a box that begins anew well; another may have to wait, so that it does not do so for ever.
        let may_bite = self.service.was_good || now >= FIRST_REBOOT;
        if self.service.is_stubborn() && may_bite && self.feed_at.take().is_some() {
            self.say(now, Notice::Starved);
        }
        if self.feed_at.is_some_and(|at| at <= now) {
            self.feed_at = Some(now + FEED_EVERY);
            self.actions.push_back(Action::Feed);
        }
    }

    fn keep(&mut self, now: Instant) {
        if self.keeping.wants && now >= self.keeping.may_at {
            (self.keeping.wants, self.keeping.may_at) = (false, now + KEEP_EVERY);
            self.actions.push_back(Action::KeepConfiguration);
        }
        let shows = self.wall.shows;
        let is_due = self.keeping.floor.is_none_or(|floor| shows.abs_diff(floor) >= FLOOR_EVERY);
        if is_due && self.is_clock_trusted() && now >= self.keeping.floor_may_at {
            (self.keeping.floor, self.keeping.floor_may_at) = (Some(shows), now + FLOOR_EVERY);
            self.actions.push_back(Action::KeepFloor(shows));
        }
    }

    fn tell_of_strangers(&mut self, now: Instant) {
        let Strangers { count, said, say_at } = self.strangers;
        if count > said && now >= say_at {
            self.strangers = Strangers { count, said: count, say_at: now + SAY_EVERY };
            self.say(now, Notice::Ignored { count });
        }
    }

    fn begin_anew(&mut self, now: Instant) {
        let is_due = self.reboot.wanted && self.reboot.may_at() <= now;
        if is_due || self.reboot.is_asked {
            (self.reboot.is_asked, self.reboot.done_at) = (false, Some(now));
            self.say(now, Notice::Reboots { is_real: self.powers.reboot });
            if self.powers.reboot {
                // Whatever holds up init, or its own sync(2), is the hardware's now.
                self.feed_at = None;
                self.actions.push_back(Action::Reboot);
            }
        }
    }

    fn give_report(&mut self, now: Instant) {
        let is_due = self.report.due_at.is_some_and(|at| at <= now);
        if !is_due || self.report.is_under_way || self.report.bucket.ready_at() > now {
            return;
        }
        self.report.due_at = None;
        let moment = page::moment(now, self.wall.shows, self.is_clock_trusted());
        let written = format!("Written {moment}.");
        let is_unheard = self.service.is_unheard();
        let own = self.report.own(is_unheard);
        // Where nothing is heard of it, what it said of itself is not so any more.
        let report = self.report.text.as_deref().filter(|_| !is_unheard);
        if own.is_empty() && report.is_none() {
            return;
        }
        let text = page::lay_out(&written, report, &own);
        // What a card is about to write counts only when it is written; until then nothing more is given to it.
        self.report.is_under_way = true;
        self.actions.push_back(Action::Report(text));
    }

    fn say(&mut self, now: Instant, notice: Notice) {
        if self.lines.ready_at() <= now {
            self.lines.take(now);
            self.actions.push_back(Action::Say(notice));
        }
    }
}

/// What is in the status file, and when it is written.
#[derive(Debug)]
struct Report {
    /// What the service has said of itself.
    text: Option<String>,
    /// It hung so often, and the last time then.
    kills: (u32, String),
    /// It ended by itself.
    ends: (u32, String),
    due_at: Option<Instant>,
    is_under_way: bool,
    bucket: Bucket,
}

impl Report {
    const fn new(now: Instant) -> Self {
        let bucket = Bucket::new(now, REPORTS_AT_ONCE, REPORT_EVERY);
        Self {
            text: None,
            kills: (0, String::new()),
            ends: (0, String::new()),
            due_at: None,
            is_under_way: false,
            bucket,
        }
    }

    /// What follows at once is written with it.
    fn changed(&mut self, now: Instant) {
        self.due_at = self.due_at.or(Some(now + SETTLE));
    }

    fn on_kill(&mut self, now: Instant, at: String) {
        self.kills = (self.kills.0.saturating_add(1), at);
        self.changed(now);
    }

    fn on_end(&mut self, now: Instant, at: String) {
        self.ends = (self.ends.0.saturating_add(1), at);
        self.changed(now);
    }

    /// What the guard has to add.
    fn own(&self, is_unheard: bool) -> Vec<String> {
        let mut lines = Vec::new();
        if is_unheard {
            lines.push("FAULT: the paging service does not start, or does not answer.".to_owned());
        }
        let falls = [("hung", &self.kills), ("ended by itself", &self.ends)];
        for (how, (count, at)) in falls.into_iter().filter(|(_, (count, _))| *count > 0) {
            let times = if *count == 1 { "once" } else { &format!("{count} times") };
            lines
                .push(format!("The service {how} and was started again, {times} since power-on; last {at}."));
        }
        lines
    }
}

/// What the state partition is to hold.
#[derive(Debug, Default)]
struct Keeping {
    wants: bool,
    may_at: Instant,
    floor: Option<Duration>,
    floor_may_at: Instant,
}

/// What a registrar has said of the time.
#[derive(Debug, Default)]
struct Clock {
    is_known: bool,
    /// Something has kept it right since this program began. A Pi drifts by seconds a day; a registrar may be hours off.
    was_synchronised: bool,
    set_at: Option<Instant>,
}

/// Beginning the machine anew.
#[derive(Debug, Default)]
struct Reboot {
    wanted: bool,
    is_asked: bool,
    done_at: Option<Instant>,
}

impl Reboot {
    fn may_at(&self) -> Instant {
        self.done_at.map_or(FIRST_REBOOT, |at| at + REBOOT_EVERY)
    }

    /// From when on it may be asked for.
    fn asked_from(&self) -> Instant {
        self.done_at.map_or(FIRST_ASKED, |at| at + ASKED_EVERY)
    }
}

/// Datagrams that nobody should have sent.
#[derive(Clone, Copy, Debug, Default)]
struct Strangers {
    count: u64,
    said: u64,
    say_at: Instant,
}

/// How long the hardware waits for food.
pub const WATCHDOG_FOR: Duration = Duration::from_secs(10);
/// From then on, counted from power-on, the machine begins anew where somebody asks for it.
pub const FIRST_ASKED: Instant = Instant::from_millis(60 * 1000);
/// A service that was killed has ended by then.
pub const STUBBORN: Duration = Duration::from_secs(30);

const FEED_EVERY: Duration = Duration::from_secs(2);
/// A report is written when nothing has changed before for so long: what belongs together comes together.
const SETTLE: Duration = Duration::from_secs(2);
const REPORTS_AT_ONCE: u32 = 6;
const LINES_AT_ONCE: u32 = 10;
const LINE_EVERY: Duration = Duration::from_secs(1);
const REPORT_EVERY: Duration = Duration::from_mins(10);
const TRY_AGAIN: Duration = Duration::from_mins(10);
const KEEP_EVERY: Duration = Duration::from_mins(10);
const FLOOR_EVERY: Duration = Duration::from_hours(24);
const SET_EVERY: Duration = Duration::from_hours(1);
/// The Date of a response is in whole seconds, and took its time.
const CLOSE_ENOUGH: Duration = Duration::from_secs(2);
/// No image is in use for longer: twenty years.
const BELIEVED_FOR: Duration = Duration::from_hours(20 * 8766);
const SAY_EVERY: Duration = Duration::from_secs(1);
const REBOOT_EVERY: Duration = Duration::from_mins(30);
/// Counted from power-on.
const FIRST_REBOOT: Instant = Instant::from_millis(30 * 60 * 1000);
const ASKED_EVERY: Duration = Duration::from_mins(1);
