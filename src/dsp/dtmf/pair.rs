//! A row and a column: what is judged of a window, and of windows in a row.

use super::bank::{Bank, COLUMNS_FROM, Spectrum, TONES};
use crate::key::Key;

/// The loudest row and the loudest column of a window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pair {
    row: Tone,
    column: Tone,
    /// The power of everything, above the dial tone.
    total: f32,
}

impl Pair {
    /// The pair of `now`; `None` when it is too quiet, or one of them drowns the other.
    pub(super) fn find(bank: &Bank, before: &Spectrum, now: &Spectrum) -> Option<Self> {
        let [row, column] = [0..COLUMNS_FROM, COLUMNS_FROM..TONES].map(|tones| now.loudest(tones));
        let (row_power, column_power) = (now.power_of(row), now.power_of(column));
        let (quiet, loud) = (row_power.min(column_power), row_power.max(column_power));
        // What is no number is neither.
        if !(quiet + loud >= QUIETEST && quiet * TWIST >= loud) {
            return None;
        }
        let tone =
            |index| Tone { index, power: now.power_of(index), offset: bank.offset(index, before, now) };
        Some(Self { row: tone(row), column: tone(column), total: now.power })
    }

    /// The key that it may be.
    pub(super) fn key(&self) -> Option<Key> {
        let row = KEYS.get(self.row.index)?;
        Key::from_char(*row.get(self.column.index - COLUMNS_FROM)?)
    }

    /// Whether it may be the same key.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.row.index, self.column.index) == (other.row.index, other.column.index)
    }

    /// Which part of everything it is.
    pub(super) fn purity(&self) -> f32 {
        (self.row.whole_power() + self.column.whole_power()) / self.total
    }

    /// How far off the worse of its tones is, as a part of its frequency.
    pub(super) fn offset(&self) -> f32 {
        self.row.offset.abs().max(self.column.offset.abs())
    }
}

/// One of the two.
#[derive(Clone, Copy, Debug, Default)]
struct Tone {
    index: usize,
    power: f32,
    /// How far off it is, as a part of its frequency.
    offset: f32,
}

impl Tone {
    /// Its power, with what it lacks for being off.
    fn whole_power(&self) -> f32 {
        self.power * Bank::whole(self.index, self.offset)
    }
}

/// Windows in a row, with the same pair in each.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// Where the first began.
    pub(super) start: u64,
    /// How many there are.
    pub(super) windows: usize,
    recent: [Pair; RECENT],
}

impl Run {
    /// A run that begins at `start`.
    pub(super) fn new(start: u64, pair: &Pair) -> Self {
        Self { start, windows: 1, recent: [*pair; RECENT] }
    }

    /// Whether `pair` may be the same key.
    pub(super) fn goes_on_in(&self, pair: &Pair) -> bool {
        self.recent[0].is_like(pair)
    }

    /// Takes the next window.
    pub(super) fn add(&mut self, pair: &Pair) {
        self.recent[self.windows % RECENT] = *pair;
        self.windows = self.windows.saturating_add(1);
    }

    /// The key that it may be, if all of the last windows are steady. The first of the run is none of them: it may have
    /// begun before the key.
    pub(super) fn key(&self) -> Option<Key> {
        let is_key = self.windows > RECENT && is_steady(&self.rows()) && is_steady(&self.columns());
        if is_key { self.recent[0].key() } else { None }
    }

    /// What its tones really are.
    pub(super) fn tones_hz(&self) -> [f32; 2] {
        [self.rows(), self.columns()].map(|tones| Bank::tone_hz(tones[0].index) * (1.0 + mean_offset(&tones)))
    }

    fn rows(&self) -> [Tone; RECENT] {
        self.recent.map(|pair| pair.row)
    }

    fn columns(&self) -> [Tone; RECENT] {
        self.recent.map(|pair| pair.column)
    }
}

/// Whether one of the tones sounds alike in all windows, and near enough to what it should be.
fn is_steady(tones: &[Tone; RECENT]) -> bool {
    let (quietest, loudest) = range(tones.map(|tone| tone.power));
    let (lowest, highest) = range(tones.map(|tone| tone.offset));
    loudest <= quietest * LOUDER && highest - lowest <= WOBBLE && mean_offset(tones).abs() <= OFF
}

fn mean_offset(tones: &[Tone; RECENT]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a few windows")]
    let count = RECENT as f32;
    tones.iter().map(|tone| tone.offset).sum::<f32>() / count
}

fn range(values: [f32; RECENT]) -> (f32, f32) {
    let [first, rest @ ..] = values;
    rest.into_iter().fold((first, first), |(least, most), value| (least.min(value), most.max(value)))
}

const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];
/// The power of the quietest pair: -40 dB of a full sine.
const QUIETEST: f32 = 0.5e-4;
/// How much more power the louder tone may have: 8 dB, and what noise adds to that.
const TWIST: f32 = 12.6;
/// Windows that are judged together, behind the first of a run: 25 ms.
const RECENT: usize = 4;
/// How much their power may vary: 3 dB.
const LOUDER: f32 = 2.0;
/// How much their frequency may vary, as a part of it.
const WOBBLE: f32 = 0.02;
/// How far off it may be: between the 1.5 % that are accepted and the 3.5 % that are refused.
const OFF: f32 = 0.022;
