//! The settings that work, typed.

use core::time::Duration;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::{
    Account, Announcement, Button, CallerRule, CodecName, Debug, Delayed, Device, DialKey, Emergency,
    External, Gpio, Group, Log, MusicFade, Network, Player, PortRange, Sound, Span, Time, Zone, table,
};
use crate::allow::Allow;
use crate::units::{Level, SampleRate};

/// Everything that can be set and does something.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `[sip]`.
    pub sip: Sip,
    /// `[audio]`.
    pub audio: Audio,
    /// `[calls]`.
    pub calls: Calls,
    /// The accounts: `[sip]`, then `[sip NAME]` in the order of their first appearance. Each has a domain and a user.
    pub accounts: Vec<Account>,
    /// `[zone NAME]`, in the order of their first appearance.
    pub zones: Vec<Zone>,
    /// Zones of a newer configuration, which are there when the box has come up anew ([`meanwhile`](super::meanwhile)).
    pub coming: Vec<String>,
    /// `[group NAME]`, in the order of their first appearance.
    pub groups: Vec<Group>,
    /// `[caller NAME]`, likewise: the first that fits a caller counts.
    pub callers: Vec<CallerRule>,
    /// `[music]`, then `[music NAME]`, likewise; at most [`MAX_PLAYERS`](super::MAX_PLAYERS).
    pub players: Vec<Player>,
    /// `[announcement NUMBER]`, likewise.
    pub announcements: Vec<Announcement>,
    /// `[emergency]`.
    pub emergency: Emergency,
    /// `[key DIGITS]`, likewise.
    pub keys: Vec<DialKey>,
    /// `[gpio]`.
    pub gpio: Gpio,
    /// `[button NAME]`, in the order of their first appearance.
    pub buttons: Vec<Button>,
    /// `[log]`.
    pub log: Log,
    /// `[status]`.
    pub status: Status,
    /// `[network]`.
    pub network: Network,
    /// `[time]`.
    pub time: Time,
    /// `[debug]`.
    pub debug: Debug,
}

/// `[sip]`: how the box is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sip {
    /// Where calls are received. Never empty.
    pub listen: Vec<SocketAddr>,
    /// What others know the box as, where a router hides its addresses.
    pub external: Option<External>,
    /// Who may call.
    pub allow: Allow,
    /// Whether callers have to prove the user and the password of [`Sip::account`]. It has both then.
    pub require_auth: bool,
    /// What `[sip]` says of an account; without a domain, of the box itself.
    pub account: Account,
    /// Where media is received.
    pub rtp_ports: PortRange,
    /// A call without RTP for so long ends; `None`: it does not.
    pub rtp_timeout: Option<Duration>,
    /// How often a call is confirmed, at least 90 s; `None`: never.
    pub session_timer: Option<Duration>,
    /// How long a call rings.
    pub answer_after: Duration,
    /// How long packets of media are.
    pub ptime: Duration,
    /// What is offered and answered, the best first. Never empty.
    pub codecs: Vec<CodecName>,
    /// The DSCP of signalling, 0 to 63.
    pub dscp_sip: u8,
    /// The DSCP of media, 0 to 63.
    pub dscp_rtp: u8,
}

/// `[audio]`: how the box sounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// What is played on.
    pub device: Device,
    /// Frames per second of the device.
    pub rate: SampleRate,
    /// What is written at a time.
    pub period: Span,
    /// What the device holds.
    pub buffer: Span,
    /// The least delay the jitter buffer keeps; at most [`Audio::jitter_max`].
    pub jitter_min: Duration,
    /// The most it grows to; at most [`Audio::latency_max`].
    pub jitter_max: Duration,
    /// Never more than this between wire and device.
    pub latency_max: Duration,
    /// The level of calls; `None`: left alone.
    pub volume_call: Option<Level>,
    /// What is heard before a page.
    pub klaxon: Sound,
    /// It ends after so many seconds.
    pub klaxon_max_length: f64,
    /// Seconds from its end to the answer; negative ones answer before it ends.
    pub klaxon_padding: f64,
    /// What is heard after a page.
    pub klaxon_after: Sound,
    /// The level of both; `None`: left alone.
    pub volume_klaxon: Option<Level>,
    /// Whether a caller hears when he is heard.
    pub talk_beep: bool,
    /// The level of music; `None`: left alone.
    pub volume_music: Option<Level>,
    /// How it comes back after a page.
    pub fade_in: MusicFade,
    /// How it goes before one.
    pub fade_out: MusicFade,
    /// No sample is louder; `None`: no limiter.
    pub limiter: Option<Level>,
    /// The card's own volume in percent, up to 100; `None`: left alone.
    pub mixer_volume: Option<u8>,
    /// The device tree overlay of a card on the pins of a Raspberry Pi; empty: none.
    pub overlay: String,
}

/// `[calls]`: how long calls last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// A call ends so long after its answer; `None`: it does not.
    pub hang_up_after: Option<Duration>,
    /// Whether callers of the same zones wait for one another; otherwise they are heard together.
    pub hold_concurrent: bool,
    /// How many wait at most.
    pub queue_max: usize,
    /// Whose calls are recorded, then played.
    pub delayed: Delayed,
    /// How long a key is waited for.
    pub dtmf_timeout: Duration,
}

impl Calls {
    fn blank() -> Self {
        Self {
            hang_up_after: None,
            hold_concurrent: false,
            queue_max: 0,
            delayed: Delayed::No,
            dtmf_timeout: Duration::ZERO,
        }
    }
}

/// `[status]`: how the box says how it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Where it is asked; `None`: nowhere.
    pub socket: Option<PathBuf>,
    /// Whether what is wrong is said aloud.
    pub announce_faults: bool,
}

impl Status {
    /// Nothing, and `none`, are no socket.
    pub(super) fn set_socket(&mut self, text: String) {
        let is_none = text.is_empty() || text.eq_ignore_ascii_case("none");
        self.socket = (!is_none).then(|| text.into());
    }
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// And what may fail.
    Warn,
    /// And what happens.
    Info,
    /// And why.
    Debug,
    /// And every packet.
    Trace,
}

impl Settings {
    /// What the table's defaults are written into; no value of it survives.
    pub(super) fn blank() -> Self {
        Self {
            sip: Sip::blank(),
            audio: Audio::blank(),
            calls: Calls::blank(),
            accounts: Vec::new(),
            zones: Vec::new(),
            coming: Vec::new(),
            groups: Vec::new(),
            callers: Vec::new(),
            players: Vec::new(),
            announcements: Vec::new(),
            emergency: Emergency::blank(),
            keys: Vec::new(),
            gpio: Gpio::default(),
            buttons: Vec::new(),
            log: Log { level: LogLevel::Off, levels: Vec::new(), syslog: None },
            status: Status::default(),
            network: Network::default(),
            time: Time::default(),
            debug: Debug::default(),
        }
    }
}

impl Default for Settings {
    /// The defaults of the table.
    fn default() -> Self {
        let mut settings = Self::blank();
        for key in table::SECTIONS.iter().flat_map(|section| section.keys) {
            // A default that would not apply is caught by a test of the table.
            let _ = key.kind.apply(key.default, &mut settings);
        }
        // There is no account whose servers could call.
        settings.sip.allow.attached |= settings.sip.allow.servers;
        settings
    }
}

impl Sip {
    fn blank() -> Self {
        Self {
            listen: Vec::new(),
            external: None,
            allow: Allow::ANYBODY,
            require_auth: false,
            account: Account::blank(),
            rtp_ports: PortRange::ONE,
            rtp_timeout: None,
            session_timer: None,
            answer_after: Duration::ZERO,
            ptime: Duration::ZERO,
            codecs: Vec::new(),
            dscp_sip: 0,
            dscp_rtp: 0,
        }
    }
}

impl Audio {
    fn blank() -> Self {
        Self {
            device: Device::Null,
            rate: SampleRate::HZ_8000,
            period: Span::Auto,
            buffer: Span::Auto,
            jitter_min: Duration::ZERO,
            jitter_max: Duration::ZERO,
            latency_max: Duration::ZERO,
            volume_call: None,
            klaxon: Sound::None,
            klaxon_max_length: 0.0,
            klaxon_padding: 0.0,
            klaxon_after: Sound::None,
            volume_klaxon: None,
            talk_beep: false,
            volume_music: None,
            fade_in: MusicFade::BLANK,
            fade_out: MusicFade::BLANK,
            limiter: None,
            mixer_volume: None,
            overlay: String::new(),
        }
    }
}
