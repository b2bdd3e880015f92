//! What a placed page says, cut into payloads: encoded once, said in as many calls as there are.
//!
//! ```text
//! samples ─> packets of ptime, the last one filled up with silence ─> encoder ─> payloads, all of one length
//! ```
//! A tone of hours is folded: [`FOLD`] packets in its middle are the same ones again and again. So a tone needs memory
//! for less than three times as many, and a file for its own length.

use super::call_error::CallError;
use super::sound::Source;
use crate::codec::Codec;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;

/// What a page says, in whatever codec and packets a callee agrees on.
#[derive(Debug)]
pub(super) struct Repertoire {
    source: Source,
    ready: HashMap<(Codec, Duration), Arc<Speech>>,
}

impl Repertoire {
    /// All of `source`.
    pub(super) fn new(source: Source) -> Self {
        Self { source, ready: HashMap::new() }
    }

    /// The page by `codec` in packets of `ptime`.
    ///
    /// # Errors
    /// When the file has a rate that cannot be converted.
    pub(super) fn speech(&mut self, codec: Codec, ptime: Duration) -> Result<Arc<Speech>, CallError> {
        if let Some(speech) = self.ready.get(&(codec, ptime)) {
            return Ok(Arc::clone(speech));
        }
        let speech = Arc::new(Speech::encode(&self.source, codec, ptime)?);
        self.ready.insert((codec, ptime), Arc::clone(&speech));
        Ok(speech)
    }
}

/// A page in packets.
#[derive(Debug)]
pub(super) struct Speech {
    ptime: Duration,
    /// What a packet lasts on the RTP clock.
    ticks: u32,
    /// One payload after the other.
    payloads: Vec<u8>,
    /// The length of each.
    bytes: usize,
    /// Which of them a sender that suppresses silence leaves out.
    silent: Vec<bool>,
    /// So many times the second [`FOLD`] packets are said once more.
    folds: usize,
}

impl Speech {
    fn encode(source: &Source, codec: Codec, ptime: Duration) -> Result<Self, CallError> {
        let ticks = codec.clock_rate().frames_in(ptime).max(1);
        let frames = ticks * codec.samples_per_tick();
        let bytes = ticks * codec.bytes_per_tick();
        let (shorter, folds) = source.folded(ptime, FOLD);
        let mut samples = shorter.as_ref().unwrap_or(source).samples(codec.sample_rate())?;
        samples.resize(samples.len().next_multiple_of(frames), 0.0);
        let packets = samples.chunks_exact(frames);
        let mut payloads = vec![0; packets.len() * bytes];
        let mut encoder = codec.encoder();
        for (packet, payload) in packets.clone().zip(payloads.chunks_exact_mut(bytes)) {
            encoder.encode(packet, payload);
        }
        let silent = silences(packets, ptime);
        Ok(Self { ptime, ticks: u32::try_from(ticks).unwrap_or(u32::MAX), payloads, bytes, silent, folds })
    }

    /// How many packets there are.
    pub(super) fn len(&self) -> usize {
        self.silent.len() + self.folds * FOLD
    }

    /// How long each of them lasts.
    pub(super) const fn ptime(&self) -> Duration {
        self.ptime
    }

    /// How long each of them lasts on the RTP clock.
    pub(super) const fn ticks(&self) -> u32 {
        self.ticks
    }

    /// The payload of a packet; nothing after the end.
    pub(super) fn payload(&self, packet: usize) -> &[u8] {
        let at = self.unfolded(packet) * self.bytes;
        self.payloads.get(at..at + self.bytes).unwrap_or_default()
    }

    /// Whether a packet lies in a silence, some time after its begin.
    pub(super) fn is_silent(&self, packet: usize) -> bool {
        self.silent.get(self.unfolded(packet)).copied().unwrap_or_default()
    }

    fn unfolded(&self, packet: usize) -> usize {
        packet - FOLD * (packet / FOLD).saturating_sub(1).min(self.folds)
    }
}

fn silences<'a>(packets: impl Iterator<Item = &'a [f32]>, ptime: Duration) -> Vec<bool> {
    let mut quiet_for = Duration::ZERO;
    let is_silent = |packet: &[f32]| {
        let is_quiet = packet.iter().all(|sample| sample.abs() < SILENCE);
        quiet_for = if is_quiet { quiet_for + ptime } else { Duration::ZERO };
        quiet_for > HANGOVER
    };
    packets.map(is_silent).collect()
}

/// Whole packets of a tone that can be said again: whole seconds for every ptime.
const FOLD: usize = 1000;
/// No sample of a silence is louder: -50 dBFS.
const SILENCE: f32 = 0.003_16;
/// The end of a word is quiet, too: so long a silence is still sent.
const HANGOVER: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Clip;
    use crate::units::SampleRate;

    const PTIME: Duration = Duration::from_millis(20);

    fn tone(hz: f64, seconds: u64) -> Source {
        Source::Sine { hz, length: Duration::from_secs(seconds) }
    }

    fn clip(samples: Vec<f32>) -> Source {
        Source::Clip(Clip { rate: SampleRate::HZ_8000, samples })
    }

    fn speech(source: Source, codec: Codec, ptime: Duration) -> Arc<Speech> {
        Repertoire::new(source).speech(codec, ptime).unwrap()
    }

    #[test]
    fn packets_have_the_length_of_their_codec_and_ptime() {
        let l16 = Codec::L16(SampleRate::HZ_48000);
        let cases = [(Codec::Pcmu, 20, 160, 160), (Codec::G722, 30, 240, 240), (l16, 10, 480, 960)];
        for (codec, millis, ticks, bytes) in cases {
            let speech = speech(tone(440.0, 3), codec, Duration::from_millis(millis));
            assert_eq!(speech.len(), usize::try_from(3000 / millis).unwrap(), "{codec:?}");
            assert_eq!((speech.ticks(), speech.payload(0).len()), (ticks, bytes), "{codec:?}");
            assert_eq!(speech.payload(speech.len()), b"");
        }
    }

    #[test]
    fn the_last_packet_is_filled_up_with_silence() {
        let speech = speech(clip(vec![0.5; 170]), Codec::Pcmu, PTIME);
        assert_eq!(speech.len(), 2);
        assert_eq!(speech.payload(1)[10..], [0xff; 150]);
        assert_ne!(speech.payload(1)[9], 0xff);
    }

    #[test]
    fn silence_begins_some_time_after_the_last_word_and_ends_with_the_next() {
        let mut samples = vec![0.5; 160];
        samples.resize(160 * 20, 0.001);
        samples.extend([0.5; 160]);
        let speech = speech(clip(samples), Codec::Pcmu, PTIME);
        let silent: Vec<_> = (0..speech.len()).filter(|&packet| speech.is_silent(packet)).collect();
        assert_eq!(silent, (11..20).collect::<Vec<_>>());
    }

    #[test]
    fn a_long_tone_needs_no_more_memory_than_a_short_one_and_sounds_the_same() {
        let long = speech(tone(440.5, 24 * 3600), Codec::Pcmu, PTIME);
        let short = speech(tone(440.5, 59), Codec::Pcmu, PTIME);
        assert_eq!((long.len(), short.len()), (24 * 3600 * 50, 59 * 50));
        assert!(long.payloads.len() <= 3 * FOLD * 160, "{}", long.payloads.len());
        for packet in [0, 1, 999, 1000, 2000, 2900] {
            assert_eq!(long.payload(packet), short.payload(packet), "{packet}");
        }
        // 40 s is a whole number of periods; so is the distance between these two.
        assert_eq!(long.payload(long.len() - 951), long.payload(1049));
        assert_eq!(long.payload(long.len() - 1).last(), Some(&0xff));
    }
}
