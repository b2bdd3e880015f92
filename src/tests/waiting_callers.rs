//! Callers who wait for one another: queue, chime and pager, joined as the box joins them, in virtual time.

use crate::paging::{
    Action, Admission, Cue, EndReason, Entry, Padding, Pager, Policy, Prelude, Queue, Rule, Turn, Want,
};
use crate::time::Instant;
use crate::zones::ZoneSet;
use core::time::Duration;

/// A box with one zone, where callers are heard one after the other.
struct Hall {
    queue: Queue<u8>,
    pager: Pager<u8>,
    prelude: Prelude,
    now: Instant,
    /// Who has entered and is not over.
    entered: Vec<u8>,
    /// What happened, in tenths of seconds.
    told: Vec<(u64, String)>,
}

impl Hall {
    fn new() -> Self {
        let mut prelude = Prelude::default();
        prelude.set_length(Duration::from_secs(2));
        prelude.set_padding(Padding::from_seconds(0.0));
        let (hang_up_after, rtp_timeout) = (Some(Duration::from_mins(1)), Some(Duration::from_secs(20)));
        let policy = Policy { answer_after: Duration::ZERO, hang_up_after, rtp_timeout, max_calls: 9 };
        Self {
            queue: Queue::new(Rule::OneByOne { most: 3 }),
            pager: Pager::new(policy),
            prelude,
            now: Instant::ZERO,
            entered: Vec::new(),
            told: Vec::new(),
        }
    }

    fn ring(&mut self, call: u8) {
        match self
            .queue
            .handle_incoming(call, Want { zones: ZoneSet::one(0), priority: 60, is_emergency: false })
        {
            Admission::Enter => self.enter(call, false),
            Admission::Wait => self.pager.handle_queued(self.now, call),
            Admission::Refuse => self.tell(format!("{call} is refused")),
        }
        self.settle();
    }

    fn hang_up(&mut self, call: u8) {
        self.tell(format!("{call} hangs up"));
        self.pager.handle_ended(call);
        self.forget(call);
        self.settle();
    }

    /// Everybody who is there sends sound.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.now += Duration::from_millis(100);
            for &call in &self.entered {
                self.pager.handle_media(self.now, call);
            }
            self.settle();
        }
    }

    fn enter(&mut self, call: u8, is_answered: bool) {
        let entry = Entry { open_at: self.now, answer_at: self.now };
        let answer_at = if self.entered.is_empty() {
            self.prelude.handle_call(self.now, entry)
        } else {
            self.prelude.join(self.now, entry)
        };
        self.entered.push(call);
        if is_answered {
            self.pager.handle_turn(self.now, call, answer_at);
        } else {
            self.pager.handle_incoming(self.now, call, answer_at);
        }
    }

    fn forget(&mut self, call: u8) {
        self.entered.retain(|&entered| entered != call);
        self.queue.handle_ended(call);
    }

    fn settle(&mut self) {
        self.pager.handle_timeout(self.now);
        loop {
            if let Some(action) = self.pager.poll_action() {
                self.on_action(action);
            } else if let Some(turn) = self.queue.poll_turn() {
                self.on_turn(turn);
            } else {
                break;
            }
        }
        if self.entered.is_empty() {
            self.prelude.handle_nobody(self.now);
        }
        self.prelude.handle_timeout(self.now);
        match self.prelude.poll_cue() {
            Some(Cue::Sound) => self.tell("chime".to_owned()),
            Some(Cue::Hush) => self.tell("no chime".to_owned()),
            None => {}
        }
    }

    fn on_action(&mut self, action: Action<u8>) {
        match action {
            Action::Answer(call) => {
                self.tell(format!("{call} on air"));
                self.pager.handle_talking(self.now, call);
            }
            Action::HangUp(call, EndReason::TooLong) => {
                self.tell(format!("{call} was too long"));
                self.forget(call);
            }
            Action::Ring(_) | Action::Hold(_) => {}
            other => self.tell(format!("{other:?}")),
        }
    }

    fn on_turn(&mut self, turn: Turn<u8>) {
        match turn {
            Turn::Enter(call) => self.enter(call, true),
            Turn::Place(call, place) => self.tell(format!("{call} is number {place}")),
        }
    }

    fn tell(&mut self, what: String) {
        self.told.push((self.now.as_micros() / 100_000, what));
    }

    fn told(&mut self) -> Vec<(u64, String)> {
        core::mem::take(&mut self.told)
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at<const N: usize>(events: [(u64, &str); N]) -> Vec<(u64, String)> {
    events.map(|(tenths, what)| (tenths, what.to_owned())).into()
}

#[test]
fn each_has_his_chime_and_his_whole_time_however_long_he_waited() {
    let mut hall = Hall::new();
    hall.ring(1);
    hall.pass(seconds(1));
    hall.ring(2);
    assert_eq!(hall.told(), at([(0, "chime"), (10, "2 is number 1")]));
    hall.pass(seconds(70));
    let expected =
        [(20, "1 on air"), (520, "Warn(1)"), (620, "1 was too long"), (620, "chime"), (640, "2 on air")];
    assert_eq!(hall.told(), at(expected));
    hall.pass(seconds(60));
    assert_eq!(hall.told(), at([(1140, "Warn(2)"), (1240, "2 was too long")]));
}

#[test]
fn who_gives_up_in_the_queue_or_during_his_chime_harms_nobody() {
    let mut hall = Hall::new();
    hall.ring(1);
    hall.pass(seconds(3));
    hall.ring(2);
    hall.ring(3);
    hall.ring(4);
    hall.ring(5);
    hall.told();
    hall.hang_up(3);
    assert_eq!(hall.told(), at([(30, "3 hangs up"), (30, "4 is number 2")]));
    hall.pass(seconds(1));
    hall.hang_up(1);
    assert_eq!(hall.told(), at([(40, "1 hangs up"), (40, "4 is number 1"), (40, "chime")]));
    hall.pass(seconds(1));
    hall.hang_up(2);
    hall.pass(seconds(3));
    // He waits for the same chime, which nobody has to hear twice.
    assert_eq!(hall.told(), at([(50, "2 hangs up"), (60, "4 on air")]));
    hall.hang_up(4);
    assert_eq!(hall.told(), at([(80, "4 hangs up")]));
}

#[test]
fn a_caller_who_waits_in_silence_is_not_ended_for_it() {
    let mut hall = Hall::new();
    hall.ring(1);
    hall.ring(2);
    hall.pass(seconds(50));
    hall.hang_up(1);
    hall.pass(seconds(15));
    assert!(hall.told().contains(&(520, "2 on air".to_owned())));
    assert_eq!(hall.pager.calls(), 1);
}
