//! When speech is heard.

use super::bench::*;
use crate::mix::BLOCK_TIME;
use crate::time::Instant;
use core::time::Duration;

/// A packet with an impulse at sample `at`.
fn click(at: usize) -> Vec<f32> {
    let mut speech = vec![0.0; 160];
    speech[at] = 0.5;
    speech
}

/// The frame of the loudest sample from `from` on.
fn loudest(heard: &[f32], from: usize) -> usize {
    let louder =
        |best: usize, frame: usize| if heard[frame].abs() > heard[best].abs() { frame } else { best };
    (from..heard.len()).fold(from, louder)
}

#[test]
fn a_clean_stream_is_delayed_by_the_target_and_the_filters_to_the_frame() {
    for period in [1, 2, 4] {
        let mut bench = Bench::new();
        bench.period = period;
        // Arrivals lie between the moments at which the sink asks.
        let start = Instant::from_micros(100_750);
        for number in 0..100 {
            bench.send(Some(start + Duration::from_millis(number * 20)), &click(100));
        }
        bench.run_until(ms(2_300));
        for number in [0, 1, 50, 99] {
            let sample_at = start + Duration::from_millis(number * 20) + Duration::from_micros(100 * 125);
            let expected = frame_at(sample_at + TARGET) + FILTERS;
            let from = expected - 400;
            let found = loudest(&bench.heard[..expected + 400], from);
            // A tick of 125 µs is six frames: a packet leaves with the tick that begins when it is due.
            assert!(
                found.abs_diff(expected) <= 6,
                "period {period}, packet {number}: {found} and not {expected}"
            );
        }
    }
}

#[test]
fn the_first_sample_of_the_first_packet_is_heard() {
    let mut bench = Bench::new();
    for number in 0..5 {
        bench.send(Some(ms(50 + number * 20)), &[0.25; 160]);
    }
    bench.run_until(ms(200));
    let first = frame_at(ms(50) + TARGET) + FILTERS;
    assert_eq!(peak(&bench.heard[..first - 300]), 0.0);
    assert!(peak(&bench.heard[..first + 12]) > 0.005, "nothing after 0.25 ms");
    assert!(bench.heard[first + 125] > 0.23, "not in full after 2.6 ms: {}", bench.heard[first + 125]);
}

#[test]
fn every_packet_is_heard_once_and_in_order_while_jitter_is_below_the_target() {
    let mut bench = Bench::new();
    let mut dice = Dice(7);
    // Packets of 5 ms that are up to 9.9 ms late overtake each other.
    let level = |number: u64| (number * 37 % 101) as f32 / 202.0;
    for number in 0..2_000 {
        let late = if number == 0 { 0 } else { dice.below(9_900) };
        let arrival = ms(100 + number * 5) + Duration::from_micros(late);
        bench.send(Some(arrival), &[level(number); 40]);
    }
    bench.run_until(ms(10_200));
    for number in 0..2_000 {
        let middle = frame_at(ms(100 + number * 5) + TARGET) + FILTERS + 120;
        let (found, expected) = (bench.heard[middle], level(number));
        assert!((found - expected).abs() < 0.02, "packet {number}: {found} and not {expected}");
    }
    let stats = bench.stats.last().unwrap().jitter;
    assert_eq!((stats.late, stats.skipped_ticks, stats.discarded), (0, 0, 0));
}

#[test]
fn what_comes_late_makes_the_delay_grow_and_is_heard_in_full() {
    let mut bench = Bench::new();
    let delay = |number: u64| if number >= 50 { 40 } else { 0 };
    for number in 0..100 {
        let speech = if number == 80 { click(80) } else { vec![0.0; 160] };
        bench.send(Some(ms(100 + number * 20 + delay(number))), &speech);
    }
    bench.run_until(ms(2_500));
    let stats = bench.stats.last().unwrap();
    assert_eq!((stats.jitter.late, stats.jitter.discarded), (1, 0));
    assert!((40..=44).contains(&stats.delay.as_millis()), "{:?}", stats.delay);
    let sent = ms(100 + 80 * 20 + 10);
    let found = loudest(&bench.heard, 0);
    let delay = (found - frame_at(sent) - FILTERS) / 48;
    assert!((40..=44).contains(&delay), "{delay} ms");
}

#[test]
fn the_delay_goes_back_to_its_target_when_the_network_is_good_again() {
    let mut bench = Bench::new();
    let mut dice = Dice(3);
    for number in 0..2_000 {
        let late = if number < 250 { dice.below(60) } else { 0 };
        // Words of 600 ms, pauses of 400.
        let speech = if number % 50 < 30 { tone(300.0, 0.2, 0, 160) } else { vec![0.0; 160] };
        bench.send(Some(ms(100 + number * 20 + late)), &speech);
    }
    bench.run_until(ms(40_000));
    let delays: Vec<u128> = bench.stats.iter().map(|stats| stats.delay.as_millis()).collect();
    assert!(delays[5] >= 40, "{delays:?}");
    assert!(delays[25] <= 14, "{delays:?}");
}

/// Five minutes of a sender whose clock is `ppm` fast; gives the delay after each second.
fn drift(ppm: i64, speech: impl Fn(u64) -> Vec<f32>) -> (Bench, Vec<u128>) {
    let mut bench = Bench::new();
    for number in 0..15_000_u64 {
        let nominal = 20_000 * i64::try_from(number).unwrap();
        let sent = u64::try_from(nominal - nominal * ppm / 1_000_000).unwrap();
        bench.send(Some(ms(100) + Duration::from_micros(sent)), &speech(number));
    }
    bench.run_until(ms(299_500));
    let delays = bench.stats.iter().map(|stats| stats.delay.as_millis()).collect();
    (bench, delays)
}

#[test]
fn the_delay_does_not_grow_with_a_sender_that_is_fast() {
    let (bench, delays) =
        drift(200, |number| if number % 50 < 40 { tone(250.0, 0.2, 0, 160) } else { vec![0.0; 160] });
    assert!(delays.iter().all(|&delay| delay <= 16), "{delays:?}");
    assert_eq!(bench.stats.last().unwrap().jitter.late, 0);
}

#[test]
fn the_delay_does_not_grow_with_a_fast_sender_that_never_pauses() {
    let (bench, delays) = drift(200, |number| tone(250.0, 0.2, usize::try_from(number * 160).unwrap(), 160));
    assert!(delays.iter().all(|&delay| delay <= 32), "{delays:?}");
    assert!(largest_step(bench.span(ms(200), ms(299_000))) < SMOOTH);
}

#[test]
fn a_sender_that_is_slow_does_not_run_dry_for_long() {
    let (bench, delays) = drift(-200, |number| tone(250.0, 0.2, usize::try_from(number * 160).unwrap(), 160));
    assert!(delays.iter().all(|&delay| delay <= 16), "{delays:?}");
    let stats = bench.stats.last().unwrap().jitter;
    assert_eq!(stats.discarded, 0);
    assert!(stats.concealed_ticks < 1_000, "{stats:?}");
    assert!(largest_step(bench.span(ms(200), ms(299_000))) < SMOOTH);
}

#[test]
fn a_delay_that_is_reported_is_the_delay_that_is_heard() {
    let (bench, delays) = drift(200, |number| {
        if number == 14_500 {
            click(0)
        } else {
            tone(250.0, 0.05, usize::try_from(number * 160).unwrap(), 160)
        }
    });
    let sent_us = 290_000_000_u64 - 290_000_000 * 200 / 1_000_000;
    let arrival = ms(100) + Duration::from_micros(sent_us);
    let found = loudest(&bench.heard, frame_at(arrival));
    let heard_ms = (found - FILTERS - frame_at(arrival)) / 48;
    let reported = usize::try_from(delays[289]).unwrap();
    assert!(heard_ms.abs_diff(reported) <= 1, "heard {heard_ms} ms, reported {reported} ms");
}

#[test]
fn after_a_stall_of_the_sink_the_delay_is_what_it_was() {
    let mut bench = Bench::new();
    for number in 0..200 {
        let from = usize::try_from(number * 160).unwrap();
        bench.send(Some(ms(100 + number * 20)), &tone(200.0, 0.25, from, 160));
    }
    bench.run_until(ms(1_000));
    bench.stall(Duration::from_millis(300));
    bench.run_until(ms(2_000));
    bench.stall(Duration::from_secs(1));
    bench.run_until(ms(4_000));
    assert!(bench.stats.iter().all(|stats| stats.delay <= TARGET + BLOCK_TIME * 2), "{:?}", bench.stats);
    assert!(largest_step(&bench.heard) < SMOOTH, "{}", largest_step(&bench.heard));
}
