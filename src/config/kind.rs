//! The type of a key, and where its value goes.

use core::fmt;
use core::time::Duration;
use std::net::SocketAddr;

use super::value::{self, TimeLimits};
use super::{
    ChannelSet, CodecName, Collector, Device, Expected, Host, LogLevel, LogPart, PortRange, Settings, Span,
    address, allow, logging,
};
use crate::allow::Allow;
use crate::units::{Level, SampleRate};

/// What a key takes, and where the value goes.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Kind {
    /// Text; also what a later part will read more closely.
    Text(Put<String>),
    /// Text that takes the rest of the line, and is never shown.
    Secret(Put<String>),
    /// yes or no.
    YesNo(Put<bool>),
    /// A time.
    Time(TimeLimits, Put<Duration>),
    /// A time; zero, less, and off are `None`.
    TimeOrOff(TimeLimits, Put<Option<Duration>>),
    /// Seconds that may be negative.
    Seconds(Put<f64>),
    /// A whole number from the first to the second.
    Number(i64, i64, Put<i64>),
    /// A level.
    Level(Put<Level>),
    /// A level up to 0 dB; off is `None`.
    Ceiling(Put<Option<Level>>),
    /// A level; -1 is `None`.
    Volume(Put<Option<Level>>),
    /// One of some words.
    Word(&'static [&'static str], Put<&'static str>),
    /// A level of the log.
    LogLevel(Put<LogLevel>),
    /// Levels of parts of the program.
    LogLevels(Put<Vec<(LogPart, LogLevel)>>),
    /// A server of the syslog protocol, or none.
    Syslog(Put<Option<Collector>>),
    /// A priority.
    Priority(Put<i64>),
    /// A DSCP.
    Dscp(Put<u8>),
    /// A sample rate.
    Rate(Put<SampleRate>),
    /// A period or buffer.
    Span(Put<Span>),
    /// Addresses.
    Addresses(Put<Vec<SocketAddr>>),
    /// Servers.
    Hosts(Put<Vec<Host>>),
    /// Networks and callers.
    Allow(Put<Allow>),
    /// A range of ports.
    Ports(Put<PortRange>),
    /// Codecs.
    Codecs(Put<Vec<CodecName>>),
    /// A sink.
    Device(Put<Device>),
    /// Channels of a card.
    Channels(Put<ChannelSet>),
    /// A key of another program; what replaces it here.
    Foreign(&'static str),
}

/// Where a value goes.
pub enum Put<T> {
    /// Into the settings, by this function.
    Into(fn(&mut Settings, T)),
    /// Nowhere yet.
    Later,
}

/// What became of a value that was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is in the settings.
    Works,
    /// It is right, and does nothing yet.
    Later,
    /// It belongs to another program; this replaces it.
    Replaced(&'static str),
}

impl Kind {
    /// Reads `text` and puts the value into `settings`.
    ///
    /// # Errors
    /// When `text` is no value of this kind; `settings` are as they were.
    pub fn apply(&self, text: &str, settings: &mut Settings) -> Result<Applied, Expected> {
        Ok(match *self {
            Self::Text(put) | Self::Secret(put) => put.give(settings, value::text(text)?),
            Self::YesNo(put) => put.give(settings, value::yes_no(text)?),
            Self::Time(limits, put) => put.give(settings, value::time(text, limits)?),
            Self::TimeOrOff(limits, put) => put.give(settings, value::time_or_off(text, limits)?),
            Self::Seconds(put) => put.give(settings, value::signed_seconds(text)?),
            Self::Number(least, most, put) => put.give(settings, value::number(text, least, most)?),
            Self::Level(put) => put.give(settings, value::level(text)?),
            Self::Ceiling(put) => put.give(settings, value::ceiling(text)?),
            Self::Volume(put) => put.give(settings, value::volume(text)?),
            Self::Word(words, put) => put.give(settings, value::word(text, words)?),
            Self::LogLevel(put) => put.give(settings, value::log_level(text)?),
            Self::LogLevels(put) => put.give(settings, logging::levels(text)?),
            Self::Syslog(put) => put.give(settings, Collector::from_text(text)?),
            Self::Priority(put) => put.give(settings, value::priority(text)?),
            Self::Dscp(put) => put.give(settings, value::dscp(text)?),
            Self::Rate(put) => put.give(settings, value::rate(text)?),
            Self::Span(put) => put.give(settings, Span::from_text(text)?),
            Self::Addresses(put) => put.give(settings, address::addresses(text)?),
            Self::Hosts(put) => put.give(settings, Host::list(text)?),
            Self::Allow(put) => put.give(settings, allow::allow(text)?),
            Self::Ports(put) => put.give(settings, PortRange::from_text(text)?),
            Self::Codecs(put) => put.give(settings, CodecName::list(text)?),
            Self::Device(put) => put.give(settings, Device::from_text(text)?),
            Self::Channels(put) => put.give(settings, ChannelSet::from_text(text)?),
            Self::Foreign(instead) => Applied::Replaced(instead),
        })
    }

    /// Whether its values are never to be shown, and take the rest of the line.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }

    /// Whether nothing at all is a value; for other kinds it says nothing.
    pub(super) const fn takes_nothing(&self) -> bool {
        matches!(
            self,
            Self::Text(_) | Self::Secret(_) | Self::Hosts(_) | Self::LogLevels(_) | Self::Syslog(_)
        )
    }
}

impl<T> Put<T> {
    fn give(self, settings: &mut Settings, value: T) -> Applied {
        match self {
            Self::Into(put) => {
                put(settings, value);
                Applied::Works
            }
            Self::Later => Applied::Later,
        }
    }
}

// Derived, these would ask the same of `T`.
impl<T> Clone for Put<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Put<T> {}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kind")
    }
}
