//! Voices that come and go.

use super::bench::*;
use crate::mix::{BLOCK, Command, Mixer, Report, Route, VoiceId};
use crate::rtp::DelayRange;
use crate::time::Instant;
use crate::units::Level;

fn reports(mixer: &mut Mixer) -> Vec<Report> {
    std::iter::from_fn(|| mixer.poll_report()).collect()
}

fn attach(mixer: &mut Mixer, voice: u64) {
    mixer.handle_command(
        Instant::ZERO,
        Command::Attach { voice: VoiceId(voice), source: super::bench::voice(), route: Route::EVERYWHERE },
    );
}

fn release(mixer: &mut Mixer, now: Instant, voice: VoiceId) {
    mixer.handle_command(now, Command::Release { voice });
}

#[test]
fn without_voices_there_are_exact_zeros_on_all_channels() {
    let mut mixer = Mixer::new(2, 4);
    let mut output = [f32::NAN; BLOCK * 2 * 3 + 7];
    mixer.render(Instant::ZERO, &mut output);
    assert!(output.iter().all(|sample| sample.to_bits() == 0));
    assert!(mixer.is_idle());
}

#[test]
fn a_voice_is_reported_playing_once_and_comes_back_when_it_is_released() {
    let mut bench = Bench::new();
    bench.run_until(ms(50));
    assert!(bench.reports.is_empty());
    for number in 0..5 {
        bench.send(Some(ms(60 + number * 20)), &tone(200.0, 0.25, 0, 160));
    }
    bench.run_until(ms(145));
    release(&mut bench.mixer, ms(145), VOICE);
    bench.run_until(ms(300));
    assert!(matches!(
        &bench.reports[..],
        [Report::Playing { voice: VOICE }, Report::Retired { voice: VOICE, stats, .. }] if stats.jitter.chunks == 5
    ));
    assert!(bench.mixer.is_idle());
    assert!(bench.heard[bench.heard.len() - BLOCK..].iter().all(|sample| sample.to_bits() == 0));
}

#[test]
fn what_has_come_before_the_release_is_played_to_the_end_and_stops_without_a_click() {
    let mut bench = Bench::new();
    for number in 0..5 {
        let from = usize::try_from(number * 160).unwrap();
        bench.send(Some(ms(60 + number * 20)), &tone(200.0, 0.25, from, 160));
    }
    bench.run_until(ms(142));
    release(&mut bench.mixer, ms(142), VOICE);
    bench.run_until(ms(300));
    let end = frame_at(ms(160) + TARGET) + FILTERS;
    assert!(peak(&bench.heard[end - 240..end]) > 0.2);
    assert_eq!(peak(&bench.heard[end + 700..]), 0.0);
    assert!(largest_step(&bench.heard) < SMOOTH);
}

#[test]
fn packets_longer_than_the_delay_may_be_are_played_to_the_end_all_the_same() {
    let delay = |millis| core::time::Duration::from_millis(millis);
    let mut bench = Bench::with(DelayRange { min: delay(10), max: delay(20) });
    for number in 0..5 {
        let from = usize::try_from(number * 480).unwrap();
        bench.send(Some(ms(100 + number * 60)), &tone(200.0, 0.25, from, 480));
    }
    bench.run_until(ms(342));
    release(&mut bench.mixer, ms(342), VOICE);
    bench.run_until(ms(500));
    let end = frame_at(ms(400) + TARGET) + FILTERS;
    assert!(peak(&bench.heard[end - 240..end]) > 0.2);
    assert_eq!(peak(&bench.heard[end + 700..]), 0.0);
}

#[test]
fn a_voice_without_speech_is_retired_within_ten_milliseconds() {
    let mut bench = Bench::new();
    bench.run_until(ms(50));
    release(&mut bench.mixer, ms(50), VOICE);
    bench.run_until(ms(60));
    assert!(matches!(&bench.reports[..], [Report::Retired { voice: VOICE, .. }]));
}

#[test]
fn media_after_the_release_is_not_played() {
    let mut bench = Bench::new();
    bench.run_until(ms(50));
    release(&mut bench.mixer, ms(50), VOICE);
    bench.send(Some(ms(50)), &[0.5; 160]);
    bench.run_until(ms(200));
    assert_eq!(peak(&bench.heard), 0.0);
}

#[test]
fn a_voice_that_is_not_polled_waits_and_one_too_many_is_given_back() {
    let mut mixer = Mixer::new(1, 2);
    attach(&mut mixer, 1);
    attach(&mut mixer, 2);
    attach(&mut mixer, 3);
    assert_eq!(mixer.voices(), 2);
    release(&mut mixer, Instant::ZERO, VoiceId(1));
    mixer.render(Instant::ZERO, &mut [0.0; BLOCK * 20]);
    assert_eq!(mixer.voices(), 1);
    attach(&mut mixer, 4);
    assert_eq!(mixer.voices(), 2);
    let retired = reports(&mut mixer).into_iter().map(|report| match report {
        Report::Retired { voice, .. } => voice.0,
        other => panic!("{other:?}"),
    });
    assert_eq!(retired.collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn a_level_is_changed_without_a_click() {
    let mut bench = Bench::new();
    for number in 0..60 {
        let from = usize::try_from(number * 160).unwrap();
        bench.send(Some(ms(100 + number * 20)), &tone(200.0, 0.25, from, 160));
    }
    bench.run_until(ms(500));
    bench.mixer.handle_command(ms(500), Command::SetLevel { voice: VOICE, level: Level::from_db(-20.0) });
    bench.run_until(ms(1_200));
    let quiet = peak(bench.span(ms(600), ms(1_100)));
    assert!((quiet - 0.025).abs() < 0.002, "{quiet}");
    assert!(largest_step(&bench.heard) < SMOOTH);
}

#[test]
fn voices_are_heard_together() {
    let mut bench = Bench::new();
    attach(&mut bench.mixer, 2);
    for number in 0..20_usize {
        let at = ms(100) + core::time::Duration::from_millis(20) * u32::try_from(number).unwrap();
        bench.send(Some(at), &tone(1_000.0, 0.2, number * 160, 160));
    }
    bench.run_until(ms(95));
    assert_eq!(bench.mixer.voices(), 2);
    bench.run_until(ms(400));
    let alone = peak(bench.span(ms(300), ms(400)));
    assert!((alone - 0.2).abs() < 0.02, "a silent voice adds nothing: {alone}");
}

#[test]
fn every_second_there_is_a_word_on_how_things_are() {
    let mut bench = Bench::new();
    for number in 0..200 {
        bench.send(Some(ms(100 + number * 20)), &[0.25; 160]);
    }
    bench.run_until(ms(3_500));
    assert_eq!(bench.stats.len(), 3);
    assert!((bench.stats[2].level.rms - 0.25).abs() < 0.01, "{:?}", bench.stats[2].level);
    let output = bench.reports.iter().filter(|report| matches!(report, Report::Output(_))).count();
    assert_eq!(output, 3);
}
