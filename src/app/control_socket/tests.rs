//! Real sockets, and time as told: nothing waits.

use super::super::entrance::tests::{come, heard};
use super::*;
use crate::control::Sound;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

struct Scene {
    door: Door,
    path: PathBuf,
}

impl Scene {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pagingbox-{}-control-{name}", std::process::id()));
        Self { door: Door::open(&path).unwrap(), path }
    }

    fn visitor(&mut self, says: &[u8]) -> UnixStream {
        let mut visitor = come(&self.path);
        self.attend(0);
        visitor.write_all(says).unwrap();
        self.attend(0);
        visitor
    }

    /// Handles all that is there.
    fn attend(&mut self, millis: u64) {
        loop {
            let mut ready = Vec::new();
            self.door.entrance.crowd.try_ready(&mut ready);
            if ready.is_empty() {
                return;
            }
            for ready in ready {
                self.door.handle_ready(at(millis), ready);
            }
        }
    }

    fn asked(&mut self) -> Option<Asked> {
        self.door.asked.pop_front()
    }
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// It begins with who asks for it.
fn begun(number: u64) -> Aired {
    Aired { number: AirNumber::of(number), is_new: true }
}

fn bringing(frames: u32) -> Vec<u8> {
    let play = Play::new(Sound::Samples { rate_hz: 16_000, frames }, "x.wav");
    Order::Play(play).to_string().into_bytes()
}

#[test]
fn a_sound_is_brought_in_pieces_and_told_when_it_is_whole() {
    let mut scene = Scene::new("pieces");
    let sound: Vec<u8> = (0..3_i16).flat_map(|sample| (1000 + sample).to_le_bytes()).collect();
    let mut visitor = scene.visitor(&[&bringing(3), &sound[..3]].concat());
    assert!(scene.asked().is_none());
    visitor.write_all(&sound[3..]).unwrap();
    scene.attend(1);
    let Some(Asked::Play(guest, play, Some(brought))) = scene.asked() else { panic!() };
    assert_eq!((play.name.as_str(), &brought.samples[..]), ("x.wav", &[1000, 1001, 1002][..]));
    scene.door.reply(guest, &Reply::Playing);
    scene.door.await_end(guest, begun(7));
    scene.door.handle_ended(AirNumber::of(6), false);
    assert_eq!(heard(&mut visitor), ("\"playing\"\n".to_owned(), false));
    scene.door.handle_ended(AirNumber::of(7), true);
    assert_eq!(heard(&mut visitor), ("{\"ended\":{\"whole\":false}}\n".to_owned(), true));
    assert!(scene.asked().is_none(), "who was told has not left before");
}

#[test]
fn who_leaves_while_he_waits_ends_what_he_waits_for() {
    let mut scene = Scene::new("left");
    let visitor = scene.visitor(PLAY);
    let Some(Asked::Play(guest, _, None)) = scene.asked() else { panic!() };
    scene.door.reply(guest, &Reply::Playing);
    scene.door.await_end(guest, begun(7));
    scene.door.handle_timeout(at(3_600_000));
    drop(visitor);
    scene.attend(3_600_000);
    assert!(matches!(scene.asked(), Some(Asked::Left(air)) if air == AirNumber::of(7)));
}

#[test]
fn who_leaves_before_he_is_answered_ends_what_he_wanted_to_wait_for() {
    let mut scene = Scene::new("early");
    let visitor = scene.visitor(PLAY);
    let Some(Asked::Play(guest, _, None)) = scene.asked() else { panic!() };
    drop(visitor);
    scene.door.reply(guest, &Reply::Playing);
    scene.door.await_end(guest, begun(7));
    assert!(matches!(scene.asked(), Some(Asked::Left(air)) if air == AirNumber::of(7)));
    scene.door.await_end(guest, Aired { number: AirNumber::of(7), is_new: false });
    assert!(scene.asked().is_none(), "somebody else began it");
}

#[test]
fn nonsense_is_answered_and_ends_the_connection() {
    let mut scene = Scene::new("nonsense");
    let mut visitor = scene.visitor(b"play gong\n");
    let (said, is_all) = heard(&mut visitor);
    assert!(said.starts_with("{\"error\":\"expected an order: ") && is_all, "{said}");
    let mut endless = scene.visitor(&[b'x'; 5000]);
    assert_eq!(heard(&mut endless), (String::new(), true));
}

#[test]
fn who_brings_nothing_for_five_seconds_is_dropped() {
    let mut scene = Scene::new("patience");
    let mut visitor = scene.visitor(&bringing(3));
    assert_eq!(scene.door.poll_timeout(), Some(at(5000)));
    scene.door.handle_timeout(at(5000));
    assert_eq!(heard(&mut visitor), (String::new(), true));
    assert!(scene.asked().is_none());
}

#[test]
fn more_than_was_announced_is_not_played() {
    let mut scene = Scene::new("more");
    let mut visitor = scene.visitor(&[&bringing(1)[..], b"abc"].concat());
    assert_eq!((heard(&mut visitor), scene.asked().is_none()), ((String::new(), true), true));
}

#[test]
fn one_sound_at_a_time_is_brought_and_no_more_is_held_than_there_is_room_for() {
    let mut scene = Scene::new("room");
    let frames = 5 * 1024 * 1024;
    let first = scene.visitor(&bringing(frames));
    let mut second = scene.visitor(&bringing(1));
    assert!(heard(&mut second).0.contains("another sound is being brought"));
    drop(first);
    scene.attend(0);
    let held: Vec<Arc<[i16]>> = (0..2).map(|_| vec![0; 5 * 1024 * 1024].into()).collect();
    scene.door.held.extend(held.iter().map(Arc::downgrade));
    let mut third = scene.visitor(&bringing(frames));
    assert!(heard(&mut third).0.contains("as much sound as it may"));
    drop(held);
    let mut fourth = scene.visitor(&bringing(frames));
    assert_eq!(heard(&mut fourth), (String::new(), false));
}

#[test]
fn a_fifth_guest_is_told_to_come_later() {
    let mut scene = Scene::new("fifth");
    let _four: Vec<_> = (0..4).map(|_| scene.visitor(b"")).collect();
    let mut fifth = come(&scene.path);
    scene.attend(0);
    assert!(heard(&mut fifth).0.contains("at most 4 may ask at once"));
}

#[test]
fn those_who_wait_for_an_end_keep_nobody_from_asking() {
    let mut scene = Scene::new("waiters");
    let mut waiters = Vec::new();
    for number in 0..8 {
        waiters.push(scene.visitor(PLAY));
        let Some(Asked::Play(guest, _, None)) = scene.asked() else { panic!() };
        scene.door.reply(guest, &Reply::Playing);
        scene.door.await_end(guest, begun(number));
    }
    let mut ninth = scene.visitor(PLAY);
    assert!(heard(&mut ninth).0.contains("8 wait already"));
    let mut stops = scene.visitor(b"\"stop\"\n");
    let Some(Asked::Stop(guest)) = scene.asked() else { panic!() };
    scene.door.reply(guest, &Reply::Stopped);
    assert_eq!(heard(&mut stops), ("\"stopped\"\n".to_owned(), true));
}

#[test]
fn who_leaves_ends_nothing_that_began_without_him_or_that_others_wait_for() {
    let mut scene = Scene::new("joined");
    let wait = |scene: &mut Scene, number, is_new| {
        let visitor = scene.visitor(PLAY);
        let Some(Asked::Play(guest, _, None)) = scene.asked() else { panic!() };
        scene.door.await_end(guest, Aired { number: AirNumber::of(number), is_new });
        visitor
    };
    drop(wait(&mut scene, 7, false));
    scene.attend(0);
    assert!(scene.asked().is_none(), "somebody else began it");
    let (began, joined) = (wait(&mut scene, 8, true), wait(&mut scene, 8, false));
    drop(began);
    scene.attend(0);
    assert!(scene.asked().is_none(), "somebody else waits for it");
    drop(joined);
    scene.attend(0);
    assert!(matches!(scene.asked(), Some(Asked::Left(air)) if air == AirNumber::of(8)));
}

const PLAY: &[u8] = b"{\"play\":{\"sound\":\"gong\",\"wait\":true}}\n";
