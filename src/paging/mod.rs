//! Paging logic: what becomes of a call.
//!
//! The [`Pager`] decides when a call is answered, refused and ended. It knows calls by a name only; signalling, media
//! and loudspeakers are joined to it by `app`.

mod pager;

pub use pager::{Action, EndReason, Pager, Policy};
