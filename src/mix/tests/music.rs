//! Voices that play music, piece by piece.

use super::bench::*;
use crate::mix::{BLOCK, BLOCK_TIME, Command, Mixer, Piece, Report, Route, Voice};
use crate::time::Instant;
use crate::units::Level;
use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};

const HZ: f32 = 200.0;
/// The tone, and no click beside it.
const STEP: f32 = 0.25 * core::f32::consts::TAU * HZ / 48_000.0 + 0.003;

/// A mixer with a voice of music, and what was heard of it.
struct Stand {
    mixer: Mixer,
    heard: Vec<f32>,
    spent: Vec<Box<Piece>>,
    retired: bool,
    dry: u64,
    now: Instant,
}

impl Stand {
    fn new() -> Self {
        let mut mixer = Mixer::new(1, 4);
        let source = Box::new(Voice::music(Level::UNITY));
        mixer.handle_command(
            Instant::ZERO,
            Command::Attach { voice: VOICE, source, route: Route::EVERYWHERE },
        );
        Self { mixer, heard: Vec::new(), spent: Vec::new(), retired: false, dry: 0, now: Instant::ZERO }
    }

    fn send(&mut self, numbers: core::ops::Range<u32>) {
        for number in numbers {
            self.tell(Command::Piece { voice: VOICE, piece: piece(number) });
        }
    }

    fn tell(&mut self, command: Command) {
        self.mixer.handle_command(self.now, command);
    }

    fn run(&mut self, blocks: usize) -> &[f32] {
        let from = self.heard.len();
        for _ in 0..blocks {
            let mut output = [f32::NAN; BLOCK];
            reset_violation_count();
            assert_no_alloc(|| self.mixer.render(self.now, &mut output));
            assert_eq!(violation_count(), 0);
            self.heard.extend(output);
            self.now += BLOCK_TIME;
            while let Some(report) = self.mixer.poll_report() {
                match report {
                    Report::Spent { voice: VOICE, piece } => self.spent.push(piece),
                    Report::Retired { .. } => self.retired = true,
                    Report::Voice { stats, .. } => self.dry = stats.dry,
                    _ => {}
                }
            }
        }
        &self.heard[from..]
    }

    fn largest_step(&self) -> f32 {
        self.heard.windows(2).fold(0.0, |step, pair| step.max((pair[1] - pair[0]).abs()))
    }
}

/// A piece of a tone that goes on through all pieces.
fn piece(number: u32) -> Box<Piece> {
    let mut piece = Piece::blank();
    piece.number = number;
    let from = number as usize * Piece::FRAMES;
    let tone = tone_at(48_000, HZ, 0.25, from..from + Piece::FRAMES);
    for (sample, value) in piece.samples.iter_mut().zip(tone) {
        *sample = (value * 32_768.0).round() as i16;
    }
    piece
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// Blocks of a piece.
const PIECE: usize = Piece::FRAMES / BLOCK;

#[test]
fn pieces_become_one_sound_and_their_boxes_come_back_in_order() {
    let mut stand = Stand::new();
    stand.send(0..10);
    let heard = stand.run(10 * PIECE - 2).to_vec();
    assert!((peak(&heard) - 0.25).abs() < 0.001, "{}", peak(&heard));
    assert!(heard[BLOCK * 10..].chunks(480).all(|part| peak(part) > 0.24));
    assert!(stand.largest_step() < STEP, "{}", stand.largest_step());
    stand.run(4);
    let numbers: Vec<_> = stand.spent.iter().map(|piece| piece.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let met: Vec<_> = stand.spent.iter().map(|piece| piece.met as usize / Piece::FRAMES).collect();
    assert_eq!(met, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn music_that_runs_out_falls_silent_without_a_click_counts_it_and_begins_again_when_there_is_enough() {
    let mut stand = Stand::new();
    stand.send(0..5);
    stand.run(5 * PIECE + 10);
    assert_eq!(peak(stand.run(50)), 0.0);
    stand.send(5..9);
    assert_eq!(peak(stand.run(50)), 0.0, "four pieces are too few to begin with");
    stand.send(9..10);
    assert!(peak(stand.run(100)) > 0.24);
    stand.run(400);
    assert_eq!(stand.dry, 2);
    assert!(stand.largest_step() < STEP, "{}", stand.largest_step());
}

#[test]
fn a_gap_between_pieces_is_no_click() {
    let mut stand = Stand::new();
    stand.send(0..5);
    stand.send(7..12);
    stand.run(10 * PIECE + 20);
    assert!(stand.largest_step() < STEP, "{}", stand.largest_step());
    assert_eq!(stand.spent.len(), 10);
}

#[test]
fn paused_it_holds_what_it_has_and_goes_on_there() {
    let mut stand = Stand::new();
    stand.send(0..10);
    stand.run(2 * PIECE);
    stand.tell(Command::SetPace { voice: VOICE, ppm: 0.0, paused: true });
    stand.run(10);
    assert_eq!(peak(stand.run(400)), 0.0);
    let spent = stand.spent.len();
    stand.tell(Command::SetPace { voice: VOICE, ppm: 0.0, paused: false });
    stand.run(10);
    assert!(peak(stand.run(PIECE)) > 0.24);
    assert!(stand.spent.len() <= spent + 1);
    assert!(stand.largest_step() < STEP, "{}", stand.largest_step());
}

#[test]
fn a_faster_pace_takes_more_pieces_and_is_no_click() {
    let played = |ppm: f32| {
        let mut stand = Stand::new();
        stand.tell(Command::SetPace { voice: VOICE, ppm, paused: false });
        let mut next = 0;
        for _ in 0..100 {
            while next - stand.spent.len() < 20 {
                stand.send(next as u32..next as u32 + 1);
                next += 1;
            }
            stand.run(PIECE * 5);
        }
        assert!(stand.largest_step() < STEP, "{}", stand.largest_step());
        let Some(last) = stand.spent.last() else { panic!("nothing was played") };
        (stand.spent.len(), last.met)
    };
    // 50 s: 500 ppm are 25 ms of it, less what it takes to get there.
    let (slow, fast) = (played(-500.0), played(500.0));
    assert!(
        slow.0 <= fast.0 && (498..=500).contains(&slow.0) && (499..=501).contains(&fast.0),
        "{slow:?} {fast:?}"
    );
}

#[test]
fn no_more_pieces_are_held_than_may_be_and_none_is_lost_but_the_last() {
    let mut stand = Stand::new();
    stand.send(0..40);
    stand.run(1);
    let returned: Vec<_> = stand.spent.iter().map(|piece| piece.number).collect();
    assert_eq!(returned, (32..40).collect::<Vec<_>>());
}

#[test]
fn released_it_fades_out_and_comes_back_with_its_pieces() {
    let mut stand = Stand::new();
    stand.send(0..20);
    stand.run(4 * PIECE);
    stand.tell(Command::Release { voice: VOICE });
    stand.run(2 * PIECE);
    assert!(!stand.retired);
    stand.run(2 * PIECE);
    assert!(stand.retired && stand.mixer.is_idle());
    assert!(stand.largest_step() < STEP, "{}", stand.largest_step());
}

#[test]
fn a_piece_of_a_voice_that_is_gone_comes_back_and_is_not_freed() {
    let mut stand = Stand::new();
    stand.tell(Command::Release { voice: VOICE });
    stand.run(4 * PIECE);
    assert!(stand.retired);
    let pieces: Vec<_> = (0..20).map(piece).collect();
    reset_violation_count();
    for piece in pieces {
        assert_no_alloc(|| stand.mixer.handle_command(stand.now, Command::Piece { voice: VOICE, piece }));
    }
    assert_eq!(violation_count(), 0);
    stand.run(1);
    assert_eq!(stand.spent.len(), 20);
}

#[test]
fn it_is_told_whether_all_that_plays_is_music() {
    let mut stand = Stand::new();
    assert!(stand.mixer.plays_only_music());
    stand.tell(Command::Release { voice: VOICE });
    stand.run(4 * PIECE);
    assert!(!stand.mixer.plays_only_music(), "nothing plays");
}
