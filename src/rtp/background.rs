//! What is heard where there is no speech, and was to be none: comfort noise (RFC 3389), and nothing while a key is held
//! (RFC 4733).

use super::chunk::Chunk;

/// Noise and keys, in ticks of the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Background {
    noise: Option<Noise>,
    /// From where to where a key is held.
    key: Option<(i64, i64)>,
}

impl Background {
    /// Takes a packet of noise for `tick`.
    pub(super) fn set_noise(&mut self, tick: i64, chunk: &Chunk) {
        if self.noise.as_ref().is_some_and(|noise| noise.newest > tick) {
            return;
        }
        let front = &chunk.payload[..chunk.payload.len().min(Chunk::NOISE_CAPACITY)];
        let from = self.noise.as_ref().map_or(tick, |noise| noise.from);
        let payload = heapless::Vec::from_slice(front).unwrap_or_default();
        self.noise = Some(Noise { from, newest: tick, payload });
    }

    /// Takes a packet of a key that is held since `tick`. It is taken to be held for `patience` more than the packet
    /// says, unless it says that it ended.
    pub(super) fn set_key(&mut self, tick: i64, chunk: &Chunk, patience: i64) {
        let Some(&[_, flags, d0, d1]) = chunk.payload.first_chunk() else { return };
        let held = i64::from(u16::from_be_bytes([d0, d1]));
        let has_ended = flags & END != 0;
        let end = tick + held + if has_ended { 0 } else { patience };
        let until = match self.key {
            Some((from, until)) if from == tick && !has_ended => end.max(until),
            _ => end,
        };
        self.key = Some((tick, until));
    }

    /// Speech from `tick` on: noise from before is over.
    pub(super) fn on_speech(&mut self, tick: i64) {
        match &mut self.noise {
            Some(noise) if noise.newest > tick => noise.from = noise.newest,
            noise => *noise = None,
        }
    }

    /// Ticks get another meaning. Noise that lies at `tick` stays until there is speech; the rest is forgotten.
    pub(super) fn restart(&mut self, tick: i64) {
        self.key = None;
        self.noise = self.noise.take().filter(|noise| noise.from <= tick);
        if let Some(noise) = &mut self.noise {
            (noise.from, noise.newest) = (i64::MIN, i64::MIN);
        }
    }

    /// The noise that there is; `None` for silence.
    pub(super) fn noise(&self) -> Option<&[u8]> {
        self.noise.as_ref().map(|noise| noise.payload.as_slice())
    }

    /// What lies at `tick`, where there is no speech, and for how long at most.
    pub(super) fn at(&self, tick: i64) -> (Ground, i64) {
        let noise_from = self.noise.as_ref().map_or(i64::MAX, |noise| noise.from);
        let (key_from, key_until) =
            self.key.filter(|&(_, until)| tick < until).unwrap_or((i64::MAX, i64::MAX));
        if key_from <= tick {
            (Ground::Key, key_until - tick)
        } else if noise_from <= tick {
            (Ground::Noise, key_from.saturating_sub(tick))
        } else {
            (Ground::Bare, noise_from.min(key_from).saturating_sub(tick))
        }
    }
}

/// What lies under the speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// Nothing: where there is no speech, it is missing.
    Bare,
    /// Comfort noise.
    Noise,
    /// Silence, while a key is held.
    Key,
}

#[derive(Clone, Debug)]
struct Noise {
    from: i64,
    /// Where the packet that says what it is belongs.
    newest: i64,
    payload: heapless::Vec<u8, { Chunk::NOISE_CAPACITY }>,
}

/// The bit of an event that has ended (RFC 4733 §2.3).
const END: u8 = 0x80;
