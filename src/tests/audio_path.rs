//! The audio path neither allocates nor frees: a hundred voices come and go on a bad network, under an allocator that
//! counts what it must not see.

use crate::codec::Codec;
use crate::mix::{
    BLOCK, Command, Format, Media, Mixer, Part, Piece, Recital, Report, Route, Spread, Voice, VoiceConfig,
    VoiceId,
};
use crate::output::{Engine, RingedMixer};
use crate::rtp::{Chunk, Content, DelayRange};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use assert_no_alloc::{AllocDisabler, assert_no_alloc, reset_violation_count, violation_count};
use core::time::Duration;
use heapless::spsc::Queue;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

#[test]
fn the_counter_counts() {
    reset_violation_count();
    let boxed = assert_no_alloc(|| Box::new(1));
    assert!(violation_count() > 0);
    drop(boxed);
    reset_violation_count();
}

#[test]
fn a_hundred_voices_come_and_go_without_an_allocation() {
    let (mut commands, mut reports) = (Queue::<Command, 256>::new(), Queue::<Report, 64>::new());
    let ((mut down, commands), (reports, mut up)) = (commands.split(), reports.split());
    // Two zones, one of them later than the other.
    let zone = |zone, delay| (Spread::of(&[Level::UNITY; 2], |channel| channel == zone), delay);
    let zones = [zone(0, Duration::ZERO), zone(1, Duration::from_millis(33))];
    let mut engine = RingedMixer::new(Mixer::new(2, VOICES).with_zones(zones), commands, reports);
    let mut output = [0.0; BLOCK * 2 * 2];
    let mut dice = Dice(1);
    let mut tally = Tally::default();
    reset_violation_count();
    for turn in 0..TURNS {
        let now = Instant::ZERO + TURN * turn;
        for command in (0..VOICES).filter_map(|voice| command(&mut dice, turn, voice, now)) {
            down.enqueue(command).unwrap();
        }
        assert_no_alloc(|| {
            engine.collect(now);
            engine.render(now, &mut output);
        });
        assert_eq!(violation_count(), 0, "turn {turn}");
        // Reports are not taken every time, and their ring is full at times.
        let taken = if turn % 7 == 0 { usize::MAX } else { 0 };
        tally.add(&output, core::iter::from_fn(|| up.dequeue()).take(taken));
    }
    assert!(tally.peak > 0.5, "nothing was heard");
    assert!(tally.retired > VOICES && tally.playing > VOICES, "{tally:?}");
    assert!(tally.late > 0 && tally.concealed > 0, "{tally:?}");
}

#[test]
fn music_comes_and_goes_without_an_allocation() {
    let (mut commands, mut reports) = (Queue::<Command, 64>::new(), Queue::<Report, 8>::new());
    let ((mut down, commands), (reports, mut up)) = (commands.split(), reports.split());
    let mut engine = RingedMixer::new(Mixer::new(2, 4), commands, reports);
    let mut output = [0.0; BLOCK * 2 * 2];
    let mut boxes: Vec<Box<Piece>> = (0..20).map(|_| square()).collect();
    let (mut spent, mut retired, mut number) = (0, 0, 0);
    reset_violation_count();
    for turn in 0..8_000_u32 {
        let (now, voice) = (Instant::ZERO + TURN * turn, VoiceId((turn / 2_000).into()));
        let command = match turn % 2_000 {
            0 => Some(Command::Attach {
                voice,
                source: Box::new(Voice::music(Level::UNITY)),
                route: Route::EVERYWHERE,
            }),
            700 | 800 => Some(Command::SetPace { voice, ppm: 300.0, paused: turn % 2_000 == 700 }),
            1_800 => Some(Command::Release { voice }),
            // It runs dry for a while.
            900..1_200 | 1_801.. => None,
            _ => boxes.pop().map(|mut piece| {
                number += 1 + u32::from(number % 50 == 0);
                piece.number = number;
                Command::Piece { voice, piece }
            }),
        };
        command.into_iter().for_each(|command| down.enqueue(command).unwrap());
        assert_no_alloc(|| {
            engine.collect(now);
            engine.render(now, &mut output);
        });
        assert_eq!(violation_count(), 0, "turn {turn}");
        for report in core::iter::from_fn(|| up.dequeue()).take(if turn % 7 == 0 { 8 } else { 0 }) {
            match report {
                Report::Spent { piece, .. } => {
                    boxes.push(piece);
                    spent += 1;
                }
                Report::Retired { .. } => {
                    retired += 1;
                    boxes.resize_with(20, square);
                }
                _ => {}
            }
        }
    }
    assert!(spent > 200 && retired == 4, "{spent} pieces, {retired} voices");
}

fn square() -> Box<Piece> {
    let mut piece = Piece::blank();
    let wave = (0..).map(|frame| if frame % 100 < 50 { 9_000 } else { -9_000 });
    piece.samples.iter_mut().zip(wave).for_each(|(sample, value)| *sample = value);
    piece
}

/// What a voice gets in a turn: it is attached, gets packets, of which some come late, some twice and some never, is
/// released, and comes again.
fn command(dice: &mut Dice, turn: u32, voice: usize, now: Instant) -> Option<Command> {
    let turn = turn.checked_sub(u32::try_from(voice).ok()? * 3)?;
    let (life, age) = (turn / LIFE, turn % LIFE);
    let id = VoiceId(u64::from(life) * 1_000 + u64::try_from(voice).ok()?);
    match age {
        0 => Some(Command::Attach { voice: id, source: source(voice), route: Route::EVERYWHERE }),
        100 => Some(Command::SetLevel { voice: id, level: Level::from_db(-6.0) }),
        30 | 60 | 90 => Some(Command::Route {
            voice: id,
            zone: voice % 2,
            level: Level::from_gain([0.0, 1.0, 0.5][age as usize / 30 - 1]),
            fade: Duration::from_millis(200),
        }),
        120 | 140 => Some(Command::Hush { voice: id, hushed: age == 120 }),
        RELEASED => Some(Command::Release { voice: id }),
        1..RELEASED if age % 4 == 2 => {
            let packet = (age / 4).saturating_sub(dice.below(3));
            Some(Command::Media(Media { voice: id, chunk: chunk(packet, now) }))
        }
        _ => None,
    }
}

/// Every tenth says what is in memory; some of these come to their end, and some are released before.
fn source(voice: usize) -> Box<Voice> {
    if voice.is_multiple_of(10) {
        return Box::new(Voice::recital(&recital(RATES[voice / 10 % RATES.len()], voice)));
    }
    let formats = heapless::Vec::from_iter(FORMATS);
    Box::new(Voice::telephone(VoiceConfig { formats, delay: DelayRange::default(), level: Level::UNITY }))
}

/// Clips of a square wave with pauses: half a second to five.
fn recital(rate: SampleRate, voice: usize) -> Recital {
    let clip: Arc<[i16]> =
        (0..rate.hz() / 4).map(|sample| if sample % 20 < 10 { 9_000 } else { -9_000 }).collect();
    let word = [Part::Clip(clip), Part::Pause(Duration::from_millis(250))];
    let parts = word.iter().cycle().take(2 + voice / 5).cloned().collect();
    Recital { rate, parts, level: Level::UNITY, fade: Duration::from_millis(40) }
}

/// A packet of a square wave: 20 ms of G.711 or G.722, or as much L16 as there is room for, or comfort noise. The
/// codec changes every 16 packets.
fn chunk(number: u32, arrival: Instant) -> Chunk {
    let run = number / RUN;
    let Format { payload_type, codec } = FORMATS[run as usize % FORMATS.len()];
    let is_noise = number % RUN == RUN - 1;
    let payload = if is_noise {
        heapless::Vec::from_iter([30, 100])
    } else {
        (0..160).map(|sample| if sample % 20 < 10 { 0x2a } else { 0xaa }).collect()
    };
    let bytes_per_tick = u8::try_from(codec.bytes_per_tick()).unwrap();
    Chunk {
        run,
        timestamp: number * codec.clock_rate().hz() / 50,
        clock: codec.clock_rate(),
        arrival,
        payload_type: if is_noise { 13 } else { payload_type },
        marker: number == 0,
        content: if is_noise { Content::ComfortNoise } else { Content::Speech { bytes_per_tick } },
        payload,
    }
}

#[derive(Debug, Default)]
struct Tally {
    peak: f32,
    playing: usize,
    retired: usize,
    late: u64,
    concealed: u64,
}

impl Tally {
    fn add(&mut self, output: &[f32], reports: impl Iterator<Item = Report>) {
        self.peak = output.iter().fold(self.peak, |peak, sample| sample.abs().max(peak));
        for report in reports {
            match report {
                Report::Playing { .. } => self.playing += 1,
                Report::Retired { stats, .. } => {
                    self.retired += 1;
                    self.late += stats.jitter.late;
                    self.concealed += stats.jitter.concealed_ticks;
                }
                Report::Voice { .. } | Report::Output(_) | Report::Spent { .. } => {}
            }
        }
    }
}

struct Dice(u32);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % limit
    }
}

const FORMATS: [Format; 4] = [
    Format { payload_type: 8, codec: Codec::Pcma },
    Format { payload_type: 9, codec: Codec::G722 },
    Format { payload_type: 98, codec: Codec::L16(SampleRate::HZ_48000) },
    Format { payload_type: 0, codec: Codec::Pcmu },
];
const RATES: [SampleRate; 3] = [SampleRate::HZ_8000, SampleRate::HZ_16000, SampleRate::HZ_48000];
/// Packets from one change of the codec to the next.
const RUN: u32 = 16;
const VOICES: usize = 100;
/// Two blocks.
const TURN: Duration = Duration::from_millis(5);
const TURNS: u32 = 1_500;
/// Turns from one attachment of a voice to the next, and to its release.
const LIFE: u32 = 300;
const RELEASED: u32 = 250;
