//! From what an engine renders to the bytes of a device, at the device's rate.

use core::time::Duration;

use super::geometry::{DeviceRate, time_of};
use super::samples::Layout;
use crate::dsp::Polyphase;
use crate::mix::BLOCK;

/// Makes the bytes of one device, from beginning to end.
pub(super) struct Encoder {
    layout: Layout,
    rate: DeviceRate,
    converter: Option<Converter>,
}

/// Between two rates.
struct Converter {
    polyphase: Polyphase,
    /// A block at the device's rate.
    block: Box<[f32]>,
    /// A block of nothing.
    silence: Box<[f32]>,
}

impl Encoder {
    pub(super) fn new(layout: Layout, rate: DeviceRate) -> Self {
        let converter = (rate == DeviceRate::Hz44100).then(|| {
            let polyphase = Polyphase::new(layout.engine_channels);
            let block = vec![0.0; polyphase.most_samples(BLOCK)].into_boxed_slice();
            let silence = vec![0.0; BLOCK * layout.engine_channels].into_boxed_slice();
            Converter { polyphase, block, silence }
        });
        Self { layout, rate, converter }
    }

    pub(super) const fn layout(&self) -> Layout {
        self.layout
    }

    pub(super) const fn rate(&self) -> DeviceRate {
        self.rate
    }

    /// How much later sound comes out of it.
    pub(super) fn delay(&self) -> Duration {
        self.converter
            .as_ref()
            .map_or(Duration::ZERO, |converter| time_of(converter.polyphase.latency_frames()))
    }

    /// Appends the interleaved `sound` to `bytes`; says how many frames they are.
    pub(super) fn encode(&mut self, sound: &[f32], bytes: &mut Vec<u8>) -> usize {
        let before = bytes.len();
        match &mut self.converter {
            None => self.layout.encode(sound, bytes),
            Some(Converter { polyphase, block, .. }) => {
                for sound in sound.chunks(BLOCK * self.layout.engine_channels.max(1)) {
                    let samples = polyphase.process(sound, block);
                    self.layout.encode(&block[..samples], bytes);
                }
            }
        }
        self.frames(bytes.len() - before)
    }

    /// Appends as much silence as the engine would have rendered in `frames`; says how many frames of the device it is.
    pub(super) fn encode_silence(&mut self, frames: usize, bytes: &mut Vec<u8>) -> usize {
        let before = bytes.len();
        let Some(Converter { polyphase, block, silence }) = &mut self.converter else {
            // Zeros in every format.
            bytes.resize(before + frames * self.layout.frame_bytes(), 0);
            return frames;
        };
        let mut rest = frames;
        while rest > 0 {
            let part = rest.min(BLOCK);
            let samples = polyphase.process(&silence[..part * self.layout.engine_channels], block);
            self.layout.encode(&block[..samples], bytes);
            rest -= part;
        }
        self.frames(bytes.len() - before)
    }

    /// Frames of the device in so many bytes.
    pub(super) fn frames(&self, bytes: usize) -> usize {
        bytes / self.layout.frame_bytes().max(1)
    }
}

#[cfg(test)]
mod tests {
    use assert_no_alloc::{assert_no_alloc, reset_violation_count, violation_count};

    use super::*;
    use crate::output::samples::SampleFormat;
    use crate::output::setup::Others;

    fn encoder(engine_channels: usize, rate: DeviceRate) -> Encoder {
        let (format, others) = (SampleFormat::S16, Others::Repeat);
        Encoder::new(Layout { format, engine_channels, device_channels: 2, others }, rate)
    }

    #[test]
    fn sound_and_silence_take_their_time_at_either_rate() {
        for (rate, frames) in [(DeviceRate::Hz48000, 4_800), (DeviceRate::Hz44100, 4_410)] {
            let (mut encoder, mut bytes) = (encoder(1, rate), Vec::new());
            let mut written = 0;
            for _ in 0..5 {
                written += encoder.encode(&[0.5; 480], &mut bytes);
                written += encoder.encode_silence(480, &mut bytes);
            }
            assert_eq!((written, bytes.len()), (frames, 4 * frames), "{rate:?}");
        }
    }

    #[test]
    fn silence_rings_out_before_it_is_silent() {
        let (mut encoder, mut bytes) = (encoder(2, DeviceRate::Hz44100), Vec::new());
        encoder.encode(&[0.5; 960], &mut bytes);
        bytes.clear();
        encoder.encode_silence(480, &mut bytes);
        let heard = bytes.iter().rposition(|&byte| byte != 0).unwrap() / 4;
        assert!((15..=30).contains(&heard), "until frame {heard}");
    }

    #[test]
    fn the_conversion_of_rates_allocates_nothing_and_its_delay_is_stated() {
        let mut encoder = encoder(8, DeviceRate::Hz44100);
        let mut bytes = Vec::with_capacity(10_000);
        reset_violation_count();
        assert_no_alloc(|| {
            encoder.encode(&[0.5; 8 * 480], &mut bytes);
            encoder.encode_silence(480, &mut bytes);
        });
        assert_eq!((violation_count(), bytes.len()), (0, 882 * 4));
        assert_eq!(encoder.delay(), Duration::from_micros(333));
        assert_eq!(super::tests::encoder(1, DeviceRate::Hz48000).delay(), Duration::ZERO);
    }
}
