#![expect(clippy::cast_precision_loss, reason = "signals of a test are short")]

mod signal;
mod speech;

use super::super::probe::{in_pieces, sine};
use super::*;
use signal::{Dialling, SHORT, chord, mixed, noise};
use speech::{MAN, WOMAN};

const ALL: &str = "1234567890*#ABCD";

/// What a listener notes down.
#[derive(Default)]
struct Notes {
    keys: String,
    events: Vec<HeardKey>,
    /// The frames behind the hops that were suspect.
    suspects: Vec<u64>,
}

fn notes(samples: &[f32], rate_hz: u32) -> Notes {
    let mut dtmf = Dtmf::new(SampleRate::new(rate_hz).unwrap());
    let mut notes = Notes::default();
    let mut frame = 0;
    for hop in samples.chunks(rate_hz as usize / 200) {
        dtmf.hear(hop);
        frame += hop.len() as u64;
        if dtmf.is_suspect() {
            notes.suspects.push(frame);
        }
        while let Some(heard) = dtmf.poll_event() {
            if let KeyEvent::Pressed(key) = heard.event {
                notes.keys.push(key.as_char());
            }
            notes.events.push(heard);
        }
    }
    notes
}

fn keys(samples: &[f32]) -> String {
    notes(samples, 8000).keys
}

/// What is heard of all keys, sent like this.
fn dialled(dialling: Dialling) -> String {
    keys(&dialling.dial(ALL))
}

/// Samples as they come out of a codec.
fn coded<Code>(samples: &[f32], encode: fn(i16) -> Code, decode: fn(Code) -> i16) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "samples are below full scale")]
    let linear = samples.iter().map(|sample| (sample * 32_767.0) as i16);
    linear.map(|sample| f32::from(decode(encode(sample))) / 32_768.0).collect()
}

fn ulaw(samples: &[f32]) -> Vec<f32> {
    coded(samples, audio_codec_algorithms::encode_ulaw, audio_codec_algorithms::decode_ulaw)
}

fn alaw(samples: &[f32]) -> Vec<f32> {
    coded(samples, audio_codec_algorithms::encode_alaw, audio_codec_algorithms::decode_alaw)
}

#[test]
fn every_key_of_40_ms_is_heard_wherever_it_begins() {
    let dialled = SHORT.dial(ALL);
    for silence in 0..40 {
        assert_eq!(keys(&[&vec![0.0; silence], &dialled[..]].concat()), ALL, "behind {silence} frames");
    }
}

#[test]
fn the_same_key_again_after_40_ms_is_another_press() {
    assert_eq!(keys(&SHORT.dial("1177##")), "1177##");
}

#[test]
fn tones_of_20_ms_are_no_keys() {
    for silence in 0..40 {
        let dialled = Dialling { on_ms: 20.0, ..SHORT }.dial(ALL);
        assert_eq!(keys(&[&vec![0.0; silence], &dialled[..]].concat()), "", "behind {silence} frames");
    }
}

#[test]
fn a_break_of_10_ms_makes_no_second_press() {
    let broken = Dialling { off_ms: 10.0, ..SHORT }.dial("5555");
    assert_eq!(keys(&[broken, vec![0.0; 400]].concat()), "5");
}

#[test]
fn one_tone_may_be_8_db_louder_and_not_12() {
    for twist_db in [-8.0, -4.0, 4.0, 8.0] {
        assert_eq!(dialled(Dialling { twist_db, ..SHORT }), ALL, "{twist_db} dB");
    }
    for twist_db in [-12.0, 12.0] {
        assert_eq!(dialled(Dialling { twist_db, on_ms: 100.0, ..SHORT }), "", "{twist_db} dB");
    }
}

#[test]
fn tones_may_be_off_by_one_and_a_half_percent_and_not_three_and_a_half() {
    for off in [[0.015, 0.015], [-0.015, 0.015], [0.015, -0.015], [-0.015, -0.015]] {
        assert_eq!(dialled(Dialling { off, ..SHORT }), ALL, "{off:?}");
    }
    for off in [[0.035, 0.0], [-0.035, 0.0], [0.0, 0.035], [0.0, -0.035]] {
        assert_eq!(dialled(Dialling { off, on_ms: 100.0, ..SHORT }), "", "{off:?}");
    }
}

#[test]
fn keys_are_heard_from_minus_36_db_to_full_scale_through_either_law() {
    for level_db in [-36.0, -30.0, -20.0, -10.0, -3.0] {
        for twist_db in [-8.0, 0.0, 8.0] {
            let dialled = Dialling { level_db, twist_db, ..SHORT }.dial(ALL);
            assert_eq!(keys(&dialled), ALL, "{level_db} dB");
            assert_eq!(keys(&ulaw(&dialled)), ALL, "{level_db} dB through PCMU");
            assert_eq!(keys(&alaw(&dialled)), ALL, "{level_db} dB through PCMA");
        }
    }
}

#[test]
fn keys_below_minus_45_db_are_not_meant() {
    assert_eq!(dialled(Dialling { level_db: -45.0, ..SHORT }), "");
}

#[test]
fn noise_15_db_below_is_no_hindrance() {
    for seed in 0..10 {
        for (twist_db, off) in [(0.0, [0.0; 2]), (8.0, [0.015, -0.015]), (-8.0, [-0.015, 0.015])] {
            let dialled = Dialling { twist_db, off, ..SHORT }.dial(ALL);
            let noise = noise(dialled.len(), SHORT.level_db - 15.0, seed);
            assert_eq!(
                keys(&ulaw(&mixed(&[(&dialled, 1.0), (&noise, 1.0)]))),
                ALL,
                "noise {seed}, {twist_db} dB"
            );
        }
    }
}

#[test]
fn a_dial_tone_6_db_above_is_no_hindrance() {
    let dialled = Dialling { level_db: -20.0, ..SHORT }.dial(ALL);
    for tones in [&[350.0, 440.0][..], &[350.0, 450.0], &[400.0], &[413.0], &[425.0], &[440.0]] {
        // Twice the amplitude of the pair, shared by the tones.
        let gain = (0.04 / tones.len() as f64).sqrt();
        let sines: Vec<_> = tones.iter().map(|&hz| sine(dialled.len(), hz, 8000)).collect();
        let mut parts: Vec<_> = sines.iter().map(|tone| (&tone[..], gain)).collect();
        parts.push((&dialled, 1.0));
        assert_eq!(keys(&mixed(&parts)), ALL, "{tones:?} Hz");
    }
}

#[test]
fn wide_band_is_listened_to_as_well() {
    for off in [[0.0; 2], [0.015, -0.015]] {
        let dialling = Dialling { rate_hz: 16_000, off, ..SHORT };
        assert_eq!(notes(&dialling.dial(ALL), 16_000).keys, ALL);
    }
    let speech = WOMAN.speak(100, 4);
    let doubled: Vec<f32> = speech.iter().flat_map(|&sample| [sample, sample]).collect();
    assert_eq!(notes(&doubled, 16_000).keys, "");
}

#[test]
fn a_press_is_told_with_its_beginning_its_end_and_its_length() {
    for (silence, on_ms) in [(400_u32, 40.0), (413, 100.0), (427, 3000.0)] {
        let tones = Dialling { on_ms, ..SHORT }.key('9');
        let samples = [&vec![0.0; silence as usize], &tones[..], &[0.0; 400]].concat();
        let events = notes(&samples, 8000).events;
        let [pressed, released] = events[..] else { panic!("{events:?}") };
        let KeyEvent::Released(key, length) = released.event else { panic!("{events:?}") };
        assert_eq!((pressed.event, key), (KeyEvent::Pressed(key), Key::from_char('9').unwrap()));
        let (start, end) = (u64::from(silence), u64::from(silence) + tones.len() as u64);
        assert!(pressed.frame.abs_diff(start) <= 40, "{} for {start}", pressed.frame);
        assert!(released.frame.abs_diff(end) <= 40, "{} for {end}", released.frame);
        assert_eq!(length.as_micros(), u128::from(released.frame - pressed.frame) * 125);
    }
}

#[test]
fn a_key_is_suspect_within_15_ms_of_its_beginning_until_its_end() {
    let mut delays = Vec::new();
    for (silence, key) in (400..440_u32).zip(ALL.chars().cycle()) {
        let tones = Dialling { on_ms: 50.0, ..SHORT }.key(key);
        let samples = ulaw(&[&vec![0.0; silence as usize], &tones[..], &[0.0; 800]].concat());
        let suspects = notes(&samples, 8000).suspects;
        let (first, last) = (*suspects.first().unwrap(), *suspects.last().unwrap());
        delays.push(first - u64::from(silence));
        let end = u64::from(silence) + tones.len() as u64;
        assert!((end..=end + 240).contains(&last), "until {last}, ended at {end}");
        assert_eq!((last - first) / 40 + 1, suspects.len() as u64, "without a break");
    }
    assert!(*delays.iter().max().unwrap() <= 120, "{delays:?}");
    assert!(delays.iter().sum::<u64>() <= 90 * delays.len() as u64, "{delays:?}");
}

#[test]
fn speech_is_no_key_and_hardly_suspect() {
    for (voice, seed) in [(MAN, 1), (WOMAN, 2)] {
        let speech = voice.speak(300, seed);
        for speech in [&speech, &ulaw(&speech), &alaw(&speech)] {
            let notes = notes(speech, 8000);
            assert_eq!(notes.keys, "");
            let part = 40.0 * notes.suspects.len() as f64 / speech.len() as f64;
            assert!(part < 0.005, "{part}");
        }
    }
}

#[test]
fn keys_between_words_are_heard() {
    let speech = MAN.speak(12, 3);
    let dialled = Dialling { on_ms: 100.0, off_ms: 100.0, ..SHORT }.dial("42#");
    assert_eq!(keys(&[&speech, &dialled[..], &speech].concat()), "42#");
}

#[test]
fn music_is_no_key() {
    let note = |key: i32| 440.0 * 2.0_f64.powf(f64::from(key) / 12.0);
    for root in -24..20 {
        for chord_of in [&[0, 7][..], &[0, 4, 7], &[0, 3, 10], &[0, 12], &[0, 10]] {
            let notes: Vec<_> = chord_of.iter().map(|step| note(root + step)).collect();
            assert_eq!(keys(&chord(&notes, 0.3)), "", "{notes:?}");
        }
    }
}

#[test]
fn signals_of_the_network_are_no_keys() {
    let tones: [&[f64]; 8] = [
        &[440.0, 480.0],
        &[480.0, 620.0],
        &[1100.0],
        &[2100.0],
        &[950.0, 1400.0, 1800.0],
        &[697.0],
        &[1336.0],
        &[697.0, 941.0, 1336.0],
    ];
    for tones in tones {
        let tones: Vec<_> = tones.iter().map(|&hz| sine(4000, hz, 8000)).collect();
        let parts: Vec<_> = tones.iter().map(|tone| (&tone[..], 0.2)).collect();
        assert_eq!(keys(&mixed(&parts)), "");
    }
    assert_eq!(keys(&noise(80_000, -10.0, 1)), "");
}

#[test]
fn it_does_not_matter_how_the_sound_is_cut() {
    let dialled = SHORT.dial(ALL);
    let whole = notes(&dialled, 8000).events;
    let (mut dtmf, mut cut) = (Dtmf::new(SampleRate::HZ_8000), Vec::new());
    in_pieces(&dialled, 3, |piece| {
        dtmf.hear(piece);
        cut.extend(std::iter::from_fn(|| dtmf.poll_event()));
    });
    assert_eq!(cut, whole);
}

#[test]
fn what_is_no_number_does_not_stick() {
    for bad in [f32::NAN, f32::INFINITY, f32::MAX] {
        let samples = [&[bad; 3], &SHORT.dial(ALL)[..]].concat();
        assert_eq!(keys(&samples), ALL, "{bad}");
    }
}

#[test]
fn nobody_who_polls_costs_no_memory() {
    let mut dtmf = Dtmf::new(SampleRate::HZ_8000);
    dtmf.hear(&SHORT.dial(ALL));
    let events: Vec<_> = std::iter::from_fn(|| dtmf.poll_event()).collect();
    assert_eq!(events.len(), MAX_EVENTS);
    assert!(
        matches!(events.last().unwrap().event, KeyEvent::Released(key, _) if key.as_char() == 'C' || key.as_char() == 'D')
    );
}
