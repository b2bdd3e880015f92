//! A box and its guard, in virtual time.

use super::*;
use proptest::prelude::*;

/// A guard, and what it has done so far.
struct Scene {
    guard: Guard,
    now: Instant,
    wall: Wall,
    /// What the card holds, and how often it was written.
    file: Vec<u8>,
    writes: usize,
    fed_at: Vec<Instant>,
    kills: Vec<(u64, u32)>,
    others: Vec<Action>,
    said: Vec<String>,
    /// The service that beats.
    beats: Option<u32>,
    wakes: usize,
}

const BUILT: Duration = Duration::from_secs(1_790_000_000);
const NOON: Duration = Duration::from_secs(1_796_040_001);
const LIMITS: Limits = Limits { silence: Duration::from_secs(8), unheard: Duration::from_mins(1) };
const OURS: Powers = Powers { watchdog: true, reboot: true, built: Some(BUILT), floor: None };

impl Scene {
    fn new(powers: Powers) -> Self {
        let now = Instant::from_millis(5000);
        Self {
            guard: Guard::new(now, LIMITS, powers),
            now,
            wall: Wall { shows: BUILT + Duration::from_secs(5), is_synchronised: false },
            file: blank(),
            writes: 0,
            fed_at: Vec::new(),
            kills: Vec::new(),
            others: Vec::new(),
            said: Vec::new(),
            beats: None,
            wakes: 0,
        }
    }

    /// With a service that beats.
    fn at_work() -> Self {
        let mut scene = Self::new(OURS);
        scene.beats = Some(300);
        scene.send(300, "WATCHDOG=1");
        scene
    }

    fn send(&mut self, pid: u32, text: &str) {
        self.guard.handle_datagram(self.now, Sender { pid, is_trusted: true }, text.as_bytes(), false);
        self.act();
        self.settle();
    }

    fn end(&mut self, pid: u32) {
        self.guard.handle_end(self.now, pid);
        self.settle();
    }

    /// Lets seconds pass; the service beats every four.
    fn run(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        while self.now < until {
            let second = self.now + Duration::from_secs(1);
            if let Some(pid) = self.beats.filter(|_| (self.now.as_micros() / 1_000_000).is_multiple_of(4)) {
                self.send(pid, "WATCHDOG=1");
            }
            while let Some(due) = self.guard.poll_timeout().filter(|due| *due < second) {
                self.wakes += 1;
                self.pass(due.since(self.now));
                self.settle();
            }
            self.pass(second.since(self.now));
        }
        self.settle();
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.wall.shows += span;
    }

    fn settle(&mut self) {
        self.guard.handle_timeout(self.now, self.wall);
        self.act();
    }

    fn act(&mut self) {
        while let Some(action) = self.guard.poll_action() {
            match action {
                Action::Kill(pid) => self.kills.push((self.now.as_micros() / 1_000_000, pid)),
                Action::Feed => self.fed_at.push(self.now),
                Action::Report(text) => {
                    let outcome = if is_same(&text, &self.file) { Outcome::Same } else { Outcome::Written };
                    self.writes += usize::from(outcome == Outcome::Written);
                    self.file =
                        if outcome == Outcome::Written { text } else { core::mem::take(&mut self.file) };
                    self.guard.handle_report(self.now, outcome);
                }
                Action::SetClock(time) => {
                    self.wall.shows = time;
                    self.others.push(action);
                }
                Action::Say(notice) => self.said.push(notice.to_string()),
                other => self.others.push(other),
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.file.clone()).unwrap()
    }

    fn count(&self, action: &Action) -> usize {
        self.others.iter().filter(|other| *other == action).count()
    }
}

#[test]
fn a_service_that_beats_is_left_alone_and_the_watchdog_is_fed() {
    let mut scene = Scene::at_work();
    scene.run(3600);
    assert_eq!((&scene.kills[..], &scene.others[..], scene.writes), (&[][..], &[][..], 0));
    assert!(scene.fed_at.windows(2).all(|pair| pair[1].since(pair[0]) <= Duration::from_secs(2)));
    assert_eq!(scene.said, ["watches over process 300"]);
    assert!(scene.wakes <= 3600, "{} times", scene.wakes);
}

#[test]
fn a_silent_service_is_killed_once_and_the_next_one_is_watched() {
    let mut scene = Scene::at_work();
    scene.beats = None;
    scene.run(20);
    let heard = 5;
    assert!(matches!(scene.kills[..], [(at, 300)] if at - heard <= 9), "{:?}", scene.kills);
    scene.end(300);
    scene.beats = Some(301);
    scene.run(30);
    assert_eq!(scene.kills.len(), 1);
    let told = "\r\nThe service hung and was started again, once since power-on; last 0 min after power-on \
                (the clock is not set).\r\n";
    assert!(scene.text().contains(told), "{}", scene.text());
    scene.beats = None;
    scene.run(20);
    assert!(matches!(scene.kills[..], [_, (_, 301)]));
    assert!(scene.text().contains("started again, 2 times since power-on"));
}

#[test]
fn ready_begins_the_watch_as_a_beat_does() {
    let mut scene = Scene::new(OURS);
    scene.send(300, "READY=1\nSTATUS=direct calls only, 0 calls");
    scene.run(10);
    assert_eq!(scene.kills.len(), 1);
    let mut scene = Scene::new(OURS);
    scene.send(300, "STATUS=direct calls only, 0 calls");
    scene.run(59);
    assert_eq!(scene.kills, []);
}

#[test]
fn a_service_that_has_ended_is_not_killed() {
    let mut scene = Scene::at_work();
    scene.beats = None;
    scene.send(300, "STOPPING=1");
    scene.end(300);
    scene.end(299);
    scene.run(59);
    assert_eq!((&scene.kills[..], scene.writes), (&[][..], 0));
    assert_eq!(scene.said, ["watches over process 300", "process 300 has ended"]);
}

#[test]
fn a_service_that_ends_by_itself_is_told_in_the_file_and_again_and_again_it_is_hopeless() {
    let mut scene = Scene::at_work();
    scene.send(300, "X_PAGING_REPORT=All is well.");
    scene.run(1700);
    scene.end(300);
    scene.run(3);
    let told = "The service ended by itself and was started again, once since power-on; last 28 min after";
    assert!(scene.text().contains(told) && scene.text().contains("All is well."), "{}", scene.text());
    for pid in 301..320 {
        scene.beats = None;
        scene.send(pid, "READY=1");
        scene.run(6);
        scene.end(pid);
    }
    assert_eq!((&scene.kills[..], scene.count(&Action::Reboot)), (&[][..], 1));
}

#[test]
fn what_a_service_has_said_that_is_not_heard_any_more_is_not_told() {
    let mut scene = Scene::at_work();
    scene.send(300, "X_PAGING_REPORT=All is well.");
    scene.run(3);
    assert!(scene.text().contains("All is well."));
    scene.beats = None;
    scene.end(300);
    scene.run(65);
    assert!(scene.text().contains("FAULT: ") && !scene.text().contains("All is well."), "{}", scene.text());
}

#[test]
fn a_service_that_is_not_heard_for_a_minute_is_told_in_the_file_until_it_is() {
    let mut scene = Scene::new(OURS);
    scene.run(59);
    assert_eq!(scene.writes, 0);
    scene.run(10);
    assert_eq!(scene.writes, 1);
    assert!(scene.text().contains("\r\nFAULT: the paging service does not start, or does not answer.\r\n"));
    scene.beats = Some(300);
    scene.send(300, "X_PAGING_REPORT=All is well.");
    scene.run(10);
    assert!(!scene.text().contains("FAULT") && scene.text().contains("\r\nAll is well.\r\n"));
    assert_eq!((scene.writes, scene.count(&Action::Reboot)), (2, 0));
}

#[test]
fn a_service_that_hangs_before_it_is_heard_is_killed_too_and_in_the_end_the_machine_begins_anew() {
    let mut scene = Scene::new(OURS);
    let mut pid = 300;
    for _ in 0..2400 {
        scene.guard.handle_start(scene.now, pid);
        scene.run(1);
        if scene.kills.last().is_some_and(|kill| kill.1 == pid) {
            scene.end(pid);
            scene.guard.handle_start(scene.now, pid);
            assert_eq!(scene.guard.watched(), None, "that one has ended");
            pid += 1;
        }
    }
    assert_eq!(scene.kills[0], (65, 300));
    assert!(scene.kills.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 63), "{:?}", scene.kills);
    assert!(scene.text().contains("FAULT: the paging service does not start, or does not answer."));
    assert!(scene.text().contains("The service hung and was started again, "));
    assert_eq!(scene.count(&Action::Reboot), 1);
}

#[test]
fn a_service_that_init_has_started_is_watched_as_any_other_once_it_is_heard() {
    let mut scene = Scene::new(OURS);
    scene.guard.handle_start(scene.now, 300);
    assert_eq!(scene.guard.watched(), Some(300));
    scene.run(50);
    scene.beats = Some(300);
    scene.run(60);
    scene.guard.handle_start(scene.now, 301);
    assert_eq!((scene.guard.watched(), &scene.kills[..]), (Some(300), &[][..]));
    scene.beats = None;
    scene.run(12);
    assert_eq!(scene.kills.len(), 1);
}

#[test]
fn a_machine_that_stood_still_is_forgiven() {
    let mut scene = Scene::at_work();
    scene.pass(Duration::from_mins(1));
    scene.settle();
    scene.run(30);
    assert_eq!(scene.kills, []);
    scene.beats = None;
    scene.pass(Duration::from_mins(1));
    scene.settle();
    scene.run(10);
    assert_eq!(scene.kills.len(), 1, "it hangs all the same");
}

#[test]
fn what_killing_does_not_end_is_left_to_the_hardware_where_the_box_was_good() {
    for was_good in [true, false] {
        let mut scene = Scene::at_work();
        if was_good {
            scene.send(300, "X_PAGING_GOOD=1");
        }
        scene.beats = None;
        scene.run(60);
        let starved = scene.now.since(*scene.fed_at.last().unwrap()) > Duration::from_secs(10);
        assert_eq!(starved, was_good);
        assert_eq!(scene.count(&Action::Reboot), 0);
        scene.run(1800);
        assert!(scene.now.since(*scene.fed_at.last().unwrap()) > Duration::from_mins(1));
        assert_eq!(scene.count(&Action::Reboot), 1, "where there is no hardware");
    }
}

#[test]
fn a_service_that_hangs_again_and_again_makes_the_machine_begin_anew_each_half_hour_at_most() {
    let mut scene = Scene::at_work();
    for pid in 300..800 {
        scene.run(1);
        scene.beats = Some(pid + 1);
        scene.send(pid + 1, "READY=1");
        scene.beats = None;
        scene.run(10);
        scene.end(pid + 1);
    }
    let minutes = scene.now.as_micros() / 60_000_000;
    assert!(minutes >= 90, "{minutes}");
    let reboots = u64::try_from(scene.count(&Action::Reboot)).unwrap();
    assert_eq!(reboots, minutes / 30);
}

#[test]
fn a_machine_that_is_to_begin_anew_is_fed_no_more() {
    let mut scene = Scene::at_work();
    scene.pass(Duration::from_mins(30));
    scene.beats = None;
    scene.end(300);
    scene.run(120);
    assert_eq!(scene.count(&Action::Reboot), 1, "nothing is heard any more");
    assert!(scene.now.since(*scene.fed_at.last().unwrap()) > Duration::from_secs(50));
}

#[test]
fn a_machine_begins_anew_at_once_where_somebody_asks_but_not_in_its_first_minute_and_not_again_and_again() {
    let mut scene = Scene::at_work();
    let ask = |scene: &mut Scene| scene.send(300, "X_PAGING_REBOOT=1");
    scene.run(54);
    ask(&mut scene);
    scene.run(60);
    assert_eq!(scene.count(&Action::Reboot), 0);
    assert_eq!(scene.said[1], "the service asks that the machine begins anew, which it has only just done");
    for _ in 0..5 {
        ask(&mut scene);
    }
    assert_eq!(scene.count(&Action::Reboot), 1);
    let fed_at = *scene.fed_at.last().unwrap();
    scene.run(59);
    ask(&mut scene);
    assert_eq!(scene.count(&Action::Reboot), 1);
    assert_eq!(scene.fed_at.last(), Some(&fed_at), "where init does not, the hardware does");
    scene.run(1);
    ask(&mut scene);
    assert_eq!(scene.count(&Action::Reboot), 2);
}

#[test]
fn a_machine_that_is_not_ours_does_not_begin_anew_where_somebody_asks() {
    let mut scene = Scene::new(Powers { watchdog: true, ..Powers::default() });
    scene.run(60);
    scene.send(300, "X_PAGING_REBOOT=1");
    scene.run(10);
    assert_eq!(scene.count(&Action::Reboot), 0);
    assert_eq!(scene.said.last().unwrap(), "the machine should begin anew, but it is not one of ours");
    assert!(scene.now.since(*scene.fed_at.last().unwrap()) <= Duration::from_secs(2), "it is fed on");
}

#[test]
fn a_box_that_is_well_again_is_not_made_to_begin_anew_for_what_was() {
    for minutes in [28, 100] {
        let mut scene = Scene::at_work();
        scene.run(minutes * 60 - 100);
        for pid in 300..304 {
            scene.beats = None;
            scene.send(pid, "WATCHDOG=1");
            scene.run(10);
            scene.end(pid);
        }
        assert_eq!(scene.kills.len(), 4);
        scene.beats = Some(305);
        scene.run(130);
        scene.beats = None;
        scene.run(10);
        assert_eq!(scene.kills.len(), 5);
        scene.end(305);
        scene.beats = Some(306);
        scene.run(1800);
        assert_eq!(scene.count(&Action::Reboot), 0);
    }
}

#[test]
fn a_box_that_was_killed_for_many_times_and_beats_when_the_half_hour_is_over_goes_on() {
    let mut scene = Scene::at_work();
    scene.run(1695);
    for pid in 300..305 {
        scene.beats = None;
        scene.send(pid, "WATCHDOG=1");
        scene.run(10);
        scene.end(pid);
    }
    assert_eq!(scene.kills.len(), 5);
    scene.beats = Some(305);
    scene.run(3600);
    assert_eq!(scene.count(&Action::Reboot), 0);
}

#[test]
fn a_few_kills_over_a_day_are_no_reason_to_begin_anew() {
    let mut scene = Scene::at_work();
    for pid in 301..330 {
        scene.run(1200);
        scene.beats = None;
        scene.run(20);
        scene.end(pid - 1);
        scene.beats = Some(pid);
    }
    assert_eq!((scene.kills.len(), scene.count(&Action::Reboot)), (29, 0));
}

#[test]
fn a_machine_that_is_not_ours_is_never_made_to_begin_anew() {
    let mut scene = Scene::new(Powers::default());
    scene.send(300, "READY=1");
    scene.run(7200);
    assert_eq!((&scene.others[..], &scene.fed_at[..]), (&[][..], &[][..]));
    assert!(scene.said.contains(&"the machine should begin anew, but it is not one of ours".to_owned()));
}

#[test]
fn a_report_is_written_when_it_has_settled_and_again_only_when_it_says_something_else() {
    let mut scene = Scene::at_work();
    for step in ["begins", "looks for a server", "registers", "is registered"] {
        scene.send(300, &format!("X_PAGING_REPORT=It {step}.\n"));
    }
    scene.run(3);
    assert_eq!(scene.writes, 1);
    let start = "\u{feff}PagingBox status\r\nWritten 0 min after power-on (the clock is not set).\r\n\r\nIt is registered.\r\n";
    assert!(scene.text().starts_with(start), "{}", scene.text());
    for _ in 0..100 {
        scene.send(300, "X_PAGING_REPORT=It is registered.");
        scene.run(60);
    }
    assert_eq!(scene.writes, 1);
    let file = scene.file.clone();
    let mut next = Scene::at_work();
    next.file.clone_from(&file);
    next.send(300, "X_PAGING_REPORT=It is registered.");
    next.run(60);
    assert_eq!((next.writes, next.file == file), (0, true), "a power cut changes nothing");
}

#[test]
fn a_card_is_written_six_times_at_once_and_then_once_in_ten_minutes_whatever_comes() {
    let mut scene = Scene::at_work();
    for number in 0..3600 {
        scene.send(300, &format!("X_PAGING_REPORT=number {number}"));
        scene.run(1);
    }
    assert_eq!(scene.writes, 6 + 5);
    scene.run(600);
    assert!(scene.text().contains("number 3599"), "the last of it is not lost");
}

#[test]
fn a_card_that_takes_its_time_gets_one_report_after_the_other() {
    let mut scene = Scene::at_work();
    let mut given = 0;
    for second in 0..3600 {
        let text = format!("X_PAGING_REPORT=number {second}\n");
        scene.guard.handle_datagram(scene.now, Sender { pid: 300, is_trusted: true }, text.as_bytes(), false);
        scene.guard.handle_datagram(scene.now, Sender { pid: 300, is_trusted: true }, b"WATCHDOG=1", false);
        if second % 15 == 14 && given > 0 {
            scene.guard.handle_report(scene.now, Outcome::Written);
            given -= 1;
        }
        scene.pass(Duration::from_secs(1));
        scene.guard.handle_timeout(scene.now, scene.wall);
        while let Some(action) = scene.guard.poll_action() {
            if matches!(action, Action::Report(_)) {
                (given, scene.writes) = (given + 1, scene.writes + 1);
            }
        }
        assert!(given <= 1);
    }
    assert!(scene.writes <= 6 + 6, "{}", scene.writes);
}

#[test]
fn registrars_that_do_not_agree_have_a_time_remembered_once_a_day() {
    let mut scene = Scene::at_work();
    for hour in 0..48 {
        let date = NOON.as_secs() + if hour % 2 == 0 { 0 } else { 3 * 86_400 };
        scene.send(300, &format!("X_PAGING_CLOCK={date}"));
        scene.run(3601);
    }
    let kept = scene.others.iter().filter(|action| matches!(action, Action::KeepFloor(_))).count();
    assert!((2..=3).contains(&kept), "{kept}");
}

#[test]
fn a_report_that_cannot_be_written_is_tried_again_ten_minutes_later() {
    let mut scene = Scene::at_work();
    scene.send(300, "X_PAGING_REPORT=a");
    let mut tries = 0;
    for _ in 0..3600 {
        scene.pass(Duration::from_secs(1));
        scene.guard.handle_datagram(scene.now, Sender { pid: 300, is_trusted: true }, b"WATCHDOG=1", false);
        scene.guard.handle_timeout(scene.now, scene.wall);
        while let Some(action) = scene.guard.poll_action() {
            if matches!(action, Action::Report(_)) {
                tries += 1;
                scene.guard.handle_report(scene.now, Outcome::Failed);
            }
        }
    }
    assert_eq!(tries, 6);
}

#[test]
fn a_good_configuration_is_kept_at_once_and_another_one_ten_minutes_later() {
    let mut scene = Scene::at_work();
    scene.send(300, "X_PAGING_GOOD=1");
    assert_eq!(scene.count(&Action::KeepConfiguration), 1);
    for _ in 0..300 {
        scene.send(300, "X_PAGING_GOOD=1");
        scene.run(1);
    }
    assert_eq!(scene.count(&Action::KeepConfiguration), 1);
    scene.run(600);
    assert_eq!(scene.count(&Action::KeepConfiguration), 2);
}

#[test]
fn what_could_not_be_remembered_is_tried_again_ten_minutes_later() {
    let mut scene = Scene::at_work();
    scene.wall = Wall { shows: NOON, is_synchronised: true };
    scene.send(300, "X_PAGING_GOOD=1");
    assert_eq!(scene.others, [Action::KeepConfiguration, Action::KeepFloor(NOON)]);
    for tries in 2..5 {
        scene.guard.handle_configuration_unkept(scene.now);
        scene.guard.handle_floor_unkept(scene.now);
        scene.run(598);
        assert_eq!(scene.others.len(), 2 * (tries - 1));
        scene.run(4);
        assert_eq!(scene.count(&Action::KeepConfiguration), tries);
        assert_eq!(scene.others.len(), 2 * tries, "{:?}", scene.others);
    }
    scene.run(3600);
    assert_eq!(scene.others.len(), 8, "kept");
}

#[test]
fn a_registrar_sets_the_clock_where_nothing_better_does_and_not_to_the_impossible() {
    let mut scene = Scene::at_work();
    for wrong in [0, 1_789_999_999, 2_790_000_000, u64::MAX] {
        scene.send(300, &format!("X_PAGING_CLOCK={wrong}"));
    }
    assert!(!scene.guard.is_clock_trusted() && scene.others.is_empty());
    scene.send(300, &format!("X_PAGING_CLOCK={}", NOON.as_secs()));
    assert_eq!(scene.count(&Action::SetClock(NOON)), 1);
    assert!(scene.guard.is_clock_trusted());
    let later = NOON.as_secs() + 600;
    scene.send(300, &format!("X_PAGING_CLOCK={later}"));
    assert_eq!(scene.others.len(), 2, "once in an hour, and the time is remembered: {:?}", scene.others);
    scene.run(3600);
    scene.send(300, &format!("X_PAGING_CLOCK={later}"));
    assert_eq!(scene.count(&Action::SetClock(Duration::from_secs(later))), 1);

    let mut scene = Scene::at_work();
    scene.wall = Wall { shows: NOON, is_synchronised: true };
    scene.settle();
    scene.send(300, &format!("X_PAGING_CLOCK={later}"));
    assert_eq!(scene.others, [Action::KeepFloor(NOON)]);
}

#[test]
fn a_clock_that_was_kept_right_once_is_not_left_to_a_registrar() {
    let mut scene = Scene::at_work();
    scene.wall = Wall { shows: NOON, is_synchronised: true };
    scene.run(60);
    scene.wall.is_synchronised = false;
    scene.run(10 * 3600);
    let wrong = scene.wall.shows.as_secs() + 3600;
    scene.send(300, &format!("X_PAGING_CLOCK={wrong}"));
    assert!(!scene.others.iter().any(|action| matches!(action, Action::SetClock(_))), "{:?}", scene.others);
    assert!(scene.guard.is_clock_trusted());
}

#[test]
fn a_clock_that_is_right_within_two_seconds_is_left_alone_and_trusted() {
    let mut scene = Scene::at_work();
    scene.wall.shows = NOON + Duration::from_millis(1900);
    scene.settle();
    scene.send(300, &format!("X_PAGING_CLOCK={}", NOON.as_secs()));
    assert!(scene.guard.is_clock_trusted());
    assert!(!scene.others.iter().any(|action| matches!(action, Action::SetClock(_))));
    scene.send(300, "X_PAGING_REPORT=a");
    scene.run(3);
    assert!(scene.text().contains("\r\nWritten 2026-11-30 12:00 UTC.\r\n"), "{}", scene.text());
}

#[test]
fn a_time_is_remembered_once_a_day_and_only_while_the_clock_is_trusted() {
    let mut scene = Scene::at_work();
    scene.run(3600);
    assert_eq!(scene.others, []);
    scene.wall.is_synchronised = true;
    scene.run(3 * 86_400);
    assert_eq!(scene.others.len(), 3, "{:?}", scene.others);
    let floor = Some(scene.wall.shows);
    let mut next = Scene::new(Powers { floor, ..OURS });
    next.wall = scene.wall;
    next.run(3600);
    assert_eq!(next.others, [], "a guard that was started again knows");
}

#[test]
fn services_that_take_turns_do_not_flood_the_console() {
    let mut scene = Scene::at_work();
    for number in 0..10_000 {
        scene.send(300 + number % 2, "WATCHDOG=1");
        scene.pass(Duration::from_millis(1));
    }
    assert!(scene.said.len() <= 21, "{}", scene.said.len());
}

#[test]
fn a_time_that_was_remembered_wrongly_is_mended() {
    let floor = Some(NOON + Duration::from_hours(1000));
    let mut scene = Scene::new(Powers { floor, ..OURS });
    scene.wall = Wall { shows: NOON, is_synchronised: true };
    scene.settle();
    assert_eq!(scene.others, [Action::KeepFloor(NOON)]);
}

#[test]
fn datagrams_of_strangers_and_nonsense_do_nothing_and_are_told_once_a_second() {
    let mut scene = Scene::at_work();
    let stranger = Sender { pid: 666, is_trusted: false };
    for number in 0..10_000_u32 {
        if number % 4000 == 0 {
            scene.send(300, "WATCHDOG=1");
        }
        let text = if number % 2 == 0 { "X_PAGING_GOOD=1" } else { "WATCHDOG=1" };
        scene.guard.handle_datagram(scene.now, stranger, text.as_bytes(), false);
        scene.send(300, "nonsense");
        scene.pass(Duration::from_millis(1));
    }
    scene.guard.handle_datagram(
        scene.now,
        Sender { pid: 300, is_trusted: true },
        b"X_PAGING_REPORT=cut",
        true,
    );
    scene.run(30);
    let told = scene.said.iter().filter(|line| line.contains("not understood")).count();
    assert!((10..=12).contains(&told), "{told}");
    assert_eq!(scene.said.last().unwrap(), "20001 datagrams were not understood, or of strangers");
    assert_eq!((scene.writes, &scene.others[..]), (0, &[][..]));
    assert!(scene.guard.actions.capacity() < 100);
}

/// What may come, sense and nonsense.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let words =
        ["READY=1", "WATCHDOG=1", "X_PAGING_GOOD=1", "X_PAGING_CLOCK=1796040001", "STOPPING=1", "STATUS=x"];
    let known = proptest::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec());
    let report = any::<u8>().prop_map(|number| format!("X_PAGING_REPORT=number {number}").into_bytes());
    prop_oneof![known, report, proptest::collection::vec(any::<u8>(), 0..40)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn whatever_comes_writes_are_bounded_and_nothing_is_due_twice(
        steps in proptest::collection::vec((anything(), 0_u64..20_000, 1_u32..4, any::<bool>()), 1..400),
    ) {
        let mut scene = Scene::new(OURS);
        let begin = scene.now;
        for (bytes, millis, pid, ends) in steps {
            scene.pass(Duration::from_millis(millis));
            scene.settle();
            scene.guard.handle_datagram(scene.now, Sender { pid, is_trusted: true }, &bytes, false);
            scene.act();
            if ends {
                scene.guard.handle_end(scene.now, pid);
            }
            scene.settle();
            prop_assert!(scene.guard.poll_timeout().is_none_or(|at| at > scene.now));
        }
        let turns = usize::try_from(scene.now.since(begin).as_secs() / 600).unwrap();
        prop_assert!(scene.writes <= 6 + turns + 1);
        prop_assert!(scene.count(&Action::KeepConfiguration) <= turns + 1);
        let half_hours = usize::try_from(scene.now.as_micros() / 1_800_000_000).unwrap();
        prop_assert!(scene.count(&Action::Reboot) <= half_hours);
        prop_assert!(scene.others.len() <= 3 * turns + 4);
    }
}
