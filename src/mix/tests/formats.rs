//! Codecs that change in the middle of a stream, and noise between words.

use super::bench::*;
use crate::codec::ComfortNoise;
use crate::mix::Format;
use crate::rtp::DelayRange;

const ALL: [Format; 6] = [G711[0], G711[1], G722, L16_8, L16_16, L16_48];

/// Half a second of a tone of 200 Hz by each of `formats`, one after the other.
fn play(bench: &mut Bench, formats: &[Format]) {
    for (turn, &format) in formats.iter().enumerate() {
        let rate_hz = format.codec.sample_rate().hz() as usize;
        let packet = rate_hz / 50;
        for number in 0..25 {
            let speech = tone_at(rate_hz, 200.0, 0.25, number * packet..(number + 1) * packet);
            let arrival = ms(100 + (turn as u64 * 25 + number as u64) * 20);
            bench.send_as(format, Some(arrival), &speech);
        }
    }
    bench.run_until(ms(300 + 500 * formats.len() as u64));
}

#[test]
fn a_codec_may_change_in_mid_stream_without_a_click_or_a_gap() {
    let orders: [&[Format]; 6] = [
        &[G711[0], G722, L16_48],
        &[L16_48, G722, G711[1]],
        &[G711[0], L16_48, G711[0]],
        &[L16_16, L16_8, G722],
        &[G711[0], G711[1], G722],
        &[L16_8, L16_16, L16_48],
    ];
    for order in orders {
        let mut bench = Bench::of(&ALL, DelayRange::default());
        play(&mut bench, order);
        assert!(largest_step(&bench.heard) < 1.5 * SMOOTH, "{order:?}: {}", largest_step(&bench.heard));
        for turn in 0..order.len() as u64 {
            let middle = bench.span(ms(300 + 500 * turn), ms(500 + 500 * turn));
            let level = db(amplitude(middle, 200.0) / 0.25);
            assert!(level.abs() < 0.5, "{order:?}, {turn}: {level} dB");
        }
        let heard = bench.span(ms(130), ms(90 + 500 * order.len() as u64));
        let quietest = heard.windows(360).step_by(48).map(peak).fold(1.0, f32::min);
        assert!(quietest > 0.08, "{order:?}: {quietest}");
        let delay = bench.stats.last().unwrap().delay;
        assert!(delay.as_millis() < 20, "{order:?}: {delay:?}");
    }
}

#[test]
fn each_format_is_as_late_as_its_filters_say() {
    // Frames at 48 kHz: half-band, fractional, to 48 kHz, limiter.
    let filters = [(L16_8, 87 + 15 + 53 + 71), (L16_16, 54 + 53 + 71), (L16_48, 18 + 53 + 71)];
    for (format, frames) in filters {
        let mut bench = Bench::of(&[format], DelayRange::default());
        let packet = format.codec.sample_rate().hz() as usize / 50;
        for number in 0..20 {
            let mut speech = vec![0.0; packet];
            if number == 10 {
                speech[packet / 2] = 0.5;
            }
            bench.send_as(format, Some(ms(100 + 20 * number)), &speech);
        }
        bench.run_until(ms(600));
        let loudest = peak(&bench.heard);
        let found = bench.heard.iter().position(|sample| sample.abs() == loudest).unwrap();
        let expected = frame_at(ms(310) + TARGET) + frames;
        assert!(found.abs_diff(expected) <= 6, "{format:?}: {found} and not {expected}");
    }
}

#[test]
fn a_lost_packet_is_concealed_whatever_the_codec() {
    for format in ALL {
        let mut bench = Bench::of(&ALL, DelayRange::default());
        let rate_hz = format.codec.sample_rate().hz() as usize;
        let packet = rate_hz / 50;
        for number in 0..60 {
            let speech = tone_at(rate_hz, 200.0, 0.25, number * packet..(number + 1) * packet);
            let arrival = (number % 20 != 10).then(|| ms(100 + 20 * number as u64));
            bench.send_as(format, arrival, &speech);
        }
        bench.run_until(ms(1_200));
        let heard = bench.span(ms(150), ms(1_200));
        assert!(largest_step(heard) < 1.5 * SMOOTH, "{format:?}: {}", largest_step(heard));
        let quietest = heard.windows(360).step_by(48).map(peak).fold(1.0, f32::min);
        assert!(quietest > 0.15, "{format:?}: {quietest}");
        let jitter = bench.stats.last().unwrap().jitter;
        assert!(jitter.concealed_ticks > 0, "{format:?}");
    }
}

#[test]
fn comfort_noise_is_heard_between_words_at_its_level() {
    let mut bench = Bench::new();
    let mut at = 100;
    for _ in 0..2 {
        for number in 0..10_usize {
            bench.send(Some(ms(at)), &tone(200.0, 0.25, number * 160, 160));
            at += 20;
        }
        // -40 dB, white, for a second.
        bench.send_payload(ComfortNoise::PAYLOAD_TYPE, Some(ms(at)), &[40], 8_000);
        at += 1_000;
    }
    bench.run_until(ms(1_400));
    let noise = bench.span(ms(600), ms(1_200));
    let rms = (noise.iter().map(|sample| sample * sample).sum::<f32>() / noise.len() as f32).sqrt();
    assert!((db(f64::from(rms)) + 40.0).abs() < 1.5, "{} dB", db(f64::from(rms)));
    let word = bench.span(ms(1_330), ms(1_390));
    assert!(peak(word) > 0.2 && peak(word) < 0.27, "{}", peak(word));
    assert!(largest_step(&bench.heard) < 2.0 * SMOOTH + 0.03, "{}", largest_step(&bench.heard));
}
