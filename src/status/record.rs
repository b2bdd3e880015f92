//! A page that is over, as the call log keeps it: for those who ask, in sentences, and as a line of the log.

use super::meter::{SILENCE_DBFS, tenths};
use super::snapshot::Status;
use super::text::Span;
use core::fmt;
use serde::{Deserialize, Serialize};

/// A page that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What it was.
    pub kind: RecordKind,
    /// Who paged, `sip:200@pbx.example`; of what the box played by itself, what that was.
    pub from: String,
    /// Address and port that his messages came from; empty where there are none.
    pub peer: String,
    /// To find him in logs; empty where there is none.
    pub call_id: String,
    /// The account that was called, else the one by whose server it came; `None`: neither.
    pub account: Option<String>,
    /// Where it was played.
    pub zones: Vec<String>,
    /// The local time at which it went on air (RFC 3339); `None`: nobody kept the clock right.
    pub began: Option<String>,
    /// How long the box had been running then.
    pub uptime_s: u64,
    /// How long ago it ended.
    pub ago_s: u64,
    /// How long it was on air.
    pub on_air_s: f64,
    /// What the caller spoke last, `G722` or `L16/48000`.
    pub codec: Option<String>,
    /// Packets that came.
    pub received_packets: u64,
    /// Packets that were sent and did not come.
    pub lost_packets: u64,
    /// The part that got lost.
    pub loss_percent: f64,
    /// The loudest sample.
    pub peak_dbfs: f64,
    /// Mean power of the seconds that were heard; of all where none was.
    pub rms_dbfs: f64,
    /// How long something was heard.
    pub heard_s: f64,
    /// How long nothing was.
    pub silent_s: f64,
    /// Whether it was long enough to be worth a warning, and nothing was heard of it.
    pub silent: bool,
    /// How it ended.
    pub ended: Ended,
}

/// What a page was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RecordKind {
    /// Somebody called and spoke.
    Call,
    /// What somebody had recorded before.
    Delayed,
    /// A stored announcement.
    Announcement,
    /// Anything else, of a later version.
    #[serde(other)]
    Other,
}

/// How a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ended {
    /// The caller hung up.
    CallerHungUp,
    /// All of it was said.
    Finished,
    /// The box was told to stop: by a button, a key, or as a whole.
    Stopped,
    /// `hang-up-after-minutes` was over.
    TooLong,
    /// Nothing came for `rtp-timeout`.
    NoMedia,
    /// The caller never acknowledged the answer.
    NoAck,
    /// The caller's telephone was gone without a word.
    Expired,
    /// Its media could not be agreed on, or a message of it could not be written.
    Failed,
    /// Anything else, of a later version.
    #[serde(other)]
    Other,
}

/// What is worth a word and no fault: it does not make the box ill, and goes by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Warning {
    /// Nothing was heard of the last page that was long enough to tell.
    SilentPage {
        /// Who paged.
        from: String,
        /// How long it was on air.
        on_air_s: f64,
        /// How long ago it ended.
        ago_s: u64,
    },
    /// Anything else, of a later version.
    #[serde(other)]
    Other,
}

impl Record {
    /// One of which nothing is known yet.
    #[must_use]
    pub const fn new(kind: RecordKind) -> Self {
        Self {
            kind,
            from: String::new(),
            peer: String::new(),
            call_id: String::new(),
            account: None,
            zones: Vec::new(),
            began: None,
            uptime_s: 0,
            ago_s: 0,
            on_air_s: 0.0,
            codec: None,
            received_packets: 0,
            lost_packets: 0,
            loss_percent: 0.0,
            peak_dbfs: SILENCE_DBFS,
            rms_dbfs: SILENCE_DBFS,
            heard_s: 0.0,
            silent_s: 0.0,
            silent: false,
            ended: Ended::Other,
        }
    }

    /// What the log says of it: one line of `name=value`, the names those of the JSON text. A value with blanks stands in
    /// quotation marks; one that is not known is `-`.
    #[must_use]
    pub fn to_line(&self) -> String {
        let Self { on_air_s, heard_s, silent_s, peak_dbfs, rms_dbfs, .. } = self;
        let (began, codec) = (word(self.began.as_deref()), word(self.codec.as_deref()));
        let (account, zones) = (word(self.account.as_deref()), word(Some(&self.zones.join(","))));
        let (received, lost, percent) = (self.received_packets, self.lost_packets, self.loss_percent);
        let (from, peer, call_id) = (&self.from, &self.peer, &self.call_id);
        let (from, peer, call_id) = (word(Some(from)), word(Some(peer)), word(Some(call_id)));
        format!(
            "page kind={} silent={} ended={} began={began} uptime_s={} on_air_s={on_air_s:.1} heard_s={heard_s:.1} \
             silent_s={silent_s:.1} peak_dbfs={peak_dbfs:.1} rms_dbfs={rms_dbfs:.1} codec={codec} \
             received_packets={received} lost_packets={lost} loss_percent={percent:.1} \
             account={account} from={from} peer={peer} call_id={call_id} zones={zones}",
            self.kind.name(),
            if self.silent { "yes" } else { "no" },
            self.ended.name(),
            self.uptime_s,
        )
    }
}

/// Fit to stand behind `=`.
fn word(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\\');
    match text {
        "" => "-".to_owned(),
        text if text.chars().all(is_plain) => text.to_owned(),
        text => format!("{text:?}"),
    }
}

impl RecordKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Delayed => "delayed",
            Self::Announcement => "announcement",
            Self::Other => "other",
        }
    }
}

impl Ended {
    const fn name(self) -> &'static str {
        match self {
            Self::CallerHungUp => "caller-hung-up",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::TooLong => "too-long",
            Self::NoMedia => "no-media",
            Self::NoAck => "no-ack",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Other => "other",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::CallerHungUp => "the caller hung up",
            Self::Finished => "all was said",
            Self::Stopped => "it was stopped",
            Self::TooLong => "it lasted too long",
            Self::NoMedia => "nothing came any more",
            Self::NoAck => "the caller never acknowledged the answer",
            Self::Expired => "the caller's telephone was gone",
            Self::Failed => "it could not go on",
            Self::Other => "it ended",
        }
    }
}

/// For a caretaker: when, who, how long, how loud.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.began.as_deref().and_then(|began| began.get(.."2026-11-29T20:05:11".len())) {
            Some(began) => write!(f, "{}", began.replace('T', " "))?,
            None => write!(f, "{} ago", Span(self.ago_s))?,
        }
        write!(f, " {}, {:.1} s", self.from, self.on_air_s)?;
        let is_everywhere = matches!(self.zones.as_slice(), [] | [_]);
        if !is_everywhere {
            write!(f, " in {}", self.zones.join(", "))?;
        }
        if let Some(codec) = &self.codec {
            write!(f, ", {codec}, lost {:.1} %", self.loss_percent)?;
        }
        if self.silent {
            f.write_str(": SILENT")?;
        } else {
            write!(f, ": peak {:.1} dBFS, mean {:.1} dBFS", self.peak_dbfs, self.rms_dbfs)?;
        }
        if self.silent_s >= WORTH_A_WORD_S && !self.silent {
            write!(f, ", silent for {:.0} s", self.silent_s)?;
        }
        write!(f, "; {}", self.ended.sentence())
    }
}

impl Warning {
    /// What `records` tell, the newest first.
    pub(super) fn of_records(records: &[Record]) -> Option<Self> {
        let Record { silent, from, on_air_s, ago_s, .. } =
            records.iter().find(|record| record.silent || record.heard_s > 0.0)?;
        let (from, on_air_s, ago_s) = (from.clone(), tenths(*on_air_s), *ago_s);
        silent.then_some(Self::SilentPage { from, on_air_s, ago_s })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SilentPage { from, on_air_s, ago_s } => {
                let ago = Span(*ago_s);
                write!(
                    f,
                    "the last page was silent: nothing was heard of {from} in {on_air_s:.1} s, {ago} ago"
                )
            }
            Self::Other => f.write_str("a warning that this program does not know"),
        }
    }
}

/// What of the call log stands in the sentences: the last ones.
pub(super) fn latest(status: &Status) -> impl Iterator<Item = &Record> {
    status.pages.iter().take(LATEST)
}

const LATEST: usize = 5;
/// Less silence than that is between any two sentences.
const WORTH_A_WORD_S: f64 = 1.0;
