//! What the owner wrote, as typed settings, and every mistake in it.
//!
//! ```text
//!  defaults (table) ─┐
//!  paging.conf texts ┼ scan ─> check against the table ─> Layer ─┐
//!  PAGING_S__K pairs ┤             └─> Diagnostic                ├ config crate: later wins ─> Settings
//!  --set s.k=v ──────┘                                           ┘
//! ```
//!
//! Decides: the syntax of `paging.conf` ([`scan`]), its sections, keys, types and defaults (one [`table`]), the order of
//! layers, and what a mistake means: it is reported with its place, and the value of the layer below stays in force.
//! Loading never fails; a box never goes silent because of a typing mistake.
//!
//! Leaves out: files and the environment (texts and pairs are given), drawing carets under mistakes, the meaning of
//! keys that do nothing yet (they are checked and kept as [`Given`]).

mod account;
mod address;
mod allow;
mod channels;
mod claims;
mod codec_name;
mod decode;
mod device;
mod diagnostic;
mod expected;
mod hint;
mod host;
mod kind;
mod layer;
mod load;
mod read;
mod report;
pub mod scan;
mod section;
mod settings;
mod span;
pub mod table;
mod value;
mod zone;

pub use account::Account;
pub use address::PortRange;
pub use channels::ChannelSet;
pub use codec_name::CodecName;
pub use device::Device;
pub use diagnostic::{Diagnostic, Place, Position, Problem, Severity};
pub use expected::Expected;
pub use host::Host;
pub use kind::{Applied, Kind, Put};
pub use layer::Given;
pub use load::{Loaded, load};
pub use read::MAX_TEXT_BYTES;
pub use report::MAX_DIAGNOSTICS;
pub use section::SectionName;
pub use settings::{Audio, Calls, Log, LogLevel, Settings, Sip, Status};
pub use span::Span;
pub use value::{TimeLimits, Unit};
pub use zone::{MAX_OUTPUTS, Output, Route, Zone};

#[cfg(test)]
mod tests;
