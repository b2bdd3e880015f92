//! The received media of one call.
//!
//! One task per call: socket in, [`Receiver`] over it, chunks into the ring to the audio thread. It ends when it is
//! dropped with its call. A packet that is no RTP, or not of this call, is counted by the receiver and forgotten.

use super::sink::Sink;
use crate::mix::{Media, VoiceId};
use crate::net::Udp;
use crate::rtp::Receiver;
use crate::time::Instant;
use smol::future;
use std::cell::Cell;
use std::rc::Rc;

/// When the last media of a call came; `None` before the first.
pub(super) type Heard = Rc<Cell<Option<Instant>>>;

/// Receives until it is dropped.
pub(super) async fn receive(
    socket: Udp,
    mut receiver: Receiver,
    voice: VoiceId,
    sink: Rc<Sink<'_>>,
    heard: Heard,
) {
    let mut packet = [0; MAX_PACKET];
    loop {
        let Ok(datagram) = socket.recv(&mut packet).await else {
            // Nothing that befalls a UDP socket ends a call; the others have their turn first.
            future::yield_now().await;
            continue;
        };
        // Why a packet was refused is in the receiver's counts.
        let _ = receiver.handle_datagram(datagram.arrival, datagram.remote, &packet[..datagram.len]);
        while let Some(chunk) = receiver.poll_chunk() {
            heard.set(Some(datagram.arrival));
            sink.play(Media { voice, chunk });
        }
    }
}

/// Larger than any packet of 60 ms of 16-bit sound at 16 kHz.
const MAX_PACKET: usize = 2048;
