//! Gains that take any time to change.
//!
//! A [`Fade`] holds no table, so a change may take milliseconds or minutes. A brief one goes along a curve that is flat at
//! both ends, so that nothing clicks. A long one is as even to the ear as it can be and yet ends in silence: the cube root
//! of the gain goes straight from one end to the other. Over three seconds no 5 ms of it change by more than half a
//! decibel until it is below -60 dB. Told anew on the way, it starts again from where it is.
//!
//! ```text
//!  gain  1 ┐                      dB 0 ┐──__
//!          │ \                         │    ──_
//!          │   \_                  -30 │       ─_
//!          │     ──___             -60 │         │
//!        0 └──────────── time          └──────────  time
//! ```

use crate::units::{Level, SampleRate};
use core::time::Duration;

/// A gain on its way to where it should be.
#[derive(Clone, Copy, Debug)]
pub struct Fade {
    rate: SampleRate,
    curve: Curve,
    target: Level,
    /// Frames of the whole way, and those that are behind.
    frames: u32,
    position: u32,
}

/// How it goes from one end to the other.
#[derive(Clone, Copy, Debug)]
enum Curve {
    /// From this gain, flat at both ends, by so much.
    Brief(f32, f32),
    /// The cube root of the gain, from this on, by so much.
    Long(f32, f32),
}

impl Fade {
    /// A gain that stands at `level`.
    #[must_use]
    pub const fn new(rate: SampleRate, level: Level) -> Self {
        Self { rate, curve: Curve::Brief(level.gain(), 0.0), target: level, frames: 0, position: 0 }
    }

    /// Sets out for `level`, from the gain that holds now, and takes `time`, [`Fade::LONGEST_S`] at most. One that stands
    /// there already stays.
    pub fn set(&mut self, level: Level, time: Duration) {
        if self.is_settled() && self.target == level {
            return;
        }
        let (start, end) = (self.gain(), level.gain());
        self.curve = if time > BRIEF {
            Curve::Long(start.cbrt(), end.cbrt() - start.cbrt())
        } else {
            Curve::Brief(start, end - start)
        };
        self.target = level;
        (self.frames, self.position) = (frames(self.rate, time), 0);
    }

    /// Writes the gains of the frames that come next.
    pub fn write(&self, gains: &mut [f32]) {
        for (gain, frame) in gains.iter_mut().zip(self.position.saturating_add(1)..) {
            *gain = self.gain_after(frame);
        }
    }

    /// So many frames are behind.
    pub fn advance(&mut self, frames: u32) {
        self.position = self.position.saturating_add(frames).min(self.frames);
    }

    /// The gain after the last frame.
    #[must_use]
    pub fn gain(&self) -> f32 {
        self.gain_after(self.position)
    }

    /// Whether the gain stands still.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.position == self.frames
    }

    /// Whether it stands at zero.
    #[must_use]
    pub fn is_mute(&self) -> bool {
        self.is_settled() && self.target == Level::MUTE
    }

    /// Whether it stands at one.
    #[must_use]
    pub fn is_unity(&self) -> bool {
        self.is_settled() && self.target == Level::UNITY
    }

    /// No change takes longer, in seconds.
    pub const LONGEST_S: u64 = 600;

    #[expect(
        clippy::cast_precision_loss,
        reason = "ten minutes at 16 kHz are below 2^24; above, nobody hears it"
    )]
    fn gain_after(&self, frame: u32) -> f32 {
        if frame >= self.frames {
            return self.target.gain();
        }
        let part = frame as f32 / self.frames as f32;
        match self.curve {
            Curve::Brief(start, way) => start + way * part * part * (3.0 - 2.0 * part),
            Curve::Long(start, way) => (start + way * part).powi(3),
        }
    }
}

/// Whole frames in `time`, at least one.
fn frames(rate: SampleRate, time: Duration) -> u32 {
    let micros = time.min(Duration::from_secs(Fade::LONGEST_S)).as_micros();
    let frames = micros * u128::from(rate.hz()) / 1_000_000;
    u32::try_from(frames).unwrap_or(u32::MAX).max(1)
}

/// Up to here a change is heard as at once.
const BRIEF: Duration = Duration::from_millis(50);

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
mod tests {
    use super::super::probe::db;
    use super::*;

    fn fade(level: Level) -> Fade {
        Fade::new(SampleRate::HZ_16000, level)
    }

    /// The next gains, a block at a time.
    fn gains(fade: &mut Fade, frames: usize) -> Vec<f32> {
        let mut gains = Vec::new();
        while gains.len() < frames {
            let mut block = [9.0; 40];
            fade.write(&mut block);
            fade.advance(40);
            gains.extend(block);
        }
        gains.truncate(frames);
        gains
    }

    fn decibels(gain: f32) -> f64 {
        db(f64::from(gain))
    }

    #[test]
    fn the_fades_of_music_have_no_step_of_half_a_decibel_in_5_ms_until_they_are_below_60_db() {
        for (from, to, seconds) in [
            (Level::UNITY, Level::MUTE, 3),
            (Level::MUTE, Level::UNITY, 10),
            (Level::from_gain(2.0), Level::MUTE, 60),
        ] {
            let mut fade = fade(from);
            fade.set(to, Duration::from_secs(seconds));
            let gains = gains(&mut fade, usize::try_from(16_000 * seconds).unwrap());
            assert_eq!(gains.last(), Some(&to.gain()));
            for pair in gains.windows(81) {
                let (one, other) = (decibels(pair[0]), decibels(pair[80]));
                let is_heard = one.min(other) > -60.0;
                assert!(!is_heard || (one - other).abs() <= 0.5, "{seconds} s: from {one} to {other} dB");
            }
        }
    }

    #[test]
    fn a_brief_one_is_flat_at_both_ends_and_never_turns_back() {
        let mut fade = fade(Level::UNITY);
        fade.set(Level::MUTE, Duration::from_millis(5));
        let gains = gains(&mut fade, 80);
        assert!(gains.windows(2).all(|pair| pair[1] < pair[0]));
        assert!(1.0 - gains[0] < 0.001 && gains[78] < 0.001);
        assert_eq!((gains[79], fade.is_mute()), (0.0, true));
    }

    #[test]
    fn told_anew_on_the_way_it_goes_on_from_where_it_is() {
        let mut fade = fade(Level::UNITY);
        fade.set(Level::MUTE, Duration::from_secs(3));
        let before = *gains(&mut fade, 16_000).last().unwrap();
        assert!((0.2..0.4).contains(&before), "{before}");
        fade.set(Level::MUTE, Duration::from_millis(5));
        let cut = gains(&mut fade, 80);
        assert!((cut[0] - before).abs() < 0.001 && cut[79] == 0.0, "the same end, but sooner");
        fade.set(Level::UNITY, Duration::from_millis(5));
        gains(&mut fade, 40);
        let halfway = fade.gain();
        fade.set(Level::from_gain(0.25), Duration::from_secs(1));
        assert_eq!(fade.gain(), halfway);
    }

    #[test]
    fn one_that_stands_there_already_stays() {
        let mut fade = fade(Level::UNITY);
        fade.set(Level::UNITY, Duration::from_secs(9));
        assert!(fade.is_unity());
    }

    #[test]
    fn minutes_are_as_smooth_as_seconds_and_no_time_is_one_frame() {
        let mut long = fade(Level::MUTE);
        long.set(Level::UNITY, Duration::from_hours(1));
        let half = 16_000 * 300;
        long.advance(half);
        let gains = gains(&mut long, 160);
        assert!(gains.windows(2).all(|pair| pair[1] >= pair[0] && pair[1] - pair[0] < 1e-5), "{gains:?}");
        assert!((long.gain() - 0.125).abs() < 0.001);
        let mut sudden = fade(Level::MUTE);
        sudden.set(Level::UNITY, Duration::ZERO);
        sudden.advance(1);
        assert!(sudden.is_unity());
    }
}
