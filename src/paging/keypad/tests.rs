use super::*;
use proptest::prelude::*;

const PATIENCE: Duration = Duration::from_secs(3);

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn keys(text: &str) -> Vec<Key> {
    text.chars().map(|c| Key::from_char(c).unwrap()).collect()
}

/// Entries by their digits; those that page are marked by a `!`.
fn keypad(pin: &str, entries: &[&str]) -> Keypad {
    let entry = |text: &&str| {
        let digits = text.trim_end_matches('!');
        Entry { keys: keys(digits), pages: digits != *text }
    };
    let pin = (!pin.is_empty()).then(|| Pin::new(pin));
    let plan = Plan { pin, entries: entries.iter().map(entry).collect(), patience: PATIENCE };
    Keypad::new(at(0), plan)
}

/// Presses keys, 100 ms apart from `from` on.
fn press(keypad: &mut Keypad, from: u64, text: &str) {
    for (number, key) in (0..).zip(keys(text)) {
        keypad.handle_key(at(from + 100 * number), key);
    }
}

fn cues(keypad: &mut Keypad) -> Vec<Cue> {
    core::iter::from_fn(|| keypad.poll_cue()).collect()
}

#[test]
fn without_a_pin_and_without_entries_a_caller_talks_at_once() {
    let mut keypad = keypad("", &[]);
    assert_eq!(cues(&mut keypad), [Cue::Page(None)]);
    press(&mut keypad, 0, "123#");
    assert_eq!((cues(&mut keypad), keypad.poll_timeout()), (vec![], None));
}

#[test]
fn whoever_just_talks_pages_after_the_dtmf_timeout() {
    let mut keypad = keypad("", &["1!", "2"]);
    assert_eq!(cues(&mut keypad), [Cue::Ready]);
    keypad.handle_timeout(at(2999));
    assert_eq!(cues(&mut keypad), []);
    assert_eq!(keypad.poll_timeout(), Some(at(3000)));
    keypad.handle_timeout(at(3000));
    assert_eq!(cues(&mut keypad), [Cue::Page(None)]);
}

#[test]
fn an_entry_that_no_other_begins_with_counts_at_once() {
    let mut keypad = keypad("", &["1!", "20", "21"]);
    press(&mut keypad, 500, "21");
    assert_eq!(cues(&mut keypad), [Cue::Ready, Cue::Do(2)]);
    press(&mut keypad, 1000, "1");
    assert_eq!(cues(&mut keypad), [Cue::Page(Some(0))]);
}

#[test]
fn of_two_entries_that_begin_alike_the_longer_is_waited_for_and_a_pound_ends_the_wait() {
    let mut pad = keypad("", &["1", "12"]);
    press(&mut pad, 0, "1");
    assert_eq!(cues(&mut pad), [Cue::Ready]);
    pad.handle_timeout(at(3000));
    assert_eq!(cues(&mut pad), [Cue::Do(0)]);
    press(&mut pad, 4000, "12");
    assert_eq!(cues(&mut pad), [Cue::Do(1)]);
    press(&mut pad, 5000, "1#");
    assert_eq!(cues(&mut pad), [Cue::Do(0)]);
}

#[test]
fn a_pound_after_an_entry_that_counted_at_once_still_belongs_to_it() {
    let mut keypad = keypad("", &["12"]);
    press(&mut keypad, 0, "12#");
    assert_eq!(cues(&mut keypad), [Cue::Ready, Cue::Do(0)]);
    press(&mut keypad, 1000, "#");
    assert_eq!(cues(&mut keypad), [Cue::Page(None)], "a second one is a wish of its own");
}

#[test]
fn a_pound_long_after_an_entry_that_counted_at_once_is_a_wish_of_its_own() {
    let mut keypad = keypad("", &["12"]);
    press(&mut keypad, 0, "12");
    press(&mut keypad, 10_000, "#");
    assert_eq!(cues(&mut keypad), [Cue::Ready, Cue::Do(0), Cue::Page(None)]);
}

#[test]
fn a_pound_alone_pages_at_once() {
    let mut keypad = keypad("", &["1"]);
    press(&mut keypad, 100, "#");
    assert_eq!(cues(&mut keypad), [Cue::Ready, Cue::Page(None)]);
}

#[test]
fn a_star_takes_back_what_was_typed() {
    let mut keypad = keypad("", &["12", "3"]);
    press(&mut keypad, 0, "1*3");
    assert_eq!(cues(&mut keypad), [Cue::Ready, Cue::Do(1)]);
}

#[test]
fn the_rest_of_a_mistyped_number_is_not_another_one() {
    let mut keypad = keypad("", &["1", "22"]);
    press(&mut keypad, 0, "291");
    assert_eq!(cues(&mut keypad), [Cue::Ready]);
    keypad.handle_timeout(at(3200));
    assert_eq!(cues(&mut keypad), [Cue::Unknown]);
    press(&mut keypad, 4000, "1");
    assert_eq!(cues(&mut keypad), [Cue::Do(0)]);
}

#[test]
fn who_has_pressed_a_key_is_not_put_on_air_for_his_silence() {
    let mut keypad = keypad("", &["1"]);
    press(&mut keypad, 0, "1");
    keypad.handle_timeout(at(29_999));
    assert_eq!(cues(&mut keypad), [Cue::Ready, Cue::Do(0)]);
    keypad.handle_timeout(at(30_000));
    assert_eq!(cues(&mut keypad), [Cue::HangUp(Why::Idle)]);
}

#[test]
fn a_right_pin_opens_the_menu_and_without_one_the_page() {
    for end in ["#", ""] {
        let (mut with, mut without) = (keypad("0815", &["1"]), keypad("0815", &[]));
        for pad in [&mut with, &mut without] {
            assert!(pad.is_secret());
            press(pad, 1000, &format!("0815{end}"));
            pad.handle_timeout(at(4300));
            assert!(!pad.is_secret());
        }
        assert_eq!(cues(&mut with), [Cue::AskPin, Cue::RightPin, Cue::Ready]);
        assert_eq!(cues(&mut without), [Cue::AskPin, Cue::RightPin, Cue::Page(None)]);
    }
}

#[test]
fn a_pin_may_be_wrong_twice() {
    let mut keypad = keypad("0815", &[]);
    press(&mut keypad, 0, "4711#08155#0815#");
    let expected =
        [Cue::AskPin, Cue::WrongPin, Cue::AskPin, Cue::WrongPin, Cue::AskPin, Cue::RightPin, Cue::Page(None)];
    assert_eq!(cues(&mut keypad), expected);
}

#[test]
fn the_third_wrong_pin_ends_the_call() {
    let mut keypad = keypad("0815", &["1"]);
    press(&mut keypad, 0, "1#2#3#0815#1");
    let told = cues(&mut keypad);
    assert_eq!(told.last(), Some(&Cue::HangUp(Why::WrongPin)));
    assert_eq!(told.iter().filter(|cue| **cue == Cue::WrongPin).count(), 3);
}

#[test]
fn who_enters_no_pin_is_asked_three_times() {
    let mut keypad = keypad("0815", &["1"]);
    for second in 1..=30 {
        keypad.handle_timeout(at(second * 1000));
    }
    assert_eq!(cues(&mut keypad), [Cue::AskPin, Cue::AskPin, Cue::AskPin, Cue::HangUp(Why::NoPin)]);
}

#[test]
fn a_key_that_comes_late_finds_what_was_due_before_it_done() {
    let mut keypad = keypad("", &["1", "12"]);
    press(&mut keypad, 0, "1");
    press(&mut keypad, 3500, "2");
    assert_eq!(cues(&mut keypad), [Cue::Ready, Cue::Do(0)]);
}

#[test]
fn the_longest_number_that_fits_no_memory_is_no_entry() {
    let mut keypad = keypad("", &["1"]);
    press(&mut keypad, 0, &"2".repeat(200));
    press(&mut keypad, 20_000, "#");
    assert_eq!(cues(&mut keypad), [Cue::Ready, Cue::Unknown]);
}

#[test]
fn nobody_dials_for_ever() {
    let mut keypad = keypad("", &["1"]);
    for second in 0..400 {
        press(&mut keypad, 1000 * second, "1");
    }
    let told = cues(&mut keypad);
    assert_eq!(told.last(), Some(&Cue::HangUp(Why::TooLong)));
    assert_eq!(told.iter().filter(|cue| **cue == Cue::Do(0)).count(), 300);
}

proptest! {
    #[test]
    fn no_keys_leave_a_caller_stuck_or_let_him_in_unasked(
        pin in "[0-9]{0,4}",
        entries in prop::collection::vec("[0-9]{1,4}!?", 0..6),
        presses in prop::collection::vec((0_u64..40_000, 0_u8..16), 0..60),
    ) {
        let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
        let mut keypad = keypad(&pin, &entries);
        let (mut now, mut told) = (0, cues(&mut keypad));
        for (pause, key) in presses {
            now += pause;
            keypad.handle_key(at(now), Key::from_event(key).unwrap());
            told.extend(cues(&mut keypad));
        }
        // Left alone, it ends; each step of it is announced.
        for _ in 0..8 {
            if let Some(due) = keypad.poll_timeout() {
                prop_assert!(due.since(at(now)) <= LEAVES_AFTER);
                keypad.handle_timeout(due);
                now = due.as_micros() / 1000;
                told.extend(cues(&mut keypad));
            }
        }
        prop_assert!(keypad.is_over());
        let ends = |cue: &Cue| matches!(cue, Cue::Page(_) | Cue::HangUp(_));
        prop_assert!(told.iter().filter(|cue| ends(cue)).count() == 1 && told.last().is_some_and(ends));
        let proven = told.iter().position(|cue| *cue == Cue::RightPin);
        let acts = |cue: &Cue| matches!(cue, Cue::Do(_) | Cue::Page(_) | Cue::Ready);
        if let Some(first) = told.iter().position(acts) {
            prop_assert!(pin.is_empty() || proven.is_some_and(|proven| proven < first));
        }
        prop_assert!(told.iter().filter(|cue| **cue == Cue::WrongPin).count() <= usize::from(TRIES));
    }
}
