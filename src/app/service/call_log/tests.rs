//! Pages that begin, are heard and end, in virtual time.

use super::*;
use crate::dsp::Reading;
use crate::status::RecordKind;
use std::net::Ipv4Addr;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const VOICE: VoiceId = VoiceId(1);

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn call(number: u64) -> Page {
    Page::Call((0..number).fold(CallKey::FIRST, |key, _| key.next()))
}

fn begin(log: &mut CallLog, now: Instant, number: u64) {
    begin_of(log, now, (number, PEER));
}

fn begin_of(log: &mut CallLog, now: Instant, (number, peer): (u64, IpAddr)) {
    let record = Record { from: format!("sip:{number}@pbx"), ..Record::new(RecordKind::Call) };
    log.begin(now, (call(number), Some(peer)), VoiceId(number), record);
}

/// All lines that may be told now, without their figures.
fn lines(log: &mut CallLog, now: Instant) -> Vec<String> {
    log.handle_due(now);
    let line = |line: String| {
        line.split(' ')
            .filter(|word| ["from", "untold"].contains(&word.split('=').next().unwrap()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    core::iter::from_fn(|| log.poll_line(now)).map(|(_, told)| line(told)).collect()
}

fn end(log: &mut CallLog, now: Instant, number: u64) {
    let received = Received { codec: Some("PCMA".to_owned()), packets: 196, lost: 4 };
    log.end(now, call(number), Ended::CallerHungUp, received);
}

/// A second of a voice.
fn second(log: &mut CallLog, voice: VoiceId, rms: f32) {
    let (level, span) = (Reading { peak: 2.0 * rms, rms }, Duration::from_secs(1));
    let stats = VoiceStats { level, span, gain: 1.0, ..VoiceStats::default() };
    log.handle_report((0, true), &Report::Voice { voice, stats });
}

#[test]
fn a_page_is_kept_when_its_last_reading_has_come() {
    let mut log = CallLog::default();
    begin(&mut log, at(1000), 1);
    second(&mut log, VOICE, 0.1);
    second(&mut log, VOICE, 0.0);
    end(&mut log, at(4000), 1);
    second(&mut log, VOICE, 0.1);
    log.handle_timeout(at(5000));
    assert_eq!((log.records(at(5000)), log.poll_timeout(at(5000))), (vec![], Some(at(5200))));
    log.handle_timeout(at(5200));
    let [record] = &log.records(at(9000))[..] else { panic!("one page") };
    let Record { on_air_s, heard_s, silent_s, ago_s, .. } = *record;
    assert_eq!((on_air_s, heard_s, silent_s, ago_s), (3.0, 2.0, 1.0, 5));
    assert_eq!((record.peak_dbfs, record.rms_dbfs, record.silent), (-14.0, -20.0, false));
    assert_eq!((record.received_packets, record.lost_packets, record.loss_percent), (196, 4, 2.0));
    assert_eq!(log.poll_timeout(at(9000)), None);
}

#[test]
fn a_page_of_which_nothing_was_heard_is_silent() {
    let mut log = CallLog::default();
    begin(&mut log, at(0), 1);
    second(&mut log, VOICE, 0.001);
    end(&mut log, at(2000), 1);
    log.handle_timeout(at(4000));
    assert!(log.records(at(4000))[0].silent);
}

#[test]
fn what_is_rendered_while_the_card_is_out_is_not_heard() {
    let mut log = CallLog::default();
    begin(&mut log, at(0), 1);
    let (level, span) = (Reading { peak: 0.2, rms: 0.1 }, Duration::from_secs(3));
    let stats = VoiceStats { level, span, gain: 1.0, ..VoiceStats::default() };
    log.handle_report((0, false), &Report::Voice { voice: VOICE, stats });
    end(&mut log, at(3000), 1);
    log.handle_timeout(at(5000));
    let record = &log.records(at(5000))[0];
    assert_eq!((record.silent, record.heard_s, record.silent_s), (true, 0.0, 3.0));
}

#[test]
fn readings_of_another_voice_are_not_of_this_page_until_it_is_heard_as_that() {
    let mut log = CallLog::default();
    begin(&mut log, at(0), 1);
    second(&mut log, VoiceId(8), 0.1);
    log.handle_voice(call(1), VoiceId(8));
    second(&mut log, VoiceId(8), 0.1);
    second(&mut log, VOICE, 0.1);
    end(&mut log, at(3000), 1);
    log.handle_timeout(at(5000));
    let heard: Vec<_> = log.records(at(5000)).iter().map(|record| record.heard_s).collect();
    assert_eq!(heard, [2.0]);
}

#[test]
fn why_a_page_ended_first_is_why_it_ended() {
    let mut log = CallLog::default();
    begin(&mut log, at(0), 1);
    log.end(at(3000), call(1), Ended::TooLong, Received::default());
    end(&mut log, at(3100), 1);
    log.handle_timeout(at(9000));
    assert_eq!(log.records(at(9000))[0].ended, Ended::TooLong);
}

#[test]
fn a_hundred_pages_are_kept_and_the_newest_is_the_first() {
    let mut log = CallLog::default();
    for number in 0..150 {
        begin(&mut log, at(100 * number), number);
        end(&mut log, at(100 * number), number);
    }
    log.handle_timeout(at(60_000));
    let records = log.records(at(60_000));
    assert_eq!(
        (records.len(), records[0].from.as_str(), records[99].from.as_str()),
        (100, "sip:149@pbx", "sip:50@pbx")
    );
}

#[test]
fn lines_wait_for_their_second_and_those_without_room_are_counted() {
    let mut log = CallLog::default();
    for number in 0..150 {
        begin(&mut log, at(0), number);
        end(&mut log, at(0), number);
    }
    assert_eq!(lines(&mut log, at(2000)), ["from=sip:0@pbx untold=50"]);
    assert_eq!(log.poll_timeout(at(2000)), Some(at(2100)));
    assert_eq!(lines(&mut log, at(2100)), [""; 0]);
    assert_eq!(lines(&mut log, at(3000)), ["from=sip:1@pbx"]);
    assert_eq!(log.lines.len(), 98);
}

#[test]
fn who_pages_without_rest_neither_keeps_others_from_being_told_nor_takes_their_room() {
    let (mut log, other) = (CallLog::default(), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8)));
    for number in 0..150 {
        begin(&mut log, at(0), number);
        end(&mut log, at(0), number);
    }
    log.handle_due(at(1200));
    begin_of(&mut log, at(1300), (200, other));
    end(&mut log, at(1300), 200);
    assert_eq!(lines(&mut log, at(2500)), ["from=sip:0@pbx untold=51", "from=sip:200@pbx"]);
}

#[test]
fn a_box_that_ends_keeps_what_is_still_on_air() {
    let mut log = CallLog::default();
    begin(&mut log, at(0), 1);
    log.close(at(5000));
    assert_eq!((log.records(at(5000)).len(), log.lines.len()), (1, 0));
}
