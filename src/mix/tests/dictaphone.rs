//! What is written down of a caller.

use super::bench::*;
use crate::codec::Encoder;
use crate::mix::{Dictaphone, Format, VoiceConfig};
use crate::rtp::{Chunk, Content, DelayRange};
use crate::time::Instant;
use crate::units::{Level, SampleRate};
use core::time::Duration;

/// A caller who speaks packets of 20 ms, and the one who writes down what he says.
struct Stand {
    dictaphone: Dictaphone,
    encoder: Encoder,
    format: Format,
    sent: u32,
    written: Vec<i16>,
}

impl Stand {
    fn new(formats: &[Format], format: Format) -> Self {
        let formats = heapless::Vec::from_slice(formats).unwrap();
        let config = VoiceConfig { formats, delay: DelayRange::default(), level: Level::UNITY };
        let (dictaphone, encoder) = (Dictaphone::new(config), format.codec.encoder());
        Self { dictaphone, encoder, format, sent: 0, written: Vec::new() }
    }

    /// The next packet leaves, and arrives at once or never; each time all is asked for that there is.
    fn speak(&mut self, arrives: bool) {
        let codec = self.format.codec;
        let rate_hz = codec.sample_rate().hz() as usize;
        let len = rate_hz / 50;
        let from = self.sent as usize * len;
        let speech = tone_at(rate_hz, 500.0, 0.25, from..from + len);
        let ticks = len / codec.samples_per_tick();
        let mut payload = vec![0; ticks * codec.bytes_per_tick()];
        self.encoder.encode(&speech, &mut payload);
        let now = ms(20 * u64::from(self.sent));
        for (number, piece) in payload.chunks(Chunk::CAPACITY).enumerate().filter(|_| arrives) {
            let before = number * Chunk::CAPACITY / codec.bytes_per_tick();
            self.dictaphone.handle_media(now, &self.chunk(ticks, before, now, piece));
        }
        self.sent += 1;
        self.dictaphone.listen(now, |samples| self.written.extend(samples));
    }

    fn chunk(&self, ticks: usize, before: usize, arrival: Instant, piece: &[u8]) -> Chunk {
        Chunk {
            run: 0,
            timestamp: self.sent * u32::try_from(ticks).unwrap() + u32::try_from(before).unwrap(),
            clock: self.format.codec.clock_rate(),
            arrival,
            payload_type: self.format.payload_type,
            marker: false,
            content: Content::Speech { bytes_per_tick: self.format.codec.bytes_per_tick() as u8 },
            payload: heapless::Vec::from_slice(piece).unwrap(),
        }
    }

    fn finish(mut self) -> Vec<f32> {
        let now = ms(20 * u64::from(self.sent));
        self.dictaphone.finish(now, |samples| self.written.extend(samples));
        self.written.iter().map(|sample| f32::from(*sample) / 32_768.0).collect()
    }
}

#[test]
fn a_caller_is_written_down_whole_at_16_khz_whatever_he_speaks() {
    for format in [G711[0], G711[1], G722, L16_8, L16_16, L16_48] {
        let mut stand = Stand::new(&[format], format);
        (0..100).for_each(|_| stand.speak(true));
        let written = stand.finish();
        let middle = &written[4_000..28_000];
        let level = db(crate::dsp::probe::amplitude(middle, 500.0, 16_000) / 0.25);
        assert!(level.abs() < 0.3, "{format:?}: {level} dB");
        let sounds = |sample: &f32| sample.abs() > 1e-3;
        let (first, last) =
            (written.iter().position(sounds).unwrap(), written.iter().rposition(sounds).unwrap());
        assert!((31_900..32_600).contains(&(last - first)), "{format:?}: two seconds are {}", last - first);
    }
}

#[test]
fn another_codec_of_another_rate_is_written_down_too() {
    let mut stand = Stand::new(&[G722, G711[0]], G711[0]);
    (0..100).for_each(|_| stand.speak(true));
    let level = db(crate::dsp::probe::amplitude(&stand.finish()[4_000..28_000], 500.0, 16_000) / 0.25);
    assert!(level.abs() < 0.3, "{level} dB");
}

#[test]
fn a_lost_packet_is_made_up() {
    let mut stand = Stand::new(&G711, G711[0]);
    (0..100).for_each(|number| stand.speak(number != 50));
    let written = stand.finish();
    let quiet = written[8_000..24_000].chunks(32).filter(|piece| peak(piece) < 0.05).count();
    assert_eq!(quiet, 0, "no hole in the middle");
}

#[test]
fn a_long_silence_is_not_written_down_whole() {
    let mut stand = Stand::new(&G711, G711[0]);
    (0..50).for_each(|_| stand.speak(true));
    stand.sent += 3_000;
    (0..50).for_each(|_| stand.speak(true));
    let seconds = stand.finish().len() as f64 / 16_000.0;
    assert!((3.5..4.5).contains(&seconds), "a minute of nothing is two seconds: {seconds} s");
}

#[test]
fn nothing_is_written_before_anything_has_come() {
    let config = VoiceConfig {
        formats: heapless::Vec::from_slice(&G711).unwrap(),
        delay: DelayRange::default(),
        level: Level::UNITY,
    };
    let mut dictaphone = Dictaphone::new(config);
    let mut written = 0;
    dictaphone.listen(ms(5_000), |samples| written += samples.len());
    dictaphone.finish(ms(6_000) + Duration::from_secs(1), |samples| written += samples.len());
    assert_eq!(written, 0);
    assert_eq!(Dictaphone::RATE, SampleRate::HZ_16000);
}
