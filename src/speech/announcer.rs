//! When a fault is worth a word over the loudspeakers.
//!
//! ```text
//!          first look, or the configuration was read anew
//!  (fault) ──────────────────────────────────────────────> watched ── [`SETTLING`] or [`PATIENCE`] ──> ripe
//!     └ at any other time: the log's business                 │                                         │
//!                                                             └─ gone once: never said (again) <────────┤
//!                                                                                                       v
//!   said three times at most, [`GAPS`] apart, not within [`QUIET`] of a call, not while no card plays: said
//! ```
//! Loudspeakers are heard by people who can do nothing about it, so the box speaks when somebody is likely to stand before
//! it: after a start or a change of its file. What was well once and fails later, at night, in a lesson, is never said. What
//! waiting may mend is waited for: after a power failure a telephone system takes minutes longer than a box.
//!
//! Left out: what is wrong, stopping when a call comes, loudness.

use super::Fault;
use crate::time::Instant;
use core::time::Duration;

/// Watches the faults of a box, and says when one of them is to be said.
#[derive(Debug)]
pub struct Announcer {
    watched: Vec<Watched>,
    /// Whether the next look takes what it finds; later ones do not.
    is_fresh: bool,
    look_at: Option<Instant>,
    /// Times that something was said.
    said: usize,
    /// Nothing is said before, for it was said not long ago.
    not_before: Instant,
    /// Nor before this, for there was a call.
    quiet_until: Instant,
}

/// What there is to see.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// All that is wrong.
    pub faults: &'a [Fault],
    /// Whether there is a call.
    pub has_calls: bool,
    /// Whether a loudspeaker would be heard.
    pub is_audible: bool,
}

impl Announcer {
    /// A box that has just started.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            watched: Vec::new(),
            is_fresh: true,
            look_at: Some(now),
            said: 0,
            not_before: now,
            quiet_until: now,
        }
    }

    /// The configuration was read anew: what is wrong now is somebody's doing.
    pub fn handle_change(&mut self, now: Instant) {
        self.is_fresh = true;
        self.look_at = Some(now);
        (self.said, self.not_before) = (0, now);
    }

    /// A call has come, or gone.
    pub fn handle_call(&mut self, now: Instant) {
        self.quiet_until = now + QUIET;
    }

    /// When [`handle_scene`](Self::handle_scene) wants to be called; `None` when there is nothing left to say.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.look_at
    }

    /// Looks at what is wrong, and says what of it is to be said now.
    pub fn handle_scene(&mut self, now: Instant, scene: Scene<'_>) -> Option<Vec<Fault>> {
        self.watch(now, scene.faults);
        if scene.has_calls {
            self.handle_call(now);
        }
        let may_speak = now >= self.not_before.max(self.quiet_until) && scene.is_audible;
        let said = if may_speak { self.say(now) } else { Vec::new() };
        self.look_at = self.next_look(now);
        Some(said).filter(|said| !said.is_empty())
    }

    fn watch(&mut self, now: Instant, faults: &[Fault]) {
        for watched in &mut self.watched {
            match faults.iter().find(|fault| watched.fault.is_of_the_same(fault)) {
                Some(fault) if *fault == watched.fault => {}
                Some(fault) => (watched.fault, watched.unchanged_since) = (fault.clone(), now),
                None => watched.is_over = true,
            }
        }
        if core::mem::take(&mut self.is_fresh) {
            self.watched.retain(|watched| !watched.is_over);
            for fault in faults.iter().take(MOST_WATCHED) {
                if !self.watched.iter().any(|watched| watched.fault.is_of_the_same(fault)) {
                    self.watched.push(Watched::new(now, fault.clone()));
                }
            }
            self.watched.truncate(MOST_WATCHED);
        }
    }

    fn say(&mut self, now: Instant) -> Vec<Fault> {
        let mut faults = Vec::new();
        for watched in self.watched.iter_mut().filter(|watched| watched.is_open() && watched.ripe_at() <= now)
        {
            watched.said += 1;
            faults.push(watched.fault.clone());
        }
        if !faults.is_empty() {
            self.not_before = now + GAPS[self.said.min(GAPS.len() - 1)];
            self.said += 1;
        }
        faults
    }

    /// Not before something may have to be said; meanwhile it looks whether something has passed.
    fn next_look(&self, now: Instant) -> Option<Instant> {
        let open = self.watched.iter().filter(|watched| watched.is_open());
        let due = open.map(Watched::ripe_at).min()?.max(self.not_before).max(self.quiet_until);
        let at_latest = now + LOOK_EVERY;
        Some(if due > now { due.min(at_latest) } else { at_latest })
    }
}

#[derive(Debug)]
struct Watched {
    fault: Fault,
    since: Instant,
    /// Since when it is what it is: an account may be unregistered for one reason or another.
    unchanged_since: Instant,
    said: usize,
    is_over: bool,
}

impl Watched {
    fn new(now: Instant, fault: Fault) -> Self {
        Self { fault, since: now, unchanged_since: now, said: 0, is_over: false }
    }

    fn is_open(&self) -> bool {
        !self.is_over && self.said < MOST_SAID
    }

    fn ripe_at(&self) -> Instant {
        let patient = self.since + PATIENCE;
        if self.fault.may_pass() { patient } else { patient.min(self.unchanged_since + SETTLING) }
    }
}

impl Fault {
    /// Whether it is mended without anybody doing something to the box.
    fn may_pass(&self) -> bool {
        match self {
            Self::NoNetwork => true,
            Self::NotRegistered { trouble, .. } => trouble.may_pass(),
            Self::CardMissing | Self::Mistakes { .. } => false,
        }
    }

    /// Whether both are about the same thing, for whatever reason.
    fn is_of_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::NotRegistered { user, .. }, Self::NotRegistered { user: other, .. }) => user == other,
            _ => self == other,
        }
    }
}

/// What only people can mend is said after this: longer than anything takes to come up, and what starts a box for a moment
/// hears nothing of it.
pub const SETTLING: Duration = Duration::from_secs(30);
/// What may pass is said after this: a telephone system or a router that lost its power with the box is back by then.
pub const PATIENCE: Duration = Duration::from_mins(5);
/// From one time to the next, and to those after it: somebody who went for help is back, or nobody is there.
pub const GAPS: [Duration; 2] = [Duration::from_mins(2), Duration::from_mins(10)];
/// How often a fault is said.
pub const MOST_SAID: usize = 3;
/// After a call, what it was about is left to stand.
pub const QUIET: Duration = Duration::from_mins(1);
/// How often it is looked whether a fault has passed.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// More than a box has accounts; the others are not said.
const MOST_WATCHED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::Trouble;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(1_000_000 + seconds * 1000)
    }

    fn mistakes(line: u32) -> Fault {
        Fault::Mistakes { lines: vec![line], count: 1 }
    }

    fn account(trouble: Trouble) -> Fault {
        Fault::NotRegistered { user: "501".to_owned(), trouble }
    }

    /// A box whose announcer is asked when it wants to be; `faults` and `calls` are what is so at a second.
    struct Watch<F, C> {
        announcer: Announcer,
        faults: F,
        calls: C,
    }

    impl<F: Fn(u64) -> Vec<Fault>> Watch<F, fn(u64) -> bool> {
        fn new(faults: F) -> Self {
            Self { announcer: Announcer::new(at(0)), faults, calls: |_| false }
        }
    }

    impl<F: Fn(u64) -> Vec<Fault>, C: Fn(u64) -> bool> Watch<F, C> {
        /// The seconds before `end` at which something was said.
        fn said_until(&mut self, end: u64) -> Vec<u64> {
            let mut said = Vec::new();
            while let Some(now) = self.announcer.poll_timeout().filter(|&now| now < at(end)) {
                let second = now.since(at(0)).as_secs();
                let faults = (self.faults)(second);
                let scene = Scene { faults: &faults, has_calls: (self.calls)(second), is_audible: true };
                if self.announcer.handle_scene(now, scene).is_some() {
                    said.push(second);
                }
                assert!(self.announcer.poll_timeout().is_none_or(|next| next > now));
            }
            said
        }
    }

    const DAY: u64 = 86_400;

    #[test]
    fn a_mistake_is_said_after_half_a_minute_and_twice_more_and_then_never_again() {
        let mut watch = Watch::new(|_| vec![mistakes(14)]);
        assert_eq!(watch.said_until(DAY), [30, 150, 750]);
        assert_eq!(watch.announcer.poll_timeout(), None, "and nothing wakes the box for it");
    }

    #[test]
    fn a_box_that_is_well_says_nothing_and_is_not_woken() {
        let mut watch = Watch::new(|_| Vec::new());
        assert_eq!(watch.said_until(DAY), [0_u64; 0]);
        assert_eq!(watch.announcer.poll_timeout(), None);
    }

    #[test]
    fn a_wrong_password_is_said_after_half_a_minute_a_silent_server_after_five() {
        for (trouble, expected) in
            [(Trouble::WrongPassword, 30), (Trouble::Refused, 30), (Trouble::NoAnswer, 300)]
        {
            let mut watch = Watch::new(move |_| vec![account(trouble)]);
            assert_eq!(watch.said_until(DAY), [expected, expected + 120, expected + 720], "{trouble:?}");
        }
        assert_eq!(Watch::new(|_| vec![Fault::NoNetwork]).said_until(301), [300]);
    }

    #[test]
    fn a_password_that_turns_out_wrong_late_settles_from_then_on() {
        let trouble = |second| if second < 100 { Trouble::NoAnswer } else { Trouble::WrongPassword };
        assert_eq!(Watch::new(|second| vec![account(trouble(second))]).said_until(200), [130]);
    }

    #[test]
    fn a_reason_that_changes_all_the_time_does_not_put_it_off_for_ever() {
        let trouble = |second| if second / 5 % 2 == 0 { Trouble::NotFound } else { Trouble::Refused };
        assert_eq!(Watch::new(|second| vec![account(trouble(second))]).said_until(400), [300]);
    }

    #[test]
    fn a_telephone_system_that_comes_up_in_time_is_not_spoken_of() {
        let faults = |second| if second < 280 { vec![account(Trouble::NoAnswer)] } else { Vec::new() };
        assert_eq!(Watch::new(faults).said_until(DAY), [0_u64; 0]);
    }

    #[test]
    fn what_was_well_once_and_fails_later_is_never_said() {
        let faults = |second| {
            if (10..3_600).contains(&second) { Vec::new() } else { vec![account(Trouble::NoAnswer)] }
        };
        let mut watch = Watch::new(faults);
        assert_eq!(watch.said_until(DAY), [0_u64; 0]);
        // The same while something else is still watched.
        let faults = |second| match second {
            0..20 => vec![mistakes(1), account(Trouble::Refused)],
            20..60 => vec![mistakes(1)],
            _ => vec![mistakes(1), account(Trouble::Refused), Fault::CardMissing],
        };
        let mut announcer = Announcer::new(at(0));
        let mut said = Vec::new();
        while let Some(now) = announcer.poll_timeout() {
            let faults = faults(now.since(at(0)).as_secs());
            let scene = Scene { faults: &faults, has_calls: false, is_audible: true };
            said.extend(announcer.handle_scene(now, scene));
        }
        assert_eq!(said, [vec![mistakes(1)], vec![mistakes(1)], vec![mistakes(1)]]);
    }

    #[test]
    fn after_a_change_of_the_file_its_mistakes_are_new_ones() {
        let faults = |second| match second {
            0..4_000 => Vec::new(),
            _ => vec![mistakes(9)],
        };
        let mut watch = Watch::new(faults);
        assert_eq!(watch.said_until(4_000), [0_u64; 0]);
        watch.announcer.handle_change(at(5_000));
        assert_eq!(watch.said_until(DAY), [5_030, 5_150, 5_750]);
        // Read anew without a difference: nothing new.
        watch.announcer.handle_change(at(7_000));
        assert_eq!(watch.said_until(DAY), [0_u64; 0]);
    }

    #[test]
    fn what_a_change_makes_wrong_does_not_wait_for_what_was_said_before() {
        let mut watch = Watch::new(|second| vec![mistakes(if second < 800 { 1 } else { 2 })]);
        assert_eq!(watch.said_until(800), [30, 150, 750]);
        watch.announcer.handle_change(at(800));
        assert_eq!(watch.said_until(DAY), [830, 950, 1_550]);
    }

    #[test]
    fn an_account_that_was_well_is_spoken_of_again_after_a_change() {
        let faults = |second| {
            if (10..800).contains(&second) { Vec::new() } else { vec![account(Trouble::WrongPassword)] }
        };
        let mut watch = Watch::new(faults);
        assert_eq!(watch.said_until(DAY), [0_u64; 0]);
        watch.announcer.handle_change(at(800));
        assert_eq!(watch.said_until(900), [830]);
    }

    #[test]
    fn nothing_is_said_during_a_call_nor_within_a_minute_of_one() {
        let mut watch = Watch {
            announcer: Announcer::new(at(0)),
            faults: |_: u64| vec![mistakes(1)],
            calls: |second: u64| (20..200).contains(&second),
        };
        let said = watch.said_until(DAY);
        assert!((255..=265).contains(&said[0]), "{said:?}");
        assert_eq!(said.len(), 3);
        // A call that comes and goes between two looks.
        let mut watch = Watch::new(|_| vec![mistakes(1)]);
        assert_eq!(watch.said_until(29), [0_u64; 0]);
        watch.announcer.handle_call(at(29));
        assert_eq!(watch.said_until(DAY), [89, 209, 809]);
    }

    #[test]
    fn without_a_loudspeaker_it_waits_for_one() {
        let mut announcer = Announcer::new(at(0));
        let faults = [mistakes(1)];
        while let Some(now) = announcer.poll_timeout() {
            let is_audible = now >= at(100);
            let said = announcer.handle_scene(now, Scene { faults: &faults, has_calls: false, is_audible });
            if said.is_some() {
                assert!((100..=105).contains(&now.since(at(0)).as_secs()));
                return;
            }
        }
        panic!("it was never said");
    }

    #[test]
    fn several_faults_are_said_together_and_each_three_times_at_most() {
        let mut watch = Watch::new(|_| vec![mistakes(1), account(Trouble::NoAnswer)]);
        // The mistakes at 30, 150 and 750 s; the account joins at the third, and comes twice more.
        assert_eq!(watch.said_until(DAY), [30, 150, 750, 1_350, 1_950]);
    }

    #[test]
    fn a_box_with_more_accounts_than_anybody_has_watches_some_of_them() {
        let account =
            |number: u64| Fault::NotRegistered { user: number.to_string(), trouble: Trouble::Refused };
        let mut watch = Watch::new(move |_| (0..1_000).map(account).collect());
        assert_eq!(watch.said_until(DAY), [30, 150, 750]);
        assert_eq!(watch.announcer.watched.len(), MOST_WATCHED);
    }
}
