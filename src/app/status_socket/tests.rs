//! Real sockets, and time as told: nothing waits.

use super::super::entrance::tests::{come, heard};
use super::*;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// A door and its file.
struct Scene {
    door: Door,
    path: PathBuf,
}

impl Scene {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pagingbox-{}-door-{name}", std::process::id()));
        Self { door: Door::open(&path).unwrap(), path }
    }

    /// Handles all that is there; whether there was anything.
    fn attend(&mut self, millis: u64) -> bool {
        let mut ready = Vec::new();
        self.door.entrance.crowd.try_ready(&mut ready);
        let was_any = !ready.is_empty();
        for ready in ready {
            self.door.handle_ready(at(millis), ready);
        }
        was_any
    }

    fn asking(&mut self, millis: u64, question: &str) -> UnixStream {
        let mut visitor = come(&self.path);
        self.attend(millis);
        visitor.write_all(question.as_bytes()).unwrap();
        self.attend(millis);
        visitor
    }

    fn guests(&self) -> usize {
        self.door.guests.iter().flatten().count()
    }

    fn answers_at(&self) -> Option<u64> {
        self.door.answer_at().map(|at| at.as_micros() / 1000)
    }
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

#[test]
fn a_question_is_answered_by_one_line_and_another_may_follow() {
    let mut scene = Scene::new("once");
    assert_eq!(scene.door.deadline(), None, "nobody asks, and nothing is to be done");
    let mut visitor = scene.asking(1000, "status\n");
    assert_eq!(scene.answers_at(), Some(1000));
    scene.door.answer(at(1000), "{1}");
    assert_eq!(heard(&mut visitor), ("{1}\n".to_owned(), false));
    assert_eq!(scene.answers_at(), None);
    visitor.write_all(b"status\n").unwrap();
    scene.attend(1010);
    assert_eq!(scene.answers_at(), Some(1100), "answers are not made more often");
    scene.door.answer(at(1100), "{2}");
    assert_eq!(heard(&mut visitor), ("{2}\n".to_owned(), false));
    drop(visitor);
    scene.attend(1200);
    assert_eq!((scene.guests(), scene.door.deadline()), (0, None));
}

#[test]
fn who_watches_is_answered_again_and_again() {
    let mut scene = Scene::new("watch");
    let mut visitor = scene.asking(1000, "watch 500\n");
    for turn in 0..5 {
        let due = 1000 + 500 * turn;
        assert_eq!(scene.answers_at(), Some(due));
        scene.door.answer(at(due), "{}");
        assert_eq!(heard(&mut visitor), ("{}\n".to_owned(), false));
    }
    scene.door.handle_timeout(at(60_000));
    assert_eq!(scene.guests(), 1, "he has read all, and may watch for ever");
}

#[test]
fn one_text_serves_all_who_wait() {
    let mut scene = Scene::new("all");
    let mut visitors = [0; 3].map(|_| scene.asking(1000, "status\r\n"));
    scene.door.answer(at(1000), "{}");
    for visitor in &mut visitors {
        assert_eq!(heard(visitor), ("{}\n".to_owned(), false));
    }
    assert_eq!(scene.answers_at(), None);
}

#[test]
fn the_fifth_is_told_that_there_are_too_many() {
    let mut scene = Scene::new("many");
    let visitors = [0; 4].map(|_| scene.asking(1000, "watch 1000\n"));
    let mut fifth = come(&scene.path);
    scene.attend(1000);
    assert_eq!(heard(&mut fifth), ("{\"error\":\"at most 4 may ask at once\"}\n".to_owned(), true));
    drop(visitors);
    scene.attend(1000);
    assert_eq!(scene.guests(), 0);
    let mut next = scene.asking(1000, "status\n");
    scene.door.answer(at(1000), "{}");
    assert_eq!(heard(&mut next).0, "{}\n");
}

#[test]
fn garbage_is_refused_with_a_word_and_ends_the_visit() {
    let mut scene = Scene::new("garbage");
    let endless = "x".repeat(Question::LONGEST);
    for question in ["hello\n", "watch 1\n", "GET / HTTP/1.1\r\n", "\u{fffd}\0\n", endless.as_str()] {
        let mut visitor = scene.asking(1000, question);
        let (text, is_over) = heard(&mut visitor);
        assert!(
            text.starts_with("{\"error\":\"expected \\\"status\\\", or ") && is_over,
            "{question}: {text}"
        );
        assert_eq!((scene.guests(), scene.answers_at()), (0, None), "{question}");
    }
}

#[test]
fn a_question_may_come_in_pieces_and_not_take_for_ever() {
    let mut scene = Scene::new("pieces");
    let mut visitor = scene.asking(1000, "sta");
    assert_eq!(scene.door.deadline(), Some(at(6000)));
    visitor.write_all(b"tus\n").unwrap();
    scene.attend(2000);
    assert_eq!(scene.answers_at(), Some(2000));
    let mut silent = come(&scene.path);
    scene.attend(2000);
    scene.door.handle_timeout(at(6999));
    assert_eq!(scene.guests(), 2);
    scene.door.handle_timeout(at(7000));
    assert_eq!(heard(&mut silent), (String::new(), true));
    assert_eq!(scene.guests(), 1, "who waits for an answer stays");
}

#[test]
fn who_asks_and_closes_his_end_is_answered() {
    let mut scene = Scene::new("half");
    let mut visitor = scene.asking(1000, "status\n");
    visitor.shutdown(Shutdown::Write).unwrap();
    scene.attend(1000);
    assert!(!scene.attend(1000), "his end is told once, and does not keep the box busy");
    scene.door.answer(at(1000), "{}");
    assert_eq!(heard(&mut visitor), ("{}\n".to_owned(), true));
    assert_eq!(scene.guests(), 0);
}

#[test]
fn a_slow_reader_gets_fewer_answers_and_then_is_dropped() {
    let mut scene = Scene::new("slow");
    let mut slow = scene.asking(1000, "watch 250\n");
    let mut quick = scene.asking(1000, "watch 250\n");
    let large = "x".repeat(300_000);
    scene.door.answer(at(1000), &large);
    let kept: Vec<_> = scene.door.guests.iter().flatten().map(Guest::has_unread).collect();
    assert_eq!(kept, [true, true], "more than the kernel takes at once");
    while scene.door.guests[1].as_ref().is_some_and(Guest::has_unread) {
        assert!(!heard(&mut quick).0.is_empty(), "no progress");
        scene.attend(1100);
    }
    assert_eq!(scene.answers_at(), Some(1250), "of him who has read");
    scene.door.answer(at(1250), "{}");
    assert!(heard(&mut quick).0.ends_with("x\n{}\n"));
    scene.door.handle_timeout(at(5999));
    assert_eq!(scene.guests(), 2);
    scene.door.handle_timeout(at(6000));
    assert_eq!(scene.guests(), 1);
    assert!(heard(&mut slow).1, "he sees the end of what he did not read in time");
}

#[test]
fn who_floods_the_door_with_questions_is_dropped() {
    let mut scene = Scene::new("flood");
    let mut visitor = scene.asking(1000, "status\n");
    visitor.write_all("status\n".repeat(1000).as_bytes()).unwrap();
    scene.attend(1000);
    assert_eq!((scene.guests(), scene.answers_at()), (0, None));
}
