//! SIP: what the box says and hears to set up, answer and end calls (RFC 3261).
//!
//! - [`wire`] turns bytes into messages and messages into bytes.
//! - [`digest`] proves who we are.
//! - `transaction` repeats what gets lost and absorbs what comes twice.
//! - `dialog` remembers what two ends know of each other; `session` what becomes of an INVITE,
//!   `session_expires` how long it lasts.
//! - [`Outside`] is how peers beyond a router know us.
//! - [`registration`] keeps an account known to its servers.
//! - [`endpoint`] is the front: messages and deadlines in, messages and [`Event`]s out.
//!
//! Nothing here knows a socket, a clock, or what a session description says.

pub mod digest;
pub mod wire;

mod call;
mod dialog;
pub mod endpoint;
mod info;
mod outbox;
mod outside;
mod path;
pub mod registration;
mod session;
mod session_expires;
mod tokens;
mod transaction;

pub use call::{AccountKey, CallKey};
pub use endpoint::{
    Counters, Demand, EndReason, Endpoint, EndpointConfig, Event, Invite, Limits, Reception, Stranger, Usage,
    Warning, identity,
};
pub use outside::Outside;
pub use path::{Path, Transmit, Transport, with_scope_of};
