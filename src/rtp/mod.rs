//! RTP: the packets that carry speech, and the order and time they are put back into (RFC 3550, RFC 3551).
//!
//! ```text
//! datagram -> Packet -> Receiver -> Chunk ~ ring ~> JitterBuffer -> what plays next
//!             (bytes)   (whose, which order)        (when)
//! ```
//!
//! [`Receiver`] decides whether a packet belongs to the stream; [`JitterBuffer`] decides when it is played. Neither knows
//! a codec: a payload is bytes, and one byte lasts one tick of the RTP clock, as it does in G.711 and G.722.
//!
//! Beside the stream: [`rtcp`], what both ends tell each other about it, and [`telephone_event`], keys as packets.
//!
//! Left out: codecs whose bytes are no ticks.

mod chunk;
mod clock;
mod delay;
mod jitter;
mod packet;
mod receiver;
pub mod rtcp;
mod segments;
mod sender;
mod sequence;
pub mod telephone_event;

pub use chunk::Chunk;
pub use delay::DelayRange;
pub use jitter::{JitterBuffer, JitterStats, Pull};
pub use packet::{Header, Packet, ParseError};
pub use receiver::{Receiver, ReceiverConfig, ReceiverStats, Rejected, Source};
pub use sender::{Sender, WriteError};
pub use sequence::{Order, SequenceTracker};
