//! Voices that say what is in memory.

use super::bench::*;
use crate::dsp::Ramp;
use crate::mix::{BLOCK, BLOCK_TIME, Command, Media, Mixer, Part, Recital, Report, Route, Voice, VoiceId};
use crate::rtp::{Chunk, Content};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use core::time::Duration;

const RATES: [SampleRate; 3] = [SampleRate::HZ_8000, SampleRate::HZ_16000, SampleRate::HZ_48000];

/// A mixer with a recital, and one channel of what was heard of it since it was attached.
struct Stand {
    mixer: Mixer,
    heard: Vec<f32>,
    reports: Vec<Report>,
    now: Instant,
}

impl Stand {
    fn new(recital: &Recital) -> Self {
        let mut mixer = Mixer::new(1, 4);
        let source = Box::new(Voice::recital(recital));
        mixer.handle_command(
            Instant::ZERO,
            Command::Attach { voice: VOICE, source, route: Route::EVERYWHERE },
        );
        Self { mixer, heard: Vec::new(), reports: Vec::new(), now: Instant::ZERO }
    }

    fn run_until(&mut self, end: Instant) {
        while self.now < end {
            let mut output = [f32::NAN; BLOCK];
            self.mixer.render(self.now, &mut output);
            self.heard.extend(output);
            self.now += BLOCK_TIME;
            self.reports.extend(core::iter::from_fn(|| self.mixer.poll_report()));
        }
    }

    fn tell(&mut self, command: Command) {
        self.mixer.handle_command(self.now, command);
    }

    /// Whether the voice came back.
    fn is_given_back(&self) -> bool {
        self.reports.iter().any(|report| matches!(report, Report::Retired { voice: VOICE, .. }))
    }
}

fn recital(rate: SampleRate, parts: Vec<Part>) -> Recital {
    Recital { rate, parts, level: Level::UNITY, fade: Ramp::QUICK }
}

/// A tone that is as loud in its first and last sample as ever, or nearly so.
fn clip(rate: SampleRate, hz: f32, peak: f32, length: Duration) -> Part {
    let rate_hz = rate.hz() as usize;
    let quarter = (rate.hz() as f32 / hz / 4.0) as usize;
    let len = (length.as_secs_f64() * f64::from(rate.hz())).round() as usize;
    let tone = tone_at(rate_hz, hz, peak, quarter..quarter + len);
    Part::Clip(tone.iter().map(|sample| (sample * 32_768.0).round() as i16).collect())
}

/// A second of a tone, and the middle of what was heard of it.
fn heard_tone(rate: SampleRate, hz: f32, peak: f32) -> Vec<f32> {
    let mut stand = Stand::new(&recital(rate, vec![clip(rate, hz, peak, Duration::from_millis(1_300))]));
    stand.run_until(ms(1_400));
    stand.heard[frame_at(ms(100))..frame_at(ms(1_100))].to_vec()
}

#[test]
fn a_clip_keeps_its_level() {
    for (rate, tones) in RATES.into_iter().zip([
        [300.0, 1_000.0, 3_000.0],
        [300.0, 1_000.0, 6_000.0],
        [300.0, 1_000.0, 15_000.0],
    ]) {
        for hz in tones {
            let level = db(amplitude(&heard_tone(rate, hz, 0.25), f64::from(hz)) / 0.25);
            assert!(level.abs() < 0.1, "{rate}, {hz} Hz: {level} dB");
        }
    }
}

#[test]
fn images_of_a_clip_are_below_minus_70_db() {
    for (rate, tones) in [(RATES[0], [300.0, 1_000.0, 3_400.0]), (RATES[1], [1_000.0, 3_400.0, 7_000.0])] {
        let rate_hz = f64::from(rate.hz());
        for hz in tones {
            let heard = heard_tone(rate, hz, 0.5);
            let (hz, multiples) = (f64::from(hz), [rate_hz, 2.0 * rate_hz, 3.0 * rate_hz]);
            for image in multiples.into_iter().flat_map(|multiple| [multiple - hz, multiple + hz]) {
                let level = db(amplitude(&heard, image) / 0.5);
                assert!(image > 24_000.0 || level < -70.0, "{rate}, {hz} Hz: {level} dB at {image} Hz");
            }
        }
    }
}

#[test]
fn clips_and_pauses_follow_one_another_to_the_sample() {
    let rate = SampleRate::HZ_48000;
    let clips = [vec![8_192_i16; 1_000], vec![-4_096; 777], vec![16_384; 1_201]];
    let part = |clip: &Vec<i16>| Part::Clip(clip.as_slice().into());
    let parts = vec![
        part(&clips[0]),
        Part::Pause(Duration::from_millis(10)),
        part(&clips[1]),
        part(&clips[2]),
        Part::Pause(Duration::ZERO),
    ];
    // The end of the first and the pause, and so on; each clip rises and falls within 120 frames.
    let mut expected = vec![0.0; DELAY];
    for (clip, pause) in clips.iter().zip([480, 0, 0]) {
        let len = clip.len();
        let gain = |distance: usize| {
            (core::f32::consts::FRAC_PI_2 * (distance + 1).min(120) as f32 / 120.0).sin().powi(2)
        };
        let soft =
            |(at, &sample): (usize, &i16)| f32::from(sample) / 32_768.0 * gain(at) * gain(len - 1 - at);
        expected.extend(clip.iter().enumerate().map(soft));
        expected.extend(vec![0.0; pause]);
    }
    let mut stand = Stand::new(&recital(rate, parts));
    stand.run_until(ms(150));
    expected.resize(stand.heard.len(), 0.0);
    let wrong = stand.heard.iter().zip(&expected).position(|(is, should)| (is - should).abs() > 1e-5);
    assert_eq!(wrong, None);
}

#[test]
fn a_clip_that_goes_on_has_no_seam() {
    let rate = SampleRate::HZ_16000;
    let Part::Clip(whole) = clip(rate, 400.0, 0.25, Duration::from_millis(900)) else { unreachable!() };
    let heard = |parts: Vec<Part>| {
        let mut stand = Stand::new(&recital(rate, parts));
        stand.run_until(ms(1_000));
        stand.heard
    };
    let (first, rest) = whole.split_at(5_001);
    let (second, third) = rest.split_at(17);
    let none: [i16; 0] = [];
    let pieces = [&none[..], first, second, &none[..], third].map(|piece| Part::More(piece.into()));
    assert!(heard(pieces.to_vec()) == heard(vec![Part::Clip(whole)]), "the pieces are heard as the whole");
}

#[test]
fn at_every_rate_a_sample_is_heard_when_it_is_its_turn() {
    for (rate, filters) in RATES.into_iter().zip([29 * 3 + DELAY, DELAY, DELAY]) {
        let mut samples = vec![0; rate.hz() as usize / 10];
        samples[rate.hz() as usize / 20] = 16_384;
        let before = vec![0; rate.hz() as usize / 40];
        let parts = vec![
            Part::Clip(before.into()),
            Part::Pause(Duration::from_millis(100)),
            Part::Clip(samples.into()),
        ];
        let mut stand = Stand::new(&recital(rate, parts));
        stand.run_until(ms(300));
        let loudest = peak(&stand.heard);
        let found = stand.heard.iter().position(|&sample| sample == loudest).unwrap();
        let expected = frame_at(ms(25 + 100 + 50)) + filters;
        assert!(found.abs_diff(expected) <= 1, "{rate}: {found} and not {expected}");
    }
}

#[test]
fn nothing_clicks_where_clips_begin_meet_and_end() {
    for rate in RATES {
        let word = || clip(rate, 200.0, 0.25, Duration::from_millis(100));
        let parts = vec![word(), Part::Pause(Duration::from_millis(33)), word(), word()];
        let mut stand = Stand::new(&recital(rate, parts));
        stand.run_until(ms(500));
        assert!(largest_step(&stand.heard) < SMOOTH, "{rate}: {}", largest_step(&stand.heard));
        assert_eq!(peak(&stand.heard[frame_at(ms(345))..]), 0.0);
        // And they are whole: nothing but their edges is softened.
        for middle in [50, 183, 283] {
            let heard = &stand.heard[frame_at(ms(middle - 40))..frame_at(ms(middle + 40))];
            let level = db(amplitude(heard, 200.0) / 0.25);
            assert!(level.abs() < 0.1, "{rate}, at {middle} ms: {level} dB");
        }
    }
}

#[test]
fn a_recital_is_told_to_play_and_given_back_at_its_end() {
    for rate in RATES {
        let mut stand = Stand::new(&recital(
            rate,
            vec![
                Part::Pause(Duration::from_millis(50)),
                clip(rate, 200.0, 0.25, Duration::from_millis(100)),
                Part::Pause(Duration::from_millis(50)),
            ],
        ));
        stand.run_until(ms(45));
        assert!(stand.reports.is_empty() && !stand.mixer.is_idle(), "{rate}: it is awake in a pause");
        stand.run_until(ms(60));
        assert!(matches!(stand.reports[..], [Report::Playing { voice: VOICE }]), "{rate}");
        stand.run_until(ms(195));
        assert!(!stand.is_given_back() && !stand.mixer.is_idle(), "{rate}");
        stand.run_until(ms(215));
        let [_, Report::Retired { voice: VOICE, stats, .. }] = &stand.reports[..] else {
            panic!("{rate}: {:?}", stand.reports);
        };
        assert!(stats.level.peak > 0.24, "{rate}: {stats:?}");
        stand.run_until(ms(260));
        assert!(stand.mixer.is_idle(), "{rate}");
        assert!(stand.heard[stand.heard.len() - BLOCK..].iter().all(|sample| sample.to_bits() == 0));
    }
}

#[test]
fn a_recital_that_is_released_fades_out_and_is_given_back() {
    for (rate, fade) in RATES.into_iter().zip([5, 40, 200]) {
        let long = clip(rate, 200.0, 0.25, Duration::from_secs(3));
        let mut stand =
            Stand::new(&Recital { fade: Duration::from_millis(fade), ..recital(rate, vec![long]) });
        stand.run_until(ms(500));
        stand.tell(Command::Release { voice: VOICE });
        stand.run_until(ms(500 + fade));
        assert!(peak(&stand.heard[frame_at(ms(500 + fade / 4))..]) > 0.05, "{rate}: no fade");
        stand.run_until(ms(500 + fade + 30));
        assert!(stand.is_given_back(), "{rate}");
        stand.run_until(ms(800));
        assert!(largest_step(&stand.heard) < SMOOTH, "{rate}: {}", largest_step(&stand.heard));
        assert_eq!(peak(&stand.heard[frame_at(ms(500 + fade + 10))..]), 0.0, "{rate}");
    }
}

#[test]
fn the_level_of_a_recital_is_its_own_and_may_change() {
    let rate = SampleRate::HZ_16000;
    let long = clip(rate, 200.0, 0.25, Duration::from_secs(2));
    let mut stand = Stand::new(&Recital { level: Level::from_db(-6.0), ..recital(rate, vec![long]) });
    stand.run_until(ms(500));
    stand.tell(Command::SetLevel { voice: VOICE, level: Level::from_db(-20.0) });
    stand.run_until(ms(1_000));
    stand.tell(Command::Hush { voice: VOICE, hushed: true });
    stand.run_until(ms(1_200));
    for (from, to, expected) in [(100, 500, -6.0), (600, 1_000, -20.0)] {
        let level = db(amplitude(&stand.heard[frame_at(ms(from))..frame_at(ms(to))], 200.0) / 0.25);
        assert!((level - expected).abs() < 0.1, "{from} ms: {level} dB");
    }
    assert_eq!(peak(&stand.heard[frame_at(ms(1_020))..]), 0.0);
    assert!(largest_step(&stand.heard) < SMOOTH);
}

#[test]
fn a_recital_of_nothing_comes_back_at_once_and_media_are_none_of_its_business() {
    let rate = SampleRate::HZ_16000;
    let mut stand =
        Stand::new(&recital(rate, vec![Part::Pause(Duration::ZERO), Part::Clip(Vec::new().into())]));
    let payload = heapless::Vec::from_iter([0; 160]);
    let chunk = Chunk {
        run: 0,
        timestamp: 0,
        clock: SampleRate::HZ_8000,
        arrival: Instant::ZERO,
        payload_type: 0,
        marker: true,
        content: Content::Speech { bytes_per_tick: 1 },
        payload,
    };
    stand.tell(Command::Media(Media { voice: VOICE, chunk }));
    stand.run_until(ms(5));
    assert!(stand.is_given_back() && stand.mixer.is_idle());
    assert_eq!(peak(&stand.heard), 0.0);
}

#[test]
fn a_recital_and_a_caller_are_heard_together() {
    let rate = SampleRate::HZ_48000;
    let mut bench = Bench::new();
    let long = clip(rate, 3_000.0, 0.2, Duration::from_secs(1));
    let source = Box::new(Voice::recital(&recital(rate, vec![long])));
    bench.mixer.handle_command(
        Instant::ZERO,
        Command::Attach { voice: VoiceId(2), source, route: Route::EVERYWHERE },
    );
    for number in 0..50_usize {
        bench.send(Some(ms(20 * number as u64)), &tone(1_000.0, 0.2, number * 160, 160));
    }
    bench.run_until(ms(900));
    let heard = bench.span(ms(200), ms(800));
    for hz in [1_000.0, 3_000.0] {
        let level = db(amplitude(heard, hz) / 0.2);
        assert!(level.abs() < 0.1, "{hz} Hz: {level} dB");
    }
}

/// Frames at 48 kHz of the interpolator and the limiter.
const DELAY: usize = 53 + 71;
