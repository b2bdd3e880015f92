//! A mistake, or something worth a word, with its place.

use core::fmt;
use core::time::Duration;

use super::{ChannelSet, Expected, MAX_OUTPUTS};

/// Something to tell the owner; prints as one line, in the shape of a compiler's:
/// `paging.conf:3:9: error: [sip] ptime: expected …, found "25"; 20ms stays in force`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What it is about, such as `[sip] ptime`; may be empty.
    pub subject: String,
    /// What it is.
    pub problem: Problem,
    /// What was probably meant, such as `[sip] ptime`.
    pub hint: Option<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a word; nothing is wrong.
    Note,
    /// A mistake; something written has no effect.
    Error,
}

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A file's name, a variable, or a `--set`.
    pub source: String,
    /// Where in the file.
    pub position: Option<Position>,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// In letters, from 1.
    pub column: u32,
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A value that its key does not take.
    Value {
        /// What it takes.
        expected: Expected,
        /// What was written, shortened.
        found: String,
        /// What holds instead; empty: nothing.
        in_force: String,
    },
    /// A key that its section does not have.
    UnknownKey,
    /// A section that there is not.
    UnknownSection,
    /// `[bell]` without the name.
    SectionNeedsName,
    /// `[audio hall]` with one.
    SectionTakesNoName,
    /// `[announcement hall]`: it is dialled.
    SectionNeedsNumber,
    /// `[sip` without the other bracket; it is taken for a section.
    HeaderNotClosed,
    /// A key before the first section.
    OutsideSection,
    /// A line that is no `key = value`.
    NoPair {
        /// Its first word, shortened.
        found: String,
    },
    /// A key given twice in one text; the first stays.
    Twice {
        /// The line of the first.
        first: u32,
        /// The line of the second.
        second: u32,
    },
    /// A key that exceeds another one, which holds instead.
    Contradiction {
        /// The key that this one may not exceed.
        other: &'static str,
        /// Its value.
        most: Duration,
    },
    /// A `--set` that is no `section.key=value`.
    NoOverride,
    /// A text that is too long; the rest is not read.
    TextTooLong {
        /// How much is read.
        read_bytes: usize,
    },
    /// A key or section that does nothing yet.
    Later,
    /// A key of one account that counts for all.
    OfTheWholeBox,
    /// A zone or group that there is not.
    NoSuchZone {
        /// Its name.
        name: String,
    },
    /// An announcement that there is not.
    NoSuchAnnouncement {
        /// Its number.
        number: String,
    },
    /// Something that needs one of some keys.
    Lacks {
        /// The keys.
        others: &'static [&'static str],
        /// What is so without them.
        so: &'static str,
    },
    /// A key that may not stand beside another one, which counts.
    Beside {
        /// The other one.
        other: &'static str,
    },
    /// Quotes around a secret, which keeps them.
    QuotesKept,
    /// Typographic quotes, which are letters like others.
    CurlyQuotes,
    /// A card by its number.
    CardByNumber,
    /// Channels that another zone has; the others stay.
    ChannelsTaken {
        /// Which.
        channels: ChannelSet,
        /// The zone that has them.
        zone: String,
    },
    /// A zone for every channel of a device that has other zones too.
    ChannelsShared {
        /// What it has instead; may be none.
        in_force: ChannelSet,
    },
    /// A domain without a user.
    NoUser,
    /// Callers shall prove what is not said.
    NothingToProve,
    /// A section for an account without a domain.
    NoDomain,
    /// A zone that names no device.
    NoDevice,
    /// A zone on a further device than the most there may be.
    TooManyDevices,
    /// A line that something else has.
    LineTaken {
        /// The key that has it.
        owner: String,
    },
    /// A further section of a kind than the most there may be.
    TooMany {
        /// How many there may be.
        most: usize,
        /// Of what.
        what: &'static str,
    },
    /// An address of the box's own without a router.
    NoGateway,
    /// A router outside of its network.
    GatewayElsewhere {
        /// The address and its network.
        address: String,
    },
    /// An address of its own without name servers, where a name has to be looked up.
    NoNameServer,
    /// A wireless network without a country.
    NoCountry,
    /// A wireless network whose password is wrong.
    NotWithoutPassword,
    /// A key that a text does not give any more, but one like it.
    Kept {
        /// What holds.
        in_force: String,
    },
    /// A section likewise.
    SectionKept,
    /// A text that is nothing but the beginning of the last good one.
    Beginning,
    /// A text that ends too early.
    CutOff {
        /// How many values of before hold.
        kept: usize,
    },
    /// A sound, a folder or a playlist that is not where it was looked for.
    NotThere {
        /// Which.
        path: String,
    },
    /// A chime that is nothing at all.
    NoChime {
        /// What is heard.
        in_force: &'static str,
    },
    /// A key of PagingServer's.
    Replaced {
        /// What to use here.
        instead: &'static str,
    },
    /// So many more are not told.
    More {
        /// How many.
        count: usize,
    },
}

impl Diagnostic {
    /// The text without place, severity and hint.
    #[must_use]
    pub fn message(&self) -> String {
        let separator = if self.subject.is_empty() { "" } else { ": " };
        format!("{}{separator}{}", self.subject, self.problem)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.severity, self.message())?;
        match &self.hint {
            Some(hint) => write!(f, "; did you mean {hint}?"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(Position { line, column }) => write!(f, "{}:{line}:{column}", self.source),
            None => f.write_str(&self.source),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { expected, found, in_force } if in_force.is_empty() => {
                write!(f, "{expected}, found {found:?}; it is left out")
            }
            Self::Value { expected, found, in_force } => {
                write!(f, "{expected}, found {found:?}; {in_force} stays in force")
            }
            Self::NoPair { found } => {
                write!(f, "expected key = value, found {found:?}; the line is left out")
            }
            Self::Twice { first, second } => {
                write!(f, "given in line {first} and again in line {second}; the first stays")
            }
            Self::Contradiction { other, most } => {
                write!(f, "expected at most {other}; {most:?} is in force")
            }
            Self::TextTooLong { read_bytes } => {
                write!(f, "longer than {read_bytes} bytes; the rest is not read")
            }
            Self::ChannelsTaken { channels, zone } => {
                write!(f, "expected channels of its own: [zone {}] has {channels}", zone.escape_debug())
            }
            Self::ChannelsShared { in_force } if in_force.is_empty() => {
                f.write_str("expected channels, for its device has other zones; it is heard nowhere")
            }
            Self::ChannelsShared { in_force } => {
                write!(f, "expected channels, for its device has other zones; {in_force} is in force")
            }
            Self::TooManyDevices => {
                write!(f, "expected at most {MAX_OUTPUTS} devices in all; it is heard nowhere")
            }
            Self::LineTaken { owner } => {
                write!(f, "expected a line of its own: {owner} has this one; it is left out")
            }
            Self::TooMany { most, what } => {
                write!(f, "expected at most {most} {what}; it is none, nor are those behind it")
            }
            Self::NoSuchZone { name } => {
                write!(f, "expected a zone or group that there is, found {name:?}; it is left out")
            }
            Self::NoSuchAnnouncement { number } => {
                write!(
                    f,
                    "expected an announcement that there is: no [announcement {number}]; it does nothing"
                )
            }
            Self::Lacks { others, so } => write!(f, "expected {} as well; {so}", others.join(" or ")),
            Self::Beside { other } => write!(f, "expected this or {other}, not both; {other} counts"),
            Self::GatewayElsewhere { address } => {
                write!(f, "expected an address in the network of {address}; it is left out")
            }
            Self::Kept { in_force } => {
                write!(f, "is not given any more but for the mistake above; {in_force} stays in force")
            }
            Self::CutOff { kept } => cut_off(*kept, f),
            Self::NotThere { .. } | Self::NoChime { .. } => self.remark(f),
            Self::Replaced { instead } => write!(f, "is a key of PagingServer: {instead}"),
            Self::More { count } => write!(f, "and {count} more"),
            other => f.write_str(other.sentence()),
        }
    }
}

fn cut_off(kept: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let values = if kept == 1 { "value" } else { "values" };
    write!(f, "ends too early; what it says no more stays as it was ({kept} {values}); ")?;
    f.write_str("if nothing is missing, end its last line")
}

impl Problem {
    /// What is worth a word and has something in it.
    fn remark(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere { path } => write!(f, "{path:?} is not there, as far as this machine sees"),
            Self::NoChime { in_force } => {
                write!(f, "says nothing; {in_force} stays in force, and none would be silence")
            }
            other => f.write_str(other.sentence()),
        }
    }

    const fn sentence(&self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown key; the line is left out",
            Self::Beginning => {
                "ends too early; all that it said when the box was well stays in force; if the rest is not wanted, \
                 write a last line: ; end"
            }
            Self::UnknownSection => "unknown section; it is left out",
            Self::SectionNeedsName => "expected a name after the kind of section; it is left out",
            Self::SectionTakesNoName => "expected no name after the kind of section; it is left out",
            Self::SectionNeedsNumber => {
                "expected a number of at most 8 digits, as it is dialled; it is left out"
            }
            Self::OfTheWholeBox => "counts for the whole box: it belongs into [sip]",
            Self::QuotesKept => "the quotes are taken for a part of it; a secret needs none",
            Self::CurlyQuotes => "the quotes are taken for a part of it; only straight ones are none",
            Self::CardByNumber => "names a card by its number, which changes: see paging devices",
            Self::HeaderNotClosed => "expected ] after the section; it is taken for one",
            Self::OutsideSection => "expected a section such as [sip] before it; the line is left out",
            Self::NoOverride => "expected section.key=value; it is left out",
            Self::Later => "is known but does nothing yet",
            Self::NoUser => "expected user as well; the box does not register there",
            Self::NothingToProve => "expected user and pass as well; nothing is asked of callers",
            Self::NoDomain => "expected domain, here or in [sip]; it is left out",
            Self::SectionKept => {
                "is not given any more but for the mistake above; what it said stays in force"
            }
            Self::NoGateway => "has no gateway beside it: only what is in its own network is reached",
            Self::NoNameServer => "expected dns as well; no name is known, not that of the telephone system",
            Self::NoCountry => {
                "has no wifi-country beside it: the radio keeps to what is allowed everywhere, and may not find it"
            }
            Self::NotWithoutPassword => "is not joined without its password",
            Self::NoDevice => "names no device; that of [audio] is taken",
            _ => "is a mistake",
        }
    }
}
