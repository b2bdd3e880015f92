//! The voice of a placed page: RTP on absolute deadlines.
//!
//! The sound is encoded beforehand, so a beat of the pacer only copies a payload behind a header and sends it.

use crate::clock;
use crate::codec::Codec;
use crate::output::pace;
use crate::rtp::{Header, Sender};
use crate::time::Instant;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::net::UdpSocket;

/// A sound cut into packets, on its way to one peer.
pub(super) struct Talker {
    socket: UdpSocket,
    sender: Sender,
    packets: Vec<Vec<u8>>,
    ptime: Duration,
}

/// What the executor sees of a talker at work.
#[derive(Default)]
pub(super) struct Progress {
    stop: AtomicBool,
    sent: AtomicU64,
    refused: AtomicU64,
    worst_late_us: AtomicU64,
    first_us: AtomicU64,
}

impl Talker {
    /// Encodes `samples` by `codec` into packets of `ptime`, to be sent over `socket`, which is connected to the peer.
    pub(super) fn new(socket: UdpSocket, codec: Codec, samples: &[f32], ptime: Duration, seed: u64) -> Self {
        let frames = usize::try_from(ptime.as_micros() * u128::from(codec.rate().hz()) / 1_000_000);
        let packets = samples.chunks(frames.unwrap_or(usize::MAX).max(1)).map(|chunk| encode(codec, chunk));
        Self { socket, sender: Sender::new(seed, codec.payload_type()), packets: packets.collect(), ptime }
    }

    /// How many packets there are.
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    /// Sends the packets, each at its time. Returns when all are sent, or soon after `progress.stop` is set.
    pub(super) fn talk(mut self, progress: &Progress) {
        let mut datagram = [0; MAX_DATAGRAM];
        let mut spoken = 0;
        pace(self.ptime, &progress.stop, |beat, deadline| {
            let index = usize::try_from(beat).unwrap_or(usize::MAX);
            // After a stall the pacer leaves beats out; their sound is left out with them.
            for skipped in self.packets.get(spoken..index).unwrap_or_default() {
                self.sender.skip(ticks(skipped));
            }
            spoken = index.saturating_add(1);
            let Some(packet) = self.packets.get(index) else {
                progress.stop.store(true, Relaxed);
                return;
            };
            if let Ok(len) = self.sender.write(packet, ticks(packet), &mut datagram) {
                progress.count(deadline, self.socket.send(&datagram[..len]).is_ok());
            }
        });
    }
}

impl Progress {
    /// Ends the talk early.
    pub(super) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// Packets sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Packets the machine or the peer refused.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// How late the latest packet was sent.
    pub(super) fn worst_late(&self) -> Duration {
        Duration::from_micros(self.worst_late_us.load(Relaxed))
    }

    /// When the first packet was due.
    pub(super) fn first_at(&self) -> Instant {
        Instant::from_micros(self.first_us.load(Relaxed))
    }

    fn count(&self, deadline: Instant, is_sent: bool) {
        let count = if is_sent { &self.sent } else { &self.refused };
        if count.fetch_add(1, Relaxed) == 0 && is_sent {
            self.first_us.store(deadline.as_micros(), Relaxed);
        }
        let late = clock::now().since(deadline).as_micros();
        self.worst_late_us.fetch_max(u64::try_from(late).unwrap_or(u64::MAX), Relaxed);
    }
}

fn encode(codec: Codec, samples: &[f32]) -> Vec<u8> {
    let mut payload = vec![codec.silence(); samples.len()];
    codec.encode(samples, &mut payload);
    payload
}

/// G.711 has a byte a tick.
fn ticks(payload: &[u8]) -> u32 {
    u32::try_from(payload.len()).unwrap_or(u32::MAX)
}

/// Room for the largest packet, 60 ms of G.711 and more.
const MAX_DATAGRAM: usize = Header::LEN + 1460;
