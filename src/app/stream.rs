//! The received media of one call.
//!
//! One task per call: socket in, [`Receiver`] over it, chunks into the ring to the audio thread. It ends when it is
//! dropped with its call. A packet that is no RTP, or not of this call, is counted by the receiver and forgotten.

use super::sink::Sink;
use crate::mix::{Media, VoiceId};
use crate::net::Udp;
use crate::rtp::Receiver;
use core::time::Duration;
use smol::{Timer, future};
use std::cell::RefCell;
use std::rc::Rc;

/// Receives until it is dropped.
pub(super) async fn receive(
    socket: Udp,
    receiver: Rc<RefCell<Receiver>>,
    voice: VoiceId,
    sink: Rc<Sink<'_>>,
) {
    let mut packet = [0; MAX_PACKET];
    loop {
        for _ in 0..BURST {
            let Ok(datagram) = socket.recv(&mut packet).await else {
                // The socket is broken; the call ends by its rtp-timeout.
                Timer::after(PAUSE_AFTER_ERROR).await;
                continue;
            };
            let mut receiver = receiver.borrow_mut();
            // Why a packet was refused is in the receiver's counts.
            let _ = receiver.handle_datagram(datagram.arrival, datagram.remote, &packet[..datagram.len]);
            while let Some(chunk) = receiver.poll_chunk() {
                sink.play(Media { voice, chunk });
            }
        }
        // A flood on one port must not keep the others waiting.
        future::yield_now().await;
    }
}

/// Larger than any packet of 60 ms of 16-bit sound at 48 kHz.
const MAX_PACKET: usize = 6144;
/// Packets taken in a row.
const BURST: usize = 32;
/// A broken socket is not asked more often than this.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
