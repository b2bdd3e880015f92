//! Loading as a whole: every working key, every trap of the syntax, the order of layers, garbage.

mod every_key;

use core::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::allow::Allow;
use crate::units::{Level, SampleRate};

/// A working key: a good value, what it does, and a wrong one.
struct Case {
    path: &'static str,
    good: &'static str,
    /// Whether the good value is in the settings.
    is_set: fn(&Settings) -> bool,
    bad: &'static str,
    /// What the error says was expected.
    expected: &'static str,
}

#[rustfmt::skip]
#[expect(clippy::float_cmp, reason = "exact values are what is tested")]
const CASES: &[Case] = &[
    case("sip.listen", "127.0.0.1, [::1]:5070", |s| s.sip.listen == ["127.0.0.1:5060".parse().unwrap(), "[::1]:5070".parse().unwrap()], ("pbx", "expected addresses such as 0.0.0.0:5060, [::]:5060")),
    case("sip.external-address", "203.0.113.7:5070", |s| s.sip.external == Some(External { ip: "203.0.113.7".parse().unwrap(), port: Some(5070) }), ("box.example", "expected the address by which others know the box")),
    case("sip.allow", "10.0.0.0/8, 2??@*", |s| s.sip.allow.networks.len() == 1 && s.sip.allow.callers.len() == 1 && !s.sip.allow.attached, ("10.0.0.0/64", "expected a network such as 192.168.1.0/24")),
    case("sip.user", "200", |s| s.sip.account.user == "200", ("a\u{7}b", "expected text without control")),
    case("sip.name", "\"Hall; 2\"", |s| s.sip.account.name == "Hall; 2", ("\u{1}", "expected text without control")),
    case("sip.pass", "a;b #c", |s| s.sip.account.pass == "a;b #c", ("a\u{7}b", "expected text without control")),
    case("sip.auth-user", "x501", |s| s.sip.account.auth_user == "x501", ("a\u{7}b", "expected text without control")),
    case("sip.outbound-proxy", "10.0.0.1:5070", |s| s.sip.account.outbound_proxy.len() == 1, ("sip:10.0.0.1", "expected at most 8 hosts such as pbx.example")),
    case("sip.transport", "TCP", |s| s.sip.account.is_tcp, ("tls", "expected one of udp, tcp")),
    case("sip.register", "no", |s| !s.sip.account.register, ("never", "expected yes or no")),
    case("sip.expires", "2m", |s| s.sip.account.expires == Duration::from_mins(2), ("5", "expected a time from 10s to 86400s")),
    case("sip.rtp-ports", "20000-20009", |s| { (s.sip.rtp_ports.first(), s.sip.rtp_ports.last(), s.sip.rtp_ports.pairs()) == (20_000, 20_008, 5) }, ("20000", "expected a range of ports above 1023")),
    case("sip.rtp-timeout", "1m", |s| s.sip.rtp_timeout == Some(Duration::from_mins(1)), ("soon", "expected a time such as")),
    case("sip.session-timer", "5m", |s| s.sip.session_timer == Some(Duration::from_mins(5)), ("60", "expected a time from 90s to 86400s")),
    case("sip.answer-after", "2", |s| s.sip.answer_after == Duration::from_secs(2), ("-2", "expected a time from 0s to 120s")),
    case("sip.ptime", "30", |s| s.sip.ptime == Duration::from_millis(30), ("25", "expected a multiple of 10ms")),
    case("sip.codecs", "pcmu, pcma", |s| s.sip.codecs == [CodecName::Pcmu, CodecName::Pcma], ("PCMA G729", "expected a list of G722, PCMA, PCMU, L16")),
    case("sip.dscp-sip", "cs5", |s| s.sip.dscp_sip == 40, ("64", "expected a DSCP from 0 to 63")),
    case("sip.dscp-rtp", "0", |s| s.sip.dscp_rtp == 0, ("high", "expected a DSCP from 0 to 63")),
    case("audio.device", "usb:0d8c:0014", |s| s.audio.device == Device::Usb { vendor: 0x0d8c, product: 0x0014 }, ("1", "expected a card id, for numbers change")),
    case("audio.rate", "48 kHz", |s| s.audio.rate == SampleRate::HZ_48000, ("44100", "expected 48000, the only rate so far")),
    case("audio.period", "240", |s| s.audio.period == Span::Frames(240), ("1", "expected auto, frames from 16")),
    case("audio.buffer", "20ms", |s| s.audio.buffer == Span::Time(Duration::from_millis(20)), ("big", "expected auto, frames from 16")),
    case("audio.jitter-min", "20", |s| s.audio.jitter_min == Duration::from_millis(20), ("3s", "expected a time from 0s to 900ms")),
    case("audio.jitter-max", "100", |s| s.audio.jitter_max == Duration::from_millis(100), ("901", "expected a time from 0s to 900ms")),
    case("audio.latency-max", "0.4s", |s| s.audio.latency_max == Duration::from_millis(400), ("10ms", "expected a time from 20ms to 5s")),
    case("audio.overlay", "hifiberry-dacplus,x", |s| s.audio.overlay == "hifiberry-dacplus,x", ("my card", "expected the overlay of a sound card")),
    case("audio.volume-call", "50", |s| s.audio.volume_call == Some(Level::from_gain(0.5)), ("-2", "expected a level such as 80, 80% or \"-6 dB\", or -1 to leave it alone")),
    case("audio.mixer-volume", "80", |s| s.audio.mixer_volume == Some(80), ("101", "expected a whole number from 0 to 100")),
    case("audio.klaxon", "Three_Tone", |s| s.audio.klaxon == Sound::ThreeTone, ("gogn", "expected none, gong, three-tone, attention, or a file such as sounds/chime.wav")),
    case("audio.klaxon-max-length", "4.5", |s| s.audio.klaxon_max_length == 4.5, ("long", "expected a number of seconds")),
    case("audio.klaxon-padding", "-0.5", |s| s.audio.klaxon_padding == -0.5, ("early", "expected a number of seconds")),
    case("audio.klaxon-after", "sounds/end.wav", |s| s.audio.klaxon_after == Sound::File("sounds/end.wav".into()), ("gnog", "expected none, gong, three-tone, attention, or a file such as sounds/chime.wav")),
    case("audio.volume-klaxon", "150%", |s| s.audio.volume_klaxon == Some(Level::from_gain(1.5)), ("-2", "expected a level such as 80, 80% or \"-6 dB\", or -1 to leave it alone")),
    case("audio.limiter", "off", |s| s.audio.limiter.is_none(), ("3 dB", "expected a level up to 0 dB")),
    case("audio.talk-beep", "no", |s| !s.audio.talk_beep, ("perhaps", "expected yes or no")),
    case("audio.volume-music", "40", |s| s.audio.volume_music == Some(Level::from_gain(0.4)), ("-2", "expected a level such as 80, 80% or \"-6 dB\", or -1 to leave it alone")),
    case("audio.music-fade-in-duration", "5.15", |s| (s.audio.fade_in.duration - 5.15).abs() < 1e-9, ("soon", "expected a number of seconds")),
    case("audio.music-fade-in-offset", "-0.5", |s| (s.audio.fade_in.offset + 0.5).abs() < 1e-9, ("soon", "expected a number of seconds")),
    case("audio.music-fade-in-min", "12", |s| s.audio.fade_in.min == Level::from_gain(0.12), ("101", "expected a whole number from 0 to 100")),
    case("audio.music-fade-out-duration", "3.5", |s| (s.audio.fade_out.duration - 3.5).abs() < 1e-9, ("soon", "expected a number of seconds")),
    case("audio.music-fade-out-offset", "1.4", |s| (s.audio.fade_out.offset - 1.4).abs() < 1e-9, ("soon", "expected a number of seconds")),
    case("audio.music-fade-out-min", "5", |s| s.audio.fade_out.min == Level::from_gain(0.05), ("101", "expected a whole number from 0 to 100")),
    case("sip.mode", "RING", |s| s.sip.account.reception.mode == Mode::Ring, ("bell", "expected one of page, ring, emergency")),
    case("sip.priority", "70", |s| s.sip.account.reception.priority == 70, ("101", "expected a priority from 0 to 100")),
    case("sip.klaxon", "three-tone", |s| s.sip.account.reception.klaxon == Some(Sound::ThreeTone), ("gnog", "expected none, gong, three-tone, attention, or a file such as sounds/chime.wav")),
    case("sip.pin", "0815", |s| s.sip.account.reception.pin == "0815", ("12a4", "expected a PIN of 1 to 16 digits")),
    case("sip.early-media", "yes", |s| s.sip.account.reception.early_media, ("perhaps", "expected yes or no")),
    case("calls.hold-concurrent", "yes", |s| s.calls.hold_concurrent, ("perhaps", "expected yes or no")),
    case("calls.queue-max", "0", |s| s.calls.queue_max == 0, ("1001", "expected a whole number from 0 to 1000")),
    case("calls.delayed", "2??@*", |s| matches!(&s.calls.delayed, Delayed::Callers(list) if list.len() == 1), ("perhaps", "expected yes, no, or callers")),
    case("calls.dtmf-timeout", "5", |s| s.calls.dtmf_timeout == Duration::from_secs(5), ("61", "expected a time from 1s to 60s")),
    case("emergency.play", "sounds/alarm.wav", |s| s.emergency.play == Sound::File("sounds/alarm.wav".into()), ("gnog", "expected none, gong, three-tone, attention, or a file such as sounds/chime.wav")),
    case("emergency.priority", "100", |s| s.emergency.priority == 100, ("101", "expected a priority from 0 to 100")),
    case("calls.hang-up-after-minutes", "1.5", |s| s.calls.hang_up_after == Some(Duration::from_secs(90)), ("5x", "expected a time such as")),
    case("gpio.relay", "GPIO17", |s| s.gpio.relay == Some(Line::Named("GPIO17".to_owned())), ("17", "expected a line by its name such as GPIO17")),
    case("gpio.relay-lead", "50", |s| s.gpio.relay_lead == Duration::from_millis(50), ("2m", "expected a time from 0s to 60s")),
    case("gpio.relay-lag", "3", |s| s.gpio.relay_lag == Duration::from_secs(3), ("2h", "expected a time from 0s to 3600s")),
    case("gpio.healthy", "gpiochip0 1", |s| s.gpio.healthy == Some(Line::Placed { chip: "gpiochip0".to_owned(), offset: 1 }), ("17", "expected a line by its name such as GPIO17")),
    case("log.levels", "sip=debug, Output = warn", |s| s.log.levels == [(LogPart::Sip, LogLevel::Debug), (LogPart::Output, LogLevel::Warn)], ("sip", "expected levels of parts, each once, such as sip=debug")),
    case("log.syslog", "tcp:[::1]", |s| s.log.syslog.as_ref().is_some_and(|to| to.is_tcp && to.host == "::1" && to.port == 601), ("log.example", "expected udp:HOST or tcp:HOST")),
    case("log.level", "DEBUG", |s| s.log.level == LogLevel::Debug, ("loud", "expected one of off, error, warn, info, debug, trace")),
    case("network.mdns", "no", |s| s.network.mdns == Some(false), ("perhaps", "expected yes or no")),
    case("network.hostname", "hall", |s| s.network.hostname == "hall", ("h\u{e4}ll", "expected a name of letters, digits and -")),
    case("network.address", "fd00::20/64", |s| s.network.address.is_some(), ("fd00::20", "expected dhcp, or an address and its network")),
    case("network.vlan", "4094", |s| s.network.vlan == Some(4094), ("4095", "expected a whole number from 1 to 4094")),
    case("network.wifi-country", "de", |s| s.network.wifi.country == "DE", ("Germany", "expected a country by two letters")),
    case("time.timezone", "Europe/Berlin", |s| s.time.zone == "Europe/Berlin", ("Berlin", "expected a time zone such as")),
    case("time.ntp", "192.0.2.1", |s| s.time.sources.len() == 1, ("time.example:123", "expected dhcp, pool, or servers")),
    case("debug.console", "yes", |s| s.debug.console, ("perhaps", "expected yes or no")),
    case("status.socket", "/tmp/x.sock", |s| s.status.socket.as_deref() == Some(std::path::Path::new("/tmp/x.sock")), ("a\u{7}b", "expected text without control")),
];

const fn case(
    path: &'static str,
    good: &'static str,
    is_set: fn(&Settings) -> bool,
    (bad, expected): (&'static str, &'static str),
) -> Case {
    Case { path, good, is_set, bad, expected }
}

#[test]
fn a_good_value_is_taken() {
    for Case { path, good, is_set, .. } in CASES {
        // Without the other it means nothing, which is told.
        let beside = if *path == "calls.queue-max" { "[calls]\nhold-concurrent = yes\n" } else { "" };
        let loaded = text(&format!("{beside}{}", file(path, &[good])));
        assert!(is_set(&loaded.settings), "{path}");
        assert_eq!(told(&loaded), [""; 0], "{path}");
    }
}

#[test]
fn a_wrong_value_is_told_and_leaves_the_default() {
    for Case { path, bad, expected, .. } in CASES.iter().filter(|case| !case.bad.is_empty()) {
        let loaded = text(&file(path, &[bad]));
        assert_eq!(loaded.settings, Settings::default(), "{path}");
        let [line] = told(&loaded).try_into().unwrap_or_else(|lines| panic!("{path}: {lines:?}"));
        let (section, key) = path.split_once('.').unwrap();
        let start = format!("paging.conf:2:{}: error: [{section}] {key}: {expected}", key.len() + 4);
        assert!(line.starts_with(&start), "{line}\nexpected: {start}");
    }
}

#[test]
fn a_missing_value_is_the_default() {
    for Case { path, is_set, .. } in CASES {
        let loaded = text(&file(path, &[""]));
        assert_eq!(wrong(&loaded), [""; 0], "{path}");
        // Nothing is a user name, and the name callers see; and no socket.
        if !["sip.name", "status.socket"].contains(path) {
            assert_eq!(loaded.settings, Settings::default(), "{path}");
        }
        let is_default = *path == "audio.rate";
        assert_eq!(is_set(&Settings::default()), is_default, "{path}: the good value must differ");
    }
    assert_eq!(text("[sip]\nname =\n").settings.sip.account.name, "");
    for none in ["", "none", "None"] {
        assert_eq!(text(&format!("[status]\nsocket = {none}\n")).settings.status.socket, None);
    }
}

#[test]
fn of_a_key_given_twice_the_first_stays() {
    for Case { path, good, bad, is_set, .. } in CASES {
        for second in [good, bad] {
            let loaded = text(&file(path, &[good, second]));
            assert!(is_set(&loaded.settings), "{path}");
            let line = wrong(&loaded).join("\n");
            assert!(line.starts_with("paging.conf:3:1: error: "), "{line}");
            assert!(line.ends_with("given in line 2 and again in line 3; the first stays"), "{line}");
        }
    }
}

#[test]
fn defaults_are_the_contracts() {
    let Settings {
        sip, audio, calls, accounts, zones, gpio, buttons, log, status, network, time, debug, ..
    } = Settings::default();
    let (lead, lag) = (Duration::from_millis(200), Duration::from_secs(2));
    assert_eq!(gpio, Gpio { relay_lead: lead, relay_lag: lag, ..Gpio::default() });
    assert_eq!(buttons, []);
    assert_eq!(status.socket.as_deref(), Some(std::path::Path::new("/run/paging/status.sock")));
    assert_eq!((zones.len(), accounts), (0, vec![]));
    assert_eq!(sip.listen, ["0.0.0.0:5060".parse().unwrap(), "[::]:5060".parse().unwrap()]);
    assert_eq!(sip.allow, Allow { servers: true, attached: true, ..Allow::ANYBODY });
    assert_eq!((sip.account.user.as_str(), sip.account.name.as_str()), ("", "Paging"));
    assert_eq!((sip.rtp_ports.first(), sip.rtp_ports.pairs()), (16_384, 250));
    assert_eq!((sip.rtp_timeout, sip.answer_after), (Some(Duration::from_secs(20)), Duration::ZERO));
    assert_eq!((sip.ptime, sip.codecs), (Duration::from_millis(20), CODECS.to_vec()));
    assert_eq!((sip.dscp_sip, sip.dscp_rtp), (24, 46));
    assert_eq!((audio.device, audio.rate), (Device::Auto, SampleRate::HZ_48000));
    assert_eq!((audio.period, audio.buffer), (Span::Auto, Span::Auto));
    assert_eq!((audio.jitter_min, audio.jitter_max), (Duration::from_millis(10), Duration::from_millis(200)));
    assert_eq!((audio.latency_max, audio.volume_call), (Duration::from_millis(300), None));
    assert_eq!(audio.limiter, Some(Level::from_db(-1.0)));
    let Settings { groups, callers, players, announcements, emergency, keys, .. } = Settings::default();
    let named = (groups.len(), callers.len(), players.len(), announcements.len(), keys.len());
    assert_eq!((named, emergency.play, emergency.priority), ((0, 0, 0, 0, 0), Sound::Attention, 90));
    let Reception { mode, zones, priority, klaxon, pin, early_media } = sip.account.reception;
    assert_eq!((mode, zones, priority), (Mode::Page, ZoneNames::All, 60));
    assert_eq!((klaxon, pin.as_str(), early_media), (None, "", false));
    let fade = |duration| MusicFade { duration, offset: 0.0, min: Level::MUTE };
    assert_eq!((audio.fade_in, audio.fade_out), (fade(10.0), fade(3.0)));
    assert_eq!((audio.volume_music, audio.talk_beep), (None, true));
    assert_eq!((calls.hold_concurrent, calls.queue_max, calls.delayed), (false, 10, Delayed::No));
    assert_eq!(calls.dtmf_timeout, Duration::from_secs(3));
    assert_eq!((calls.hang_up_after, log.level), (Some(Duration::from_mins(5)), LogLevel::Info));
    assert!(status.announce_faults);
    assert_eq!((network.hostname.as_str(), network.address, network.vlan), ("paging", None, None));
    assert_eq!((time.zone.as_str(), time.sources), ("UTC", vec![TimeSource::Dhcp, TimeSource::Pool]));
    assert!(!debug.console);
}

#[test]
fn every_working_key_is_applied_or_waits() {
    for Case { path, good, .. } in CASES.iter().filter(|case| case.path != "audio.rate") {
        let changed = changes(&Settings::default(), &text(&file(path, &[good])).settings);
        let told: Vec<_> = changed.iter().map(ToString::to_string).collect();
        let waits =
            meanwhile(&Settings::default(), &text(&file(path, &[good])).settings) == Settings::default();
        assert_eq!(waits, changed.iter().any(|change| change.timing == Timing::Idle), "{path}");
        assert_eq!(told, [*path], "it has no line in changes.rs, or the line looks at something else");
    }
    for section in table::SECTIONS {
        for key in section.keys {
            let is_known = match section.kind {
                table::ZONES => changes::ZONE_KEYS.iter().any(|(known, ..)| *known == key.name),
                gpio::BUTTONS => changes::BUTTON_KEYS.iter().any(|(known, _)| *known == key.name),
                kind => changes::KEYS
                    .iter()
                    .any(|(of, known, ..)| (*of, *known) == (kind, key.name) || (*of, *known) == (kind, "")),
            };
            let good = every_key::samples(&key.kind).0;
            let applied = key.kind.apply(&good, &mut Settings::default()).ok();
            let works = section.works && applied.expect("it is a value") == Applied::Works;
            assert_eq!(is_known, works, "[{}] {}: does it stand in changes.rs?", section.kind, key.name);
        }
    }
}

#[test]
fn every_default_is_a_value_of_its_key() {
    for section in table::SECTIONS {
        for key in section.keys.iter().filter(|key| !key.default.is_empty()) {
            let applied = key.kind.apply(key.default, &mut Settings::default());
            assert!(applied.is_ok(), "[{}] {} = {}", section.kind, key.name, key.default);
        }
    }
}

#[test]
fn keys_and_sections_are_spelt_once_and_documented() {
    for section in table::SECTIONS {
        assert_eq!(table::SECTIONS.iter().filter(|other| other.kind == section.kind).count(), 1);
        for key in section.keys {
            let (name, doc) = (key.name, key.doc);
            assert_eq!(section.keys.iter().filter(|other| other.name == name).count(), 1, "{name}");
            assert!(!doc.is_empty() && !name.contains('_') && name == name.to_lowercase(), "{name}");
        }
    }
}

#[test]
fn spelling_of_keys_and_sections_is_free() {
    let loaded = text("[ SIP ] ; the account\nRTP_Timeout: 5\n[Sip]\nDSCP-rtp=ef\n");
    assert_eq!(told(&loaded), [""; 0]);
    assert_eq!(loaded.settings.sip.rtp_timeout, Some(Duration::from_secs(5)));
    let loaded = text("[sip]\nrtp-timeout = 5\n[SIP]\nrtp_timeout = 6\n");
    assert_eq!(
        told(&loaded),
        ["paging.conf:4:1: error: [sip] rtp-timeout: given in line 2 and again in line 4; the first stays"]
    );
}

#[test]
fn files_of_windows_read_as_any_other() {
    let windows = "\u{feff}[sip]\r\nuser = B\u{fc}ro\r\nptime = x\r\n";
    let utf16: Vec<u8> = windows.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin1 = b"[sip]\r\nuser = B\xfcro\r\nptime = x\r\n".to_vec();
    for bytes in [windows.as_bytes().to_vec(), utf16, latin1] {
        let loaded = load(&[("paging.conf", &bytes)], [], &[]);
        assert_eq!(loaded.settings.sip.account.user, "B\u{fc}ro");
        let error = "paging.conf:3:9: error: [sip] ptime: expected a time such as 250ms, 5s, 5m or 2h, \
            found \"x\"; 20ms stays in force";
        assert_eq!(told(&loaded), [error]);
    }
}

#[test]
fn a_secret_is_taken_whole_and_never_shown() {
    let loaded = text("[sip]\npass = a;b #\"c\" ; d \n[network]\nwifi_password=\"xyz\" # y\n");
    let secrets: Vec<_> = loaded.given.iter().map(|given| given.text.as_str()).collect();
    assert_eq!(secrets, ["\"xyz\" # y", "a;b #\"c\" ; d"]);
    let printed = format!(
        "{loaded:?}{}",
        told(&text("[sip]\npass = \u{1}hunter2\npass = hunter2\npass hunter2\n")).join("")
    );
    assert!(
        !printed.contains("a;b") && !printed.contains("# y") && !printed.contains("hunter2"),
        "{printed}"
    );
}

#[test]
fn mistakes_of_form_are_told_all_at_once() {
    let loaded = text(
        "user = 200\n[sip\nptime = 30\nhello world\n= 5\n[audio hall]\ndevice = 1\n[bell]\nat = x\n[audoi]\nx = y\n\
         [sip]\nptimes = 20\ndevice = auto\nxyzzy = 1\n",
    );
    let expected = [
        "paging.conf:1:1: error: user: expected a section such as [sip] before it; the line is left out; \
         did you mean [sip] user?",
        "paging.conf:2:1: error: [sip: expected ] after the section; it is taken for one; did you mean [sip]?",
        "paging.conf:4:1: error: expected key = value, found \"hello\"; the line is left out",
        "paging.conf:5:1: error: expected key = value, found \"=\"; the line is left out",
        "paging.conf:6:1: error: [audio hall]: expected no name after the kind of section; it is left out",
        "paging.conf:8:1: error: [bell]: expected a name after the kind of section; it is left out",
        "paging.conf:10:1: error: [audoi]: unknown section; it is left out; did you mean [audio]?",
        "paging.conf:13:1: error: [sip] ptimes: unknown key; the line is left out; did you mean [sip] ptime?",
        "paging.conf:14:1: error: [sip] device: unknown key; the line is left out; did you mean [audio] device?",
        "paging.conf:15:1: error: [sip] xyzzy: unknown key; the line is left out",
    ];
    assert_eq!(told(&loaded), expected);
    assert_eq!(loaded.settings.sip.ptime, Duration::from_millis(30));
}

#[test]
fn what_does_nothing_yet_is_known_and_checked() {
    let loaded = text(
        "[audio]\nagc = yes\n[sip]\nregister = perhaps\ncodecs = G722, PCMU, L16\n[bell Morning]\nat = 08:00\npriority = high\n\
         [sip hall]\nptime = 30\nuser = 7\n",
    );
    let expected = [
        "paging.conf:2:1: note: [audio] agc: is known but does nothing yet",
        "paging.conf:4:12: error: [sip] register: expected yes or no, found \"perhaps\"; yes stays in force",
        "paging.conf:6:1: note: [bell Morning]: is known but does nothing yet",
        "paging.conf:8:12: error: [bell Morning] priority: expected a priority from 0 to 100, or emergency, page, \
         multicast, bell or music, found \"high\"; bell stays in force",
        "paging.conf:10:1: note: [sip hall] ptime: counts for the whole box: it belongs into [sip]",
        "paging.conf:9:1: error: [sip hall]: expected domain, here or in [sip]; it is left out",
    ];
    assert_eq!(told(&loaded), expected);
    assert_eq!(loaded.settings.sip.ptime, Duration::from_millis(20));
    let given: Vec<_> = loaded.given.iter().map(|given| format!("{given:?}")).collect();
    let expected = [
        "paging.conf:2:7: [audio] agc = \"yes\"",
        "paging.conf:7:6: [bell Morning] at = \"08:00\"",
        "paging.conf:5:10: [sip] codecs = \"G722, PCMU, L16\"",
        "paging.conf:10:9: [sip hall] ptime = \"30\"",
        "paging.conf:11:8: [sip hall] user = \"7\"",
    ];
    assert_eq!(given, expected);
}

#[test]
fn a_file_of_paging_server_is_answered_with_what_replaces_it() {
    let loaded = text(
        "[audio]\npjsua-device: 1\njack_output_ports = left---left right---right\n[server]\nsentry_dsn=\ndebug = yes\n",
    );
    let expected = [
        "paging.conf:2:1: note: [audio] pjsua-device: is a key of PagingServer: use [audio] device",
        "paging.conf:3:1: note: [audio] jack-output-ports: is a key of PagingServer: use [zone NAME] channels",
        "paging.conf:6:1: note: [server] debug: is a key of PagingServer: use [log] level = debug",
    ];
    assert_eq!(told(&loaded), expected);
}

#[test]
fn a_later_layer_wins_and_a_wrong_one_leaves_the_layer_below() {
    let first = b"[sip]\nuser = 1\nname = one\nptime = 30\ndscp-sip = 1\n".as_slice();
    let second = b"[sip]\nname = two\nptime = 40\ndscp-sip = 2\nuser = 2\n".as_slice();
    let environment =
        [("PAGING_SIP__PTIME", "50"), ("PAGING_SIP__DSCP_SIP", "99"), ("PATH", "/"), ("PAGING_X", "")];
    let environment = environment.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let overrides = ["sip.ptime=60", "sip.user=3", "SIP.User=4", "sip.dscp_rtp=x"].map(str::to_owned);
    let loaded = load(&[("a.conf", first), ("b.conf", second)], environment, &overrides);
    let sip = &loaded.settings.sip;
    assert_eq!(
        (sip.account.user.as_str(), sip.account.name.as_str(), sip.ptime),
        ("4", "two", Duration::from_millis(60))
    );
    assert_eq!((sip.dscp_sip, sip.dscp_rtp), (2, 46));
    let expected = [
        "PAGING_SIP__DSCP_SIP: error: [sip] dscp-sip: expected a DSCP from 0 to 63, or a name such as EF, CS3 or AF31, \
         found \"99\"; 2 stays in force",
        "--set sip.dscp_rtp: error: [sip] dscp-rtp: expected a DSCP from 0 to 63, or a name such as EF, CS3 or AF31, \
         found \"x\"; 46 stays in force",
    ];
    assert_eq!(told(&loaded), expected);
}

#[test]
fn variables_and_overrides_reach_named_sections() {
    let environment = [("PAGING_BELL_MORNING__AT".to_owned(), "08:00".to_owned())];
    let overrides = ["sip Hall 1.5.user=7=8", "bell MORNING.play=gong"].map(str::to_owned);
    let loaded = load(&[("a", b"[bell Morning]\nat = 07:00\n")], environment, &overrides);
    let given: Vec<_> = loaded.given.iter().map(|given| format!("{given:?}")).collect();
    let expected = [
        "PAGING_BELL_MORNING__AT: [bell Morning] at = \"08:00\"",
        "--set bell MORNING.play: [bell Morning] play = \"gong\"",
        "--set sip Hall 1.5.user: [sip Hall 1.5] user = \"7=8\"",
    ];
    assert_eq!(given, expected);
}

#[test]
fn an_override_that_is_none_is_told() {
    let overrides = ["", "=", "user=1", "sip.user", "spi.user=1", "sip.usre=1"].map(str::to_owned);
    let loaded = load(&[], [], &overrides);
    let expected = [
        "--set: error: expected section.key=value; it is left out",
        "--set: error: expected section.key=value; it is left out",
        "--set: error: expected section.key=value; it is left out",
        "--set: error: expected section.key=value; it is left out",
        "--set spi.user: error: [spi]: unknown section; it is left out; did you mean [sip]?",
        "--set sip.usre: error: [sip] usre: unknown key; the line is left out; did you mean [sip] user?",
    ];
    assert_eq!(told(&loaded), expected);
}

#[test]
fn delays_that_contradict_each_other_are_held_in_order() {
    let loaded = text("[audio]\njitter-min = 250\nlatency-max = 100\n");
    let audio = &loaded.settings.audio;
    let millis = [audio.jitter_min, audio.jitter_max, audio.latency_max].map(|time| time.as_millis());
    assert_eq!(millis, [100, 100, 100]);
    let error = "paging.conf:2:14: error: [audio] jitter-min: expected at most jitter-max; 100ms is in force";
    assert_eq!(told(&loaded), [error]);
}

#[test]
fn what_has_no_effect_for_what_another_key_says_is_worth_a_word() {
    let notes = |written: &str| told(&text(written));
    let waits = "paging.conf:2:13: note: [calls] queue-max: expected hold-concurrent = yes as well; callers are mixed, and nobody waits";
    assert_eq!(notes("[calls]\nqueue-max = 3\n"), [waits]);
    assert_eq!(notes("[calls]\nqueue-max = 3\nhold-concurrent = yes\n"), [""; 0]);
    let rings =
        "paging.conf:3:7: note: [sip] pin: expected this or mode = ring, not both; mode = ring counts";
    assert_eq!(notes("[sip]\nmode = ring\npin = 4711\n"), [rings]);
    assert_eq!(notes("[sip]\nmode = page\npin = 4711\n"), [""; 0]);
    let silent =
        "paging.conf:2:1: note: [audio] klaxon: says nothing; gong stays in force, and none would be silence";
    assert_eq!(notes("[audio]\nklaxon =\nklaxon-after =\n"), [silent]);
}

#[test]
fn diagnostics_are_bounded_and_the_last_counts_the_rest() {
    let loaded = text(&"nonsense\n".repeat(1000));
    assert_eq!(loaded.diagnostics.len(), MAX_DIAGNOSTICS + 1);
    assert_eq!(told(&loaded).last().unwrap(), "paging.conf: error: and 900 more");
}

#[test]
fn notes_never_crowd_out_errors() {
    let note = |number| format!("[sip {number}]\ndomain = a\nuser = 1\nptime = 30");
    let notes = (0..500).map(note).collect::<Vec<_>>().join("\n");
    let loaded = text(&format!("{notes}\n[sip]\nptime = x\n"));
    assert!(told(&loaded).iter().any(|line| line.contains("ptime")));
    assert_eq!(told(&loaded).last().unwrap(), "paging.conf: note: and 450 more");
}

#[test]
fn what_is_too_long_is_read_in_part() {
    let long = format!("[sip]\nuser = 7\n{}", "; comment\n".repeat(110_000));
    let loaded = text(&long);
    assert_eq!(loaded.settings.sip.account.user, "7");
    assert_eq!(told(&loaded), ["paging.conf: error: longer than 1048576 bytes; the rest is not read"]);
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(3264),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_load_with_a_bounded_report(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let loaded = load(&[("a", &bytes)], [], &[]);
        prop_assert!(loaded.diagnostics.len() <= MAX_DIAGNOSTICS + 1);
    }

    #[test]
    fn damaged_files_load_with_one_line_per_diagnostic(bytes in damaged()) {
        let loaded = load(&[("a", &bytes)], [], &[]);
        prop_assert!(told(&loaded).iter().all(|line| !line.chars().any(char::is_control)));
        prop_assert!(!loaded.settings.sip.listen.is_empty() && !loaded.settings.sip.codecs.is_empty());
    }

    #[test]
    fn what_is_in_force_printed_and_loaded_again_is_the_same(
        bytes in damaged(),
        overrides in proptest::collection::vec("(sip|audio|zone \\PC{1,4}|sip [a-z]{1,3})\\.(name|user|device|pass)=\\PC{0,6}", 0..4),
    ) {
        let loaded = load(&[("a", &bytes)], [], &overrides);
        let printed = effective(&loaded, Secrets::Shown);
        // What no file can say is a comment there.
        if !printed.contains("; no file can say") {
            let again = load(&[("b", printed.as_bytes())], [], &[]);
            prop_assert_eq!(again.settings, loaded.settings, "{}", printed);
        }
    }

    #[test]
    fn what_is_said_of_any_file_is_text(bytes in damaged(), others in proptest::collection::vec(any::<u8>(), 0..300)) {
        for bytes in [bytes, others] {
            let texts = [("a", bytes.as_slice())];
            let said = check(&texts, &load(&texts, [], &[]));
            prop_assert!(said.chars().all(|c| !c.is_control() || c == '\n'), "{}", said);
        }
    }

    #[test]
    fn whatever_is_read_again_is_in_force_or_waits(
        lines in proptest::collection::vec(line(), 0..60),
        others in proptest::collection::vec(line(), 0..60),
    ) {
        let (first, second) = (lines.join("\n"), others.join("\n"));
        let before = text(&first);
        let after = reload(&before, &[("paging.conf", second.as_bytes())], [], &[]);
        let between = meanwhile(&before.settings, &after.settings);
        prop_assert!(changes(&before.settings, &between).iter().all(|change| change.timing != Timing::Idle));
        prop_assert!(changes(&between, &after.settings).iter().all(|change| change.timing == Timing::Idle));
        prop_assert_eq!(changes(&between, &after.settings).is_empty(), between == after.settings);
        prop_assert!(!after.settings.sip.listen.is_empty() && !after.settings.sip.codecs.is_empty());
    }

    #[test]
    fn any_lines_load_with_one_line_per_diagnostic(
        lines in proptest::collection::vec(line(), 0..150),
        overrides in proptest::collection::vec("[a-z ]{0,4}\\.?[a-z]{0,5}=?\\PC{0,5}", 0..4),
    ) {
        let (text, environment) = (lines.join("\n"), [("PAGING_SIP_\u{fc}__NAME".to_owned(), text_of(&lines))]);
        let loaded = load(&[("a", text.as_bytes()), ("b", text.as_bytes())], environment, &overrides);
        prop_assert!(loaded.diagnostics.len() <= MAX_DIAGNOSTICS + 1);
        prop_assert!(told(&loaded).iter().all(|line| !line.chars().any(char::is_control)));
        let audio = &loaded.settings.audio;
        prop_assert!(audio.jitter_min <= audio.jitter_max && audio.jitter_max <= audio.latency_max);
        prop_assert!(!loaded.settings.sip.listen.is_empty() && !loaded.settings.sip.codecs.is_empty());
    }
}

/// A file with some bytes replaced, left out or put in, or its end cut off.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..8_u8);
    (proptest::collection::vec(line(), 1..50), proptest::collection::vec(edit, 1..6)).prop_map(
        |(lines, edits)| {
            let mut bytes = format!("[sip]\r\n{}\r\n", lines.join("\r\n")).into_bytes();
            for (at, byte, kind) in edits {
                let at = at.index(bytes.len());
                match kind {
                    0 => bytes.truncate(at + 1),
                    1 | 2 => bytes[at] = byte,
                    3 | 4 => bytes[at] = b"\r\n[]=;\0"[usize::from(byte) % 7],
                    5 if bytes.len() > 1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, byte),
                }
            }
            bytes
        },
    )
}

/// Headers, keys and values that mostly exist.
fn line() -> impl Strategy<Value = String> {
    let keys: Vec<_> = table::SECTIONS.iter().flat_map(|section| section.keys).map(|key| key.name).collect();
    prop_oneof![
        "\\[(sip|audio|calls|log|bell|zone)( \\PC{0,5})?\\]?",
        (proptest::sample::select(keys), "( =|:) ?(yes|-?[0-9]{1,6}(ms|s|m| dB)?|\\PC{0,12})")
            .prop_map(|(key, value)| format!("{key}{value}")),
        "\\PC{0,20}",
        "[\\x00-\\x20a-z=\\[]{0,9}",
    ]
}

fn text_of(lines: &[String]) -> String {
    lines.first().cloned().unwrap_or_default()
}

fn file(path: &str, values: &[&str]) -> String {
    let (section, key) = path.split_once('.').unwrap();
    let lines: Vec<_> = values.iter().map(|value| format!("{key} = {value}")).collect();
    format!("[{section}]\n{}\n", lines.join("\n"))
}

fn text(text: &str) -> Loaded {
    load(&[("paging.conf", text.as_bytes())], [], &[])
}

/// Without what is only worth a word.
fn wrong(loaded: &Loaded) -> Vec<String> {
    let errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors.map(ToString::to_string).collect()
}

fn told(loaded: &Loaded) -> Vec<String> {
    loaded.diagnostics.iter().map(ToString::to_string).collect()
}

const CODECS: [CodecName; 4] = [CodecName::G722, CodecName::Pcma, CodecName::Pcmu, CodecName::L16];
