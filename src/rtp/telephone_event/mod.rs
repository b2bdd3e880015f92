//! Keys as telephone events: RTP packets that name a key instead of sounding like it (RFC 4733 §2).
//!
//! ```text
//! |  event, 8 bits  |E|R|  volume, 6  |      duration in ticks, 16      |
//! ```
//!
//! All packets of a press carry the timestamp of its beginning. [`Keys`] makes presses of packets, [`Sender`] packets
//! of a press; [`Payload`] is the four bytes.
//!
//! Left out: events that are no keys (RFC 4734 and others; the hook flash, 16), tones by frequency (RFC 4733 §4), and
//! redundancy by RFC 2198.

mod keys;
mod payload;
mod send;

pub use keys::Keys;
pub use payload::Payload;
pub use send::{Press, Sender};
