//! The voice of a placed page: RTP on absolute deadlines.
//!
//! The sound is encoded beforehand, so a beat of the pacer only copies a payload behind a header and sends it.

use crate::clock;
use crate::codec::{Codec, Encoder};
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
    /// Encodes `samples` by `codec` into packets of `ptime`, to be numbered by `sender` and sent over `socket`, which is
    /// connected to the peer.
    pub(super) fn new(
        socket: UdpSocket,
        sender: Sender,
        codec: Codec,
        ptime: Duration,
        samples: &[f32],
    ) -> Self {
        let frames = usize::try_from(ptime.as_micros() * u128::from(codec.sample_rate().hz()) / 1_000_000);
        let mut encoder = codec.encoder();
        let packets =
            samples.chunks(frames.unwrap_or(usize::MAX).max(1)).map(|chunk| encode(&mut encoder, chunk));
        Self { socket, sender, packets: packets.collect(), ptime }
    }

    /// How many packets there are.
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    /// Sends the packets, each at its time. Returns when the far end has had the time to play them, or soon after
    /// `progress.stop` is set.
    pub(super) fn talk(mut self, progress: &Progress) {
        let mut datagram = [0; MAX_DATAGRAM];
        let mut spoken = 0;
        let mut over_at = Instant::ZERO;
        pace(self.ptime, &progress.stop, |beat, deadline| {
            let index = usize::try_from(beat).unwrap_or(usize::MAX);
            // After a stall the pacer leaves beats out; their sound is left out with them.
            for skipped in self.packets.get(spoken..index).unwrap_or_default() {
                self.sender.skip(ticks(skipped));
            }
            spoken = index.saturating_add(1);
            let Some(packet) = self.packets.get(index) else {
                progress.stop();
                return;
            };
            if let Ok(len) = self.sender.write(packet, ticks(packet), &mut datagram) {
                progress.count(deadline, self.socket.send(&datagram[..len]).is_ok());
                // Its sound lasts as long as the packet; as much again is a margin.
                over_at = clock::now() + self.ptime * 2;
            }
        });
        clock::sleep_until(over_at);
        // What was sent last may have been refused since.
        if let Ok(Some(_)) = self.socket.take_error() {
            progress.take_back();
        }
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

    /// When the first packet was due, once it is sent.
    pub(super) fn first_at(&self) -> Option<Instant> {
        Some(self.first_us.load(Relaxed)).filter(|&at| at > 0).map(Instant::from_micros)
    }

    fn count(&self, deadline: Instant, is_sent: bool) {
        let count = if is_sent { &self.sent } else { &self.refused };
        if count.fetch_add(1, Relaxed) == 0 && is_sent {
            self.first_us.store(deadline.as_micros(), Relaxed);
        }
        let late = clock::now().since(deadline).as_micros();
        self.worst_late_us.fetch_max(u64::try_from(late).unwrap_or(u64::MAX), Relaxed);
    }

    /// A packet that was sent has come back as refused.
    fn take_back(&self) {
        if self.sent.fetch_update(Relaxed, Relaxed, |sent| sent.checked_sub(1)).is_ok() {
            self.refused.fetch_add(1, Relaxed);
        }
    }
}

fn encode(encoder: &mut Encoder, samples: &[f32]) -> Vec<u8> {
    // No codec has more bytes than two per sample.
    let mut payload = vec![0; 2 * samples.len()];
    let len = encoder.encode(samples, &mut payload);
    payload.truncate(len);
    payload
}

/// G.711 has a byte a tick.
fn ticks(payload: &[u8]) -> u32 {
    u32::try_from(payload.len()).unwrap_or(u32::MAX)
}

/// Room for the largest packet, 60 ms of G.711 and more.
const MAX_DATAGRAM: usize = Header::LEN + 1460;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Udp, UdpOptions};

    #[test]
    fn it_ends_when_the_far_end_has_had_the_time_to_play_the_last_packet() {
        let far_end = Udp::bind("127.0.0.1:0".parse().unwrap(), UdpOptions::default()).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(far_end.local_addr()).unwrap();
        let (ptime, samples) = (Duration::from_millis(20), vec![0.0; 480]);
        let talker = Talker::new(socket, Sender::new(1, 0), Codec::Pcmu, ptime, &samples);
        talker.talk(&Progress::default());
        let ended_at = clock::now();
        let mut buffer = [0; 256];
        let arrivals: Vec<_> = core::iter::from_fn(|| far_end.try_recv(&mut buffer).unwrap())
            .map(|packet| packet.arrival)
            .collect();
        assert_eq!(arrivals.len(), 3);
        let pause = ended_at.since(arrivals[2]);
        // Stamps of the kernel are off by some microseconds.
        assert!(pause > Duration::from_millis(39), "{pause:?}");
    }
}
