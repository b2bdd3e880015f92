//! The box at one moment. The names of fields and words are those of the JSON text, and stay (`docs/status.md`).

use super::clock::Clock;
use super::fault::{Fault, faults};
use super::lines::Line;
use super::players::Player;
use super::record::{Record, Warning};
use core::fmt;
use serde::{Deserialize, Serialize};

/// What the box says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// [`SCHEMA`]: what the names below mean.
    pub schema: u32,
    /// Of the program.
    pub version: String,
    /// How long it has been running.
    pub uptime_s: u64,
    /// What the wall clock shows.
    #[serde(default)]
    pub clock: Clock,
    /// Whether there is no fault.
    pub healthy: bool,
    /// What keeps it from being healthy.
    pub faults: Vec<Fault>,
    /// What is worth a word and keeps it from nothing.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Its accounts at telephone systems.
    pub accounts: Vec<Account>,
    /// Who calls.
    pub calls: Vec<Call>,
    /// The last pages that are over, the newest first.
    #[serde(default)]
    pub pages: Vec<Record>,
    /// What it plays at somebody's word.
    #[serde(default)]
    pub programmes: Vec<Programme>,
    /// What it plays on.
    pub sinks: Vec<Sink>,
    /// Who plays background music.
    #[serde(default)]
    pub players: Vec<Player>,
    /// Relay, lamp and buttons.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// What it has counted since it last came up: a reload may have it come up anew.
    pub counters: Counters,
    /// What is wrong, or worth a word, in its configuration.
    pub mistakes: Vec<Mistake>,
}

impl Status {
    /// The same with its faults and warnings found, and the words that are the same for all.
    #[must_use]
    pub fn judged(self) -> Self {
        let mut faults = faults(&self.accounts, &self.sinks, &self.mistakes);
        faults.extend(self.players.iter().filter_map(Player::as_fault));
        faults.extend(self.lines.iter().filter_map(Line::as_fault));
        let (schema, version) = (SCHEMA, env!("CARGO_PKG_VERSION").to_owned());
        let warnings = Warning::of_records(&self.pages).into_iter().collect();
        Self { schema, version, healthy: faults.is_empty(), faults, warnings, ..self }
    }

    /// As JSON, in one line without its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Maps with keys that are no texts, and writers that fail, are what cannot be written; here are neither.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What [`to_json`](Self::to_json) has written, here or in another version of the program.
    ///
    /// # Errors
    /// When it is of another schema, or no status at all.
    pub fn from_json(text: &str) -> Result<Self, StatusError> {
        let Version { schema } = serde_json::from_str(text).map_err(StatusError::NoStatus)?;
        if schema != SCHEMA {
            return Err(StatusError::Schema { found: schema });
        }
        serde_json::from_str(text).map_err(StatusError::NoStatus)
    }
}

/// A stored announcement, the emergency, or what a program has brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programme {
    /// `announcement 3`, `emergency`, `"x.wav"`
    pub what: String,
    /// Where it is heard.
    pub zones: Vec<String>,
    /// 0 to 100, higher wins.
    pub priority: u8,
    /// For how long it has been.
    pub duration_s: u64,
}

/// What can be read whatever the schema.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// An account at a telephone system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The name of its section `[sip NAME]`; empty for `[sip]`.
    pub section: String,
    /// `501@pbx.example`
    pub address: String,
    /// How it stands.
    pub state: AccountState,
    /// Where it is registered: name and address, while it is.
    pub server: Option<String>,
    /// For how long it is, without a refresh.
    pub expires_in_s: Option<u64>,
    /// What went wrong last; `None` once it is registered again.
    pub failure: Option<Failure>,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// A server knows where the box is.
    Registered,
    /// It is being tried; nothing has gone wrong yet.
    Registering,
    /// It has been tried in vain, and is tried again.
    Failed,
    /// It does not register, as configured.
    Off,
}

/// Why a registration failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// In a word.
    pub reason: Reason,
    /// In a sentence.
    pub text: String,
    /// At which server; empty where none is known.
    pub server: String,
    /// The status of its response, where that is the reason.
    pub status: Option<u16>,
    /// Since when it has been so.
    pub since_s: u64,
}

/// Why a registration failed, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// Nothing has come back yet.
    Pending,
    /// Its domain has no address, or no way leads there.
    NoServer,
    /// The server does not answer.
    NoAnswer,
    /// The network does not lead there, or nobody listens there.
    Unreachable,
    /// The user or the password is wrong.
    WrongPassword,
    /// A proof is asked for that the box cannot give.
    UnknownProof,
    /// The server forbids it (403).
    Forbidden,
    /// The server is ill or busy (5xx).
    Unavailable,
    /// The server does not want the account.
    Refused,
    /// Anything else.
    #[serde(other)]
    Other,
}

/// Somebody who calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// His address, `sip:200@pbx.example`.
    pub from: String,
    /// Address and port that his messages come from.
    pub peer: String,
    /// To find him in logs.
    pub call_id: String,
    /// The account that was called, else the one by whose server it came; `None`: neither.
    pub account: Option<String>,
    /// How far it is.
    pub state: CallState,
    /// Since the call came.
    pub duration_s: u64,
    /// What he speaks, `G722` or `L16/48000`, once that is agreed on.
    pub codec: Option<String>,
    /// What has come of him; `None` until he is on air.
    pub stream: Option<Stream>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallState {
    /// It rings, or is about to be answered.
    Ringing,
    /// It is answered, and its caller has still to dial or to wait.
    Dialling,
    /// It is answered, and waits for others.
    Queued,
    /// It is heard.
    OnAir,
    /// It is recorded, to be heard later.
    Recording,
    /// The caller has put it on hold.
    Held,
    /// The box has hung up.
    Leaving,
}

/// What comes of a caller, and how it is heard. What is not known yet is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// Packets that came.
    pub received_packets: u64,
    /// Packets that were sent and did not come.
    pub lost_packets: u64,
    /// Packets that were not of this call, or no RTP.
    pub refused_packets: u64,
    /// The part that got lost, since the call began.
    pub loss_percent: f64,
    /// How unevenly they come (RFC 3550 §6.4.1).
    pub jitter_ms: f64,
    /// How late a voice is heard at most after its packet came.
    pub latency_ms: Option<f64>,
    /// How much faster the caller's clock is than that of the sound card.
    pub drift_ppm: Option<f64>,
    /// How loud he was in the last second: mean power, of which a full sine has -3.
    pub level_dbfs: Option<f64>,
    /// His loudest sample in the last second.
    pub peak_dbfs: Option<f64>,
    /// The part that gets lost on the way back to him, as he says.
    pub caller_loss_percent: Option<f64>,
    /// How unevenly that comes, as he says.
    pub caller_jitter_ms: Option<f64>,
    /// From here to him and back.
    pub round_trip_ms: Option<f64>,
}

/// What the box plays on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sink {
    /// The device as configured: `auto`, `usb:0d8c:0014`.
    pub device: String,
    /// The zones that it plays.
    pub zones: Vec<String>,
    /// What it does.
    pub state: SinkState,
    /// What was found for it; `None` while there is nothing.
    pub card: Option<Card>,
    /// Why there is nothing.
    pub fault: Option<String>,
    /// How often it ran dry.
    pub xruns: u64,
    /// How often it has been opened: once, unless it was lost.
    pub opened: u32,
    /// How much sound is on its way to the loudspeaker.
    pub queue_ms: f64,
    /// How loud it was in the last second that something sounded; `None`: nothing does.
    pub level_dbfs: Option<f64>,
    /// Since its thread last wrote.
    pub silent_ms: u64,
}

/// What a sink does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SinkState {
    /// It has not opened its device yet.
    Starting,
    /// There is no device; it is looked for.
    Missing,
    /// It plays silence.
    Idle,
    /// It plays silence while a better card is opened.
    Changing,
    /// It gets ready to sound.
    Waking,
    /// It sounds, or is ready to.
    Awake,
    /// It has ended.
    Stopped,
}

/// A sound card that plays, a file, or nothing in their place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// As ALSA names it: `hw:CARD=Device,DEV=0`.
    pub name: String,
    /// `usb`, `i2s`, …; `wav` and `null` are no cards.
    pub kind: String,
    /// `S16_LE`; `null` has none.
    pub format: Option<String>,
    /// Its channels.
    pub channels: usize,
    /// Frames per second.
    pub rate_hz: u32,
    /// How late sound is heard at most after it came, but for the network's jitter.
    pub latency_ms: f64,
}

/// What is written wrongly in the configuration, or worth a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// How bad it is.
    pub severity: Severity,
    /// Where it stands: a file, a variable, `--set`.
    pub source: String,
    /// In which line of it, from 1.
    pub line: Option<u32>,
    /// In which letter of the line, from 1.
    pub column: Option<u32>,
    /// What it is.
    pub text: String,
}

impl Mistake {
    /// Something is wrong with `source`, in no line of it.
    #[must_use]
    pub const fn of(source: String, text: String) -> Self {
        Self { severity: Severity::Error, source, line: None, column: None, text }
    }
}

/// How bad a mistake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth a word; nothing is wrong.
    Note,
    /// Something written has no effect.
    Error,
}

/// What the box counts instead of logging it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Calls that came.
    pub calls: u64,
    /// SIP messages that came.
    pub sip_received: u64,
    /// Among them: what is no SIP message.
    pub sip_malformed: u64,
    /// Among them: repetitions.
    pub sip_repeated: u64,
    /// Among them: responses to nothing that was asked, and ACKs of nothing.
    pub sip_unmatched: u64,
    /// Requests refused without a look at what they want.
    pub sip_refused: u64,
    /// Among them: for want of room.
    pub sip_overloaded: u64,
    /// SIP messages that were not sent, because too many were waiting or they could not be written.
    pub sip_unsent: u64,
    /// Requests of those who may not call.
    pub strangers_refused: u64,
    /// Among them: left without an answer.
    pub strangers_silenced: u64,
    /// Packets of voices that found a thread too busy.
    pub packets_dropped: u64,
    /// Lines of the log that nobody read in time.
    pub log_lines_lost: u64,
}

/// Why a text is no [`Status`].
#[derive(Debug)]
#[non_exhaustive]
pub enum StatusError {
    /// It is of a program of another time.
    Schema {
        /// Its schema.
        found: u32,
    },
    /// It is something else.
    NoStatus(serde_json::Error),
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema { found } => {
                write!(
                    f,
                    "the box speaks schema {found}, this program {SCHEMA}: their versions differ too much"
                )
            }
            Self::NoStatus(error) => write!(f, "what answers there is no box: {error}"),
        }
    }
}

impl std::error::Error for StatusError {}

/// What the names mean. It grows when one is taken away or means something else; new names leave it alone.
pub const SCHEMA: u32 = 1;
