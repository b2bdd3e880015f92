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
//! It also tells what it knows: every mistake under its line ([`check`]), what is in force and an example of everything
//! ([`effective`], [`annotated`]), and the reference ([`markdown`], [`man`]).
//!
//! Leaves out: files and the environment (texts and pairs are given), the meaning of keys that do nothing yet (they are
//! checked and kept as [`Given`]).

mod about;
mod account;
mod address;
mod advice;
mod allow;
mod calendar;
mod changes;
mod channels;
mod check;
mod claims;
mod codec_name;
mod cron;
mod decode;
mod device;
mod diagnostic;
mod expected;
mod external;
mod files;
mod form;
mod gpio;
mod hint;
mod host;
mod kind;
mod known;
mod layer;
mod load;
mod logging;
mod machine;
mod manual;
mod memory;
mod outlook;
mod overlay;
mod print;
mod read;
mod references;
mod report;
pub mod scan;
mod section;
mod settings;
mod source;
mod span;
pub mod table;
mod terms;
mod value;
mod wanted;
mod wired;
mod zone;
mod zone_names;

pub use account::Account;
pub use address::PortRange;
pub use calendar::{At, Date, Dates, Late, Night, TimeOfDay, Weekdays};
pub use changes::{Change, Fate, Subject, Timing, changes, meanwhile};
pub use channels::ChannelSet;
pub use check::{check, mistakes};
pub use codec_name::CodecName;
pub use cron::Cron;
pub use decode::is_blank;
pub use device::Device;
pub use diagnostic::{Diagnostic, Place, Position, Problem, Severity};
pub use expected::Expected;
pub use external::External;
pub use files::{NamedFile, files};
pub use form::{Form, has_remark};
pub use gpio::{Button, Gpio, Line, MAX_BUTTONS};
pub use host::Host;
pub use kind::{Applied, Kind, Put};
pub use layer::Given;
pub use load::{Loaded, last_good, load, reload};
pub use logging::{Collector, Log, LogPart};
pub use machine::{Debug, Network, Time, Wifi};
pub use manual::{man, markdown};
pub use print::{Secrets, annotated, defaults, effective};
pub use read::MAX_TEXT_BYTES;
pub use report::MAX_DIAGNOSTICS;
pub use section::SectionName;
pub use settings::{Audio, Calls, LogLevel, Settings, Sip, Status};
pub use source::{Feed, Sound, Source};
pub use span::Span;
pub use terms::{
    Announcement, CallerRule, DialKey, Emergency, Group, KeyAction, MAX_PLAYERS, Mode, MusicFade, Player,
    Reception, Switch,
};
pub use value::{TimeLimits, Unit};
pub use wanted::{Delayed, Press};
pub use wired::{OwnAddress, TimeSource};
pub use zone::{MAX_OUTPUTS, Output, Route, Zone};
pub use zone_names::ZoneNames;

#[cfg(test)]
mod tests;
