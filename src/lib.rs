//! # PagingBox
//!
//! A telephone call becomes sound: the box answers a SIP call and plays the caller's voice through an ALSA sound card.
//! This page is the map of the source; every module says for itself what it decides and what it leaves out.
//!
//! ```text
//!    smol, one thread                                          one audio thread per sound card
//! SIP     -> sip::Endpoint -> events -> paging::Pager ─┐       ┌ per period ─────────────────────────────────────┐
//!                                                      ├ ring >│ commands -> voices (jitter, decode, conceal)     │
//! RTP ---> rtp::Receiver -> packets ───────────────────┘       │ -> 16 kHz bus -> x3 -> 48 kHz bus -> limiter     │
//!                                              reports < ring ─┤ -> device format -> ALSA write                   │
//!                                                              └──────────────────────────────────────────────────┘
//! ```
//!
//! ## Layers
//!
//! | layer | modules | rule |
//! |---|---|---|
//! | 0 vocabulary | [`allow`], [`key`], [`time`], [`timers`], [`units`], [`zones`] | no dependencies |
//! | 1 pure cores | [`sip`], [`sdp`], [`rtp`], [`codec`], [`dsp`], [`mix`], [`music`], [`paging`], [`config`], [`control`], [`dns`], [`mdns`], [`speech`], [`status`], [`syslog`], [`slots`], [`fat`], [`appliance`], [`guard`] | bytes and `now` in, values out |
//! | 2 edges | [`clock`], [`entropy`], [`net`], [`files`], [`gpio`], [`output`], [`process`], [`sandbox`], [`watchdog`] | thin, no decisions |
//! | 3 composition | [`app`] | joins the rest |
//!
//! A module names only layers below its own. Cores do not name each other, but for [`mix`], which is made of [`rtp`],
//! [`codec`] and [`dsp`], and [`appliance`], which is [`config`] in the words of other programs. `src/tests/layers.rs` holds these rules.
//!
//! ## The shape of a core
//!
//! A stateful core takes input by `handle_*(now, …)`, gives output by `poll_*()` until `None`, and says by
//! `poll_timeout()` when it wants `handle_timeout(now)`. It reads no clock, draws no random numbers (a seed is given at
//! construction), opens nothing and logs nothing. So a whole call can be played in virtual time (`src/tests/`).
//!
//! ## The threads
//!
//! One thread runs the executor: sockets, timers, calls. One audio thread per sink renders voices and writes to the
//! card; it never allocates, frees, locks or logs. Between them lie two bounded rings, one each way. A full ring drops,
//! counts and carries on.
//! The pacer thread is the audio thread of what has no card: it sends to callers, by absolute deadlines, and is started
//! with the first who listens. One more only writes log lines, so that nobody else waits for whoever reads them, and one
//! sends them to a syslog collector where there is one.
//! `paging guard`, the root process of the card image, is another process: a loop without an executor, and a thread that
//! waits for the card.

pub mod allow;
pub mod key;
pub mod shrink;
pub mod time;
pub mod timers;
pub mod units;
pub mod zones;

pub mod appliance;
pub mod codec;
pub mod config;
pub mod control;
pub mod dns;
pub mod dsp;
pub mod fat;
pub mod guard;
pub mod mdns;
pub mod mix;
pub mod music;
pub mod paging;
pub mod rtp;
pub mod sdp;
pub mod sip;
pub mod slots;
pub mod speech;
pub mod status;
pub mod syslog;

pub mod clock;
pub mod entropy;
pub mod files;
pub mod gpio;
pub mod net;
pub mod output;
pub mod process;
pub mod sandbox;
pub mod watchdog;

pub mod app;

#[cfg(test)]
mod tests;
