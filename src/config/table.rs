//! The table of sections and keys: parser, defaults, hints, the annotated example and the reference come from it.

use super::Kind::{
    Addresses, Allow, At, Callers, Ceiling, Channels, Codec, CodecOrAuto, Codecs, Cron, Dates, Delayed,
    Device, Dialling, Dscp, Duck, External, Feed, Foreign, Group, Hosts, Ip, Ips, Late, Level, Line, Listen,
    LogLevel, LogLevels, Named, Networks, Night, Ntp, Number, OwnAddress, Ports, Press, Priority, Rate,
    Seconds, Secret, SecretOf, Sound, Sources, Span, Syslog, Text, Time, TimeOrOff, Volume, Word, YesNo,
    Zones,
};
use super::form::Form;
use super::gpio::BUTTONS;
use super::kind::Put::{Into, Later};
use super::terms::{KEYS, MUSIC as PLAYERS};
use super::value::{TimeLimits, Unit};
use super::{Applied, Kind, Mode, Settings};

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
    /// A value that says more than the default does; empty: none is needed.
    pub example: &'static str,
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
pub(super) const OF_AN_ACCOUNT: &[&str] = &[
    "domain",
    "user",
    "pass",
    "auth-user",
    "name",
    "transport",
    "outbound-proxy",
    "register",
    "expires",
    "mode",
    "zones",
    "priority",
    "klaxon",
    "pin",
    "early-media",
];
/// The kind of section that makes a zone.
pub(super) const ZONES: &str = "zone";

/// All sections.
pub const SECTIONS: &[Section] = &[
    Section { kind: "sip", naming: Naming::Maybe, works: true, keys: SIP },
    Section { kind: "audio", naming: Naming::Never, works: true, keys: AUDIO },
    Section { kind: "calls", naming: Naming::Never, works: true, keys: CALLS },
    Section { kind: ZONES, naming: Naming::Always, works: true, keys: ZONE },
    Section { kind: "group", naming: Naming::Always, works: true, keys: GROUP },
    Section { kind: PLAYERS, naming: Naming::Maybe, works: true, keys: MUSIC },
    Section { kind: "multicast", naming: Naming::Always, works: false, keys: MULTICAST },
    Section { kind: "transmit", naming: Naming::Always, works: false, keys: TRANSMIT },
    Section { kind: "bell", naming: Naming::Always, works: false, keys: BELL },
    Section { kind: "announcement", naming: Naming::Always, works: true, keys: ANNOUNCEMENT },
    Section { kind: "emergency", naming: Naming::Never, works: true, keys: EMERGENCY },
    Section { kind: "caller", naming: Naming::Always, works: true, keys: CALLER },
    Section { kind: KEYS, naming: Naming::Always, works: true, keys: KEY },
    Section { kind: "gpio", naming: Naming::Never, works: true, keys: GPIO },
    Section { kind: BUTTONS, naming: Naming::Always, works: true, keys: BUTTON },
    Section { kind: "network", naming: Naming::Never, works: true, keys: NETWORK },
    Section { kind: "time", naming: Naming::Never, works: true, keys: TIME },
    Section { kind: "log", naming: Naming::Never, works: true, keys: LOG },
    Section { kind: "status", naming: Naming::Never, works: true, keys: STATUS },
    Section { kind: "handler", naming: Naming::Maybe, works: false, keys: HANDLER },
    Section { kind: "audiosocket", naming: Naming::Never, works: false, keys: AUDIOSOCKET },
    Section { kind: "update", naming: Naming::Never, works: false, keys: UPDATE },
    Section { kind: "debug", naming: Naming::Never, works: true, keys: DEBUG },
    Section { kind: "server", naming: Naming::Never, works: true, keys: SERVER },
];

const fn key(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { name, kind, default, doc, example: "" }
}

impl Key {
    /// Whether it does anything yet, where its section does.
    #[must_use]
    pub fn works(&self) -> bool {
        let sample = if self.default.is_empty() { self.example } else { self.default };
        matches!(self.kind.apply(sample, &mut Settings::blank()), Ok(Applied::Works))
    }

    const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }
}

/// Times whose bare numbers are milliseconds, the limits too.
const fn ms(least: u64, most: u64) -> TimeLimits {
    TimeLimits::new(Unit::Millis, least, most)
}

/// Times whose bare numbers are seconds, the limits too.
const fn s(least: u64, most: u64) -> TimeLimits {
    TimeLimits::new(Unit::Seconds, least * 1000, most * 1000)
}

/// So many percent of full scale.
#[expect(clippy::cast_precision_loss, reason = "0 to 100")]
fn percent(number: i64) -> crate::units::Level {
    crate::units::Level::from_gain(number as f32 / 100.0)
}

/// Times whose bare numbers are minutes, up to a day.
const MINUTES: TimeLimits = TimeLimits::new(Unit::Minutes, 0, 86_400_000);

#[rustfmt::skip]
const SIP: &[Key] = &[
    key("domain", Hosts(Into(|s, v| s.sip.account.domain = v)), "", "host[:port] of the telephone system; several, separated by commas: fail-over in this order; SRV when no port").example("pbx.example"),
    key("user", Text(Into(|s, v| s.sip.account.user = v)), "", "user name of the account, and of the box's own address").example("501"),
    key("pass", Secret(Into(|s, v| s.sip.account.pass = v)), "", "password of the account, to the end of the line"),
    key("auth-user", Text(Into(|s, v| s.sip.account.auth_user = v)), "", "user name for authentication, when it differs from user"),
    key("name", Text(Into(|s, v| s.sip.account.name = v)), "Paging", "display name"),
    key("transport", Word(&["udp", "tcp"], Into(|s, v| s.sip.account.is_tcp = v == "tcp")), "udp", "udp or tcp, towards the telephone system; calls come by either"),
    key("outbound-proxy", Hosts(Into(|s, v| s.sip.account.outbound_proxy = v)), "", "where requests are sent instead of to the domain, as host[:port]"),
    key("register", YesNo(Into(|s, v| s.sip.account.register = v)), "yes", "whether the box registers"),
    key("expires", Time(s(10, 86_400), Into(|s, v| s.sip.account.expires = v)), "300s", "how long a registration holds"),
    key("listen", Addresses(Into(|s, v| s.sip.listen = v)), "0.0.0.0:5060, [::]:5060", "where calls are received; port 5060 when none is given"),
    key("external-address", External(Into(|s, v| s.sip.external = v)), "", "the address[:port] by which those outside know the box, behind NAT"),
    key("allow", Allow(Into(|s, v| s.sip.allow = v)), "servers", "who may call: servers (of the accounts; without one as attached), networks (192.168.1.0/24; attached: those of the box), callers (2??@*)"),
    key("require-auth", YesNo(Into(|s, v| s.sip.require_auth = v)), "no", "callers have to prove user and pass of [sip]"),
    key("mode", Word(Mode::WORDS, Into(|s, v| s.sip.account.reception.mode = Mode::from_word(v))), "page", "page, ring (loud ringer: sounds the klaxon until answered elsewhere) or emergency"),
    key("zones", Zones(Into(|s, v| s.sip.account.reception.zones = v)), "all", "where calls are heard: all, or zones and groups by name"),
    key("priority", Priority(Into(|s, v| s.sip.account.reception.priority = v)), "page", "0 to 100, higher wins, or emergency, page, multicast, bell, music"),
    key("klaxon", Sound(Into(|s, v| s.sip.account.reception.klaxon = Some(v))), "", "overrides [audio] klaxon").example("three-tone"),
    key("pin", SecretOf(Form::Pin, Into(|s, v| s.sip.account.reception.pin = v)), "", "asked for by tone, entered by DTMF").example("1234"),
    key("answer-after", Time(s(0, 120), Into(|s, v| s.sip.answer_after = v)), "0s", "how long a call rings"),
    key("codecs", Codecs(Into(|s, v| s.sip.codecs = v)), "G722, PCMA, PCMU, L16", "the best first; this order decides"),
    key("ptime", Time(ms(10, 60).in_steps(10), Into(|s, v| s.sip.ptime = v)), "20ms", "length of packets"),
    key("dscp-sip", Dscp(Into(|s, v| s.sip.dscp_sip = v)), "24", "DSCP of signalling"),
    key("dscp-rtp", Dscp(Into(|s, v| s.sip.dscp_rtp = v)), "46", "DSCP of media"),
    key("rtp-ports", Ports(Into(|s, v| s.sip.rtp_ports = v)), "16384-16884", "where media is received, two ports a call"),
    key("rtp-timeout", TimeOrOff(s(1, 3600), Into(|s, v| s.sip.rtp_timeout = v)), "20s", "a call without RTP ends; 0 off"),
    key("session-timer", TimeOrOff(s(90, 86_400), Into(|s, v| s.sip.session_timer = v)), "1800s", "how often a call is confirmed; 0 off"),
    key("early-media", YesNo(Into(|s, v| s.sip.account.reception.early_media = v)), "no", "let the caller hear the chime (183) instead of ring-back"),
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
    key("overlay", Named(Form::Overlay, Into(|s, v| s.audio.overlay = v)), "", "device tree overlay of a Raspberry Pi HAT").example("hifiberry-dacplus"),
    key("mixer-volume", Number(0, 100, Into(|s, v| s.audio.mixer_volume = u8::try_from(v).ok())), "", "the card's own volume, in percent as alsamixer shows it; none: left alone").example("80"),
    key("limiter", Ceiling(Into(|s, v| s.audio.limiter = v)), "-1 dB", "no sample is louder; off for none"),
    key("agc", YesNo(Later), "no", "level every talker to agc-target"),
    key("agc-target", Level(Later), "-18 dB", "what agc levels to"),
    key("noise-gate", YesNo(Later), "no", "mute what is only noise"),
    key("klaxon", Sound(Into(|s, v| s.audio.klaxon = v)), "gong", "sounded before a page: none, gong, three-tone, attention or a file"),
    key("klaxon-max-length", Seconds(Into(|s, v| s.audio.klaxon_max_length = v)), "10", "the klaxon ends after so many seconds"),
    key("klaxon-padding", Seconds(Into(|s, v| s.audio.klaxon_padding = v)), "0", "seconds to the answer; negative answers before the klaxon ends"),
    key("klaxon-after", Sound(Into(|s, v| s.audio.klaxon_after = v)), "none", "sounded when the page ends"),
    key("talk-beep", YesNo(Into(|s, v| s.audio.talk_beep = v)), "yes", "the caller hears when the path is open"),
    key("volume-music", Volume(Into(|s, v| s.audio.volume_music = v)), "-1", "how loud music is, in percent or dB; -1 leaves alone"),
    key("volume-klaxon", Volume(Into(|s, v| s.audio.volume_klaxon = v)), "-1", "how loud the klaxon is, in percent or dB; -1 leaves alone"),
    key("volume-call", Volume(Into(|s, v| s.audio.volume_call = v)), "-1", "how loud calls are, in percent or dB; -1 leaves alone"),
    key("music-fade-in-duration", Seconds(Into(|s, v| s.audio.fade_in.duration = v)), "10", "how long music takes to come back, in seconds"),
    key("music-fade-in-offset", Seconds(Into(|s, v| s.audio.fade_in.offset = v)), "0", "how long it waits before it does, in seconds"),
    key("music-fade-in-min", Number(0, 100, Into(|s, v| s.audio.fade_in.min = percent(v))), "0", "what music comes back from, in percent"),
    key("music-fade-out-duration", Seconds(Into(|s, v| s.audio.fade_out.duration = v)), "3", "how long music takes to go before a page, in seconds"),
    key("music-fade-out-offset", Seconds(Into(|s, v| s.audio.fade_out.offset = v)), "0", "how long after the beginning of the klaxon it has gone, in seconds; negative: before it"),
    key("music-fade-out-min", Number(0, 100, Into(|s, v| s.audio.fade_out.min = percent(v))), "0", "what music goes down to, in percent"),
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
    key("hang-up-after-minutes", TimeOrOff(MINUTES, Into(|s, v| s.calls.hang_up_after = v)), "5", "minutes from when he is heard, fractions allowed, 0 off"),
    key("hold-concurrent", YesNo(Into(|s, v| s.calls.hold_concurrent = v)), "no", "yes queues, no mixes"),
    key("queue-max", Number(0, 1000, Into(|s, v| s.calls.queue_max = usize::try_from(v).unwrap_or(0))), "10", "how many callers wait at most"),
    key("delayed", Delayed(Into(|s, v| s.calls.delayed = v)), "no", "record a call, then play it: yes, no, or callers such as 2??@*"),
    key("dtmf-timeout", Time(s(1, 60), Into(|s, v| s.calls.dtmf_timeout = v)), "3s", "how long a key is waited for"),
];

#[rustfmt::skip]
const ZONE: &[Key] = &[
    key("device", Device(Into(|s, v| s.in_zone(|zone| zone.device = Some(v)))), "", "as in [audio]").example("usb:0d8c:0014"),
    key("channels", Channels(Into(|s, v| s.in_zone(|zone| zone.channels = Some(v)))), "", "1, 2 or \"1,2\", up to 8; none: every one").example("1, 2"),
    key("volume", Level(Into(|s, v| s.in_zone(|zone| zone.volume = v))), "100", "how loud everything is, in percent or dB"),
    key("volume-page", Level(Into(|s, v| s.in_zone(|zone| zone.volume_page = Some(v)))), "", "how loud pages are there, in percent or dB").example("80"),
    key("volume-bell", Level(Into(|s, v| s.in_zone(|zone| zone.volume_bell = Some(v)))), "", "how loud bells are there, in percent or dB").example("80"),
    key("volume-music", Level(Into(|s, v| s.in_zone(|zone| zone.volume_music = Some(v)))), "", "how loud music is there, in percent or dB").example("80"),
    key("volume-multicast", Level(Into(|s, v| s.in_zone(|zone| zone.volume_multicast = Some(v)))), "", "how loud multicast pages are there, in percent or dB").example("80"),
    key("night-volume", Level(Into(|s, v| s.in_zone(|zone| zone.night_volume = Some(v)))), "", "how loud everything is at night, in percent or dB").example("20"),
    key("night", Night(Into(|s, v| s.in_zone(|zone| zone.night = Some(v)))), "", "when that is").example("22:00-06:00"),
    key("delay", Time(ms(0, 10_000), Into(|s, v| s.in_zone(|zone| zone.delay = v))), "0ms", "play everything this much later"),
    key("duck", Duck(Into(|s, v| s.in_zone(|zone| zone.duck = v))), "mute", "what becomes of what loses to a higher claim: mute or a level such as \"-20 dB\""),
    key("klaxon", Sound(Into(|s, v| s.in_zone(|zone| zone.klaxon = Some(v)))), "", "overrides [audio] klaxon for pages to this zone").example("three-tone"),
];

const GROUP: &[Key] =
    &[key("zones", Zones(Into(|s, v| s.in_group(|group| group.zones = v))), "", "its zones by name")
        .example("all")];

#[rustfmt::skip]
const MUSIC: &[Key] = &[
    key("source", Sources(Into(|s, v| s.in_player(|player| player.sources = v))), "", "directory, playlist, http(s) stream, alsa:PCM; several: fall-back order").example("/boot/sounds"),
    key("shuffle", YesNo(Into(|s, v| s.in_player(|player| player.shuffle = v))), "no", "play in any order"),
    key("zones", Zones(Into(|s, v| s.in_player(|player| player.zones = v))), "all", "where it is heard: all, or zones and groups by name"),
];

#[rustfmt::skip]
const MULTICAST: &[Key] = &[
    key("address", Group(Later), "239.255.0.1:5004", "group and port that pages are sent to"),
    key("preset", Word(&["algo", "cyberdata", "polycom", "snom", "yealink", "grandstream"], Later), "", "whose pages they are: algo, cyberdata, polycom, snom, yealink or grandstream").example("algo"),
    key("priority", Priority(Later), "multicast", "0 to 100, higher wins, or emergency, page, multicast, bell, music; with preset the maker's own number"),
    key("codec", CodecOrAuto(Later), "auto", "auto goes by payload type"),
    key("zones", Zones(Later), "all", "where it is heard: all, or zones and groups by name"),
    key("interface", Named(Form::Interface, Later), "", "the network interface; none: any").example("eth0"),
];

#[rustfmt::skip]
const TRANSMIT: &[Key] = &[
    key("address", Group(Later), "", "group and port").example("239.255.0.1:5004"),
    key("codec", Codec(Later), "G722", "G722, PCMA, PCMU or L16"),
    key("ttl", Number(0, 255, Later), "1", "how many routers it passes"),
    key("dscp", Dscp(Later), "46", "DSCP of its packets"),
    key("source", Feed(Later), "", "what is sent: call, bell, music or a file").example("call"),
    key("zones", Zones(Later), "", "whose sound is sent").example("all"),
];

#[rustfmt::skip]
const BELL: &[Key] = &[
    key("at", At(Later), "", "times, then days; without days daily").example("08:00 Mon-Fri"),
    key("cron", Cron(Later), "", "instead of at: minute, hour, day, month, day of the week as in 0 8 * * 1-5"),
    key("play", Sound(Later), "gong", "gong, three-tone, attention or a file"),
    key("zones", Zones(Later), "all", "where it is heard: all, or zones and groups by name"),
    key("priority", Priority(Later), "bell", "0 to 100, higher wins, or emergency, page, multicast, bell, music"),
    key("except", Dates(Later), "", "days on which it is silent").example("2026-12-24..2027-01-06"),
    key("late", Late(Later), "skip", "when it could not ring in time: skip, or play 15s if not later than that"),
];

#[rustfmt::skip]
const ANNOUNCEMENT: &[Key] = &[
    key("play", Sound(Into(|s, v| s.in_announcement(|one| one.play = v))), "", "gong, three-tone, attention or a file").example("sounds/closing.wav"),
    key("zones", Zones(Into(|s, v| s.in_announcement(|one| one.zones = v))), "all", "where it is heard: all, or zones and groups by name"),
    key("priority", Priority(Into(|s, v| s.in_announcement(|one| one.priority = v))), "page", "0 to 100, higher wins, or emergency, page, multicast, bell, music"),
    key("repeat", Number(1, 100, Into(|s, v| s.in_announcement(|one| one.repeat = u8::try_from(v).unwrap_or(1)))), "1", "how often"),
];

#[rustfmt::skip]
const EMERGENCY: &[Key] = &[
    key("play", Sound(Into(|s, v| s.emergency.play = v)), "attention", "what is played again and again until it is cancelled: gong, three-tone, attention or a file"),
    key("zones", Zones(Into(|s, v| s.emergency.zones = v)), "all", "where it is heard: all, or zones and groups by name"),
    key("priority", Priority(Into(|s, v| s.emergency.priority = v)), "emergency", "0 to 100, higher wins, or emergency, page, multicast, bell, music"),
];

#[rustfmt::skip]
const CALLER: &[Key] = &[
    key("from", Callers(Into(|s, v| s.in_caller(|rule| rule.from = v))), "", "whose calls: callers such as 2??@*").example("2??@*"),
    key("klaxon", Sound(Into(|s, v| s.in_caller(|rule| rule.klaxon = Some(v)))), "", "overrides [sip] klaxon").example("three-tone"),
    key("zones", Zones(Into(|s, v| s.in_caller(|rule| rule.zones = Some(v)))), "", "overrides [sip] zones").example("all"),
    key("priority", Priority(Into(|s, v| s.in_caller(|rule| rule.priority = Some(v)))), "", "overrides [sip] priority").example("emergency"),
];

#[rustfmt::skip]
const KEY: &[Key] = &[
    key("do", Dialling(Into(|s, v| s.in_key(|key| key.does = Some(v)))), "", "zones NAME, announcement NUMBER, emergency, volume 80, volume up, volume down, night on, night off, night auto, stop, test, address or reboot").example("stop"),
];

#[rustfmt::skip]
const GPIO: &[Key] = &[
    key("relay", Line(Into(|s, v| s.gpio.relay = Some(v))), "", "on while there is sound; a line by its name, or its chip and place as in gpiochip0:17").example("GPIO17"),
    key("relay-lead", Time(ms(0, 60_000), Into(|s, v| s.gpio.relay_lead = v)), "200ms", "the relay is on so long before the sound"),
    key("relay-lag", Time(s(0, 3600), Into(|s, v| s.gpio.relay_lag = v)), "2s", "and so long after it"),
    key("healthy", Line(Into(|s, v| s.gpio.healthy = Some(v))), "", "on while all is well; a line as in relay").example("GPIO27"),
];

#[rustfmt::skip]
const BUTTON: &[Key] = &[
    key("line", Line(Into(|s, v| s.in_button(|button| button.line = Some(v)))), "", "where it is: a line as in [gpio] relay").example("GPIO22"),
    key("active", Word(&["low", "high"], Into(|s, v| s.in_button(|button| button.is_high = v == "high"))), "low", "what the line is while it is pressed: low or high"),
    key("debounce", Time(ms(0, 1000), Into(|s, v| s.in_button(|button| button.debounce = v))), "30ms", "how long it must hold"),
    key("do", Press(Into(|s, v| s.in_button(|button| button.press = Some(v)))), "", "stop (ends every page), announcement NUMBER or emergency").example("stop"),
];

#[rustfmt::skip]
const NETWORK: &[Key] = &[
    key("hostname", Named(Form::Hostname, Into(|s, v| s.network.hostname = v)), "paging", "the name of the box"),
    key("address", OwnAddress(Into(|s, v| s.network.address = v)), "dhcp", "or an address and its network such as 192.168.1.20/24; of IPv6 it is one more, beside DHCP"),
    key("gateway", Ip(Into(|s, v| s.network.gateway = Some(v))), "", "without DHCP: the router").example("192.168.1.1"),
    key("dns", Ips(Into(|s, v| s.network.dns = v)), "", "without DHCP: the name servers").example("192.168.1.1"),
    key("vlan", Number(1, 4094, Into(|s, v| s.network.vlan = u16::try_from(v).ok())), "", "IEEE 802.1Q").example("20"),
    key("wifi-ssid", Named(Form::Ssid, Into(|s, v| s.network.wifi.ssid = v)), "", "the wireless network").example("Warehouse"),
    key("wifi-password", SecretOf(Form::WifiPassword, Into(|s, v| s.network.wifi.password = v)), "", "its password, to the end of the line").example("correct horse"),
    key("wifi-country", Named(Form::Country, Into(|s, v| s.network.wifi.country = v.to_ascii_uppercase())), "", "where the box is, by two letters").example("DE"),
    key("mdns", YesNo(Into(|s, v| s.network.mdns = Some(v))), "", "whether it is found as hostname.local, and as a SIP telephone; none: yes on the card image, no elsewhere").example("yes"),
];

#[rustfmt::skip]
const TIME: &[Key] = &[
    key("timezone", Named(Form::TimeZone, Into(|s, v| s.time.zone = v)), "UTC", "where the clock is, such as Europe/Berlin"),
    key("ntp", Ntp(Into(|s, v| s.time.sources = v)), "dhcp, pool", "where the time comes from: dhcp (option 42), pool, servers by name"),
];

#[rustfmt::skip]
const LOG: &[Key] = &[
    key("level", LogLevel(Into(|s, v| s.log.level = v)), "info", "off, error, warn, info, debug or trace"),
    key("levels", LogLevels(Into(|s, v| s.log.levels = v)), "", "of parts of the program: sip=debug, output=warn"),
    key("syslog", Syslog(Into(|s, v| s.log.syslog = v)), "", "udp:host:514 or tcp:host:601"),
    key("heartbeat", Named(Form::Url, Later), "", "http URL, asked for every heartbeat-every").example("http://monitor.example/paging"),
    key("heartbeat-every", Time(s(1, 86_400), Later), "60s", "how often"),
];

#[rustfmt::skip]
const STATUS: &[Key] = &[
    key("announce-faults", YesNo(Into(|s, v| s.status.announce_faults = v)), "yes", "what is wrong after a start is said aloud"),
    key("socket", Text(Into(|s, v| s.status.set_socket(v))), "/run/paging/status.sock", "where paging status asks; none: nowhere"),
];

#[rustfmt::skip]
const HANDLER: &[Key] = &[
    key("number", Named(Form::Dialled, Later), "", "which calls it takes, by what is dialled").example("700"),
    key("exec", Named(Form::Program, Later), "", "the program, by its whole path").example("/usr/bin/handler"),
];

#[rustfmt::skip]
const AUDIOSOCKET: &[Key] = &[
    key("listen", Listen(Later), "", "addresses and ports").example("0.0.0.0:9092"),
    key("allow", Networks(Later), "", "networks that may connect").example("192.168.1.0/24"),
    key("codec", Word(SLIN, Later), "auto", "auto goes by the kind of frame"),
    key("zones", Zones(Later), "all", "where it is heard: all, or zones and groups by name"),
];

/// What Asterisk calls its linear formats.
const SLIN: &[&str] =
    &["auto", "slin", "slin12", "slin16", "slin24", "slin32", "slin44", "slin48", "slin96", "slin192"];

const UPDATE: &[Key] = &[key("key", Text(Later), "", "public key of the owner")];

#[rustfmt::skip]
const DEBUG: &[Key] = &[
    key("console", YesNo(Into(|s, v| s.debug.console = v)), "no", "a shell on the console, for whoever is there"),
    key("ssh", YesNo(Later), "no", "a shell over the network: no image has one so far"),
];

#[rustfmt::skip]
const SERVER: &[Key] = &[
    key("debug", Foreign("use [log] level = debug"), "", "PagingServer's"),
    key("pjsua-log-level", Foreign("use [log] level"), "", "PagingServer's"),
    key("sentry-dsn", Foreign("use [log] syslog, and paging status for a monitor"), "", "PagingServer's"),
];
