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
//! What two readers could read in two ways is refused, with a [`ParseError`] that says where, what was expected, and, if
//! the sender can be answered, how ([`Reply`]). What cannot be misread is accepted: unknown methods, headers and URI
//! schemes, and what the grammar of RFC 3261 §25.1 does not allow but this table does. Each row has a test in
//! `tests/leniency.rs`, and where an RFC has a message for it, that is its capture (`ci/testdata`).
//!
//! | accepted | whose word it is | message |
//! |---|---|---|
//! | LF alone ends a line | RFC 2543 §3 | |
//! | empty lines before the message | RFC 3261 §7.5 | |
//! | spaces at the end of the request line | RFC 4475 §3.1.2.10 | trws |
//! | no space behind the status, nor a reason | RFC 4475 §3.1.1.13 | noreason, cut |
//! | no space between a display name and `<` | RFC 4475 §3.1.1.6 | lwsdisp |
//! | spaces within `<` and `>` | RFC 4475 §3.1.2.14 | badaspec |
//! | a display name without the quotes it needs, in From and To | RFC 4475 §3.1.2.15 | baddn |
//! | no branch (or half of one), From tag, Max-Forwards, Content-Length | RFC 4475 §3.2.1, §3.4.1 | badbranch, inv2543 |
//! | a `CSeq` from 2^31 to 2^32 - 1 | RFC 4475 §3.1.2.4 | |
//! | brackets around the address in `received` | RFC 5118 §4.5 | via-received-param-with-delim |
//! | `:::` for `::` | RFC 5118 §4.10 | ipv6-bug-abnf-3-colons |
//! | Latin-1 for UTF-8 | ours: a name must not cost a call; no device is known | |
//! | a Call-ID of any visible bytes | NEC SV9300, with two `@` (`SIPp`, issue 351) | |
//! | a parameter with a value that is no token, or empty | Elixir Sippet, `rport=` (issue 14) | |
//! | `#` and letters beyond ASCII in the user of a URI | Microsoft Teams, `#123` dialled (its documentation, issue 9145) | |
//! | `_` in the name of a host | Asterisk on a machine of such a name (SIP.js, issue 737) | |
//!
//! The tests of the last four have the lines that these devices sent, as the public reports show them; whole captures are
//! not at hand. Whoever adds a row for a device names it, and adds what it sent to `ci/testdata`.

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
