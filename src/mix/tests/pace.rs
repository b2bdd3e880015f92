//! Clocks that differ, and a network that holds something up: how long speech waits.

use super::bench::*;
use crate::rtp::DelayRange;
use crate::time::Instant;
use core::time::Duration;

/// Clicks until the jitter is known: 7.5 s.
const SETTLED: usize = 25;

/// When each click was heard after it was sent, in milliseconds. There is one in every 15th packet, and packets come
/// from a clock that is `ppm` fast, up to `jitter_us` late.
fn latencies(seconds: u64, ppm: f64, jitter_us: u64) -> Vec<f64> {
    let mut bench = Bench::new();
    bench.period = 2;
    let mut dice = Dice(11);
    let sent_us = |number: u64| 100_000.0 + number as f64 * 20_000.0 * (1.0 - ppm * 1e-6);
    let mut found = Vec::new();
    let mut forgotten = 0;
    for number in 0..seconds * 50 {
        let speech = if number % 15 == 0 { click() } else { [0.0; 160] };
        let late_us = if jitter_us > 0 { dice.below(jitter_us) } else { 0 };
        bench.send(Some(Instant::from_micros(sent_us(number) as u64 + late_us)), &speech);
        if number % 15 == 14 {
            // The click of this group has left by then, and no packet has come that is not sent yet.
            let end_us = sent_us(number + 1) - 6_000.0;
            bench.run_until(Instant::from_micros(end_us as u64));
            let loudest = peak(&bench.heard);
            let place = bench.heard.iter().position(|sample| sample.abs() == loudest).unwrap();
            assert!(loudest > 0.2, "the click of packet {} is not heard: {loudest}", number - 14);
            let heard_us = (forgotten + place) as f64 / 0.048;
            found.push((heard_us - sent_us(number - 14)) / 1e3);
            forgotten += bench.heard.len();
            bench.heard.clear();
        }
    }
    found
}

fn click() -> [f32; 160] {
    let mut speech = [0.0; 160];
    speech[60] = 0.5;
    speech[61] = 0.3;
    speech
}

fn spread(latencies: &[f64]) -> f64 {
    let most = latencies.iter().copied().fold(f64::MIN, f64::max);
    most - latencies.iter().copied().fold(f64::MAX, f64::min)
}

#[test]
fn a_clock_that_is_off_by_200_ppm_changes_nothing_in_five_minutes() {
    for ppm in [-200.0, 200.0] {
        let latencies = latencies(300, ppm, 0);
        assert_eq!(latencies.len(), 1_000);
        assert!(spread(&latencies) <= 5.0, "{ppm} ppm: {} ms", spread(&latencies));
    }
}

#[test]
fn a_clock_that_is_off_by_200_ppm_and_20_ms_of_jitter_are_told_apart() {
    for ppm in [-200.0, 200.0] {
        let latencies = latencies(300, ppm, 20_000);
        assert_eq!(latencies.len(), 1_000);
        let settled = spread(&latencies[SETTLED..]);
        assert!(settled <= 8.0, "{ppm} ppm: {settled} ms");
        // Before that, what there is to be known of the network is learned.
        assert!(spread(&latencies) <= 14.0, "{ppm} ppm: {} ms", spread(&latencies));
    }
}

#[test]
fn with_100_ms_of_jitter_nothing_is_cut_or_added_once_the_network_is_known() {
    let latencies = latencies(120, 0.0, 100_000);
    for (number, pair) in latencies.windows(2).enumerate().skip(SETTLED) {
        assert!((pair[1] - pair[0]).abs() < 0.5, "click {number}: {} ms after {} ms", pair[1], pair[0]);
    }
    let longest = latencies[SETTLED..].iter().copied().fold(0.0, f64::max);
    assert!(longest < 120.0, "{longest} ms");
}

#[test]
fn the_drift_is_told() {
    let mut bench = Bench::new();
    for number in 0..3_000_u64 {
        let arrival = Instant::from_micros(100_000 + number * 19_998);
        bench.send(Some(arrival), &tone(200.0, 0.25, number as usize * 160, 160));
    }
    bench.run_until(ms(58_000));
    let told = bench.stats.last().unwrap().drift_ppm;
    assert!((told - 100.0).abs() < 25.0, "{told}");
    let heard = bench.span(ms(200), ms(58_000));
    assert!(largest_step(heard) < SMOOTH, "{}", largest_step(heard));
}

/// A voice that speaks without a pause, its pitch gliding: 110 to 150 Hz.
fn voice(samples: core::ops::Range<usize>) -> Vec<f32> {
    let sample = |sample: usize| {
        let time = sample as f64 / 8_000.0;
        let phase = core::f64::consts::TAU * (130.0 * time + 20.0 * (0.8 * time).sin());
        let loud = 0.08 * (1.4 + (5.0 * time).sin());
        let voice: f64 = (1..=12).map(|k| (f64::from(k) * phase).sin() / f64::from(k).sqrt()).sum();
        (loud * voice) as f32
    };
    samples.map(sample).collect()
}

/// What is heard of the voice when the packets of 150 ms from `held_ms` on come together at their end.
fn held_up(held_ms: Option<u64>) -> Bench {
    held_up_beside(held_ms, 0)
}

/// The same on a network where packets are up to `jitter_ms` late.
fn held_up_beside(held_ms: Option<u64>, jitter_ms: u64) -> Bench {
    let mut dice = Dice(7);
    let mut bench = Bench::of(&[L16_8], DelayRange::default());
    for number in 0..350_u64 {
        let sent = 100 + number * 20;
        let arrival = match held_ms {
            Some(held) if (held..held + 150).contains(&sent) => held + 150,
            _ => sent + dice.below(jitter_ms + 1),
        };
        let samples = number as usize * 160;
        bench.send_as(L16_8, Some(ms(arrival)), &voice(samples..samples + 160));
    }
    bench
}

#[test]
fn a_burst_of_150_ms_is_won_back_within_two_seconds_of_speech_without_a_click() {
    let mut undisturbed = held_up(None);
    undisturbed.run_until(ms(7_000));
    let mut bench = held_up(Some(3_000));
    bench.run_until(ms(3_160));
    // Reports come once a second, so the delay is read from the first one after the burst, and two seconds later.
    bench.run_until(ms(5_150));
    let before = bench.stats.len();
    bench.run_until(ms(6_100));
    let (worst, after) =
        (bench.stats[before - 3..before].iter().map(|stats| stats.delay).max(), bench.stats[before]);
    assert!(worst > Some(Duration::from_millis(40)), "nothing was held up: {worst:?}");
    let excess = after.delay.saturating_sub(after.target);
    assert!(excess < Duration::from_millis(7), "{after:?}");
    bench.run_until(ms(7_000));
    let (corner, usual) =
        (corner(bench.span(ms(150), ms(7_000))), corner(undisturbed.span(ms(150), ms(7_000))));
    assert!(corner < 1.25 * usual, "{corner} and not {usual}");
    let steps = (largest_step(&bench.heard), largest_step(&undisturbed.heard));
    assert!(steps.0 < 1.25 * steps.1, "{steps:?}");
}

#[test]
fn a_burst_of_150_ms_amid_jitter_is_won_back_within_two_seconds_of_speech() {
    let mut bench = held_up_beside(Some(3_000), 60);
    // The reports of the second after the burst, and of two seconds later.
    bench.run_until(ms(4_100));
    let worst = bench.stats[bench.stats.len() - 2..].iter().map(|stats| stats.delay).max();
    assert!(worst > Some(Duration::from_millis(90)), "nothing was held up: {worst:?}");
    bench.run_until(ms(5_250));
    let after = bench.stats.last().unwrap();
    assert!(after.delay < Duration::from_millis(60 + 15), "{after:?}");
}

#[test]
fn a_delay_out_of_its_range_is_cut_at_once_and_without_a_click() {
    let mut bench = held_up(None);
    bench.run_until(ms(2_000));
    bench.stall(Duration::from_millis(400));
    bench.run_until(ms(3_500));
    let after = bench.stats.last().unwrap();
    assert!(after.delay < Duration::from_millis(60), "{after:?}");
    let mut undisturbed = held_up(None);
    undisturbed.run_until(ms(3_500));
    let usual = largest_step(&undisturbed.heard);
    assert!(largest_step(&bench.heard) < 1.5 * usual, "{} and not {usual}", largest_step(&bench.heard));
}
