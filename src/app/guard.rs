//! `paging guard`: the root process of the card image, which watches over the service and writes to the card.
//!
//! ```text
//! paging ── /run/guard/socket ──> wait ─> handle_… ─> Guard ─> poll_action ─┬ SIGKILL, SIGTERM to init
//! its end (pidfd) ────────────────┤        ↑                                ├ /dev/watchdog
//! SIGTERM ────────────────────────┘        └ what became of a write ────────┴ the card, the clock
//! ```
//! One thread, beside one that waits for the card ([`Writer`]), and no network; everything it decides is in [`crate::guard`]. Whatever is missing (a watchdog, a partition) is
//! said once and done without. On a machine that has no image of ours nothing is looked for, the clock is not set, and the
//! machine does not begin anew.

use super::guard_arguments::GuardPost;
use super::guard_card::{STATUS_FILE, State, StatusFile};
use super::guard_writer::{Card, Done, Job, Writer};
use super::{EX_UNAVAILABLE, guard_disk};
use crate::clock;
use crate::guard::{Action, FILE_BYTES, Guard, Limits, Outcome, Powers, Sender, WATCHDOG_FOR, Wall};
use crate::net::{Notification, NotifyListener};
use crate::output::rt;
use crate::process::{self, Process};
use crate::time::Instant;
use crate::watchdog::Watchdog;
use core::fmt::Display;
use core::time::Duration;
use std::fs;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::Scope;

/// Watches until it is told to end.
pub(super) fn guard(post: &GuardPost) -> ExitCode {
    match std::thread::scope(|scope| Watch::new(scope, post).and_then(Watch::run)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format_args!("{}: {error}", post.socket.display()));
            ExitCode::from(EX_UNAVAILABLE)
        }
    }
}

struct Watch {
    guard: Guard,
    listener: NotifyListener,
    /// The file in which init's script says which process the service is.
    started: PathBuf,
    signals: UnixStream,
    service: Option<Process>,
    watchdog: Option<Watchdog>,
    writer: Writer,
    /// Users who may send, beside root.
    users: [Option<u32>; 2],
    /// Why the card was left alone last.
    complaint: String,
    buffer: Box<[u8]>,
}

impl Watch {
    fn new<'scope>(scope: &'scope Scope<'scope, '_>, post: &GuardPost) -> io::Result<Self> {
        // First: without it there is nothing to do, and nothing is begun.
        let listener = NotifyListener::bind(&post.socket)?;
        let built = guard_disk::built();
        let is_ours = built.is_some();
        let found = |number| if is_ours { guard_disk::partition(number) } else { None };
        let by_default = |path: &str| is_ours.then(|| PathBuf::from(path));
        // Whoever waits for the card in what follows is waited for by the hardware.
        let watchdog = open_watchdog(post.watchdog.clone().or(by_default(WATCHDOG)));
        let state = post.state.clone().or_else(|| found(STATE_PARTITION)).map(State::new);
        let state = state.filter(State::has_room);
        let floor = state.as_ref().and_then(|state| state.floor().ok().flatten());
        let users = [guard_disk::user("paging"), Some(process::user())];
        if is_ours {
            // The last one to go when memory is short; that it may not say so does not matter.
            let _ = fs::write("/proc/self/oom_score_adj", "-1000");
        }
        let powers = Powers { watchdog: watchdog.is_some(), reboot: is_ours, built, floor };
        let limits = Limits { silence: post.silence, unheard: UNHEARD.min(8 * post.silence) };
        let card = Card {
            status: post.boot.clone().or_else(|| found(BOOT_PARTITION)).map(StatusFile::new),
            state,
            configuration: post.configuration.clone().or_else(|| by_default(CONFIGURATION)),
        };
        if is_ours {
            say_what_is_missing(&card, watchdog.is_some());
        }
        let watch = Self {
            guard: Guard::new(clock::now(), limits, powers),
            listener,
            started: post.socket.with_file_name(STARTED),
            signals: process::end_signals()?,
            service: None,
            watchdog,
            writer: Writer::start(scope, card)?,
            users,
            complaint: String::new(),
            buffer: vec![0; DATAGRAM_BYTES].into(),
        };
        rt::trim();
        // A card that cannot be read any more must not take the guard with it.
        if let Err(error) = rt::lock_memory() {
            say(&format_args!("memory is not locked: {error}"));
        }
        Ok(watch)
    }

    fn run(mut self) -> io::Result<()> {
        loop {
            let now = clock::now();
            self.act();
            let shows = Wall { shows: clock::wall(), is_synchronised: rt::is_clock_synchronised() };
            self.find_service(now);
            self.guard.handle_timeout(now, shows);
            self.act();
            let wait = self.guard.poll_timeout().map_or(LONGEST, |at| at.since(clock::now()).min(LONGEST));
            // Not before it is due.
            let wait_ms = u16::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u16::MAX);
            let service = self.service.as_ref().map(AsFd::as_fd);
            let (words, signals, done) = (self.listener.as_fd(), self.signals.as_fd(), self.writer.as_fd());
            let fds = [Some(words), service, Some(signals), Some(done)];
            let [has_word, has_ended, is_told, has_done] = process::wait(fds, wait_ms)?;
            if is_told {
                break;
            }
            // Before a word of the next one puts that in its place.
            if has_ended && let Some(service) = self.service.take() {
                self.guard.handle_end(clock::now(), service.number());
            }
            if has_word {
                self.listen(clock::now());
            }
            if has_done {
                self.take_done(clock::now());
            }
        }
        // The watchdog waits on: for the next guard, or until the kernel stops it, where init has got as far as beginning anew.
        Ok(())
    }

    /// Takes what has come, so much at most that nothing else has to wait.
    fn listen(&mut self, now: Instant) {
        for _ in 0..DATAGRAMS_AT_ONCE {
            let received = self.listener.receive(&mut self.buffer);
            // A guard that ended would be another, with all its bounds anew.
            let Some(Some(came)) = self.complain_of("the socket", received) else { break };
            let Notification { len, is_cut, pid, uid } = came;
            let is_trusted = pid != 0 && (uid == 0 || self.users.contains(&Some(uid)));
            let bytes = self.buffer.get(..len).unwrap_or_default();
            self.guard.handle_datagram(now, Sender { pid, is_trusted }, bytes, is_cut);
            self.hold_service(now);
            self.act();
        }
    }

    /// Looks whether init has started the service. Only root writes to that folder.
    fn find_service(&mut self, now: Instant) {
        if self.guard.watched().is_some() {
            return;
        }
        let Some(pid) = fs::read_to_string(&self.started).ok().and_then(|text| text.trim().parse().ok())
        else {
            return;
        };
        // One that is gone is not waited for.
        if let Ok(process) = Process::open(pid) {
            self.guard.handle_start(now, pid);
            self.service = Some(process).filter(|_| self.guard.watched() == Some(pid));
        }
    }

    /// Holds on to the process that is watched.
    fn hold_service(&mut self, now: Instant) {
        let watched = self.guard.watched();
        if watched == self.service.as_ref().map(Process::number) {
            return;
        }
        self.service = watched.and_then(|pid| Process::open(pid).ok());
        if let (None, Some(pid)) = (&self.service, watched) {
            self.guard.handle_end(now, pid);
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.guard.poll_action() {
            self.do_one(action);
        }
    }

    fn do_one(&mut self, action: Action) {
        match action {
            Action::Kill(pid) => {
                let service = self.service.as_ref().filter(|service| service.number() == pid);
                if let Some(Err(error)) = service.map(Process::kill) {
                    say(&format_args!("process {pid} cannot be killed: {error}"));
                }
            }
            Action::Feed => {
                let fed = self.watchdog.as_mut().map_or(Ok(()), Watchdog::feed);
                self.complain_of("the watchdog", fed);
            }
            Action::Report(text) => {
                if !self.writer.write(Job::Status(text)) {
                    self.guard.handle_report(clock::now(), Outcome::Failed);
                }
            }
            Action::KeepConfiguration => {
                if self.have_written(Job::Configuration).is_none() {
                    self.guard.handle_configuration_unkept(clock::now());
                }
            }
            Action::KeepFloor(floor) => {
                if self.have_written(Job::Floor(floor)).is_none() {
                    self.guard.handle_floor_unkept(clock::now());
                }
            }
            Action::SetClock(time) => {
                if self.complain_of("the clock", clock::set_wall(time)).is_none() {
                    self.guard.handle_clock_unset();
                }
            }
            Action::Reboot => {
                self.complain_of("init", process::begin_anew());
            }
            Action::Say(notice) => say(&notice),
        }
    }

    fn have_written(&mut self, job: Job) -> Option<()> {
        let room = if self.writer.write(job) { Ok(()) } else { Err("it does not keep up") };
        self.complain_of("the card", room)
    }

    /// Takes what has become of what was to be written.
    fn take_done(&mut self, now: Instant) {
        while let Some(done) = self.writer.poll() {
            match done {
                Done::Status(written) => {
                    let outcome = self.complain_of(STATUS_FILE, written);
                    self.guard.handle_report(now, outcome.unwrap_or(Outcome::Failed));
                }
                Done::Configuration(kept) => match self.complain_of("the last good configuration", kept) {
                    Some(true) => say(&"the configuration is good, and remembered"),
                    Some(false) => {}
                    None => self.guard.handle_configuration_unkept(now),
                },
                Done::Floor(kept) => {
                    if self.complain_of("the time", kept).is_none() {
                        self.guard.handle_floor_unkept(now);
                    }
                }
            }
        }
    }

    /// Says what is wrong, once as long as it is the same.
    fn complain_of<T, E: Display>(&mut self, what: &str, outcome: Result<T, E>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                let complaint = format!("{what}: {error}");
                if complaint != self.complaint {
                    say(&complaint);
                    self.complaint = complaint;
                }
                None
            }
        }
    }
}

fn say_what_is_missing(card: &Card, has_watchdog: bool) {
    let missing = [
        (!has_watchdog, "no hardware watchdog: a machine that hangs is not noticed"),
        (card.status.is_none(), "no partition with a status file"),
        (card.state.is_none(), "no state partition, or too small a one: nothing is remembered"),
    ];
    for (_, what) in missing.iter().filter(|(is_missing, _)| *is_missing) {
        say(what);
    }
}

/// A watchdog that waits as long as is wanted, or as long as it does by itself.
fn open_watchdog(path: Option<PathBuf>) -> Option<Watchdog> {
    let path = path?;
    let opened = Watchdog::open(&path).inspect_err(|error| say(&format_args!("{}: {error}", path.display())));
    let watchdog = opened.ok()?;
    match watchdog.wait_for(WATCHDOG_FOR) {
        Ok(WATCHDOG_FOR) => {}
        Ok(span) => say(&format_args!("{}: it waits for {} s", path.display(), span.as_secs())),
        Err(error) => say(&format_args!("{}: its time stays as it is: {error}", path.display())),
    }
    Some(watchdog)
}

/// A line for whoever reads the console. A console that takes no more holds nobody up.
fn say(what: &dyn Display) {
    let mut console = io::stderr();
    if process::takes_more(console.as_fd()) {
        let _ = writeln!(console, "paging guard: {what}");
    }
}

/// Of the image (image/card.cfg).
const BOOT_PARTITION: u32 = 1;
const STATE_PARTITION: u32 = 7;
const WATCHDOG: &str = "/dev/watchdog";
const CONFIGURATION: &str = "/boot/paging.conf";
/// Beside the socket (overlay/usr/lib/paging/run).
const STARTED: &str = "service";
/// Nothing is heard of any service for so long.
const UNHEARD: Duration = Duration::from_mins(1);
/// When nothing is due, so that clocks are looked at.
const LONGEST: Duration = Duration::from_mins(1);
/// A report that fills the file, and its name.
const DATAGRAM_BYTES: usize = FILE_BYTES + 1024;
const DATAGRAMS_AT_ONCE: usize = 32;
