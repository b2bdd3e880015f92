//! What is played, in virtual time.

use super::*;

fn file(name: &str) -> Item {
    Item::File(name.into())
}

fn url(name: &str) -> Item {
    Item::Url(format!("http://{name}/"))
}

fn files(names: &[&str]) -> Vec<Item> {
    names.iter().map(|name| file(name)).collect()
}

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(1_000 + seconds)
}

const SONG: End = End { heard: Duration::from_mins(3) };
const BRIEF: End = End { heard: Duration::from_secs(3) };
const NOTHING: End = End { heard: Duration::ZERO };

/// What is to be played at `now`; a source that is to be listed has `tracks`.
fn played(program: &mut Program, now: Instant, tracks: &[&str]) -> Option<String> {
    loop {
        match program.step(now) {
            Step::List { source, .. } => program.handle_list(now, source, files(tracks)),
            Step::Play { item, .. } => return Some(item.to_string()),
            Step::Wait(_) => return None,
        }
    }
}

/// A source that is what it plays was found.
fn found(item: Item) -> Scouted {
    Scouted::Found { tracks: vec![item.clone()], first: item }
}

fn waits_until(program: &mut Program, now: Instant) -> Instant {
    match program.step(now) {
        Step::Wait(Some(until)) => until,
        step => panic!("{step:?}"),
    }
}

#[test]
fn a_list_is_played_to_its_end_and_again() {
    let mut program = Program::new(files(&["/music"]), false, 1);
    let mut heard = Vec::new();
    for _ in 0..5 {
        heard.push(played(&mut program, at(0), &["a", "b"]).unwrap());
        program.handle_end(at(0), SONG);
    }
    assert_eq!(heard, ["a", "b", "a", "b", "a"]);
}

#[test]
fn a_list_is_read_anew_every_round_so_new_tracks_are_played() {
    let mut program = Program::new(files(&["/music"]), false, 1);
    assert_eq!(played(&mut program, at(0), &["a"]).unwrap(), "a");
    program.handle_end(at(0), SONG);
    assert_eq!(played(&mut program, at(0), &["new", "a"]).unwrap(), "new");
}

#[test]
fn shuffled_every_track_comes_before_any_again_and_none_twice_in_a_row() {
    let mut program = Program::new(files(&["/music"]), true, 7);
    let mut last = None;
    for _ in 0..20 {
        let mut round: Vec<_> = (0..4)
            .map(|_| {
                let track = played(&mut program, at(0), &["a", "b", "c", "d"]);
                assert_ne!(track, last);
                last.clone_from(&track);
                program.handle_end(at(0), SONG);
                track.unwrap()
            })
            .collect();
        round.sort_unstable();
        assert_eq!(round, ["a", "b", "c", "d"]);
    }
}

#[test]
fn a_track_of_which_nothing_is_heard_does_not_count_between_two_rounds() {
    for seed in 0..200 {
        let mut program = Program::new(files(&["/music"]), true, seed);
        let mut last = None;
        for _ in 0..12 {
            let track = played(&mut program, at(0), &["a", "b", "broken"]);
            let is_broken = track.as_deref() == Some("broken");
            program.handle_end(at(0), if is_broken { NOTHING } else { SONG });
            if !is_broken {
                assert_ne!(track, last, "seed {seed}");
                last = track;
            }
        }
    }
}

#[test]
fn a_broken_track_is_skipped_and_its_list_goes_on() {
    let mut program = Program::new(files(&["/music", "/other"]), false, 1);
    for (track, end) in [("a", SONG), ("broken", NOTHING), ("c", SONG), ("a", SONG), ("broken", NOTHING)] {
        assert_eq!(played(&mut program, at(0), &["a", "broken", "c"]).unwrap(), track);
        program.handle_end(at(0), end);
    }
}

#[test]
fn a_list_of_nothing_but_broken_tracks_gives_way_to_the_next_source() {
    let mut program = Program::new(files(&["/music", "/other"]), false, 1);
    for track in ["x", "y"] {
        assert_eq!(played(&mut program, at(0), &["x", "y"]).unwrap(), track);
        program.handle_end(at(0), NOTHING);
    }
    assert_eq!(played(&mut program, at(0), &["other"]).unwrap(), "other");
}

#[test]
fn an_empty_folder_gives_way_at_once() {
    let mut program = Program::new(vec![file("/empty"), url("radio")], false, 1);
    assert_eq!(played(&mut program, at(0), &[]).unwrap(), "http://radio/");
}

#[test]
fn a_stream_that_dies_is_opened_again_at_once_and_then_gives_way() {
    let mut program = Program::new(vec![url("a"), url("b")], false, 1);
    assert_eq!(played(&mut program, at(0), &[]).unwrap(), "http://a/");
    program.handle_end(at(3600), SONG);
    assert_eq!(played(&mut program, at(3600), &[]).unwrap(), "http://a/");
    program.handle_end(at(3600), NOTHING);
    assert_eq!(played(&mut program, at(3600), &[]).unwrap(), "http://b/");
}

#[test]
fn a_stream_that_breaks_early_gives_way_at_once() {
    let mut program = Program::new(vec![url("a"), url("b")], false, 1);
    assert_eq!(played(&mut program, at(0), &[]).unwrap(), "http://a/");
    program.handle_end(at(3), BRIEF);
    assert_eq!(played(&mut program, at(3), &[]).unwrap(), "http://b/");
    assert_eq!(program.playing(), Some(&url("b")));
}

#[test]
fn where_nothing_works_it_is_tried_for_ever_ever_less_often() {
    let mut program = Program::new(vec![url("a"), file("/empty")], false, 1);
    let mut now = at(0);
    let mut waits = Vec::new();
    for _ in 0..200 {
        assert_eq!(played(&mut program, now, &[]).unwrap(), "http://a/");
        program.handle_end(now, NOTHING);
        assert_eq!(played(&mut program, now, &[]), None);
        let until = waits_until(&mut program, now);
        waits.push(until.since(now).as_secs());
        now = until;
    }
    assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
    assert!(waits[7..].iter().all(|wait| *wait == 60));
}

#[test]
fn a_stream_that_was_steady_begins_with_short_waits_again() {
    let mut program = Program::new(vec![url("a")], false, 1);
    let mut now = at(0);
    for _ in 0..10 {
        assert!(played(&mut program, now, &[]).is_some());
        program.handle_end(now, NOTHING);
        now = waits_until(&mut program, now);
    }
    assert!(played(&mut program, now, &[]).is_some());
    program.handle_end(now, SONG);
    assert!(played(&mut program, now, &[]).is_some());
    program.handle_end(now, NOTHING);
    assert_eq!(waits_until(&mut program, now), now + FIRST_WAIT);
}

#[test]
fn a_better_source_is_looked_at_every_minute_while_another_plays() {
    let mut program = Program::new(vec![url("a"), url("b"), file("/music")], false, 1);
    for _ in 0..2 {
        assert!(played(&mut program, at(0), &["song"]).is_some());
        program.handle_end(at(0), NOTHING);
    }
    assert_eq!(played(&mut program, at(0), &["song"]).unwrap(), "song");
    assert_eq!(program.poll_look(at(59)), None);
    assert_eq!(program.poll_look(at(60)), Some((0, url("a"))));
    assert_eq!(program.poll_look(at(60)), None, "one at a time");
    assert!(!program.handle_scouted(at(65), Scouted::Failed));
    assert_eq!(program.poll_look(at(65)), Some((1, url("b"))));
    assert!(!program.handle_scouted(at(66), Scouted::Failed));
    assert_eq!(program.poll_look(at(124)), None);
    assert_eq!(program.poll_look(at(125)), Some((0, url("a"))));
}

#[test]
fn a_better_source_that_works_plays_from_then_on_and_the_list_keeps_its_place() {
    let mut program = Program::new(vec![url("a"), file("/music")], false, 1);
    assert!(played(&mut program, at(0), &[]).is_some());
    program.handle_end(at(0), NOTHING);
    assert_eq!(played(&mut program, at(0), &["one", "two", "three"]).unwrap(), "one");
    assert!(program.poll_look(at(60)).is_some());
    assert!(program.handle_scouted(at(61), found(url("a"))));
    assert_eq!(played(&mut program, at(61), &[]).unwrap(), "http://a/");
    assert_eq!(program.poll_look(at(1_000)), None, "there is none better");
    program.handle_end(at(1_000), BRIEF);
    assert_eq!(played(&mut program, at(1_000), &[]).unwrap(), "two");
}

#[test]
fn between_tracks_a_better_source_is_not_waited_for() {
    let mut program = Program::new(vec![url("a"), file("/music")], false, 1);
    assert!(played(&mut program, at(0), &[]).is_some());
    program.handle_end(at(0), NOTHING);
    assert_eq!(played(&mut program, at(0), &["one", "two"]).unwrap(), "one");
    program.handle_end(at(100), SONG);
    assert_eq!(played(&mut program, at(100), &[]).unwrap(), "two");
}

#[test]
fn a_source_that_was_found_when_another_had_failed_meanwhile_is_played() {
    let mut program = Program::new(vec![url("a"), url("b")], false, 1);
    assert!(played(&mut program, at(0), &[]).is_some());
    program.handle_end(at(0), NOTHING);
    assert_eq!(played(&mut program, at(0), &[]).unwrap(), "http://b/");
    assert!(program.poll_look(at(60)).is_some());
    program.handle_end(at(60), BRIEF);
    assert!(program.handle_scouted(at(61), found(url("a"))));
    assert_eq!(played(&mut program, at(61), &[]).unwrap(), "http://a/");
}

#[test]
fn how_it_stands_with_each_source_is_told() {
    let mut program = Program::new(vec![url("a"), file("/music"), url("c")], false, 1);
    assert!(played(&mut program, at(0), &[]).is_some());
    program.handle_end(at(0), NOTHING);
    assert!(played(&mut program, at(0), &["song"]).is_some());
    let standings: Vec<_> = program.standings().map(|(_, standing)| standing).collect();
    assert_eq!(standings, [Standing::Failed, Standing::Well, Standing::Untried]);
}

#[test]
fn a_player_without_sources_has_nothing_to_do() {
    let mut program = Program::new(Vec::new(), true, 1);
    assert_eq!(program.step(at(0)), Step::Wait(None));
    assert_eq!(program.poll_look(at(0)), None);
    program.handle_end(at(0), SONG);
    assert!(!program.handle_scouted(at(0), Scouted::Failed));
}

#[test]
fn a_better_list_begins_with_what_was_found_to_play_and_goes_on_behind_it() {
    let mut program = Program::new(vec![file("/stations"), file("/music")], false, 1);
    let Step::List { source, .. } = program.step(at(0)) else { panic!("it is listed") };
    program.handle_list(at(0), source, Vec::new());
    assert_eq!(played(&mut program, at(0), &["song"]).unwrap(), "song");
    assert!(program.poll_look(at(60)).is_some());
    let (tracks, first) = (files(&["dead", "works", "other"]), file("works"));
    assert!(program.handle_scouted(at(61), Scouted::Found { tracks, first }));
    assert_eq!(played(&mut program, at(61), &[]).unwrap(), "works");
    program.handle_end(at(300), SONG);
    assert_eq!(played(&mut program, at(300), &[]).unwrap(), "other");
}

#[test]
fn a_better_source_that_never_stays_is_looked_at_ever_less_often_until_it_does() {
    let mut program = Program::new(vec![url("a"), file("/music")], false, 1);
    assert!(played(&mut program, at(0), &[]).is_some());
    program.handle_end(at(0), NOTHING);
    let mut now = at(0);
    let mut waits = Vec::new();
    for end in [NOTHING, BRIEF, BRIEF, BRIEF, BRIEF, BRIEF, BRIEF, SONG, NOTHING] {
        assert_eq!(played(&mut program, now, &["one"]).unwrap(), "one");
        let looked_at = (0..=7_200).map(|second| now + Duration::from_secs(second));
        let looked_at = looked_at.into_iter().find(|at| program.poll_look(*at).is_some()).unwrap();
        waits.push(looked_at.since(now).as_secs() / 60);
        now = looked_at;
        assert!(program.handle_scouted(now, found(url("a"))));
        assert_eq!(played(&mut program, now, &[]).unwrap(), "http://a/");
        program.handle_end(now, end);
        if end == SONG {
            assert_eq!(played(&mut program, now, &[]).unwrap(), "http://a/");
            program.handle_end(now, NOTHING);
        }
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 1]);
}

#[test]
fn a_list_of_dead_streams_gives_way_after_fifteen_seconds_and_goes_on_where_it_was() {
    let stations: Vec<_> = (0..50).map(|number| url(&number.to_string())).collect();
    let mut program = Program::new(vec![file("/stations"), file("/music")], false, 1);
    let (mut now, mut tried) = (at(0), 0);
    let played = |program: &mut Program, now| loop {
        match program.step(now) {
            Step::List { source: 0, .. } => program.handle_list(now, 0, stations.clone()),
            Step::List { source, .. } => program.handle_list(now, source, files(&["song"])),
            Step::Play { item, .. } => return item,
            Step::Wait(_) => panic!("it waits"),
        }
    };
    while played(&mut program, now) != file("song") {
        (now, tried) = (now + Duration::from_secs(5), tried + 1);
        program.handle_end(now, NOTHING);
    }
    assert_eq!((now, tried), (at(15), 3));
    program.handle_end(at(16), NOTHING);
    assert_eq!(
        played(&mut program, at(16)),
        url("3"),
        "where nothing plays the rest of the list has its turn"
    );
}

#[test]
fn a_list_of_streams_that_close_at_once_is_not_opened_for_ever() {
    let mut program = Program::new(vec![file("/stations")], false, 1);
    let Step::List { source, .. } = program.step(at(0)) else { panic!("it is listed") };
    program.handle_list(at(0), source, vec![url("a"), url("b")]);
    for name in ["http://a/", "http://b/"] {
        assert_eq!(played(&mut program, at(0), &[]).unwrap(), name);
        program.handle_end(at(3), BRIEF);
    }
    assert_eq!(waits_until(&mut program, at(3)), at(4));
}
