//! SIP: what the box says and hears to set up, answer and end calls (RFC 3261).
//!
//! - [`wire`] turns bytes into messages and messages into bytes.

pub mod wire;
