//! The received media of one call.
//!
//! One task per call: socket in, [`Receiver`] over it, chunks into the ring to the audio thread. It ends when it is
//! dropped with its call. A packet that is no RTP, or not of this call, is counted by the receiver and forgotten.

use super::sink::Sink;
use crate::clock;
use crate::mix::{Media, VoiceId};
use crate::net::{self, Udp};
use crate::rtp::Receiver;
use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// Receives until it is dropped, or its socket is.
pub(super) async fn receive(
    socket: Weak<Udp>,
    receiver: Rc<RefCell<Receiver>>,
    voice: VoiceId,
    sink: Rc<Sink<'_>>,
) {
    let take = |packet: &[u8], arrival, remote| {
        let mut receiver = receiver.borrow_mut();
        // Why a packet was refused is in the receiver's counts.
        let _ = receiver.handle_datagram(arrival, remote, packet);
        while let Some(chunk) = receiver.poll_chunk() {
            sink.play(Media { voice, chunk });
        }
    };
    loop {
        // One packet each time the socket is reported: a flood on it does not keep the others waiting.
        let next = poll_fn(|context| {
            let Some(socket) = socket.upgrade() else { return Poll::Pending };
            // Here it is on the stack; outside, each call would have one of its own.
            let mut packet = [0; MAX_PACKET];
            let datagram = socket.poll_recv(context, &mut packet);
            datagram.map_ok(|datagram| take(&packet[..datagram.len], datagram.arrival, datagram.remote))
        });
        if next.await.is_err() {
            // The socket is broken; the call ends by its rtp-timeout.
            net::sleep_until(clock::now() + PAUSE_AFTER_ERROR).await;
        }
    }
}

/// Larger than any packet of 60 ms of 16-bit sound at 48 kHz.
const MAX_PACKET: usize = 6144;
/// A broken socket is not asked more often than this.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
