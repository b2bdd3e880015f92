//! Whole messages.

mod rfc4475;
