//! From the one channel of a zone to its channels of a card, each with a level of its own.
//!
//! A zone is some channels of a card, so its volume is theirs. Levels lie behind the limiter: one above unity would be
//! clipped there. So the ceiling of the limiter is so far [`below`](Spread::below) that of the card as the loudest channel is
//! above unity.

use super::BLOCK;
use crate::dsp::Ramp;
use crate::units::{Level, SampleRate};

/// The channels of a zone, and their levels.
#[derive(Debug)]
pub struct Spread {
    ways: Vec<Way>,
    /// Channels of the card.
    channels: usize,
    /// The loudest that any channel is: unity, or a level that is more.
    headroom: Level,
}

/// The way to a channel.
#[derive(Debug)]
struct Way {
    channel: usize,
    ramp: Ramp,
}

impl Spread {
    /// A channel for each of `levels`, and one at unity if there is none.
    #[must_use]
    pub fn new(levels: &[Level]) -> Self {
        let levels = if levels.is_empty() { &[Level::UNITY] } else { levels };
        Self::of(levels, |_| true)
    }

    /// Those channels, which count from 0, of a card whose channels have `levels`.
    #[must_use]
    pub fn of(levels: &[Level], has: impl Fn(usize) -> bool) -> Self {
        let ramp = |level| Ramp::new(SampleRate::HZ_48000, Ramp::QUICK, level);
        let ways = levels.iter().enumerate().filter(|&(channel, _)| has(channel));
        let ways = ways.map(|(channel, &level)| Way { channel, ramp: ramp(level) }).collect();
        let mut spread = Self { ways, channels: levels.len(), headroom: Level::UNITY };
        spread.headroom = spread.loudest(levels);
        spread
    }

    /// So many channels, which all play what comes in.
    #[must_use]
    pub fn even(channels: usize) -> Self {
        Self::new(&vec![Level::UNITY; channels.max(1)])
    }

    /// How many channels the card has.
    #[must_use]
    pub const fn channels(&self) -> usize {
        self.channels
    }

    /// Whether all of them are the zone's.
    pub(super) fn is_everywhere(&self) -> bool {
        self.ways.len() == self.channels
    }

    /// Changes how loud all channels of the card are, within 5 ms, and with them the ceiling.
    pub fn set_levels(&mut self, levels: &[Level]) {
        self.headroom = self.loudest(levels);
        for way in &mut self.ways {
            if let Some(&level) = levels.get(way.channel) {
                way.ramp.set(level);
            }
        }
    }

    /// The ceiling before the channels that is `ceiling` behind the loudest of them.
    #[must_use]
    pub fn below(&self, ceiling: Level) -> Level {
        Level::from_gain(ceiling.gain() / self.headroom.gain())
    }

    /// How loud the zone is where it is loudest; nowhere, if it has no channel.
    pub(super) fn gain(&self) -> f32 {
        self.ways.iter().map(|way| way.ramp.gain()).fold(0.0, f32::max)
    }

    /// Writes a block to the zone's channels in frames of interleaved samples.
    pub(super) fn write(&mut self, block: &[f32; BLOCK], output: &mut [f32]) {
        if let (1, [way], Some(output)) = (self.channels, self.ways.as_mut_slice(), output.first_chunk_mut())
        {
            *output = *block;
            return way.ramp.apply(output);
        }
        for way in &mut self.ways {
            let mut levelled = *block;
            way.ramp.apply(&mut levelled);
            let places = output.iter_mut().skip(way.channel).step_by(self.channels);
            for (place, &sample) in places.zip(&levelled) {
                *place = sample;
            }
        }
    }

    fn loudest(&self, levels: &[Level]) -> Level {
        let own = self.ways.iter().filter_map(|way| levels.get(way.channel));
        Level::from_gain(own.fold(1.0_f32, |loudest, level| loudest.max(level.gain())))
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
mod tests {
    use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};

    use super::*;

    fn levels(gains: &[f32]) -> Vec<Level> {
        gains.iter().map(|&gain| Level::from_gain(gain)).collect()
    }

    fn written(spread: &mut Spread, sample: f32) -> Vec<f32> {
        let mut output = vec![9.0; BLOCK * spread.channels()];
        spread.write(&[sample; BLOCK], &mut output);
        output
    }

    #[test]
    fn each_channel_has_its_level() {
        let mut spread = Spread::new(&levels(&[1.0, 0.0, 0.5]));
        let output = written(&mut spread, 0.8);
        assert!(output.chunks(3).all(|frame| frame == [0.8, 0.0, 0.4]));
        assert!(written(&mut Spread::even(2), 0.8).iter().all(|sample| *sample == 0.8));
        assert_eq!((Spread::new(&[]).channels(), Spread::even(0).channels()), (1, 1));
    }

    #[test]
    fn a_changed_level_is_a_ramp_on_its_channel_alone() {
        let mut spread = Spread::even(2);
        spread.set_levels(&levels(&[1.0, 0.0]));
        let output: Vec<f32> = (0..3).flat_map(|_| written(&mut spread, 1.0)).collect();
        assert!(output.iter().step_by(2).all(|sample| *sample == 1.0));
        let right: Vec<f32> = output.iter().skip(1).step_by(2).copied().collect();
        assert!(right.windows(2).all(|pair| pair[0] - pair[1] < 0.01 && pair[0] >= pair[1]));
        assert_eq!((right[0] > 0.99, right[239]), (true, 0.0));
    }

    #[test]
    fn levels_may_become_louder_and_the_ceiling_follows() {
        assert_eq!(Spread::new(&levels(&[2.0, 0.5])).below(Level::UNITY), Level::from_gain(0.5));
        let mut spread = Spread::new(&levels(&[1.0, 0.5]));
        assert_eq!(spread.below(Level::from_gain(0.8)), Level::from_gain(0.8));
        spread.set_levels(&levels(&[4.0, 1.0]));
        assert_eq!(spread.below(Level::from_gain(0.8)), Level::from_gain(0.2));
        for _ in 0..3 {
            written(&mut spread, 0.2);
        }
        let frame: Vec<f32> = written(&mut spread, 0.2)[..2].to_vec();
        assert_eq!(frame, [0.8, 0.2]);
    }

    #[test]
    fn writing_allocates_nothing() {
        let mut spread = Spread::even(8);
        let mut output = [0.0; 8 * BLOCK];
        reset_violation_count();
        let levels = levels(&[0.5; 8]);
        assert_no_alloc(|| {
            spread.set_levels(&levels);
            spread.write(&[0.5; BLOCK], &mut output);
        });
        assert_eq!(violation_count(), 0);
    }
}
