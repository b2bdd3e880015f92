#![expect(clippy::float_cmp, reason = "silence is exact zeros")]

use super::*;
use core::f32::consts::TAU;

fn tone(hz: f32, from: u16, len: u16) -> Vec<f32> {
    (from..from + len).map(|sample| (TAU * hz * f32::from(sample) / 8000.0).sin()).collect()
}

/// A concealer that has heard a tone for 100 ms.
fn after_tone(hz: f32) -> Concealer {
    let mut concealer = Concealer::new(SampleRate::HZ_8000);
    concealer.speech(&mut tone(hz, 0, 800), true);
    concealer
}

fn lost(concealer: &mut Concealer, len: usize) -> Vec<f32> {
    let mut samples = vec![f32::NAN; len];
    concealer.lost(&mut samples);
    samples
}

/// The largest second difference.
fn bend(samples: &[f32]) -> f32 {
    samples.windows(3).map(|three| (three[0] - 2.0 * three[1] + three[2]).abs()).fold(0.0, f32::max)
}

#[test]
fn a_tone_goes_on_in_phase() {
    for hz in [80.0, 100.0, 200.0, 320.0] {
        let made_up = lost(&mut after_tone(hz), FULL);
        for (one, other) in made_up.iter().zip(tone(hz, 800, 80)) {
            assert!((one - other).abs() < 0.01, "{hz} Hz: {one} and not {other}");
        }
    }
}

#[test]
fn what_is_made_up_begins_where_speech_ended_whatever_it_was() {
    let mut concealer = Concealer::new(SampleRate::HZ_8000);
    // A step in the middle of the history: nothing that could be repeated.
    let mut speech = [vec![0.0; 400], vec![0.7; 30]].concat();
    concealer.speech(&mut speech, true);
    let made_up = lost(&mut concealer, FULL);
    assert!((made_up[0] - 0.7).abs() < 0.1, "{}", made_up[0]);
}

#[test]
fn what_is_made_up_is_gone_after_sixty_milliseconds() {
    let mut concealer = after_tone(200.0);
    let made_up = lost(&mut concealer, 600);
    assert!(made_up[FADED - 60..FADED].iter().any(|&sample| sample.abs() > 0.02));
    assert!(made_up[FADED..].iter().all(|&sample| sample == 0.0));
    assert!(concealer.is_quiet());
}

#[test]
fn where_nobody_speaks_what_was_heard_is_gone_after_seven_milliseconds() {
    let mut concealer = after_tone(200.0);
    let mut samples = tone(200.0, 800, 0);
    for _ in 0..4 {
        let mut block = [f32::NAN; 20];
        concealer.fade(&mut block);
        samples.extend(block);
    }
    assert!(samples[1..4].iter().any(|&sample| sample.abs() > 0.1));
    assert!(samples[56..].iter().all(|&sample| sample == 0.0));
    assert!(concealer.is_quiet());
}

#[test]
fn a_known_end_is_reached_in_phase() {
    // The tone comes back up to 1 ms out of step with the one that was lost.
    for (hz, late) in [(200.0, 0), (200.0, 6), (125.0, 5), (310.0, 3)] {
        for len in [40, 80, 160_u16] {
            let mut concealer = after_tone(hz);
            let next = tone(hz, 800 + len - late, 160);
            concealer.bridge(usize::from(len), &next);
            let made_up = lost(&mut concealer, usize::from(len));
            let mut speech = next.clone();
            concealer.speech(&mut speech, true);
            assert_eq!(speech, next, "what follows a bridge is left alone");
            let heard = [&tone(hz, 700, 100)[..], &made_up, &speech].concat();
            let undisturbed = bend(&next);
            assert!(bend(&heard) < 3.0 * undisturbed, "{hz} Hz, {late}, {len}: {}", bend(&heard));
            let loudest = made_up.iter().fold(0.0_f32, |peak, sample| sample.abs().max(peak));
            let expected = if late == 0 { 0.95 } else { 0.75 };
            assert!(len < 80 || loudest > expected, "{hz} Hz, {late}, {len}: {loudest}");
        }
    }
}

#[test]
fn a_bridge_that_leads_nowhere_is_left_without_a_step() {
    let mut concealer = after_tone(200.0);
    concealer.bridge(160, &tone(200.0, 960, 160));
    let made_up = lost(&mut concealer, 60);
    // What was lost has come after all, and begins at once.
    let mut speech = tone(200.0, 860 + 20, 160);
    concealer.speech(&mut speech, true);
    let heard = [&made_up[..], &speech[..]].concat();
    assert!(bend(&heard) < 0.1, "{}", bend(&heard));
    assert_eq!(speech[JOIN..], tone(200.0, 880, 160)[JOIN..]);
}

#[test]
fn a_bridge_that_ends_too_early_goes_on_without_a_step() {
    // It leads a quarter of a period away from where the repetition is.
    for (bridge, asked) in [(80, 20), (80, 120), (50, 20)] {
        let mut concealer = after_tone(200.0);
        concealer.bridge(bridge, &tone(200.0, 800 + u16::try_from(bridge).unwrap() + 10, 160));
        let made_up: Vec<f32> = (0..240 / asked).flat_map(|_| lost(&mut concealer, asked)).collect();
        assert!(bend(&made_up) < 0.2, "{bridge}, {asked}: {}", bend(&made_up));
    }
}

#[test]
fn what_is_too_far_away_or_too_short_makes_no_bridge() {
    let mut concealer = after_tone(200.0);
    concealer.bridge(161, &[0.5; 160]);
    assert!(concealer.wants_bridge());
    concealer.bridge(80, &[0.5; SHORTEST_PAST - 1]);
    assert!(concealer.wants_bridge());
    concealer.bridge(80, &[0.5; SHORTEST_PAST]);
    assert!(!concealer.wants_bridge());
}

#[test]
fn speech_after_a_loss_is_itself_after_five_milliseconds() {
    let mut concealer = after_tone(200.0);
    lost(&mut concealer, 160);
    let mut speech = vec![0.25; 20];
    concealer.speech(&mut speech, false);
    assert!(speech.iter().any(|&sample| sample != 0.25));
    let mut speech = vec![0.25; 60];
    concealer.speech(&mut speech, false);
    assert_eq!(speech[20..], [0.25; 40]);
}

#[test]
fn speech_that_returns_while_the_repetition_fades_to_silence_only_rises() {
    let mut concealer = after_tone(200.0);
    lost(&mut concealer, FADED - 20);
    let mut speech = [1.0; 40];
    for block in speech.chunks_mut(20) {
        concealer.speech(block, false);
    }
    assert!(speech.windows(2).all(|pair| pair[1] > pair[0] && pair[1] - pair[0] < 0.05), "{speech:?}");
}

#[test]
fn speech_after_silence_is_itself_after_two_and_a_half_milliseconds() {
    let mut speech = vec![0.25; 40];
    Concealer::new(SampleRate::HZ_8000).speech(&mut speech, true);
    assert!(speech[0] > 0.01 && speech[0] < 0.02, "{}", speech[0]);
    assert_eq!(speech[JOIN_FROM_SILENCE - 1..], [0.25; 21]);
}

#[test]
fn speech_without_a_seam_is_left_alone() {
    let mut concealer = after_tone(200.0);
    let mut speech = tone(200.0, 800, 80);
    concealer.speech(&mut speech, false);
    assert_eq!(speech, tone(200.0, 800, 80));
}

#[test]
fn any_order_of_speech_and_loss_at_any_rate_stays_within_bounds() {
    let mut random = 1_u32;
    let mut below = |limit: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % limit
    };
    let mut concealer = Concealer::new(SampleRate::HZ_48000);
    let rates = [SampleRate::HZ_8000, SampleRate::HZ_16000, SampleRate::HZ_48000];
    for turn in 0..5_000 {
        let mut samples = vec![if turn % 7 == 0 { -1.0 } else { 1.0 }; below(300)];
        match below(6) {
            0 => concealer.speech(&mut samples, below(2) == 0),
            1 | 2 => concealer.lost(&mut samples),
            3 => concealer.fade(&mut samples),
            4 => concealer.bridge(below(1_200), &vec![0.9; below(1_200)]),
            _ if below(10) == 0 => concealer.restart(rates[below(3)]),
            _ => {}
        }
        assert!(samples.iter().all(|sample| sample.abs() < 10.0), "turn {turn}");
    }
}
