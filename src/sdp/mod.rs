//! Session descriptions, and what two ends agree on by them.
//!
//! Decides: what an SDP body says about audio ([`Description`]); for each call, what we offer, how an offer is answered
//! or refused ([`Refusal`]), and what an answer to our offer means ([`Session`]).
//!
//! ```text
//!                                  ┌ answer(offer) ──> Description ──to_bytes──> bytes
//!  bytes ──parse──> Description ──>┤         └───────> Negotiated: where to send, what may come, which direction
//!                                  └ accept(answer) ─> Negotiated
//!                                    offer() ────────> Description, Formats
//! ```
//!
//! A call has one stream of audio. Others are refused, in their places: video, pictures and fax (T.38), a second audio
//! stream, keys in a stream of their own. Either end may offer again: hold and resume (by direction, or by c=0.0.0.0 as
//! of old), another address, port, codec or packet time, the stream switched off and on.
//!
//! Leaves out: decoding (a format is a payload type, a name and a rate here), host names in `c=` (never resolved: the
//! stream is then only received), SRTP and AVPF (their m-lines are refused), ICE, bandwidth, and everything that describes
//! no audio. Session ids are the caller's.
//!
//! RFC 3264 (offer/answer), RFC 4566 and RFC 8866 (the format), RFC 3551 §6 (static payload types), RFC 4733
//! (telephone-event), RFC 3389 (comfort noise), RFC 3605 and RFC 5761 (where RTCP goes).

mod description;
mod direction;
mod format;
mod formats;
mod local;
mod negotiated;
mod read;
mod refusal;
mod rtcp;
mod session;
mod write;

#[cfg(test)]
mod tests;

pub use description::{Address, Description, Media, Origin};
pub use direction::Direction;
pub use format::{Format, Parameters};
pub use formats::Formats;
pub use local::Local;
pub use negotiated::Negotiated;
pub use read::{MAX_BYTES, MAX_MEDIA, ParseError};
pub use refusal::Refusal;
pub use rtcp::Rtcp;
pub use session::Session;
