//! Zones of one sink: who is heard where, how loud and how late.

use super::bench::*;
use crate::dsp::Reading;
use crate::mix::{BLOCK, Command, Mixer, OutputLevels, Part, Recital, Report, Route, Spread, Voice, VoiceId};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use core::time::Duration;

const ONE: VoiceId = VoiceId(1);
const TWO: VoiceId = VoiceId(2);
const QUICK: Duration = Duration::from_millis(5);
/// Of a zone on two channels, one on the third, and a fourth channel of nobody.
const HALL: usize = 0;
const YARD: usize = 1;

struct Site {
    mixer: Mixer,
    now: Instant,
    /// What was heard on each channel.
    heard: [Vec<f32>; 4],
    retired: usize,
    /// What was told last of a voice, and of all.
    gain: f32,
    loudness: Reading,
}

impl Site {
    fn new() -> Self {
        Self::with(Duration::ZERO, &[Level::UNITY; 4])
    }

    /// The yard is so late.
    fn with(delay: Duration, levels: &[Level]) -> Self {
        let zones = [
            (Spread::of(levels, |channel| channel < 2), Duration::ZERO),
            (Spread::of(levels, |channel| channel == 2), delay),
        ];
        let mixer = Mixer::new(1, 8).with_zones(zones).with_ceiling(Level::from_gain(0.8));
        Self {
            mixer,
            now: Instant::ZERO,
            heard: [const { Vec::new() }; 4],
            retired: 0,
            gain: 0.0,
            loudness: Reading::default(),
        }
    }

    /// A steady tone of `hz` and half of full scale, for ten seconds.
    fn play(&mut self, voice: VoiceId, hz: f32, route: Route) {
        let samples = tone_at(48_000, hz, 0.5 * 32_768.0, 0..480_000);
        let clip = samples.into_iter().map(|sample| sample as i16).collect();
        let (parts, rate) = (vec![Part::Clip(clip)], SampleRate::HZ_48000);
        let recital = Recital { rate, parts, level: Level::UNITY, fade: QUICK };
        let source = Box::new(Voice::recital(&recital));
        self.mixer.handle_command(self.now, Command::Attach { voice, source, route });
    }

    fn route(&mut self, voice: VoiceId, zone: usize, level: Level, fade: Duration) {
        self.mixer.handle_command(self.now, Command::Route { voice, zone, level, fade });
    }

    fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while self.now < end {
            let mut output = [f32::NAN; 4 * BLOCK];
            self.mixer.render(self.now, &mut output);
            for (channel, heard) in self.heard.iter_mut().enumerate() {
                heard.extend(output.iter().skip(channel).step_by(4));
            }
            self.now += crate::mix::BLOCK_TIME;
            while let Some(report) = self.mixer.poll_report() {
                match report {
                    Report::Retired { .. } => self.retired += 1,
                    Report::Voice { stats, .. } => self.gain = stats.gain,
                    Report::Output(stats) => self.loudness = stats.level,
                    _ => {}
                }
            }
        }
    }

    /// How loud `hz` was on a channel during the last 100 ms.
    fn level(&self, channel: usize, hz: f64) -> f64 {
        let heard = &self.heard[channel];
        amplitude(&heard[heard.len() - 4_800..], hz)
    }
}

fn only(zone: usize) -> Route {
    Route::NOWHERE.with(zone, Level::UNITY)
}

#[test]
fn a_voice_is_heard_on_the_channels_of_its_zones_and_nowhere_else() {
    let mut site = Site::new();
    site.play(ONE, 1_000.0, only(HALL));
    site.play(TWO, 600.0, only(YARD).with(HALL, Level::from_gain(0.1)));
    site.run(300);
    for (channel, one, two) in [(0, 0.5, 0.05), (1, 0.5, 0.05), (2, 0.0, 0.5), (3, 0.0, 0.0)] {
        let (first, second) = (site.level(channel, 1_000.0), site.level(channel, 600.0));
        assert!((first - one).abs() < 0.002 && (second - two).abs() < 0.002, "{channel}: {first}, {second}");
    }
    assert!(site.heard[3].iter().all(|&sample| sample == 0.0));
}

#[test]
fn a_voice_that_is_muted_everywhere_goes_on_and_what_it_said_meanwhile_is_gone() {
    let mut site = Site::new();
    let samples: std::sync::Arc<[i16]> =
        (0..48_000).map(|sample| if sample < 24_000 { 8_000 } else { 16_000 }).collect();
    let recital = Recital {
        rate: SampleRate::HZ_48000,
        parts: vec![Part::Clip(samples)],
        level: Level::UNITY,
        fade: QUICK,
    };
    let source = Box::new(Voice::recital(&recital));
    site.mixer.handle_command(site.now, Command::Attach { voice: ONE, source, route: only(HALL) });
    site.run(200);
    site.route(ONE, HALL, Level::MUTE, QUICK);
    site.run(500);
    assert!(peak(&site.heard[0][frame_at(ms(220))..]) == 0.0);
    site.route(ONE, HALL, Level::UNITY, QUICK);
    site.run(100);
    assert!((site.heard[0].last().unwrap() - 16_000.0 / 32_768.0).abs() < 1e-3, "it is where it would be");
    site.run(300);
    assert_eq!((site.retired, site.mixer.is_idle()), (1, true));
}

#[test]
fn changes_in_one_zone_do_not_touch_the_other_and_never_click() {
    let mut site = Site::new();
    site.play(ONE, 200.0, Route::EVERYWHERE);
    site.run(100);
    let changes = [(0.0, 5), (1.0, 5), (0.1, 60), (1.0, 300), (0.0, 300), (0.5, 0)];
    for (gain, millis) in changes {
        site.route(ONE, YARD, Level::from_gain(gain), Duration::from_millis(millis));
        site.run(if millis == 0 { 0 } else { 150 });
    }
    site.route(ONE, YARD, Level::from_gain(0.5), QUICK);
    site.run(400);
    // A tone of 200 Hz of this loudness bends by 0.00034 from sample to sample.
    assert!(corner(&site.heard[2][4_800..]) < 0.002, "{}", corner(&site.heard[2][4_800..]));
    assert!((site.level(0, 200.0) - 0.5).abs() < 0.002);
    assert!((site.level(2, 200.0) - 0.25).abs() < 0.002);
    let steady = site.heard[0][frame_at(ms(100))..].chunks(240).map(peak);
    assert!(steady.min_by(f32::total_cmp).unwrap() > 0.499, "the hall heard of it");
}

#[test]
fn a_long_fade_of_music_ends_when_it_should_in_silence() {
    let mut site = Site::new();
    site.play(ONE, 1_000.0, Route::EVERYWHERE);
    site.run(200);
    site.route(ONE, HALL, Level::MUTE, Duration::from_secs(3));
    site.run(3_000);
    let heard = &site.heard[0][frame_at(ms(200))..];
    let levels: Vec<f64> = heard.chunks(240).map(|piece| db(f64::from(peak(piece)) / 0.5)).collect();
    for pair in levels.windows(2) {
        assert!(pair[1] < -60.0 || (pair[0] - pair[1]).abs() <= 0.5, "{pair:?}");
    }
    assert!((-19.0..-17.0).contains(&levels[300]), "half the way is -18 dB: {}", levels[300]);
    site.run(20);
    assert_eq!(peak(&site.heard[0][site.heard[0].len() - 480..]), 0.0);
}

#[test]
fn a_zone_that_is_held_back_says_the_same_so_much_later_to_its_end() {
    let delay = Duration::from_micros(123_458);
    let mut site = Site::with(delay, &[Level::UNITY; 4]);
    site.play(ONE, 300.0, Route::EVERYWHERE);
    site.run(400);
    site.mixer.handle_command(site.now, Command::Release { voice: ONE });
    site.run(100);
    assert!(!site.mixer.is_idle(), "the yard has more to say");
    site.run(100);
    assert!(site.mixer.is_idle());
    let late = 5_925;
    assert_eq!(late, 123_458 * 48 / 1_000);
    let (hall, yard) = (&site.heard[0], &site.heard[2]);
    assert!(yard[..late].iter().all(|&sample| sample == 0.0));
    assert_eq!(hall[..hall.len() - late], yard[late..]);
}

#[test]
fn each_zone_keeps_the_ceiling_by_itself_at_its_own_level() {
    let levels = [0.25, 0.25, 2.0, 1.0].map(Level::from_gain);
    let mut site = Site::with(Duration::ZERO, &levels);
    site.play(ONE, 1_000.0, only(HALL).with(YARD, Level::from_gain(2.0)));
    site.run(500);
    assert!((site.level(0, 1_000.0) - 0.125).abs() < 0.001, "nobody limits the hall");
    let yard = peak(&site.heard[2]);
    assert!(yard <= 0.8 && yard > 0.79, "{yard}");
}

#[test]
fn what_is_told_of_a_voice_and_of_all_is_as_loud_as_the_loudest_channel() {
    let levels = [0.25, 0.5, 0.1, 1.0].map(Level::from_gain);
    let mut site = Site::with(Duration::ZERO, &levels);
    site.play(ONE, 1_000.0, only(HALL).with(YARD, Level::from_gain(2.0)));
    site.run(1_000);
    assert_eq!(site.gain, 0.5, "the hall on its second channel");
    assert!((site.loudness.peak - 0.25).abs() < 0.001, "{:?}", site.loudness);
    site.route(ONE, HALL, Level::MUTE, QUICK);
    site.run(1_000);
    assert!((site.gain - 0.2).abs() < 0.001, "the yard, half as loud as twice: {}", site.gain);
    let channels = heapless::Vec::from_slice(&[Level::MUTE; 4]).unwrap();
    let ceiling = Level::from_gain(0.8);
    site.mixer.handle_command(site.now, Command::SetOutput(OutputLevels { channels, ceiling }));
    site.run(1_000);
    assert_eq!((site.gain, site.loudness.rms), (0.0, 0.0), "nobody hears anything");
}

#[test]
fn a_zone_that_does_not_exist_is_nowhere() {
    let mut site = Site::new();
    site.play(ONE, 1_000.0, Route::NOWHERE.with(7, Level::UNITY).with(99, Level::UNITY));
    site.route(ONE, 99, Level::UNITY, QUICK);
    site.route(TWO, HALL, Level::UNITY, QUICK);
    site.run(200);
    assert!(site.heard.iter().all(|heard| peak(heard) == 0.0));
    assert_eq!((Route::EVERYWHERE.level(7), Route::EVERYWHERE.level(8)), (Level::UNITY, Level::MUTE));
}

#[test]
fn changing_a_route_allocates_nothing() {
    use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};
    let mut site = Site::with(Duration::from_millis(20), &[Level::UNITY; 4]);
    site.play(ONE, 1_000.0, Route::EVERYWHERE);
    let mut output = [0.0; 4 * BLOCK];
    reset_violation_count();
    assert_no_alloc(|| {
        for turn in 0..200 {
            let level = Level::from_gain(if turn % 20 < 10 { 0.3 } else { 1.0 });
            site.route(ONE, turn % 2, level, Duration::from_millis(3 * turn as u64));
            site.mixer.render(site.now, &mut output);
        }
    });
    assert_eq!(violation_count(), 0);
}
