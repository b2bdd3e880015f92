//! What a value should have been.

use core::fmt;
use core::time::Duration;

use super::form::Form;
use crate::units::LevelError;

/// Why a text is no value of its key; prints what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// Text of sensible length without control characters.
    Text,
    /// yes or no.
    YesNo,
    /// A time.
    Time,
    /// A time within limits.
    TimeWithin {
        /// The least.
        least: Duration,
        /// The most.
        most: Duration,
    },
    /// A whole number of milliseconds that this divides.
    TimeInSteps {
        /// The step.
        step: Duration,
    },
    /// A number of seconds that may be negative.
    Seconds,
    /// A whole number within limits.
    Number {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A level.
    Level(LevelError),
    /// A level that does not amplify.
    LevelAtMostFull,
    /// A level, or -1.
    Volume,
    /// One of some words.
    Word(&'static [&'static str]),
    /// A priority.
    Priority,
    /// A DSCP.
    Dscp,
    /// A rate that works.
    Rate,
    /// auto, frames or a time.
    Span,
    /// Addresses with or without port.
    Addresses,
    /// Servers.
    Hosts,
    /// An address that leads others to the box.
    External,
    /// Networks and callers.
    AllowList,
    /// A network.
    Network,
    /// Callers, or else a network.
    Caller,
    /// A range of ports that holds a pair of an even and an odd one.
    Ports,
    /// Known codecs.
    Codecs,
    /// A device.
    Device,
    /// A card by its id, for its index changes.
    CardId,
    /// usb:VID:PID.
    Usb,
    /// wav:PATH.
    WavPath,
    /// Channels of a card.
    Channels,
    /// No channel twice.
    ChannelOnce,
    /// Text of a certain form.
    Form(Form),
    /// Zones and groups.
    Zones,
    /// A chime or a file.
    Sound,
    /// Where music comes from.
    Sources,
    /// What is sent by multicast.
    Feed,
    /// A level up to 0 dB, or mute.
    Duck,
    /// One codec.
    Codec,
    /// One codec, or auto.
    CodecOrAuto,
    /// Yes, no, or callers.
    Delayed,
    /// What a button does.
    Press,
    /// What keys of a telephone do.
    Dialling,
    /// Callers.
    Callers,
    /// A line of a GPIO chip.
    Line,
    /// Times of a bell.
    At,
    /// Fields that cron knows.
    Cron,
    /// Five fields.
    CronFields,
    /// Days.
    Dates,
    /// What becomes of a bell that is late.
    Late,
    /// When it is night.
    Night,
    /// A multicast group with its port.
    Group,
    /// Addresses that each have a port.
    Listen,
    /// dhcp, or an address with its network.
    OwnAddress,
    /// An address.
    Ip,
    /// Addresses.
    Ips,
    /// Where the time comes from.
    Ntp,
    /// Levels of parts of the program.
    LogLevels,
    /// A part of the program.
    LogPart,
    /// A server of the syslog protocol.
    Collector,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeWithin { least, most } => {
                // A time of zero prints as 0ns.
                let least = if least.is_zero() { "0s".to_owned() } else { format!("{least:?}") };
                write!(f, "expected a time from {least} to {most:?}")
            }
            Self::TimeInSteps { step } => write!(f, "expected a multiple of {step:?}"),
            Self::Number { least, most } => write!(f, "expected a whole number from {least} to {most}"),
            Self::Level(error) => error.fmt(f),
            Self::Form(form) => f.write_str(form.sentence()),
            Self::Word(words) => write!(f, "expected one of {}", words.join(", ")),
            other => f.write_str(other.sentence()),
        }
    }
}

impl Expected {
    const fn sentence(self) -> &'static str {
        match self {
            Self::Text => "expected text without control characters, at most 1024 letters",
            Self::YesNo => "expected yes or no",
            Self::Time => "expected a time such as 250ms, 5s, 5m or 2h",
            Self::Seconds => "expected a number of seconds",
            Self::LevelAtMostFull => "expected a level up to 0 dB such as \"-1 dB\", or off",
            Self::Volume => "expected a level such as 80, 80% or \"-6 dB\", or -1 to leave it alone",
            Self::Priority => {
                "expected a priority from 0 to 100, or emergency, page, multicast, bell or music"
            }
            Self::Dscp => "expected a DSCP from 0 to 63, or a name such as EF, CS3 or AF31",
            Self::Rate => "expected 48000, the only rate so far",
            Self::Span => "expected auto, frames from 16 to 65536, or a time from 1ms to 2s",
            Self::Addresses => "expected addresses such as 0.0.0.0:5060, [::]:5060",
            Self::Hosts => {
                "expected at most 8 hosts such as pbx.example, 192.168.1.10:5070 or [2001:db8::1]:5060"
            }
            Self::External => {
                "expected the address by which others know the box, such as 203.0.113.7 or 203.0.113.7:5070; names are not looked up"
            }
            Self::AllowList => {
                "expected at most 64 networks and callers such as servers, attached, 192.168.1.0/24, 2??@*, *@pbx.example"
            }
            Self::Network => "expected a network such as 192.168.1.0/24, fd00::/8 or 192.168.1.7",
            Self::Caller => {
                "expected callers such as 2??@*, *@pbx.example or 100, or networks such as 192.168.1.0/24"
            }
            Self::Ports => "expected a range of ports above 1023 such as 16384-16884",
            Self::Codecs => "expected a list of G722, PCMA, PCMU, L16",
            Self::Device => "expected auto, a card id, usb:VID:PID, an ALSA PCM, wav:PATH or null",
            Self::CardId => "expected a card id, for numbers change: see paging devices",
            Self::Usb => "expected usb:VID:PID with four hexadecimal digits each",
            Self::WavPath => "expected wav:PATH",
            Self::Channels => "expected channels from 1 to 8 such as 2 or \"1,2\"",
            Self::ChannelOnce => "expected each channel once",
            Self::LogLevels => "expected levels of parts, each once, such as sip=debug, output=warn",
            Self::LogPart => {
                "expected one of sip, calls, accounts, rtp, output, net, config, log, app before ="
            }
            Self::Collector => {
                "expected udp:HOST or tcp:HOST, with or without port, such as udp:192.0.2.1:514"
            }
            Self::Line => {
                "expected a line by its name such as GPIO17, or by its chip and place such as gpiochip0:17"
            }
            Self::Dialling => {
                "expected zones NAME, announcement NUMBER, emergency, volume 0 to 100, volume up or down, night on, off or auto, stop, test, address or reboot"
            }
            Self::Callers => "expected callers such as 2??@* or 100, at most 64",
            Self::Press => "expected announcement NUMBER, emergency or stop",
            _ => self.of_a_later_part(),
        }
    }

    const fn of_a_later_part(self) -> &'static str {
        match self {
            Self::Zones => "expected all, or zones and groups by name such as hall, yard",
            Self::Sound => "expected none, gong, three-tone, attention, or a file such as sounds/chime.wav",
            Self::Sources => {
                "expected a directory, a playlist, http://… or alsa:PCM; several separated by commas"
            }
            Self::Feed => "expected call, bell, music, or a file such as sounds/notice.wav",
            Self::Duck => "expected mute, or a level up to 0 dB such as \"-20 dB\"",
            Self::Codec => "expected one of G722, PCMA, PCMU, L16",
            Self::CodecOrAuto => "expected one of auto, G722, PCMA, PCMU, L16",
            Self::Delayed => "expected yes, no, or callers such as 2??@*",
            Self::At => "expected times and then days such as 08:00 Mon-Fri or 08:00, 09:45 Sat",
            Self::Cron => "expected minute, hour, day, month and day of the week such as 0 8 * * 1-5",
            Self::CronFields => {
                "expected five fields: minute, hour, day, month, day of the week, such as 0 8 * * 1-5"
            }
            Self::Dates => "expected days such as 2026-10-03 or 2026-12-24..2027-01-06",
            Self::Late => "expected skip, or play and a time such as play 15s",
            Self::Night => "expected from and to such as 22:00-06:00",
            Self::Group => "expected a multicast group and its port such as 239.255.0.1:5004",
            Self::Listen => "expected addresses with ports such as 0.0.0.0:9092",
            Self::OwnAddress => "expected dhcp, or an address and its network such as 192.168.1.20/24",
            Self::Ip => "expected an address such as 192.168.1.1",
            Self::Ips => "expected addresses such as 192.168.1.1, 9.9.9.9",
            Self::Ntp => "expected dhcp, pool, or servers such as time.example, 192.168.1.1",
            _ => "expected something else",
        }
    }
}

impl std::error::Error for Expected {}
