//! From the engine's samples to a device's: number of channels, width, bytes.
//!
//! Rounds to the nearest step and clips, once. Dither is left out: telephone sound is noisier than 16 bits by far.

use super::setup::Others;

/// How a device takes its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) format: SampleFormat,
    /// Channels that the engine renders.
    pub(super) engine_channels: usize,
    /// Channels that the device has.
    pub(super) device_channels: usize,
    /// What the device's further channels play.
    pub(super) others: Others,
}

/// The samples of a device, as ALSA calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SampleFormat {
    /// 32 bits.
    S32,
    /// 32 bits of a float; more than ±1.0 is no sample.
    Float,
    /// The lower 24 of 32 bits.
    S24,
    /// 24 bits in three bytes.
    S24In3,
    /// 16 bits.
    S16,
}

impl Layout {
    pub(super) const fn frame_bytes(self) -> usize {
        self.format.bytes() * self.device_channels
    }

    /// Appends the interleaved `sound` to `bytes`.
    pub(super) fn encode(self, sound: &[f32], bytes: &mut Vec<u8>) {
        match self.format {
            SampleFormat::S32 => self.lay(sound, bytes, |sample| to_s32(sample).to_le_bytes()),
            SampleFormat::Float => self.lay(sound, bytes, |sample| to_float(sample).to_le_bytes()),
            SampleFormat::S24 => self.lay(sound, bytes, |sample| to_s24(sample).to_le_bytes()),
            SampleFormat::S24In3 => self.lay(sound, bytes, |sample| {
                let [low, middle, high, _] = to_s24(sample).to_le_bytes();
                [low, middle, high]
            }),
            // By far the most usual.
            SampleFormat::S16 if self.is_doubled() => lay_frames(sound, bytes, |sample| {
                (u32::from(to_s16(sample).cast_unsigned()) * 0x1_0001).to_le_bytes()
            }),
            SampleFormat::S16 => self.lay(sound, bytes, |sample| to_s16(sample).to_le_bytes()),
        }
    }

    fn lay<const N: usize>(self, sound: &[f32], bytes: &mut Vec<u8>, encode: impl Fn(f32) -> [u8; N]) {
        if self.engine_channels == self.device_channels {
            return lay_frames(sound, bytes, encode);
        }
        let start = bytes.len();
        let frames = sound.len() / self.engine_channels.max(1);
        bytes.resize(start + frames * self.device_channels * N, 0);
        let (places, _) = bytes[start..].as_chunks_mut::<N>();
        if self.engine_channels == 1 && self.others == Others::Repeat {
            for (frame, &sample) in places.chunks_exact_mut(self.device_channels.max(1)).zip(sound) {
                frame.fill(encode(sample));
            }
        } else {
            let frames = sound.chunks_exact(self.engine_channels.max(1));
            for (places, frame) in places.chunks_exact_mut(self.device_channels.max(1)).zip(frames) {
                for (channel, place) in places.iter_mut().enumerate() {
                    *place = encode(self.pick(frame, channel));
                }
            }
        }
    }

    /// Whether one channel plays on both of a card.
    fn is_doubled(self) -> bool {
        self.engine_channels == 1 && self.device_channels == 2 && self.others == Others::Repeat
    }

    /// A card of one channel gets the mean of all. What it lacks otherwise is not heard.
    fn pick(self, frame: &[f32], channel: usize) -> f32 {
        if self.device_channels == 1 {
            #[expect(clippy::cast_precision_loss, reason = "a number of channels is small")]
            let share = 1.0 / frame.len() as f32;
            return frame.iter().sum::<f32>() * share;
        }
        let channel = if self.others == Others::Repeat { channel % frame.len() } else { channel };
        frame.get(channel).copied().unwrap_or(0.0)
    }
}

impl SampleFormat {
    /// The best first: those that hold all of an engine's sample, then 24 bits, then 16.
    pub(super) const ALL: [Self; 5] = [Self::S32, Self::Float, Self::S24, Self::S24In3, Self::S16];

    /// As ALSA writes it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::S32 => "S32_LE",
            Self::Float => "FLOAT_LE",
            Self::S24 => "S24_LE",
            Self::S24In3 => "S24_3LE",
            Self::S16 => "S16_LE",
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::S32 | Self::Float | Self::S24 => 4,
            Self::S24In3 => 3,
            Self::S16 => 2,
        }
    }
}

/// Appends a frame of `N` bytes for each of the samples.
fn lay_frames<const N: usize>(sound: &[f32], bytes: &mut Vec<u8>, encode: impl Fn(f32) -> [u8; N]) {
    for sound in sound.chunks(PIECE) {
        let mut frames = [[0; N]; PIECE];
        for (frame, &sample) in frames.iter_mut().zip(sound) {
            *frame = encode(sample);
        }
        bytes.extend_from_slice(frames[..sound.len()].as_flattened());
    }
}

/// Samples that are encoded side by side.
const PIECE: usize = 40;

/// Full scale ±1.0 to 16 bits; more than that is clipped, and what is no number is silence.
pub(super) fn to_s16(sample: f32) -> i16 {
    let clipped = (sample * 32_768.0).clamp(-32_768.0, 32_767.0);
    // Added to this, a number has its whole part in the lowest bits, rounded to the nearest; NaN has none there. A third
    // of what a cast costs.
    let [low, high, ..] = (clipped + 12_582_912.0).to_bits().to_le_bytes();
    i16::from_le_bytes([low, high])
}

/// To the lower 24 of 32 bits.
fn to_s24(sample: f32) -> i32 {
    let scaled = sample * 8_388_608.0;
    #[expect(clippy::cast_possible_truncation, reason = "the cast clips, and makes 0 of NaN")]
    let rounded = (scaled + 0.5_f32.copysign(scaled)) as i32;
    rounded.clamp(-0x80_0000, 0x7f_ffff)
}

/// A sample of the engine has 24 bits: only what is too faint to hear is rounded here, towards zero.
fn to_s32(sample: f32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "the cast clips, and makes 0 of NaN")]
    let scaled = (sample * 2_147_483_648.0) as i32;
    scaled
}

fn to_float(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-1.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};

    use super::*;

    fn layout(format: SampleFormat, engine_channels: usize, device_channels: usize) -> Layout {
        Layout { format, engine_channels, device_channels, others: Others::Repeat }
    }

    fn bytes(layout: Layout, sound: &[f32]) -> Vec<u8> {
        let mut bytes = Vec::new();
        layout.encode(sound, &mut bytes);
        bytes
    }

    fn s16(layout: Layout, sound: &[f32]) -> Vec<i16> {
        bytes(layout, sound).chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn encoding_into_the_room_there_is_allocates_nothing() {
        for (format, engine, device) in
            SampleFormat::ALL.into_iter().flat_map(|format| [(format, 2, 2), (format, 2, 1), (format, 1, 8)])
        {
            let layout = layout(format, engine, device);
            let mut bytes = Vec::with_capacity(480 * layout.frame_bytes());
            reset_violation_count();
            assert_no_alloc(|| layout.encode(&[0.5; 960][..480 * engine], &mut bytes));
            assert_eq!((violation_count(), bytes.len()), (0, 480 * layout.frame_bytes()), "{layout:?}");
        }
    }

    #[test]
    fn every_16_bit_sample_survives() {
        for sample in i16::MIN..=i16::MAX {
            let exact = f32::from(sample) / 32_768.0;
            assert_eq!(to_s16(exact), sample);
            assert_eq!(to_s24(exact), i32::from(sample) << 8);
            assert_eq!(to_s32(exact), i32::from(sample) << 16);
        }
    }

    #[test]
    fn rounds_to_the_nearest_and_clips() {
        let step = 1.0 / 32_768.0;
        let sound = [0.6 * step, 0.4 * step, -0.6 * step, 1.0, 7.0, -7.0, f32::NAN];
        assert_eq!(s16(layout(SampleFormat::S16, 1, 1), &sound), [1, 0, -1, 32767, 32767, -32768, 0]);
        let step = 1.0 / 8_388_608.0;
        assert_eq!([0.6 * step, 0.4 * step, -0.6 * step].map(to_s24), [1, 0, -1]);
        assert_eq!([1.0, 7.0, -7.0, f32::NAN].map(to_s24), [0x7f_ffff, 0x7f_ffff, -0x80_0000, 0]);
        assert_eq!([1.0, -1.0, 0.5, f32::NAN].map(to_s32), [i32::MAX, i32::MIN, 1 << 30, 0]);
        assert_eq!(
            [2.0, -2.0, 0.5, f32::NAN].map(|s| (to_float(s) * 4.0).to_string()),
            ["4", "-4", "2", "0"]
        );
    }

    #[test]
    fn samples_lie_in_their_bytes_as_alsa_has_them() {
        let half = |format| bytes(layout(format, 1, 1), &[-0.5]);
        assert_eq!(half(SampleFormat::S16), [0x00, 0xc0]);
        assert_eq!(half(SampleFormat::S24In3), [0x00, 0x00, 0xc0]);
        assert_eq!(half(SampleFormat::S24), [0x00, 0x00, 0xc0, 0xff]);
        assert_eq!(half(SampleFormat::S32), [0x00, 0x00, 0x00, 0xc0]);
        assert_eq!(half(SampleFormat::Float), (-0.5_f32).to_le_bytes());
    }

    #[test]
    fn channels_are_spread_and_folded() {
        let (left, right) = (0.5, 0.25);
        let s16 = |engine, device, sound: &[f32]| s16(layout(SampleFormat::S16, engine, device), sound);
        assert_eq!(s16(2, 2, &[left, right]), [16384, 8192]);
        assert_eq!(s16(2, 4, &[left, right]), [16384, 8192, 16384, 8192]);
        assert_eq!(s16(2, 1, &[left, right]), [12288]);
        assert_eq!(s16(1, 2, &[left, right]), [16384, 16384, 8192, 8192]);
        assert_eq!(s16(1, 1, &[left]), [16384]);
    }

    #[test]
    fn channels_of_no_zone_are_silent_and_those_the_card_lacks_are_not_heard() {
        let silent =
            |engine, device| Layout { others: Others::Silent, ..layout(SampleFormat::S16, engine, device) };
        assert_eq!(s16(silent(2, 4), &[0.5, 0.25]), [16384, 8192, 0, 0]);
        assert_eq!(s16(silent(3, 2), &[0.5, 0.25, 0.125]), [16384, 8192]);
        assert_eq!(s16(silent(2, 1), &[0.5, 0.25]), [12288]);
    }
}
