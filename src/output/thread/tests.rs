use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};
use heapless::spsc::Queue;

use super::search::PRIORITY;
use super::*;
use crate::codec::Codec;
use crate::config::{Device, Span};
use crate::mix::{Command, Format, Media, Mixer, Report, Route, Voice, VoiceConfig, VoiceId};
use crate::output::Others;
use crate::output::RingedMixer;
use crate::output::found::DeviceNews;
use crate::rtp::{Chunk, Content, DelayRange};
use crate::units::{Level, SampleRate};

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// Says what it is told to, and counts what is taken from it.
struct Talker {
    is_idle: bool,
    is_music: bool,
    rendered: usize,
    longest: usize,
}

impl Talker {
    fn new(is_idle: bool) -> Self {
        Self { is_idle, is_music: false, rendered: 0, longest: 0 }
    }
}

impl Engine for &mut Talker {
    fn collect(&mut self, _now: Instant) {}

    fn is_idle(&self) -> bool {
        self.is_idle
    }

    fn plays_only_music(&self) -> bool {
        self.is_music
    }

    fn render(&mut self, _now: Instant, sound: &mut [f32]) {
        self.rendered += sound.len() / 2;
        self.longest = self.longest.max(sound.len() / 2);
    }
}

fn setup() -> Setup {
    let (device, others) = (Device::Null, Others::Silent);
    Setup { device, channels: 2, others, period: Span::Auto, buffer: Span::Auto }
}

#[test]
fn the_queue_is_short_while_something_sounds_and_for_a_tail() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(false);
    let mut player = Player::new(&setup, &control, &mut talker);
    assert_eq!(player.pace(at(1000)), Pace::Sounding);
    player.engine.is_idle = true;
    assert_eq!(player.pace(at(1499)), Pace::Sounding);
    assert_eq!(player.pace(at(1500)), Pace::Idle);
    assert!(player.target(Pace::Idle, at(1500)) >= 5 * player.target(Pace::Sounding, at(1500)));
}

#[test]
fn a_call_announced_keeps_the_queue_short() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(true);
    let mut player = Player::new(&setup, &control, &mut talker);
    assert_eq!(player.pace(at(1000)), Pace::Idle);
    control.wake(at(1000));
    assert_eq!(player.pace(at(3999)), Pace::Waiting);
    assert_eq!(player.pace(at(4000)), Pace::Idle);
}

#[test]
fn a_device_that_gives_back_silence_is_ready_at_once_and_idle_for_long() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(true);
    let mut player = Player::new(&setup, &control, &mut talker);
    player.search = None;
    let now = clock::now();
    player.play(now).unwrap();
    // Until it was tried, it is not relied on.
    assert_eq!(control.queue(), Duration::from_millis(50));
    player.play(now).unwrap();
    assert!(control.queue() > Duration::from_millis(150), "{:?}", control.queue());
    control.wake(now);
    player.play(now).unwrap();
    assert_eq!((control.state(), control.queue()), (State::Awake, Duration::from_millis(15)));
}

#[test]
fn a_device_that_gives_nothing_back_is_ready_once_the_silence_of_idle_times_has_played() {
    let control = Control::new();
    let setup = Setup { device: Device::Wav(scratch("gives-nothing-back")), ..setup() };
    let mut talker = Talker::new(true);
    let mut player = Player::new(&setup, &control, &mut talker);
    let now = clock::now();
    player.search(now);
    player.play(now).unwrap();
    player.play(now).unwrap();
    assert_eq!((control.state(), control.is_ready()), (State::Idle, false));
    assert_eq!(control.queue(), Duration::from_millis(50));
    control.wake(now);
    player.play(now).unwrap();
    assert_eq!((control.state(), control.is_ready()), (State::Waking, false));
    player.play(now + Duration::from_millis(45)).unwrap();
    assert_eq!((control.state(), control.is_ready()), (State::Awake, true));
    player.finish();
    std::fs::remove_file(scratch("gives-nothing-back")).unwrap();
}

#[test]
fn a_packet_fills_the_queue_until_the_next_one_and_its_lack_by_short_steps() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(false);
    let mut player = Player::new(&setup, &control, &mut talker);
    player.is_fed = true;
    player.steadiness.on_wake(at(1000), true);
    assert_eq!(player.target(Pace::Sounding, at(1000)), 1440);
    player.is_fed = false;
    player.steadiness.on_wake(at(1025), false);
    assert_eq!(player.target(Pace::Sounding, at(1025)), 480);
    player.is_fed = true;
    assert_eq!(player.target(Pace::Sounding, at(1030)), 480);
}

#[test]
fn many_voices_are_rendered_in_pieces_that_leave_the_device_something_to_play() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(false);
    let mut player = Player::new(&setup, &control, &mut talker);
    player.render(960, 240, at(1000)).unwrap();
    drop(player);
    assert_eq!((talker.rendered, talker.longest), (960, 480));
}

#[test]
fn what_ran_dry_gets_a_cushion_until_the_next_silence() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(false);
    let mut player = Player::new(&setup, &control, &mut talker);
    let targets = [0; 6].map(|_| {
        player.on_underrun(0, at(0));
        player.target(Pace::Sounding, at(0))
    });
    assert_eq!(targets, [720, 960, 1200, 1440, 1440, 1440]);
    assert_eq!(control.xruns(), 6);
    player.engine.is_idle = true;
    assert_eq!(player.pace(at(1000)), Pace::Idle);
    assert_eq!(player.target(Pace::Sounding, at(1000)), 480);
}

#[test]
fn what_ran_dry_under_music_needs_its_cushion_until_it_has_been_calm() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(false);
    let mut player = Player::new(&setup, &control, &mut talker);
    (0..2).for_each(|_| player.on_underrun(0, at(0)));
    let minutes = |minutes: u64| at(minutes * 60_000);
    let cushions = [9, 10, 19, 20, 30].map(|after| {
        player.pace(minutes(after));
        player.cushion
    });
    assert_eq!(cushions, [2, 1, 1, 0, 0]);
}

#[test]
fn music_is_silent_for_a_better_card_and_rises_on_it_and_a_page_is_not_interrupted() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(false);
    let mut player = Player::new(&setup, &control, &mut talker);
    player.search = None;
    let now = clock::now();
    player.play(now).unwrap();
    assert!(player.is_busy(now), "a page");
    player.engine.is_music = true;
    let now = now + TAIL;
    player.pace(now);
    assert!(player.is_sounding(now) && !player.is_busy(now));
    player.quieten(clock::now());
    assert!(player.rises);
    player.go_over(|| Sink::open(&setup));
    player.play(clock::now()).unwrap();
    assert!(!player.rises && control.opened() == 1);
}

#[test]
fn a_lost_device_is_opened_again() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(true);
    let mut player = Player::new(&setup, &control, &mut talker);
    let now = clock::now();
    player.search(now);
    assert_eq!(control.opened(), 1);
    let Some(DeviceNews::Found(found)) = control.poll_news() else { panic!("it is told") };
    assert_eq!((found.name.as_str(), found.kind.as_str(), found.channels), ("null", "null", 2));
    player.on_lost(&SinkError::NoSuchCard { device: Device::Auto }, now);
    player.play(now).unwrap();
    assert_eq!(control.state(), State::Missing);
    assert_eq!(control.poll_news(), Some(DeviceNews::Missing("auto: no such sound card".to_owned())));
    player.search(now + Duration::from_millis(249));
    assert_eq!(control.opened(), 1);
    player.search(now + Duration::from_millis(250));
    player.play(now).unwrap();
    assert_eq!((control.opened(), control.state()), (2, State::Idle));
}

#[test]
fn who_waits_for_a_sign_of_life_knows_while_a_better_card_is_opened() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(true);
    let mut player = Player::new(&setup, &control, &mut talker);
    player.search(clock::now());
    player.play(clock::now()).unwrap();
    player.go_over(|| {
        assert_eq!((control.state(), control.is_ready()), (State::Opening, false));
        Err(SinkError::NoSuchCard { device: Device::Auto })
    });
    player.play(clock::now()).unwrap();
    assert_eq!((control.state(), control.opened()), (State::Idle, 1));
    player.go_over(|| Sink::open(&setup));
    player.play(clock::now()).unwrap();
    assert_eq!((control.state(), control.opened()), (State::Idle, 2));
}

#[test]
fn only_a_thread_that_plays_is_real_time() {
    let (setup, control) = (setup(), Control::new());
    let mut talker = Talker::new(true);
    let is_allowed = rt::set_realtime(PRIORITY).is_ok();
    leave_realtime();
    let mut player = Player::new(&setup, &control, &mut talker);
    let now = clock::now();
    assert!(!rt::is_realtime());
    player.search(now);
    assert_eq!(rt::is_realtime(), is_allowed);
    player.on_lost(&SinkError::NoSuchCard { device: Device::Auto }, now);
    assert!(!rt::is_realtime());
    player.search(now + FIRST_RETRY);
    player.finish();
    assert!(!rt::is_realtime());
}

#[test]
fn a_fade_goes_evenly_to_zero_on_all_channels() {
    let mut sound = [1.0; 8];
    fade_out(&mut sound, 2);
    let expected = [0.75_f32, 0.75, 0.5, 0.5, 0.25, 0.25, 0.0, 0.0];
    assert_eq!(sound.map(f32::to_bits), expected.map(f32::to_bits));
}

#[test]
fn the_loop_of_a_sounding_mixer_allocates_nothing() {
    for device in [Device::Null, Device::Wav(scratch("no-allocation"))] {
        let (setup, control) = (Setup { device, ..setup() }, Control::new());
        let (mut commands, mut reports) = (Queue::<Command, 16>::new(), Queue::<Report, 16>::new());
        let ((mut down, commands), (reports, _up)) = (commands.split(), reports.split());
        let mut player = Player::new(&setup, &control, RingedMixer::new(Mixer::new(2, 4), commands, reports));
        player.search(clock::now());
        down.enqueue(attach()).unwrap();
        player.play(clock::now()).unwrap();
        reset_violation_count();
        for number in 0..10 {
            down.enqueue(media(number, clock::now())).unwrap();
            // A period each, so a packet of 20 ms in all.
            assert_no_alloc(|| (0..4).for_each(|_| player.play(clock::now()).unwrap()));
        }
        assert_eq!(violation_count(), 0, "{:?}", setup.device);
        assert!(player.sound.iter().any(|sample| sample.abs() > 0.1), "nothing sounded");
    }
    std::fs::remove_file(scratch("no-allocation")).unwrap();
}

const VOICE: VoiceId = VoiceId(1);

fn attach() -> Command {
    let formats = heapless::Vec::from_iter([Format { payload_type: 8, codec: Codec::Pcma }]);
    let config = VoiceConfig { formats, delay: DelayRange::default(), level: Level::UNITY };
    Command::Attach { voice: VOICE, source: Box::new(Voice::telephone(config)), route: Route::EVERYWHERE }
}

/// A packet of 20 ms of a square wave.
fn media(number: u32, arrival: Instant) -> Command {
    let payload = (0..160).map(|sample| if sample % 20 < 10 { 0x2a } else { 0xaa }).collect();
    let (run, timestamp, marker) = (0, number * 160, number == 0);
    let (clock, content) = (SampleRate::HZ_8000, Content::Speech { bytes_per_tick: 1 });
    let chunk = Chunk { run, timestamp, clock, arrival, payload_type: 8, marker, content, payload };
    Command::Media(Media { voice: VOICE, chunk })
}

fn scratch(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("pagingbox-{}-thread-{name}.wav", std::process::id()))
}

#[test]
fn a_missing_device_does_not_hold_the_engine_up() {
    let setup = Setup { device: Device::Pcm("no-such-pcm".into()), ..setup() };
    let control = Control::new();
    let mut talker = Talker::new(false);
    let mut player = Player::new(&setup, &control, &mut talker);
    for _ in 0..5 {
        player.turn();
    }
    assert!(player.engine.rendered >= 5 * 240);
    assert_eq!((control.state(), control.opened()), (State::Missing, 0));
    assert!(control.heartbeat() > Instant::ZERO);
}
