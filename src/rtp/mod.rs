//! RTP: the packets that carry speech, and the order and time they are put back into (RFC 3550, RFC 3551).
//!
//! ```text
//! datagram -> Packet -> Receiver -> Chunk ~ ring ~> JitterBuffer -> what plays next
//!             (bytes)   (whose, which order)        (when)
//! ```
//!
//! [`Receiver`] decides whether a packet belongs to the stream; [`JitterBuffer`] decides when it is played. Neither knows
//! a codec, only how many bytes last a tick of which clock ([`PayloadFormat`]). Comfort noise (RFC 3389) goes the way of
//! speech; packets of keys (RFC 4733) come out of the receiver, and tell the buffer that nothing is missing.
//!
//! Beside the stream: [`rtcp`], what both ends tell each other about it, and [`telephone_event`], keys as packets.
//!
//! Left out: codecs whose bytes are no ticks.

mod background;
mod chunk;
mod clock;
mod delay;
mod drift;
mod format;
mod jitter;
mod losses;
mod packet;
mod pull;
mod receiver;
pub mod rtcp;
mod segments;
mod sender;
mod sequence;
mod source;
pub mod telephone_event;
mod timeline;
mod transit;

pub use chunk::{Chunk, Content};
pub use delay::DelayRange;
pub use format::{Kind, PayloadFormat};
pub use jitter::{Ahead, JitterBuffer};
pub use packet::{Header, Packet, ParseError};
pub use pull::{JitterStats, Pull};
pub use receiver::{Receiver, ReceiverConfig, ReceiverStats, Rejected, TelephoneEvent};
pub use rtcp::Reception;
pub use sender::{Sender, WriteError};
pub use sequence::{Order, SequenceTracker};
pub use source::Source;
