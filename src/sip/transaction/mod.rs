//! Transactions (RFC 3261 §17 with RFC 6026): a request and its responses over a network that loses, repeats and
//! reorders.
//!
//! - `client_invite`, `client_other`, `server_invite`, `server_other`: the four machines. Pure: an input gives a
//!   [`Reaction`](reaction::Reaction).
//! - `timing`: their timers, T1 to M.
//! - `key`: which message belongs to which transaction.
//! - `clients`, `servers`: all transactions of an endpoint, with their deadlines.
//! - `lingering`: those that are only remembered.
//!
//! It decides what is sent again, what is absorbed and what goes on to the user. It leaves out what requests mean.

mod client_invite;
mod client_other;
mod clients;
mod key;
mod lingering;
mod reaction;
mod server_invite;
mod server_other;
mod servers;
mod timing;

pub(crate) use clients::{Clients, Heard, Lapsed, NewRequest, Owner, Received};
pub(crate) use key::{ClientKey, MergeKey, ServerKey};
pub(crate) use reaction::Class;
pub(crate) use servers::{Answer, NewInvite, Room, Seen, Servers};
pub(crate) use timing::{T1, TIMER_H, doubled_to_t2};
