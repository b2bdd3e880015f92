use super::super::probe::{Noise, sine};
use super::*;

/// A stream of a test through a time scale, in blocks.
struct Stream {
    scale: TimeScale,
    input: Vec<f32>,
    position: usize,
    output: Vec<f32>,
    changed: i64,
}

impl Stream {
    fn new(input: Vec<f32>, rate: SampleRate) -> Self {
        Self { scale: TimeScale::new(rate), input, position: 0, output: Vec::new(), changed: 0 }
    }

    fn give(&mut self, len: usize) {
        let (input, position) = (&self.input, &mut self.position);
        let mut pull = |samples: &mut [f32]| {
            samples.copy_from_slice(&input[*position..][..samples.len()]);
            *position += samples.len();
        };
        let mut block = vec![f32::NAN; len];
        self.changed += self.scale.process(&mut pull, &mut block);
        self.output.extend(block);
    }

    /// What went in is what came out, is held or was cut, whatever happened.
    fn check_balance(&self) {
        let given = i64::try_from(self.output.len() + self.scale.held()).unwrap();
        assert_eq!(i64::try_from(self.position).unwrap(), given + self.changed);
    }
}

/// A vowel: pulses of a voice through two resonances, its pitch gliding.
fn vowel(frames: usize, rate_hz: u32) -> Vec<f32> {
    let rate = f64::from(rate_hz);
    let (mut phase, mut memory) = (0.0, [[0.0_f64; 2]; 2]);
    (0..frames)
        .map(|frame| {
            let time = f64::from(u32::try_from(frame).unwrap()) / rate;
            phase += (120.0 + 20.0 * (2.0 * time).sin()) / rate;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            let mut sample = pulse;
            for (memory, hz) in memory.iter_mut().zip([700.0, 1200.0]) {
                let radius = (-core::f64::consts::PI * 90.0 / rate).exp();
                let turn = 2.0 * radius * (core::f64::consts::TAU * hz / rate).cos();
                let next = sample * (1.0 - radius) + turn * memory[0] - radius * radius * memory[1];
                *memory = [next, memory[0]];
                sample = next;
            }
            narrow(sample * 6.0)
        })
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "samples have 32 bits")]
fn narrow(sample: f64) -> f32 {
    sample as f32
}

/// The largest second difference: how sharp the sharpest corner is.
fn corner(samples: &[f32]) -> f32 {
    samples.windows(3).map(|three| (three[2] - 2.0 * three[1] + three[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn without_a_wish_everything_passes_as_it_is() {
    let input = Noise::new(1).samples(8_000);
    let mut stream = Stream::new(input.clone(), SampleRate::HZ_8000);
    for len in [20, 1, 160, 7, 19].into_iter().cycle().take(100) {
        stream.give(len);
    }
    assert_eq!(stream.output[..], input[..stream.output.len()]);
    assert_eq!((stream.changed, stream.scale.held()), (0, 0));
}

#[test]
fn a_delay_of_150_ms_is_won_back_from_running_speech_within_a_second_and_a_half() {
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_16000, SampleRate::HZ_48000] {
        let ms = usize::try_from(rate.hz() / 1000).unwrap();
        let input = vowel(4_000 * ms, rate.hz());
        let before = corner(&input[1_000 * ms..]);
        let mut stream = Stream::new(input, rate);
        let wish = i64::try_from(150 * ms).unwrap();
        for _ in 0..600 {
            stream.scale.want(wish - stream.changed);
            stream.give(5 * ms / 2);
        }
        stream.check_balance();
        let left = wish - stream.changed;
        assert!(
            (0..i64::try_from(SHORTEST * ms).unwrap()).contains(&left),
            "{rate}: {left} samples are left"
        );
        let after = corner(&stream.output);
        assert!(after < 1.3 * before, "{rate}: a corner of {after}, in the input {before}");
    }
}

#[test]
fn speech_is_lengthened_as_well() {
    let input = vowel(32_000, 8_000);
    let before = corner(&input[8_000..]);
    let mut stream = Stream::new(input, SampleRate::HZ_8000);
    for _ in 0..400 {
        stream.scale.want(-600 - stream.changed);
        stream.give(20);
    }
    stream.check_balance();
    assert!((-600..=-576).contains(&stream.changed), "{} samples", stream.changed);
    assert!(corner(&stream.output) < 1.3 * before);
}

#[test]
fn a_tone_stays_a_tone() {
    let input = sine(32_000, 437.0, 8_000);
    let most = corner(&input);
    let mut stream = Stream::new(input, SampleRate::HZ_8000);
    for round in 0..800 {
        stream.scale.want(if round < 400 { 500 - stream.changed } else { -500 - stream.changed });
        stream.give(20);
    }
    stream.check_balance();
    assert!(stream.changed < -400, "{}", stream.changed);
    assert!(corner(&stream.output) < 1.1 * most);
    let peak = |samples: &[f32]| samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    assert!(stream.output.chunks(40).skip(2).all(|period| (0.85..1.01).contains(&peak(period))));
}

#[test]
fn silence_is_cut_without_a_pause() {
    let mut stream = Stream::new(vec![0.001; 8_000], SampleRate::HZ_8000);
    stream.scale.want(1_200);
    for _ in 0..40 {
        stream.give(20);
    }
    assert_eq!(stream.changed, 1_200);
}

#[test]
fn noise_that_is_like_nothing_is_cut_after_a_while_all_the_same() {
    let mut stream = Stream::new(Noise::new(3).samples(32_000), SampleRate::HZ_8000);
    for _ in 0..800 {
        stream.scale.want(1_000 - stream.changed);
        stream.give(20);
    }
    assert!(stream.changed > 900, "{}", stream.changed);
}

#[test]
fn no_more_is_pulled_ahead_than_is_to_go() {
    let mut stream = Stream::new(vowel(8_000, 8_000), SampleRate::HZ_8000);
    stream.scale.want(40);
    stream.give(20);
    assert!(stream.scale.held() <= 40 + FADE * 8, "{}", stream.scale.held());
}

#[test]
fn any_wishes_and_any_sizes_keep_the_balance() {
    let mut noise = Noise::new(7);
    for rate in [SampleRate::HZ_8000, SampleRate::HZ_48000] {
        let mut stream = Stream::new(vowel(400_000, 8_000), rate);
        for _ in 0..2_000 {
            let wish = i64::try_from(noise.below(4_000)).unwrap() - 2_000;
            stream.scale.want(wish);
            stream.give(noise.below(160));
            stream.check_balance();
            assert!(stream.output.iter().rev().take(160).all(|sample| sample.is_finite()));
        }
    }
}

#[test]
fn after_a_reset_nothing_is_held() {
    let mut stream = Stream::new(vowel(8_000, 8_000), SampleRate::HZ_8000);
    stream.scale.want(500);
    stream.give(20);
    assert!(stream.scale.held() > 0);
    stream.scale.reset();
    assert_eq!(stream.scale.held(), 0);
}
