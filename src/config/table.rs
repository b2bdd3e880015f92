//! The table of sections and keys: parser, defaults, hints and (later) the annotated example come from it.

use super::Kind;
use super::Kind::{
    Addresses, Allow, Ceiling, Channels, Codecs, Device, Dscp, Foreign, Hosts, Level, LogLevel, Number,
    Ports, Priority, Rate, Seconds, Secret, Span, Text, Time, TimeOrOff, Volume, Word, YesNo,
};
use super::kind::Put::{Into, Later};
use super::value::{TimeLimits, Unit};

/// A kind of section and its keys.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// What stands first between the brackets.
    pub kind: &'static str,
    /// Whether a name follows.
    pub naming: Naming,
    /// Whether it does something yet. Of a section that may have a name, that is the one without.
    pub works: bool,
    /// Its keys.
    pub keys: &'static [Key],
}

/// Whether a section has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `[audio]`.
    Never,
    /// `[sip]` or `[sip NAME]`.
    Maybe,
    /// `[bell NAME]`.
    Always,
}

/// A key of a section.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, in lower case with dashes.
    pub name: &'static str,
    /// Its type, and where the value goes.
    pub kind: Kind,
    /// What holds when nothing is given; empty: nothing.
    pub default: &'static str,
    /// One line for people.
    pub doc: &'static str,
}

/// The section of a kind, spelt as in the table.
#[must_use]
pub fn section(kind: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.kind == kind)
}

impl Section {
    /// The key of a name, spelt as in the table.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// The kind of section that makes an account.
pub(super) const ACCOUNTS: &str = "sip";
/// Its keys that each account has for itself. The others count for the whole box.
pub(super) const OF_AN_ACCOUNT: &[&str] =
    &["domain", "user", "pass", "auth-user", "name", "transport", "outbound-proxy", "register", "expires"];
/// The kind of section that makes a zone.
pub(super) const ZONES: &str = "zone";

/// All sections.
pub const SECTIONS: &[Section] = &[
    Section { kind: "sip", naming: Naming::Maybe, works: true, keys: SIP },
    Section { kind: "audio", naming: Naming::Never, works: true, keys: AUDIO },
    Section { kind: "calls", naming: Naming::Never, works: true, keys: CALLS },
    Section { kind: ZONES, naming: Naming::Always, works: true, keys: ZONE },
    Section { kind: "group", naming: Naming::Always, works: false, keys: GROUP },
    Section { kind: "music", naming: Naming::Maybe, works: false, keys: MUSIC },
    Section { kind: "multicast", naming: Naming::Always, works: false, keys: MULTICAST },
    Section { kind: "transmit", naming: Naming::Always, works: false, keys: TRANSMIT },
    Section { kind: "bell", naming: Naming::Always, works: false, keys: BELL },
    Section { kind: "announcement", naming: Naming::Always, works: false, keys: ANNOUNCEMENT },
    Section { kind: "gpio", naming: Naming::Never, works: false, keys: GPIO },
    Section { kind: "button", naming: Naming::Always, works: false, keys: BUTTON },
    Section { kind: "network", naming: Naming::Never, works: false, keys: NETWORK },
    Section { kind: "time", naming: Naming::Never, works: false, keys: TIME },
    Section { kind: "log", naming: Naming::Never, works: true, keys: LOG },
    Section { kind: "status", naming: Naming::Never, works: true, keys: STATUS },
    Section { kind: "handler", naming: Naming::Maybe, works: false, keys: HANDLER },
    Section { kind: "audiosocket", naming: Naming::Never, works: false, keys: AUDIOSOCKET },
    Section { kind: "update", naming: Naming::Never, works: false, keys: UPDATE },
    Section { kind: "debug", naming: Naming::Never, works: false, keys: DEBUG },
    Section { kind: "server", naming: Naming::Never, works: true, keys: SERVER },
];

const fn key(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { name, kind, default, doc }
}

/// Times whose bare numbers are milliseconds, the limits too.
const fn ms(least: u64, most: u64) -> TimeLimits {
    TimeLimits::new(Unit::Millis, least, most)
}

/// Times whose bare numbers are seconds, the limits too.
const fn s(least: u64, most: u64) -> TimeLimits {
    TimeLimits::new(Unit::Seconds, least * 1000, most * 1000)
}

/// Times whose bare numbers are minutes, up to a day.
const MINUTES: TimeLimits = TimeLimits::new(Unit::Minutes, 0, 86_400_000);

#[rustfmt::skip]
const SIP: &[Key] = &[
    key("domain", Hosts(Into(|s, v| s.sip.account.domain = v)), "", "host[:port] of the telephone system; several, separated by commas: fail-over in this order"),
    key("user", Text(Into(|s, v| s.sip.account.user = v)), "", "user name of the account, and of the box's own address"),
    key("pass", Secret(Into(|s, v| s.sip.account.pass = v)), "", "password of the account"),
    key("auth-user", Text(Into(|s, v| s.sip.account.auth_user = v)), "", "user name for authentication, when it differs from user"),
    key("name", Text(Into(|s, v| s.sip.account.name = v)), "Paging", "display name"),
    key("transport", Word(&["udp", "tcp"], Into(|s, v| s.sip.account.is_tcp = v == "tcp")), "udp", "udp or tcp, towards the telephone system; calls come by either"),
    key("outbound-proxy", Hosts(Into(|s, v| s.sip.account.outbound_proxy = v)), "", "where requests are sent instead of to the domain"),
    key("register", YesNo(Into(|s, v| s.sip.account.register = v)), "yes", "whether the box registers"),
    key("expires", Time(s(10, 86_400), Into(|s, v| s.sip.account.expires = v)), "300s", "how long a registration holds"),
    key("listen", Addresses(Into(|s, v| s.sip.listen = v)), "0.0.0.0:5060, [::]:5060", "where calls are received; port 5060 when none is given"),
    key("external-address", Text(Later), "", "the address seen from outside, behind NAT"),
    key("allow", Allow(Into(|s, v| s.sip.allow = v)), "servers", "who may call: servers (of the accounts; without one as attached), networks (192.168.1.0/24; attached: those of the box), callers (2??@*)"),
    key("require-auth", YesNo(Into(|s, v| s.sip.require_auth = v)), "no", "callers have to prove user and pass of [sip]"),
    key("mode", Word(&["page", "ring", "emergency"], Later), "page", "page, ring (loud ringer) or emergency"),
    key("zones", Text(Later), "all", "where calls are heard"),
    key("priority", Priority(Later), "page", "0 to 100, higher wins, or a name"),
    key("klaxon", Text(Later), "", "overrides [audio] klaxon"),
    key("pin", Secret(Later), "", "asked for by tone, entered by DTMF"),
    key("answer-after", Time(s(0, 120), Into(|s, v| s.sip.answer_after = v)), "0s", "how long a call rings"),
    key("codecs", Codecs(Into(|s, v| s.sip.codecs = v)), "G722, PCMA, PCMU, L16", "the best first; this order decides"),
    key("ptime", Time(ms(10, 60).in_steps(10), Into(|s, v| s.sip.ptime = v)), "20ms", "length of packets"),
    key("dscp-sip", Dscp(Into(|s, v| s.sip.dscp_sip = v)), "24", "DSCP of signalling"),
    key("dscp-rtp", Dscp(Into(|s, v| s.sip.dscp_rtp = v)), "46", "DSCP of media"),
    key("rtp-ports", Ports(Into(|s, v| s.sip.rtp_ports = v)), "16384-16884", "where media is received, two ports a call"),
    key("rtp-timeout", TimeOrOff(s(1, 3600), Into(|s, v| s.sip.rtp_timeout = v)), "20s", "a call without RTP ends; 0 off"),
    key("session-timer", TimeOrOff(s(90, 86_400), Into(|s, v| s.sip.session_timer = v)), "1800s", "how often a call is confirmed; 0 off"),
    key("early-media", YesNo(Later), "no", "let the caller hear the chime instead of ring-back"),
];

#[rustfmt::skip]
const AUDIO: &[Key] = &[
    key("device", Device(Into(|s, v| s.audio.device = v)), "auto", "auto, card id, usb:VID:PID, any ALSA PCM, wav:PATH or null"),
    key("rate", Rate(Into(|s, v| s.audio.rate = v)), "48000", "frames per second"),
    key("period", Span(Into(|s, v| s.audio.period = v)), "auto", "frames or ms; auto by kind of card"),
    key("buffer", Span(Into(|s, v| s.audio.buffer = v)), "auto", "frames or ms; auto by kind of card"),
    key("jitter-min", Time(ms(0, 900), Into(|s, v| s.audio.jitter_min = v)), "10ms", "least delay of the jitter buffer"),
    key("jitter-max", Time(ms(0, 900), Into(|s, v| s.audio.jitter_max = v)), "200ms", "most delay of the jitter buffer"),
    key("latency-max", Time(ms(20, 5000), Into(|s, v| s.audio.latency_max = v)), "300ms", "jitter-max is never more than this"),
    key("sync-delay", Time(ms(0, 10_000), Later), "0ms", "play everything this much later"),
    key("overlay", Text(Later), "", "Raspberry Pi HAT, e.g. hifiberry-dacplus"),
    key("mixer-volume", Number(0, 100, Later), "", "the card's own mixer, percent"),
    key("limiter", Ceiling(Into(|s, v| s.audio.limiter = v)), "-1 dB", "no sample is louder; off for none"),
    key("agc", YesNo(Later), "no", "level every talker to agc-target"),
    key("agc-target", Level(Later), "-18 dB", "what agc levels to"),
    key("noise-gate", YesNo(Later), "no", "mute what is only noise"),
    key("klaxon", Text(Later), "gong", "none, gong, three-tone, attention or a file"),
    key("klaxon-max-length", Seconds(Later), "10", "the klaxon ends after so many seconds"),
    key("klaxon-padding", Seconds(Later), "0", "seconds to the answer; negative answers before the klaxon ends"),
    key("klaxon-after", Text(Later), "none", "played when the page ends"),
    key("talk-beep", YesNo(Later), "yes", "the caller hears when the path is open"),
    key("volume-music", Volume(Later), "-1", "percent; -1 leaves alone"),
    key("volume-klaxon", Volume(Later), "-1", "percent; -1 leaves alone"),
    key("volume-call", Volume(Into(|s, v| s.audio.volume_call = v)), "-1", "percent; -1 leaves alone"),
    key("music-fade-in-duration", Seconds(Later), "10", "seconds"),
    key("music-fade-in-offset", Seconds(Later), "0", "seconds"),
    key("music-fade-in-min", Number(0, 100, Later), "0", "percent"),
    key("music-fade-out-duration", Seconds(Later), "3", "seconds"),
    key("music-fade-out-offset", Seconds(Later), "0", "seconds"),
    key("music-fade-out-min", Number(0, 100, Later), "0", "percent"),
    key("pjsua-device", Foreign("use [audio] device"), "", "PagingServer's"),
    key("pjsua-conf-port", Foreign("use [audio] device"), "", "PagingServer's"),
    key("pulse-match", Foreign("the sound card is opened directly, use [audio] device"), "", "PagingServer's"),
    key("jack-autostart", Foreign("there is no JACK, nothing is needed"), "", "PagingServer's"),
    key("jack-server-name", Foreign("there is no JACK, nothing is needed"), "", "PagingServer's"),
    key("jack-client-name", Foreign("there is no JACK, nothing is needed"), "", "PagingServer's"),
    key("jack-output-ports", Foreign("use [zone NAME] channels"), "", "PagingServer's"),
    key("jack-music-client-name", Foreign("use [music] source"), "", "PagingServer's"),
    key("jack-music-links", Foreign("use [music] zones"), "", "PagingServer's"),
];

#[rustfmt::skip]
const CALLS: &[Key] = &[
    key("hang-up-after-minutes", TimeOrOff(MINUTES, Into(|s, v| s.calls.hang_up_after = v)), "5", "from the answer, fractions allowed, 0 off"),
    key("hold-concurrent", YesNo(Later), "no", "yes queues, no mixes"),
    key("queue-max", Number(0, 1000, Later), "10", "how many callers wait"),
    key("delayed", Text(Later), "no", "record, then play; or caller patterns"),
    key("dtmf-timeout", Time(s(1, 60), Later), "3s", "how long a key is waited for"),
];

#[rustfmt::skip]
const ZONE: &[Key] = &[
    key("device", Device(Into(|s, v| s.in_zone(|zone| zone.device = Some(v)))), "", "as in [audio]"),
    key("channels", Channels(Into(|s, v| s.in_zone(|zone| zone.channels = Some(v)))), "", "1, 2 or \"1,2\", up to 8; none: every one"),
    key("volume", Level(Into(|s, v| s.in_zone(|zone| zone.volume = v))), "100", "of everything"),
    key("volume-page", Level(Later), "", "of pages"),
    key("volume-bell", Level(Later), "", "of bells"),
    key("volume-music", Level(Later), "", "of music"),
    key("volume-multicast", Level(Later), "", "of multicast pages"),
    key("night-volume", Level(Later), "", "at night"),
    key("night", Text(Later), "", "when that is: 22:00-06:00"),
    key("delay", Time(ms(0, 10_000), Later), "0ms", "play everything this much later"),
    key("duck", Text(Later), "mute", "what loses to a higher claim: mute or a level"),
];

const GROUP: &[Key] = &[key("zones", Text(Later), "", "its zones")];

#[rustfmt::skip]
const MUSIC: &[Key] = &[
    key("source", Text(Later), "", "directory, playlist, http(s) stream, alsa:PCM; several: fall-back order"),
    key("shuffle", YesNo(Later), "no", "in any order"),
    key("zones", Text(Later), "all", "where it is heard"),
];

#[rustfmt::skip]
const MULTICAST: &[Key] = &[
    key("address", Text(Later), "239.255.0.1:5004", "group and port"),
    key("preset", Word(&["algo", "cyberdata", "polycom", "snom", "yealink", "grandstream"], Later), "", "whose pages they are"),
    key("priority", Text(Later), "multicast", "or the maker's own number with preset"),
    key("codec", Text(Later), "auto", "by payload type"),
    key("zones", Text(Later), "all", "where it is heard"),
    key("interface", Text(Later), "", "the network interface"),
];

#[rustfmt::skip]
const TRANSMIT: &[Key] = &[
    key("address", Text(Later), "", "group and port"),
    key("codec", Text(Later), "G722", "what is sent"),
    key("ttl", Number(0, 255, Later), "1", "how many routers it passes"),
    key("dscp", Dscp(Later), "46", "DSCP of its packets"),
    key("source", Text(Later), "", "call, bell, music or a file"),
    key("zones", Text(Later), "", "whose sound is sent"),
];

#[rustfmt::skip]
const BELL: &[Key] = &[
    key("at", Text(Later), "", "08:00 Mon-Fri"),
    key("cron", Text(Later), "", "0 8 * * 1-5"),
    key("play", Text(Later), "gong", "a sound or a file"),
    key("zones", Text(Later), "all", "where it is heard"),
    key("priority", Priority(Later), "bell", "0 to 100, higher wins, or a name"),
    key("except", Text(Later), "", "2026-12-24..2027-01-06"),
    key("late", Text(Later), "skip", "or play 15s"),
];

#[rustfmt::skip]
const ANNOUNCEMENT: &[Key] = &[
    key("play", Text(Later), "", "a file"),
    key("zones", Text(Later), "all", "where it is heard"),
    key("priority", Priority(Later), "page", "0 to 100, higher wins, or a name"),
    key("repeat", Number(1, 100, Later), "1", "how often"),
];

#[rustfmt::skip]
const GPIO: &[Key] = &[
    key("relay", Text(Later), "", "on while there is sound; by line name"),
    key("relay-lead", Time(ms(0, 60_000), Later), "200ms", "so long before it"),
    key("relay-lag", Time(s(0, 3600), Later), "2s", "so long after it"),
    key("healthy", Text(Later), "", "on while all is well; by line name"),
];

#[rustfmt::skip]
const BUTTON: &[Key] = &[
    key("line", Text(Later), "", "by name"),
    key("active", Word(&["low", "high"], Later), "low", "low or high"),
    key("debounce", Time(ms(0, 1000), Later), "30ms", "how long it must hold"),
    key("do", Text(Later), "", "announcement 1, emergency or stop"),
];

#[rustfmt::skip]
const NETWORK: &[Key] = &[
    key("hostname", Text(Later), "paging", "of the box"),
    key("address", Text(Later), "dhcp", "or 192.168.1.20/24"),
    key("gateway", Text(Later), "", "without DHCP"),
    key("dns", Text(Later), "", "without DHCP"),
    key("vlan", Number(1, 4094, Later), "", "IEEE 802.1Q"),
    key("wifi-ssid", Text(Later), "", "the wireless network"),
    key("wifi-password", Secret(Later), "", "its password"),
    key("wifi-country", Text(Later), "", "two letters"),
    key("mdns", YesNo(Later), "yes", "whether it is found as hostname.local"),
];

#[rustfmt::skip]
const TIME: &[Key] = &[
    key("timezone", Text(Later), "UTC", "Europe/Berlin"),
    key("ntp", Text(Later), "dhcp, pool", "DHCP option 42 first"),
];

#[rustfmt::skip]
const LOG: &[Key] = &[
    key("level", LogLevel(Into(|s, v| s.log.level = v)), "info", "off, error, warn, info, debug or trace"),
    key("syslog", Text(Later), "", "udp:host:514 or tcp:host:601"),
    key("heartbeat", Text(Later), "", "http URL, asked for every heartbeat-every"),
    key("heartbeat-every", Time(s(1, 86_400), Later), "60s", "how often"),
];

#[rustfmt::skip]
const STATUS: &[Key] = &[
    key("announce-faults", YesNo(Into(|s, v| s.status.announce_faults = v)), "yes", "what is wrong after a start is said aloud"),
    key("socket", Text(Into(|s, v| s.status.set_socket(v))), "/run/paging/status.sock", "where paging status asks; none: nowhere"),
];

#[rustfmt::skip]
const HANDLER: &[Key] = &[
    key("number", Text(Later), "", "which calls it takes"),
    key("exec", Text(Later), "", "the program"),
];

#[rustfmt::skip]
const AUDIOSOCKET: &[Key] = &[
    key("listen", Text(Later), "", "address and port"),
    key("allow", Text(Later), "", "networks"),
    key("codec", Text(Later), "auto", "by kind of frame"),
    key("zones", Text(Later), "all", "where it is heard"),
];

const UPDATE: &[Key] = &[key("key", Text(Later), "", "public key of the owner")];

#[rustfmt::skip]
const DEBUG: &[Key] = &[
    key("console", YesNo(Later), "no", "a shell on the console"),
    key("ssh", YesNo(Later), "no", "a shell over the network"),
];

#[rustfmt::skip]
const SERVER: &[Key] = &[
    key("debug", Foreign("use [log] level = debug"), "", "PagingServer's"),
    key("pjsua-log-level", Foreign("use [log] level"), "", "PagingServer's"),
    key("sentry-dsn", Foreign("use [log] syslog and [log] heartbeat"), "", "PagingServer's"),
];
