//! The real program on loopback, paged by sipp, by raw datagrams and by `paging call`, and heard in its recording; and
//! `paging call` against a callee that does not always behave.
//!
//! Every test starts a box of its own on free ports. Nothing waits for a fixed time: each wait has a deadline and a
//! sign to wait for.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests, helpers included")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a real program runs in real time")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples and their numbers are small"
)]

mod callee;
mod caller;
#[path = "../calm.rs"]
mod calm;
mod kamailio;
mod paging_box;
mod real_time;
mod sipp;
mod skip;
mod tone;

mod aloud;
mod announcements;
mod callers;
mod calls;
mod chimes;
mod configuring;
mod confined;
mod delayed;
mod faults;
mod flood;
mod guard;
mod interop;
mod load;
mod log;
mod mdns;
mod music;
mod offers;
mod pages;
mod pagingserver;
mod phone;
mod placing;
mod proof;
mod registration;
mod reload;
mod robustness;
mod session_timer;
mod shutdown;
mod status;
mod strangers;
mod syslog;
mod tcp;
mod turns;
mod zones;
