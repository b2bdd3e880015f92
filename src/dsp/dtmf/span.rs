//! The last 25 ms of sound.

use super::highpass::HighPass;
use super::look::Look;

/// Five hops of 5 ms, as they were heard and without what lies below the tones of keys. The last is being heard.
#[derive(Clone, Debug)]
pub(super) struct Span {
    hop: usize,
    filter: HighPass,
    heard: [f32; LONGEST],
    filtered: [f32; LONGEST],
    /// The squares of the last two hops.
    squares: [Square; 2],
    /// How much of the last hop has been heard.
    filled: usize,
}

impl Span {
    /// Silence so far, in hops of so many frames; at most [`LONGEST_HOP`].
    pub(super) fn new(hop: usize, rate_hz: u32) -> Self {
        let filter = HighPass::new(rate_hz);
        Self {
            hop,
            filter,
            heard: [0.0; LONGEST],
            filtered: [0.0; LONGEST],
            squares: Default::default(),
            filled: 0,
        }
    }

    /// Hears what is missing to a whole hop, and gives back the rest.
    pub(super) fn hear<'a>(&mut self, samples: &'a [f32]) -> &'a [f32] {
        let (samples, rest) = samples.split_at(samples.len().min(self.hop - self.filled));
        let at = (HOPS - 1) * self.hop + self.filled;
        self.filter.process(samples, &mut self.filtered[at..][..samples.len()]);
        self.heard[at..][..samples.len()].copy_from_slice(samples);
        self.filled += samples.len();
        rest
    }

    pub(super) fn is_whole(&self) -> bool {
        self.filled == self.hop
    }

    /// Measures the last hop. Numbers that would go round in the filter for ever are kept from it: those that are none,
    /// and those too small to matter.
    pub(super) fn measure(&mut self) {
        let last = (HOPS - 1) * self.hop..HOPS * self.hop;
        let mut now =
            Square { heard: square(&self.heard[last.clone()]), filtered: square(&self.filtered[last]) };
        if !(now.heard.is_finite() && now.filtered.is_finite()) {
            self.heard.fill(0.0);
            self.filtered.fill(0.0);
            now = Square::default();
        }
        if now.heard < SILENT && now.filtered < SILENT {
            self.filter.reset();
        }
        self.squares = [self.squares[1], now];
    }

    /// Makes room for the next hop.
    pub(super) fn step(&mut self) {
        let kept = self.hop..HOPS * self.hop;
        self.heard.copy_within(kept.clone(), 0);
        self.filtered.copy_within(kept, 0);
        self.filled = 0;
    }

    /// The last two hops, filtered.
    pub(super) fn window(&self) -> &[f32] {
        &self.filtered[(HOPS - 2) * self.hop..HOPS * self.hop]
    }

    /// Whether anything in the last two hops is loud enough for a key.
    pub(super) fn is_loud(&self) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "10 ms are few frames")]
        let frames = (2 * self.hop) as f32;
        self.squares[0].filtered + self.squares[1].filtered > QUIET * frames
    }

    /// Whether hardly anything in the last two hops lies below the tones of keys.
    pub(super) fn is_bare(&self) -> bool {
        let [before, now] = &self.squares;
        before.heard + now.heard < BARE * (before.filtered + now.filtered)
    }

    /// All of it.
    pub(super) fn look(&self, rate_hz: u32) -> Look {
        let len = HOPS * self.hop;
        Look::new(&self.heard[..len], &self.filtered[..len], rate_hz)
    }
}

/// The sums of the squares of a hop.
#[derive(Clone, Copy, Debug, Default)]
struct Square {
    heard: f32,
    filtered: f32,
}

/// The sum of the squares.
fn square(samples: &[f32]) -> f32 {
    let (groups, rest) = samples.as_chunks::<4>();
    let sum = groups.iter().fold(0.0, |sum, [a, b, c, d]| sum + (a * a + b * b + c * c + d * d));
    rest.iter().fold(sum, |sum, sample| sum + sample * sample)
}

/// The longest hop: 5 ms at 16 kHz.
pub(super) const LONGEST_HOP: usize = 80;
const HOPS: usize = 5;
/// The longest span.
pub(super) const LONGEST: usize = HOPS * LONGEST_HOP;
/// Below this mean square nothing is a key: -46 dB of a full sine.
const QUIET: f32 = 1.25e-5;
/// Below this sum of squares nothing is anything.
const SILENT: f32 = 1e-12;
/// How much there may be with what lies below; voices have more.
const BARE: f32 = 1.5;
