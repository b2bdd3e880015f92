//! What is heard when the network is bad.

use super::bench::*;
use crate::dsp::Limiter;
use crate::mix::{Command, Media, VoiceStats};
use crate::rtp::{Chunk, Content, Sender};
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

fn low_tone(number: u64) -> Vec<f32> {
    tone(200.0, 0.25, usize::try_from(number * 160).unwrap(), 160)
}

/// The same, upside down: half a period later.
fn other_tone(number: u64) -> Vec<f32> {
    tone(200.0, 0.25, usize::try_from(number * 160).unwrap() + 20, 160)
}

#[test]
fn a_tone_keeps_its_level() {
    let mut bench = Bench::new();
    for number in 0..100_usize {
        let arrival = ms(100) + Duration::from_millis(20) * u32::try_from(number).unwrap();
        bench.send(Some(arrival), &tone(1_004.0, 0.3162, number * 160, 160));
    }
    bench.run_until(ms(2_000));
    let heard = bench.span(ms(500), ms(1_500));
    let rms = (heard.iter().map(|sample| sample * sample).sum::<f32>() / heard.len() as f32).sqrt();
    let level = 20.0 * (rms / (0.3162 / 2.0_f32.sqrt())).log10();
    assert!(level.abs() < 0.5, "{level} dB");
}

#[test]
fn a_tone_starts_and_stops_without_a_click() {
    let mut bench = Bench::new();
    for number in 0..50 {
        // It starts at its peak.
        let from = usize::try_from(number * 160).unwrap() + 10;
        bench.send(Some(ms(100 + number * 20)), &tone(200.0, 0.25, from, 160));
    }
    bench.run_until(ms(1_500));
    assert!(largest_step(&bench.heard) < SMOOTH, "{}", largest_step(&bench.heard));
    assert_eq!(peak(bench.span(ms(1_200), ms(1_500))), 0.0);
}

#[test]
fn loss_of_two_percent_leaves_no_gap_and_no_click() {
    for seed in 1..20 {
        let mut bench = Bench::new();
        let mut dice = Dice(seed);
        for number in 0..500 {
            let lost = number > 0 && dice.below(50) == 0;
            bench.send((!lost).then(|| ms(100 + number * 20)), &low_tone(number));
        }
        bench.run_until(ms(10_000));
        let heard = bench.span(ms(130), ms(10_000));
        let quietest = heard.windows(240).step_by(48).map(peak).fold(1.0, f32::min);
        assert!(quietest > 0.02, "seed {seed}: {quietest}");
        assert!(largest_step(heard) < SMOOTH, "seed {seed}: {}", largest_step(heard));
        let stats = bench.stats.last().unwrap().jitter;
        assert!(stats.concealed_ticks > 0 && stats.discarded == 0, "{stats:?}");
    }
}

#[test]
fn a_lost_packet_does_not_move_what_follows() {
    let mut bench = Bench::new();
    for number in 0..50 {
        let speech = if number == 40 { [&[0.5][..], &[0.0; 159]].concat() } else { vec![0.0; 160] };
        bench.send((number != 20).then(|| ms(100 + number * 20)), &speech);
    }
    bench.run_until(ms(1_200));
    let expected = frame_at(ms(100 + 40 * 20) + TARGET) + FILTERS;
    let loudest = peak(&bench.heard);
    let found = bench.heard.iter().position(|&sample| sample == loudest).unwrap();
    assert!(found.abs_diff(expected) <= 6, "{found} and not {expected}");
}

#[test]
fn packets_in_wrong_order_and_twice_are_heard_in_order_and_once() {
    let mut bench = Bench::new();
    let mut dice = Dice(5);
    let level = |number: u64| (number * 37 % 101) as f32 / 202.0;
    let mut sender = Sender::new(9, 0);
    core::mem::swap(&mut bench.sender, &mut sender);
    for number in 0..500_u64 {
        // Every tenth packet comes 25 ms late, once the buffer had a chance to learn.
        let late = if number % 10 == 9 { 25_000 } else { dice.below(500) };
        let arrival = ms(100 + number * 20) + Duration::from_micros(late);
        let before = bench.sender.clone();
        bench.send(Some(arrival), &[level(number); 160]);
        bench.sender = before;
        bench.send(Some(arrival + Duration::from_millis(3)), &[level(number); 160]);
    }
    bench.run_until(ms(11_000));
    // After the first late one, all is steady: one step per packet, in order.
    let delay = bench.stats.last().unwrap().delay;
    for number in 30..500 {
        let middle = frame_at(ms(100 + number * 20) + delay) + FILTERS + 480;
        let (found, expected) = (bench.heard[middle], level(number));
        assert!((found - expected).abs() < 0.02, "packet {number}: {found} and not {expected}");
    }
}

#[test]
fn another_ssrc_is_heard_without_a_click_and_without_more_delay() {
    let mut bench = Bench::new();
    for number in 0..50 {
        bench.send(Some(ms(100 + number * 20)), &low_tone(number));
    }
    bench.sender = Sender::new(2, 0);
    for number in 50..100 {
        bench.send(Some(ms(100 + number * 20)), &other_tone(number));
    }
    bench.run_until(ms(2_200));
    let change = bench.span(ms(1_000), ms(1_400));
    assert!(largest_step(change) < SMOOTH, "{}", largest_step(change));
    let delay = bench.stats.last().unwrap().delay;
    assert!(delay <= TARGET + Duration::from_millis(1), "{delay:?}");
    let quietest = change.windows(240).step_by(48).map(peak).fold(1.0, f32::min);
    assert!(quietest > 0.02, "{quietest}");
}

#[test]
fn a_timestamp_that_jumps_is_heard_without_a_click_and_without_more_delay() {
    for jump in [1_000_000, 3_000_000_000] {
        let mut bench = Bench::new();
        for number in 0..50 {
            bench.send(Some(ms(100 + number * 20)), &low_tone(number));
        }
        bench.sender.skip(jump);
        for number in 50..100 {
            bench.send(Some(ms(100 + number * 20)), &other_tone(number));
        }
        bench.run_until(ms(2_000));
        let stats = bench.stats.last().unwrap();
        assert!(stats.delay <= TARGET + Duration::from_millis(1), "{:?}", stats.delay);
        assert!(stats.jitter.concealed_ticks <= 1, "{:?}", stats.jitter);
        let heard = bench.span(ms(150), ms(2_000));
        assert!(largest_step(heard) < SMOOTH, "{}", largest_step(heard));
        let quietest = heard.windows(240).step_by(48).map(peak).fold(1.0, f32::min);
        assert!(quietest > 0.1, "{quietest}");
    }
}

#[test]
fn words_after_a_pause_are_heard_from_their_first_sample() {
    let mut bench = Bench::new();
    let mut at = ms(100);
    for word in 0..5_u32 {
        for _ in 0..10 {
            bench.send(Some(at), &[0.25; 160]);
            at += Duration::from_millis(20);
        }
        // Some senders stop their timestamps in a pause, some do not.
        if word % 2 == 0 {
            bench.sender.skip(8 * 500);
        }
        at += Duration::from_millis(500);
    }
    bench.run_until(at);
    for word in 0..5 {
        let first = frame_at(ms(100 + word * 700) + TARGET) + FILTERS;
        assert_eq!(peak(&bench.heard[first - 4_000..first - 300]), 0.0, "word {word}");
        assert!(bench.heard[first + 130] > 0.23, "word {word}: {}", bench.heard[first + 130]);
        assert!(bench.heard[first + 9_500] > 0.23, "word {word}");
    }
    assert!(largest_step(&bench.heard) < SMOOTH, "{}", largest_step(&bench.heard));
}

#[test]
fn an_outage_is_followed_by_what_is_said_now() {
    let mut bench = Bench::new();
    for number in 0..200 {
        // For 600 ms nothing comes, and then all of it at once.
        let arrival = if (50..80).contains(&number) { 100 + 80 * 20 } else { 100 + number * 20 };
        bench.send(Some(ms(arrival)), &low_tone(number));
    }
    bench.run_until(ms(4_000));
    let delays: Vec<_> = bench.stats.iter().map(|stats| stats.delay).collect();
    assert!(delays.iter().all(|&delay| delay <= Duration::from_millis(220)), "{delays:?}");
    assert!(largest_step(&bench.heard) < SMOOTH, "{}", largest_step(&bench.heard));
}

#[test]
fn garbage_is_played_within_the_ceiling_and_never_panics() {
    for seed in 1..=20 {
        let mut bench = Bench::new();
        let mut dice = Dice(seed);
        let mut run = 0;
        for _ in 0..2_000 {
            bench.mixer.handle_command(
                bench.now,
                Command::Media(Media { voice: VOICE, chunk: garbage(&mut dice, bench.now, run) }),
            );
            run += u32::from(dice.below(50) == 0);
            if dice.below(3) == 0 {
                bench.run_until(bench.now + Duration::from_millis(3));
            }
            if dice.below(200) == 0 {
                bench.stall(Duration::from_millis(dice.below(3_000)));
            }
        }
        assert!(bench.heard.iter().all(|sample| sample.abs() <= Limiter::CEILING), "seed {seed}");
        // And it still plays what is good, in a run of its own or not.
        let start = bench.now + Duration::from_millis(500);
        bench.run_until(start);
        for number in 0..50 {
            bench.send(Some(start + Duration::from_millis(number * 20)), &low_tone(number));
        }
        let silence = bench.heard.len();
        bench.run_until(start + Duration::from_millis(500));
        assert!(peak(&bench.heard[silence + 9_600..]) > 0.2, "seed {seed}");
    }
}

fn garbage(dice: &mut Dice, now: Instant, run: u32) -> Chunk {
    let len = usize::try_from(dice.below(Chunk::CAPACITY as u64 + 1)).unwrap();
    let timestamp = match dice.below(3) {
        0 => dice.roll() as u32,
        1 => dice.below(20_000) as u32,
        _ => now.as_micros() as u32 / 125,
    };
    let arrival = match dice.below(4) {
        0 => Instant::from_micros(dice.roll()),
        1 => Instant::ZERO,
        _ => now,
    };
    let payload = (0..len).map(|_| dice.roll() as u8).collect();
    let content = match dice.below(20) {
        0 => Content::ComfortNoise,
        1 => Content::TelephoneEvent,
        _ => Content::Speech { bytes_per_tick: 1 },
    };
    let (payload_type, marker) = (dice.below(10) as u8, dice.below(2) == 0);
    Chunk { run, timestamp, clock: SampleRate::HZ_8000, arrival, payload_type, marker, content, payload }
}

#[test]
fn jitter_beyond_the_target_is_learned_once_and_then_heard_no_more() {
    for period in [1, 2, 4, 8] {
        let mut bench = Bench::new();
        bench.period = period;
        let mut dice = Dice(1);
        for number in 0..1_000 {
            let late = dice.below(60);
            bench.send(Some(ms(100 + number * 20 + late)), &low_tone(number));
        }
        bench.run_until(ms(20_000));
        let (first, last) = (bench.stats[3], bench.stats[18]);
        let troubles = |stats: VoiceStats| (stats.jitter.late, stats.jitter.concealed_ticks);
        assert!(first.jitter.discarded <= 2, "{first:?}");
        assert_eq!(troubles(last), troubles(first), "period {period}");
        assert!(last.delay <= Duration::from_millis(65), "{last:?}");
        assert!(largest_step(&bench.heard) < SMOOTH);
    }
}
