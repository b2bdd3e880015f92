//! Who is heard where: zones on channels of one card and on another card, groups, priorities, delays.

use crate::callee::{Ear, PagingCall, sdp};
use crate::caller::Caller;
use crate::paging_box::{PagingBox, next_folder, until};
use crate::real_time::in_real_time;
use crate::tone::{self, Recording};
use crate::{callers, turns};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Hall and yard are the channels of one recording, the shed is another one.
fn site(zones: &str) -> (PagingBox, PathBuf) {
    let shed = next_folder().join("shed.wav");
    let file = format!(
        "[sip]\ndomain = 127.0.0.1:9\nuser = all\nregister = no\n\
         [sip hall]\nuser = hall\nzones = hall\n[sip outside]\nuser = outside\nzones = outside\n\
         [sip help]\nuser = help\npriority = 80\n[audio]\nlimiter = off\n\
         [zone hall]\nchannels = 1\n[zone yard]\nchannels = 2\n[zone shed]\ndevice = wav:{}\n\
         [group outside]\nzones = yard, shed\n{zones}",
        shed.display()
    );
    (PagingBox::start_with_file(V4, &file), shed)
}

fn begin(target: &PagingBox, user: &str, hz: &str, seconds: &str) -> PagingCall {
    let uri = format!("sip:{user}@{}", target.address);
    PagingCall::start(&uri, &["--tone", hz, "--seconds", seconds])
}

fn finish(call: PagingCall) {
    let outcome = call.finish(PATIENCE);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}

/// Hall, yard and shed.
fn heard(target: &PagingBox, shed: &Path) -> [Recording; 3] {
    let card = target.wav();
    [Recording::read_channel(&card, 0), Recording::read_channel(&card, 1), Recording::read(shed)]
}

#[test]
fn two_pages_at_once_are_heard_each_in_its_own_zones_as_loud_as_these_say() {
    in_real_time(|| {
        let (mut target, shed) =
            site("[zone hall]\nvolume = 50\nvolume-page = 80\n[zone shed]\nvolume-page = -6 dB\n");
        let hall = begin(&target, "hall", "440", "3");
        let outside = begin(&target, "outside", "1000", "3");
        finish(hall);
        finish(outside);
        target.terminate();
        let [hall, yard, shed] = heard(&target, &shed);
        let full = yard.find(1000.0).expect("the yard").amplitude;
        for (name, zone, own, other, part) in [
            ("hall", &hall, 440.0, 1000.0, 0.4),
            ("yard", &yard, 1000.0, 440.0, 1.0),
            ("shed", &shed, 1000.0, 440.0, 0.501),
        ] {
            let heard = zone.find(own).expect(name);
            assert!((heard.seconds - 3.0).abs() < 0.3, "{name}: {heard:?}");
            assert!((heard.amplitude / full / part - 1.0).abs() < 0.03, "{name}: {heard:?}, full is {full}");
            let middle = zone.place(own).expect(name).start + 1.0;
            let other = zone.level(other, middle..middle + 1.0);
            assert!(other < full / 300.0, "{name} hears the other page: {other}");
        }
    });
}

#[test]
fn a_higher_page_mutes_a_lower_one_or_ducks_it_by_20_db_and_it_comes_back() {
    in_real_time(|| {
        let (mut target, shed) = site("[zone hall]\nduck = -20 dB\n");
        let low = begin(&target, "all", "440", "8");
        until(PATIENCE, "the lower page is on air", || target.log().contains("on air"));
        let high = begin(&target, "help", "1000", "2");
        finish(high);
        finish(low);
        target.terminate();
        let [hall, yard, shed] = heard(&target, &shed);
        let over = yard.place(1000.0).expect("the higher page");
        let (low, until) = (yard.place(440.0).unwrap(), hall.place(440.0).unwrap().end);
        assert!(over.end + 1.0 < until, "{over:?} is not within {low:?}");
        let during = over.start + 0.3..over.end - 0.3;
        let after = over.end + 0.3..over.end + 0.9;
        for (name, zone, rest) in [("hall", &hall, 0.1), ("yard", &yard, 0.0), ("shed", &shed, 0.0)] {
            let full = zone.typical_level(440.0, after.clone());
            assert!(full > 0.2, "{name}: it has not come back: {full}");
            let lower = zone.typical_level(440.0, during.clone()) / full;
            assert!((lower - rest).abs() < 0.01, "{name}: {lower}, not {rest}");
        }
    });
}

#[test]
fn an_emergency_has_its_chime_whatever_is_on_air() {
    in_real_time(|| {
        let folder = next_folder();
        let chime = folder.join("chime.wav");
        tone::write_wav(&chime, 48_000);
        let (mut target, shed) = site(&format!(
            "[calls]\nhold-concurrent = yes\n[sip help]\nmode = emergency\nklaxon = {}\n[audio]\nklaxon = none\n",
            chime.display()
        ));
        until(PATIENCE, "the chime is ready", || target.log().contains(" s of "));
        let low = begin(&target, "all", "440", "9");
        until(PATIENCE, "the page is on air", || target.log().contains("on air"));
        let high = begin(&target, "help", "1700", "2");
        finish(high);
        finish(low);
        target.terminate();
        for (name, zone) in ["hall", "yard", "shed"].iter().zip(&heard(&target, &shed)) {
            let (chime, over) = (zone.place(tone::HZ).expect(name), zone.place(1700.0).expect(name));
            assert!(
                chime.end < over.start + 0.1 && over.start < chime.end + 0.6,
                "{name}: {chime:?}, {over:?}"
            );
            let (under, page) = (zone.level(440.0, chime.start + 0.1..chime.end), zone.place(440.0).unwrap());
            assert!(under < 0.002, "{name}: {under} of the page under the chime");
            assert!(page.end > over.end + 0.5, "{name}: it comes back, {page:?}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn callers_hear_by_telephone_whom_they_hear_in_their_zone_and_no_others() {
    in_real_time(|| {
        let (mut target, _) = site("[caller ear]\nfrom = caller@*\nzones = yard\n");
        let (ear, mut caller) = (Ear::open(), Caller::new(target.address));
        callers::call(&mut caller, &sdp(ear.port, 0));
        let hall = begin(&target, "hall", "440", "4");
        finish(begin(&target, "outside", "1700", "3"));
        finish(hall);
        caller.hang_up();
        target.terminate();
        let heard = turns::sound(ear);
        assert!(heard.place(1700.0).is_some(), "who pages the yard, too");
        assert!(heard.place(440.0).is_none(), "who pages the hall");
    });
}

#[test]
fn a_zone_that_is_held_back_hears_the_same_page_so_much_later() {
    in_real_time(|| {
        let (mut target, shed) = site("[zone yard]\ndelay = 350ms\n");
        finish(begin(&target, "all", "440", "2"));
        until(PATIENCE, "silence", || Recording::read(&target.wav()).peak_of_last(0.3) < 0.001);
        target.terminate();
        let [hall, yard, _] = heard(&target, &shed);
        let (hall, yard) = (hall.place(440.0).unwrap(), yard.place(440.0).unwrap());
        let (first, last) = (yard.start - hall.start, yard.end - hall.end);
        // It is heard in blocks of 50 ms.
        assert!((first - 0.35).abs() < 0.051 && (last - 0.35).abs() < 0.051, "{hall:?}, then {yard:?}");
    });
}

#[test]
fn music_has_gone_from_the_paged_zone_when_the_chime_begins_and_returns_after_the_page() {
    in_real_time(|| {
        let folder = next_folder();
        let (music, chime) = (folder.join("music.wav"), folder.join("chime.wav"));
        tone::write_tone(&music, 48_000, MUSIC_HZ, 60.0);
        tone::write_wav(&chime, 48_000);
        let (mut target, shed) = site(&format!(
            "[audio]\nmusic-fade-out-duration = 1\nmusic-fade-in-duration = 1\nmusic-fade-in-offset = 0.5\n\
             [zone hall]\nklaxon = {}\n[music]\nsource = {}\n",
            chime.display(),
            music.display()
        ));
        let plays = |heard: &Recording| {
            let end = heard.seconds();
            end > 2.5 && heard.level(MUSIC_HZ, end - 0.3..end) > tone::AMPLITUDE * 0.9
        };
        let sounds = || plays(&Recording::read(&target.wav()));
        until(PATIENCE, "music", sounds);
        until(PATIENCE, "the chime is ready", || target.log().contains(" s of "));
        finish(begin(&target, "hall", "440", "3"));
        until(PATIENCE, "music again", sounds);
        target.terminate();
        let [hall, yard, _] = heard(&target, &shed);
        let (chime, page) = (hall.place(tone::HZ).expect("the chime"), hall.place(440.0).expect("the page"));
        let during = chime.start..page.end;
        // Of the music in the yard, which goes on.
        let part = |at: f32| hall.level(MUSIC_HZ, at..at + 0.1) / yard.level(MUSIC_HZ, at..at + 0.1);
        assert!(part(chime.start - 1.5) > 0.98, "too early: {}", part(chime.start - 1.5));
        // Halfway along the fade, at an eighth; the beginning is known to 50 ms.
        let halfway = [part(chime.start - 0.55), part(page.end + 0.95)];
        assert!(halfway.iter().all(|part| (0.05..0.27).contains(part)), "{halfway:?}");
        let gone = hall.level(MUSIC_HZ, during.start + 0.05..during.end);
        assert!(gone < tone::AMPLITUDE / 500.0, "{gone}");
        let steps =
            (0..20).map(|step| during.start - 1.0 + (during.end - during.start + 2.0) * step as f32 / 20.0);
        let levels: Vec<_> = steps.map(|at| yard.level(MUSIC_HZ, at..at + 0.1)).collect();
        assert!(
            levels.iter().all(|level| (level / tone::AMPLITUDE - 1.0).abs() < 0.02),
            "the yard: {levels:?}"
        );
        std::fs::remove_dir_all(folder).unwrap();
    });
}

const MUSIC_HZ: f32 = 1500.0;
const PATIENCE: Duration = Duration::from_secs(25);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
