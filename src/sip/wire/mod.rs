//! The SIP wire: bytes become a [`Message`], a [`Message`] becomes bytes (RFC 3261 §7, §25).
//!
//! ```text
//! connection -> stream ┐
//! datagram ────────────┴-> frame (lines, unfolding) -> start line ┐
//!                                                   -> headers    ├-> Message { Request | Response }
//!                                                   -> body       ┘
//! ```
//! Via, From, To, Call-ID and `CSeq` have types; the rest are [`rsip::Headers`].
//!
//! It decides what is a message. It leaves out what to do with one: transactions, dialogs and the question whether a
//! well-formed request is acceptable belong to the layers above.
//!
//! ## What comes from rsip and what does not
//!
//! From rsip: the names of the methods ([`rsip::Method`], inside [`Method`]), the status codes ([`rsip::StatusCode`],
//! which converts to and from [`StatusCode`]), and the vocabulary of headers ([`rsip::Header`], [`rsip::Headers`]) for
//! every header that has no type here.
//!
//! Not from rsip: reading and writing. Its reader refuses six of the thirteen valid messages of RFC 4475, does not know
//! IPv6, compact names, folding, Content-Length or comma lists, and its writer lets CR and LF through. So this module
//! reads and writes by itself.
//!
//! ## How strict
//!
//! What cannot be misread is accepted: LF for CRLF, leading empty lines, bytes that are no UTF-8 (taken as Latin-1),
//! unknown methods, headers and URI schemes. What two readers could read in two ways is refused, with a
//! [`ParseError`] that says where, what was expected, and, if the sender can be answered, how ([`Reply`]).

mod content_type;
mod cseq;
mod error;
mod frame;
mod head;
mod header_name;
mod headers;
mod host;
mod message;
mod method;
mod name_addr;
mod params;
mod reply;
mod request;
mod response;
pub(super) mod scan;
mod sip_uri;
mod start_line;
mod status;
mod stream;
mod uri;
mod via;
mod write;

#[cfg(test)]
mod tests;

pub use content_type::ContentType;
pub use cseq::CSeq;
pub use error::{ParseError, SyntaxError, WriteError};
pub use headers::{Contacts, Headers};
pub use host::{Host, HostName, HostPort};
pub use message::{MAX_HEADERS, MAX_MESSAGE_BYTES, Message};
pub use method::Method;
pub use name_addr::NameAddr;
pub use params::{Param, Params};
pub use reply::Reply;
pub use request::Request;
pub use response::Response;
pub use sip_uri::SipUri;
pub use status::{StatusCode, StatusOutOfRange};
pub use stream::{Piece, Stream};
pub use uri::{AbsoluteUri, TelUri, Uri};
pub use via::Via;
