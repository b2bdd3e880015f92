//! The type of a key, and where its value goes.

use core::fmt;
use core::time::Duration;
use std::net::{IpAddr, SocketAddr};

use super::calendar::{At, Dates, Late, Night};
use super::cron::Cron;
use super::form::Form;
use super::gpio::Line;
use super::source::{Feed, Sound, Source};
use super::terms::KeyAction;
use super::value::{self, TimeLimits};
use super::wanted::{self, Delayed, Press};
use super::wired::{self, OwnAddress, TimeSource};
use super::zone_names::ZoneNames;
use super::{
    ChannelSet, CodecName, Collector, Device, Expected, External, Host, LogLevel, LogPart, PortRange,
    Settings, Span, address, allow, logging,
};
use crate::allow::{Allow, Network, Pattern};
use crate::units::{Level, SampleRate};

/// What a key takes, and where the value goes.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Kind {
    /// Text; also what a later part will read more closely.
    Text(Put<String>),
    /// Text of a certain form.
    Named(Form, Put<String>),
    /// Text that takes the rest of the line, and is never shown.
    Secret(Put<String>),
    /// The same, of a certain form.
    SecretOf(Form, Put<String>),
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
    Priority(Put<u8>),
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
    /// An address that leads others to the box; nothing is `None`.
    External(Put<Option<External>>),
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
    /// Zones and groups.
    Zones(Put<ZoneNames>),
    /// A chime or a file.
    Sound(Put<Sound>),
    /// Where music comes from.
    Sources(Put<Vec<Source>>),
    /// What is sent by multicast.
    Feed(Put<Feed>),
    /// A level up to 0 dB, or mute.
    Duck(Put<Level>),
    /// A codec.
    Codec(Put<CodecName>),
    /// A codec; auto is `None`.
    CodecOrAuto(Put<Option<CodecName>>),
    /// Whose calls are played later.
    Delayed(Put<Delayed>),
    /// Callers.
    Callers(Put<Vec<Pattern>>),
    /// What keys of a telephone do.
    Dialling(Put<KeyAction>),
    /// What a button does.
    Press(Put<Press>),
    /// A line of a GPIO chip.
    Line(Put<Line>),
    /// Times of a bell.
    At(Put<At>),
    /// Times as cron writes them.
    Cron(Put<Cron>),
    /// Days.
    Dates(Put<Vec<Dates>>),
    /// What becomes of a bell that is late.
    Late(Put<Late>),
    /// When it is night.
    Night(Put<Night>),
    /// A multicast group with its port.
    Group(Put<SocketAddr>),
    /// Addresses that each have a port.
    Listen(Put<Vec<SocketAddr>>),
    /// Networks.
    Networks(Put<Vec<Network>>),
    /// An address with its network; dhcp is `None`.
    OwnAddress(Put<Option<OwnAddress>>),
    /// An address.
    Ip(Put<IpAddr>),
    /// Addresses.
    Ips(Put<Vec<IpAddr>>),
    /// Where the time comes from.
    Ntp(Put<Vec<TimeSource>>),
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
            Self::Named(form, put) | Self::SecretOf(form, put) => put.give(settings, form.read(text)?),
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
            Self::External(put) => put.give(settings, External::from_text(text)?),
            Self::Allow(put) => put.give(settings, allow::allow(text)?),
            Self::Ports(put) => put.give(settings, PortRange::from_text(text)?),
            Self::Codecs(put) => put.give(settings, CodecName::list(text)?),
            Self::Device(put) => put.give(settings, Device::from_text(text)?),
            Self::Channels(put) => put.give(settings, ChannelSet::from_text(text)?),
            Self::Line(put) => put.give(settings, Line::from_text(text)?),
            Self::Press(put) => put.give(settings, Press::from_text(text)?),
            Self::Foreign(instead) => Applied::Replaced(instead),
            _ => self.apply_of_a_later_part(text, settings)?,
        })
    }

    fn apply_of_a_later_part(&self, text: &str, settings: &mut Settings) -> Result<Applied, Expected> {
        Ok(match *self {
            Self::Zones(put) => put.give(settings, ZoneNames::from_text(text)?),
            Self::Sound(put) => put.give(settings, Sound::from_text(text)?),
            Self::Sources(put) => put.give(settings, Source::list(text)?),
            Self::Feed(put) => put.give(settings, Feed::from_text(text)?),
            Self::Duck(put) => put.give(settings, value::duck(text)?),
            Self::Codec(put) => put.give(settings, CodecName::from_text(text)?),
            Self::CodecOrAuto(put) => put.give(settings, CodecName::or_auto(text)?),
            Self::Callers(put) => put.give(settings, wanted::callers(text).ok_or(Expected::Callers)?),
            Self::Dialling(put) => put.give(settings, KeyAction::from_text(text)?),
            Self::Delayed(put) => put.give(settings, Delayed::from_text(text)?),
            Self::At(put) => put.give(settings, At::from_text(text)?),
            Self::Cron(put) => put.give(settings, Cron::from_text(text)?),
            Self::Dates(put) => put.give(settings, Dates::list(text)?),
            Self::Late(put) => put.give(settings, Late::from_text(text)?),
            Self::Night(put) => put.give(settings, Night::from_text(text)?),
            Self::Group(put) => put.give(settings, wired::group(text)?),
            Self::Listen(put) => put.give(settings, wired::ports_of_addresses(text)?),
            Self::Networks(put) => put.give(settings, wired::networks(text)?),
            Self::OwnAddress(put) => put.give(settings, OwnAddress::from_text(text)?),
            Self::Ip(put) => put.give(settings, wired::ip(text)?),
            Self::Ips(put) => put.give(settings, wired::ips(text)?),
            Self::Ntp(put) => put.give(settings, TimeSource::list(text)?),
            // The others are read above.
            _ => Applied::Later,
        })
    }

    /// Whether its values are never to be shown, and take the rest of the line.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::SecretOf(..))
    }

    /// Whether it takes several values, separated by commas.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        matches!(
            self,
            Self::Addresses(_)
                | Self::Hosts(_)
                | Self::Allow(_)
                | Self::Codecs(_)
                | Self::Channels(_)
                | Self::Zones(_)
                | Self::Sources(_)
                | Self::Delayed(_)
                | Self::Callers(_)
                | Self::Dates(_)
                | Self::Listen(_)
                | Self::Networks(_)
                | Self::Ips(_)
                | Self::Ntp(_)
        )
    }

    /// What replaces it, where it belongs to another program.
    #[must_use]
    pub const fn instead(&self) -> &'static str {
        match self {
            Self::Foreign(instead) => instead,
            _ => "",
        }
    }

    /// Whether it belongs to another program.
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        matches!(self, Self::Foreign(_))
    }

    /// The words that are values of it; there may be other values.
    #[must_use]
    pub const fn words(&self) -> &'static [&'static str] {
        match self {
            Self::Word(words, _) => words,
            Self::YesNo(_) => &["yes", "no"],
            Self::LogLevel(_) => &["off", "error", "warn", "info", "debug", "trace"],
            Self::Priority(_) => &["emergency", "page", "multicast", "bell", "music"],
            Self::Allow(_) => &["servers", "attached"],
            Self::Codecs(_) | Self::Codec(_) => &["G722", "PCMA", "PCMU", "L16"],
            Self::CodecOrAuto(_) => &["auto", "G722", "PCMA", "PCMU", "L16"],
            Self::Span(_) => &["auto"],
            Self::Device(_) => &["auto", "null"],
            Self::Sound(_) => Sound::WORDS,
            Self::Feed(_) => Feed::WORDS,
            Self::Press(_) => Press::WORDS,
            Self::Dialling(_) => KeyAction::WORDS,
            Self::Ntp(_) => TimeSource::WORDS,
            Self::OwnAddress(_) => &["dhcp"],
            Self::Duck(_) => &["mute"],
            Self::Late(_) => &["skip", "play"],
            Self::Zones(_) => &["all"],
            _ => &[],
        }
    }

    /// Whether nothing at all is a value; for other kinds it says nothing.
    pub(super) const fn takes_nothing(&self) -> bool {
        matches!(
            self,
            Self::Text(_)
                | Self::Secret(_)
                | Self::Hosts(_)
                | Self::External(_)
                | Self::LogLevels(_)
                | Self::Syslog(_)
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
