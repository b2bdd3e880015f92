//! From the engine's samples to a device's: number of channels, width, bytes.
//!
//! Rounds to the nearest step. Dither is left out: telephone sound is noisier than 16 bits by far.

/// How a device takes its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) format: SampleFormat,
    /// Channels that the engine renders.
    pub(super) engine_channels: usize,
    /// Channels that the device has.
    pub(super) device_channels: usize,
}

/// The width of a sample; byte order is the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SampleFormat {
    S16,
    S32,
}

impl Layout {
    pub(super) const fn frame_bytes(self) -> usize {
        self.format.bytes() * self.device_channels
    }

    /// Appends the interleaved `sound` to `bytes`.
    pub(super) fn encode(self, sound: &[f32], bytes: &mut Vec<u8>) {
        for frame in sound.chunks_exact(self.engine_channels.max(1)) {
            for channel in 0..self.device_channels {
                self.format.encode(self.pick(frame, channel), bytes);
            }
        }
    }

    /// A card of one channel gets the mean of all; one with more than the engine gets them over again, so that every
    /// socket at its back sounds.
    fn pick(self, frame: &[f32], channel: usize) -> f32 {
        if self.device_channels == 1 && frame.len() > 1 {
            #[expect(clippy::cast_precision_loss, reason = "a number of channels is small")]
            let share = 1.0 / frame.len() as f32;
            return frame.iter().sum::<f32>() * share;
        }
        frame.get(channel % frame.len()).copied().unwrap_or(0.0)
    }
}

impl SampleFormat {
    const fn bytes(self) -> usize {
        match self {
            Self::S16 => 2,
            Self::S32 => 4,
        }
    }

    fn encode(self, sample: f32, bytes: &mut Vec<u8>) {
        match self {
            Self::S16 => bytes.extend(to_s16(sample).to_ne_bytes()),
            Self::S32 => bytes.extend(to_s32(sample).to_ne_bytes()),
        }
    }
}

/// Full scale ±1.0 to 16 bits; more than that is clipped, and what is no number is silence.
pub(super) fn to_s16(sample: f32) -> i16 {
    let scaled = sample * 32_768.0;
    #[expect(clippy::cast_possible_truncation, reason = "the cast clips, and makes 0 of NaN")]
    let rounded = (scaled + 0.5_f32.copysign(scaled)) as i16;
    rounded
}

fn to_s32(sample: f32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "the cast clips, and makes 0 of NaN")]
    let scaled = (sample * 2_147_483_648.0) as i32;
    scaled
}

#[cfg(test)]
mod tests {
    use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};

    use super::*;

    fn s16(engine_channels: usize, device_channels: usize, sound: &[f32]) -> Vec<i16> {
        let mut bytes = Vec::new();
        Layout { format: SampleFormat::S16, engine_channels, device_channels }.encode(sound, &mut bytes);
        bytes.chunks(2).map(|pair| i16::from_ne_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn encoding_into_the_room_there_is_allocates_nothing() {
        for (format, device_channels) in
            [(SampleFormat::S16, 2), (SampleFormat::S16, 1), (SampleFormat::S32, 8)]
        {
            let layout = Layout { format, engine_channels: 2, device_channels };
            let mut bytes = Vec::with_capacity(480 * layout.frame_bytes());
            reset_violation_count();
            assert_no_alloc(|| layout.encode(&[0.5; 960], &mut bytes));
            assert_eq!((violation_count(), bytes.len()), (0, 480 * layout.frame_bytes()), "{layout:?}");
        }
    }

    #[test]
    fn every_16_bit_sample_survives() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(to_s16(f32::from(sample) / 32_768.0), sample);
        }
    }

    #[test]
    fn rounds_to_the_nearest_and_clips() {
        let step = 1.0 / 32_768.0;
        let sound = [0.6 * step, 0.4 * step, -0.6 * step, 1.0, 7.0, -7.0, f32::NAN];
        assert_eq!(s16(1, 1, &sound), [1, 0, -1, 32767, 32767, -32768, 0]);
        assert_eq!(
            [to_s32(1.0), to_s32(-1.0), to_s32(0.5), to_s32(f32::NAN)],
            [i32::MAX, i32::MIN, 1 << 30, 0]
        );
    }

    #[test]
    fn channels_are_spread_and_folded() {
        let (left, right) = (0.5, 0.25);
        assert_eq!(s16(2, 2, &[left, right]), [16384, 8192]);
        assert_eq!(s16(2, 4, &[left, right]), [16384, 8192, 16384, 8192]);
        assert_eq!(s16(2, 1, &[left, right]), [12288]);
        assert_eq!(s16(1, 2, &[left, right]), [16384, 16384, 8192, 8192]);
    }
}
