//! Keys that are heard in a call without telephone events: told like any other, and kept from the loudspeaker.
//!
//! Each piece of speech is listened to when it comes, before it is played: what the jitter buffer holds is the time there is
//! to mute it. Muting lasts until what was suspect has been played.

use crate::codec::{Codec, Decoder};
use crate::dsp::Dtmf;
use crate::key::{Key, KeyEvent};
use crate::rtp::{Chunk, Content};
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;

/// Listens to one call.
#[derive(Debug)]
pub(super) struct Inband {
    /// By payload type.
    decoders: Vec<(u8, SampleRate, Decoder)>,
    /// The payload type that was heard last.
    hears: u8,
    dtmf: Dtmf,
    suspect_at: Option<Instant>,
    is_muted: bool,
}

impl Inband {
    /// For a call that may speak so; `None` when none of it can be listened to, as with L16 of 48 kHz.
    pub(super) fn new(codecs: impl Iterator<Item = (u8, Codec)>) -> Option<Self> {
        let codecs: Vec<_> = codecs.filter(|(_, codec)| codec.sample_rate().hz() <= 16_000).collect();
        let &(hears, first) = codecs.first()?;
        let decoder =
            |&(payload_type, codec): &(u8, Codec)| (payload_type, codec.sample_rate(), codec.decoder());
        let decoders = codecs.iter().map(decoder).collect();
        let dtmf = Dtmf::new(first.sample_rate());
        Some(Self { decoders, hears, dtmf, suspect_at: None, is_muted: false })
    }

    /// Listens to a piece of speech. Says whether to mute from now on, or no more, when that changes.
    pub(super) fn hear(&mut self, chunk: &Chunk) -> Option<bool> {
        if let Content::Speech { .. } = chunk.content {
            self.listen(chunk);
        }
        if self.dtmf.is_suspect() {
            self.suspect_at = Some(chunk.arrival);
        }
        let is_muted = self.suspect_at.is_some_and(|at| chunk.arrival.since(at) < LINGER);
        (core::mem::replace(&mut self.is_muted, is_muted) != is_muted).then_some(is_muted)
    }

    /// The next key that was pressed.
    pub(super) fn poll_key(&mut self) -> Option<Key> {
        while let Some(heard) = self.dtmf.poll_event() {
            if let KeyEvent::Pressed(key) = heard.event {
                return Some(key);
            }
        }
        None
    }

    fn listen(&mut self, chunk: &Chunk) {
        let known = self.decoders.iter_mut().find(|(payload_type, ..)| *payload_type == chunk.payload_type);
        let Some((payload_type, rate, decoder)) = known else { return };
        if *payload_type != self.hears {
            self.hears = *payload_type;
            self.dtmf = Dtmf::new(*rate);
        }
        let mut samples = [0.0; 2 * Chunk::CAPACITY];
        let len = decoder.decode(&chunk.payload, &mut samples);
        self.dtmf.hear(&samples[..len]);
    }
}

/// What was suspect has been played by then, on any network that is fit for keys as tones.
const LINGER: Duration = Duration::from_millis(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::{Kind, PayloadFormat, Receiver, ReceiverConfig, Sender, Source};
    use core::f32::consts::TAU;

    /// 300 ms of speech-like noise, the key 5 for 80 ms, and 300 ms again, as what changes and when.
    fn heard(payload_type: u8, codec: Codec) -> (Vec<Key>, Vec<(u64, bool)>) {
        let rate = codec.sample_rate().hz();
        let per_packet = usize::try_from(rate / 50).unwrap();
        let kind = Kind::Speech { clock: codec.clock_rate(), bytes_per_tick: 1 };
        let formats = heapless::Vec::from_slice(&[PayloadFormat { payload_type, kind }]).unwrap();
        let mut receiver = Receiver::new(ReceiverConfig { formats, source: Source::Any });
        let (mut sender, mut encoder) = (Sender::new(1, payload_type), codec.encoder());
        let mut inband = Inband::new([(payload_type, codec)].into_iter()).unwrap();
        let (mut keys, mut changes) = (Vec::new(), Vec::new());
        for packet in 0..34_u16 {
            let is_key = (15..19).contains(&packet);
            let samples: Vec<f32> = (0..per_packet)
                .map(|index| {
                    let frame = usize::from(packet) * per_packet + index;
                    let turn = |hz: f32| (TAU * hz * to_f32(frame) / to_f32(per_packet * 50)).sin();
                    if is_key { 0.2 * (turn(770.0) + turn(1336.0)) } else { 0.1 * turn(200.0) }
                })
                .collect();
            let mut payload = [0; 160];
            let len = encoder.encode(&samples, &mut payload);
            let mut datagram = [0; 172];
            sender.write(&payload[..len], 160, &mut datagram).unwrap();
            let arrival = Instant::from_millis(u64::from(packet) * 20);
            receiver.handle_message(arrival, "192.0.2.1:4000".parse().unwrap(), &datagram).unwrap();
            while let Some(chunk) = receiver.poll_chunk() {
                changes
                    .extend(inband.hear(&chunk).map(|is_muted| (chunk.arrival.as_micros() / 1000, is_muted)));
                keys.extend(core::iter::from_fn(|| inband.poll_key()));
            }
        }
        (keys, changes)
    }

    #[expect(clippy::cast_precision_loss, reason = "a second of samples")]
    fn to_f32(count: usize) -> f32 {
        count as f32
    }

    #[test]
    fn a_key_is_told_once_and_muted_from_its_first_packet_until_it_has_been_played() {
        for (payload_type, codec) in [(0, Codec::Pcmu), (9, Codec::G722)] {
            let (keys, changes) = heard(payload_type, codec);
            assert_eq!(keys.iter().map(ToString::to_string).collect::<Vec<_>>(), ["5"], "{codec:?}");
            let [(muted_at, true), (heard_at, false)] = changes[..] else { panic!("{codec:?}: {changes:?}") };
            assert_eq!(muted_at, 300, "{codec:?}");
            assert!((400..=480).contains(&heard_at), "{codec:?}: {heard_at}");
        }
    }

    #[test]
    fn full_band_sound_is_not_listened_to() {
        assert!(Inband::new([(96, Codec::L16(SampleRate::HZ_48000))].into_iter()).is_none());
    }
}
