//! Session descriptions, and what two ends agree on by them.
//!
//! Decides: what an SDP body says about audio ([`Description`]), what we offer ([`offer()`]), how an offer is answered
//! or refused ([`answer()`], [`Refusal`]), and what an answer to our offer means ([`accept()`]).
//!
//! ```text
//!  bytes --parse--> Description --answer(local)--> Description --to_bytes--> bytes
//!                                       └--------> Negotiated: where to send, which format, which direction
//! ```
//!
//! Leaves out: decoding (a format is a payload type, a name and a rate here), host names in `c=` (never resolved: the
//! stream is then only received), SRTP and AVPF (their m-lines are refused), telephone-event (never chosen; a later
//! part), ICE, bandwidth, and everything that describes no audio. Session ids and versions are the caller's.
//!
//! RFC 3264 (offer/answer), RFC 4566 and RFC 8866 (the format), RFC 3551 §6 (static payload types).

mod answer;
mod description;
mod direction;
mod format;
mod offer;
mod read;
mod refusal;
mod write;

pub use answer::answer;
pub use description::{Address, Description, Media, Origin};
pub use direction::Direction;
pub use format::Format;
pub use offer::{Local, Negotiated, accept, offer};
pub use read::{MAX_BYTES, MAX_MEDIA, ParseError};
pub use refusal::Refusal;
