//! What two configurations say differently, and when that can be done to a box that works.
//!
//! Every key that does something stands in one of the tables here; a test of the configuration holds that. Leaves out
//! how it is done.

use core::fmt;

use super::section::normal;
use super::{Account, Button, Settings, Zone};

/// One difference. Prints without values: `sip.allow`, `zone hall volume`, `account 501@pbx.example (new)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is different.
    pub subject: Subject,
    /// When it can be done.
    pub timing: Timing,
}

/// What is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A key that counts for the whole box.
    Key {
        /// Its section.
        section: &'static str,
        /// Its name; empty for all sections of that kind.
        key: &'static str,
    },
    /// A zone.
    Zone {
        /// Its name.
        name: String,
        /// What became of it.
        fate: Fate,
    },
    /// A button.
    Button {
        /// Its name.
        name: String,
        /// What became of it.
        fate: Fate,
    },
    /// An account.
    Account {
        /// `501@pbx.example`
        address: String,
        /// What became of it.
        fate: Fate,
    },
}

/// What became of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is there now.
    New,
    /// It is not there any more.
    Gone,
    /// It says something else: of this key, or of any if empty.
    Other(&'static str),
}

/// When a change can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// At once; calls go on.
    Now,
    /// When no call is on: the box comes up anew with it.
    Idle,
    /// When the machine starts, if it is one of the card image: nothing that runs reads it.
    Start,
}

/// What `new` says otherwise than `old`, in the order of the tables.
#[must_use]
pub fn changes(old: &Settings, new: &Settings) -> Vec<Change> {
    let keys = KEYS.iter().filter(|(.., differ)| differ(old, new));
    let mut changes: Vec<_> = keys
        .map(|&(section, key, timing, _)| Change { subject: Subject::Key { section, key }, timing })
        .collect();
    changes_of_zones(&old.zones, &new.zones, &mut changes);
    changes_of_accounts(&old.accounts, &new.accounts, &mut changes);
    changes_of_buttons(&old.buttons, &new.buttons, &mut changes);
    changes
}

/// What of `new` can be in force while the box goes on with what `running` says of the rest: all that is not [`Timing::Idle`].
#[must_use]
pub fn meanwhile(running: &Settings, new: &Settings) -> Settings {
    let mut settings = new.clone();
    settings.sip.listen.clone_from(&running.sip.listen);
    settings.sip.rtp_ports = running.sip.rtp_ports;
    settings.sip.external = running.sip.external;
    settings.status.socket.clone_from(&running.status.socket);
    settings.audio.device.clone_from(&running.audio.device);
    settings.audio.rate = running.audio.rate;
    (settings.audio.period, settings.audio.buffer) = (running.audio.period, running.audio.buffer);
    settings.zones.clone_from(&running.zones);
    settings.coming = coming(running, new);
    for zone in &mut settings.zones {
        if let Some(other) = new.zones.iter().find(|other| normal(&other.name) == normal(&zone.name)) {
            let (device, channels, delay) = (zone.device.take(), zone.channels, zone.delay);
            *zone = Zone { device, channels, delay, ..other.clone() };
        }
    }
    settings
}

/// The zones that are there only when the box has come up anew.
fn coming(running: &Settings, new: &Settings) -> Vec<String> {
    let runs = |zone: &&Zone| running.zones.iter().any(|known| normal(&known.name) == normal(&zone.name));
    new.zones.iter().filter(|zone| !runs(zone)).map(|zone| zone.name.clone()).collect()
}

fn changes_of_zones(old: &[Zone], new: &[Zone], changes: &mut Vec<Change>) {
    let find = |zones: &[Zone], name: &str| zones.iter().position(|zone| normal(&zone.name) == normal(name));
    let mut push = |zone: &Zone, fate, timing| {
        changes.push(Change { subject: Subject::Zone { name: zone.name.clone(), fate }, timing });
    };
    for (number, zone) in new.iter().enumerate() {
        let Some(known) = find(old, &zone.name) else {
            push(zone, Fate::New, Timing::Idle);
            continue;
        };
        for &(key, timing, differ) in ZONE_KEYS {
            if differ(&old[known], zone) {
                push(zone, Fate::Other(key), timing);
            }
        }
        // Of zones that claim the same channels the first has them.
        if known != number && old.len() == new.len() {
            push(zone, Fate::Other("place"), Timing::Idle);
        }
    }
    for zone in old.iter().filter(|zone| find(new, &zone.name).is_none()) {
        push(zone, Fate::Gone, Timing::Idle);
    }
}

fn changes_of_accounts(old: &[Account], new: &[Account], changes: &mut Vec<Change>) {
    let find = |accounts: &'_ [Account], account: &Account| {
        accounts.iter().find(|other| normal(&other.section) == normal(&account.section)).cloned()
    };
    let mut push = |account: &Account, fate| {
        let subject = Subject::Account { address: account.address(), fate };
        changes.push(Change { subject, timing: Timing::Now });
    };
    for account in new {
        match find(old, account) {
            None => push(account, Fate::New),
            Some(known) if known != *account => push(account, Fate::Other("")),
            Some(_) => {}
        }
    }
    for account in old.iter().filter(|account| find(new, account).is_none()) {
        push(account, Fate::Gone);
    }
}

fn changes_of_buttons(old: &[Button], new: &[Button], changes: &mut Vec<Change>) {
    let find = |buttons: &'_ [Button], name: &str| {
        buttons.iter().find(|button| normal(&button.name) == normal(name)).cloned()
    };
    let mut push = |button: &Button, fate| {
        let subject = Subject::Button { name: button.name.clone(), fate };
        changes.push(Change { subject, timing: Timing::Now });
    };
    for button in new {
        let Some(known) = find(old, &button.name) else {
            push(button, Fate::New);
            continue;
        };
        for &(key, differ) in BUTTON_KEYS {
            if differ(&known, button) {
                push(button, Fate::Other(key));
            }
        }
    }
    for button in old.iter().filter(|button| find(new, &button.name).is_none()) {
        push(button, Fate::Gone);
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Key { section, key: "" } => f.write_str(section),
            Subject::Key { section, key } => write!(f, "{section}.{key}"),
            Subject::Zone { name, fate } => write!(f, "zone {}{fate}", name.escape_debug()),
            Subject::Button { name, fate } => write!(f, "button {}{fate}", name.escape_debug()),
            Subject::Account { address, fate } => write!(f, "account {}{fate}", address.escape_debug()),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str(" (new)"),
            Self::Gone => f.write_str(" (removed)"),
            Self::Other("") => Ok(()),
            Self::Other(key) => write!(f, " {key}"),
        }
    }
}

type Differ<T> = fn(&T, &T) -> bool;

/// Whether one field differs.
macro_rules! differ {
    ($($field:ident).+) => { |old, new| old.$($field).+ != new.$($field).+ };
}

/// Keys that count for the whole box.
#[expect(clippy::float_cmp, reason = "what is written in the same way is the same")]
pub(super) const KEYS: &[(&str, &str, Timing, Differ<Settings>)] = &[
    ("sip", "domain", Timing::Now, differ!(sip.account.domain)),
    ("sip", "user", Timing::Now, differ!(sip.account.user)),
    ("sip", "pass", Timing::Now, differ!(sip.account.pass)),
    ("sip", "auth-user", Timing::Now, differ!(sip.account.auth_user)),
    ("sip", "name", Timing::Now, differ!(sip.account.name)),
    ("sip", "transport", Timing::Now, differ!(sip.account.is_tcp)),
    ("sip", "outbound-proxy", Timing::Now, differ!(sip.account.outbound_proxy)),
    ("sip", "register", Timing::Now, differ!(sip.account.register)),
    ("sip", "expires", Timing::Now, differ!(sip.account.expires)),
    ("sip", "listen", Timing::Idle, differ!(sip.listen)),
    ("sip", "external-address", Timing::Idle, differ!(sip.external)),
    ("sip", "allow", Timing::Now, differ!(sip.allow)),
    ("sip", "require-auth", Timing::Now, differ!(sip.require_auth)),
    ("sip", "answer-after", Timing::Now, differ!(sip.answer_after)),
    ("sip", "codecs", Timing::Now, differ!(sip.codecs)),
    ("sip", "ptime", Timing::Now, differ!(sip.ptime)),
    ("sip", "dscp-sip", Timing::Now, differ!(sip.dscp_sip)),
    ("sip", "dscp-rtp", Timing::Now, differ!(sip.dscp_rtp)),
    ("sip", "rtp-ports", Timing::Idle, differ!(sip.rtp_ports)),
    ("sip", "rtp-timeout", Timing::Now, differ!(sip.rtp_timeout)),
    ("sip", "session-timer", Timing::Now, differ!(sip.session_timer)),
    ("status", "socket", Timing::Idle, differ!(status.socket)),
    ("status", "announce-faults", Timing::Now, differ!(status.announce_faults)),
    ("audio", "device", Timing::Idle, differ!(audio.device)),
    ("audio", "rate", Timing::Idle, differ!(audio.rate)),
    ("audio", "period", Timing::Idle, differ!(audio.period)),
    ("audio", "buffer", Timing::Idle, differ!(audio.buffer)),
    ("audio", "jitter-min", Timing::Now, differ!(audio.jitter_min)),
    ("audio", "jitter-max", Timing::Now, differ!(audio.jitter_max)),
    ("audio", "latency-max", Timing::Now, differ!(audio.latency_max)),
    ("audio", "mixer-volume", Timing::Now, differ!(audio.mixer_volume)),
    ("audio", "limiter", Timing::Now, differ!(audio.limiter)),
    ("audio", "volume-call", Timing::Now, differ!(audio.volume_call)),
    ("audio", "overlay", Timing::Start, differ!(audio.overlay)),
    ("audio", "klaxon", Timing::Now, differ!(audio.klaxon)),
    ("audio", "klaxon-max-length", Timing::Now, differ!(audio.klaxon_max_length)),
    ("audio", "klaxon-padding", Timing::Now, differ!(audio.klaxon_padding)),
    ("audio", "klaxon-after", Timing::Now, differ!(audio.klaxon_after)),
    ("audio", "volume-klaxon", Timing::Now, differ!(audio.volume_klaxon)),
    ("audio", "talk-beep", Timing::Now, differ!(audio.talk_beep)),
    ("audio", "volume-music", Timing::Now, differ!(audio.volume_music)),
    ("audio", "music-fade-in-duration", Timing::Now, differ!(audio.fade_in.duration)),
    ("audio", "music-fade-in-offset", Timing::Now, differ!(audio.fade_in.offset)),
    ("audio", "music-fade-in-min", Timing::Now, differ!(audio.fade_in.min)),
    ("audio", "music-fade-out-duration", Timing::Now, differ!(audio.fade_out.duration)),
    ("audio", "music-fade-out-offset", Timing::Now, differ!(audio.fade_out.offset)),
    ("audio", "music-fade-out-min", Timing::Now, differ!(audio.fade_out.min)),
    ("sip", "mode", Timing::Now, differ!(sip.account.reception.mode)),
    ("sip", "zones", Timing::Now, differ!(sip.account.reception.zones)),
    ("sip", "priority", Timing::Now, differ!(sip.account.reception.priority)),
    ("sip", "klaxon", Timing::Now, differ!(sip.account.reception.klaxon)),
    ("sip", "pin", Timing::Now, differ!(sip.account.reception.pin)),
    ("sip", "early-media", Timing::Now, differ!(sip.account.reception.early_media)),
    ("calls", "hold-concurrent", Timing::Now, differ!(calls.hold_concurrent)),
    ("calls", "queue-max", Timing::Now, differ!(calls.queue_max)),
    ("calls", "delayed", Timing::Now, differ!(calls.delayed)),
    ("calls", "dtmf-timeout", Timing::Now, differ!(calls.dtmf_timeout)),
    ("emergency", "play", Timing::Now, differ!(emergency.play)),
    ("emergency", "zones", Timing::Now, differ!(emergency.zones)),
    ("emergency", "priority", Timing::Now, differ!(emergency.priority)),
    ("group", "", Timing::Now, differ!(groups)),
    ("caller", "", Timing::Now, differ!(callers)),
    ("music", "", Timing::Now, differ!(players)),
    ("announcement", "", Timing::Now, differ!(announcements)),
    ("key", "", Timing::Now, differ!(keys)),
    ("calls", "hang-up-after-minutes", Timing::Now, differ!(calls.hang_up_after)),
    ("gpio", "relay", Timing::Now, differ!(gpio.relay)),
    ("gpio", "relay-lead", Timing::Now, differ!(gpio.relay_lead)),
    ("gpio", "relay-lag", Timing::Now, differ!(gpio.relay_lag)),
    ("gpio", "healthy", Timing::Now, differ!(gpio.healthy)),
    ("network", "mdns", Timing::Now, differ!(network.mdns)),
    ("log", "level", Timing::Now, differ!(log.level)),
    ("log", "levels", Timing::Now, differ!(log.levels)),
    ("log", "syslog", Timing::Now, differ!(log.syslog)),
    ("network", "hostname", Timing::Start, differ!(network.hostname)),
    ("network", "address", Timing::Start, differ!(network.address)),
    ("network", "gateway", Timing::Start, differ!(network.gateway)),
    ("network", "dns", Timing::Start, differ!(network.dns)),
    ("network", "vlan", Timing::Start, differ!(network.vlan)),
    ("network", "wifi-ssid", Timing::Start, differ!(network.wifi.ssid)),
    ("network", "wifi-password", Timing::Start, differ!(network.wifi.password)),
    ("network", "wifi-country", Timing::Start, differ!(network.wifi.country)),
    ("time", "timezone", Timing::Start, differ!(time.zone)),
    ("time", "ntp", Timing::Start, differ!(time.sources)),
    ("debug", "console", Timing::Start, differ!(debug.console)),
];

/// Keys of a zone.
pub(super) const ZONE_KEYS: &[(&str, Timing, Differ<Zone>)] = &[
    ("device", Timing::Idle, differ!(device)),
    ("channels", Timing::Idle, differ!(channels)),
    ("volume", Timing::Now, differ!(volume)),
    ("volume-page", Timing::Now, differ!(volume_page)),
    ("volume-bell", Timing::Now, differ!(volume_bell)),
    ("volume-music", Timing::Now, differ!(volume_music)),
    ("volume-multicast", Timing::Now, differ!(volume_multicast)),
    ("night-volume", Timing::Now, differ!(night_volume)),
    ("night", Timing::Now, differ!(night)),
    ("delay", Timing::Idle, differ!(delay)),
    ("duck", Timing::Now, differ!(duck)),
    ("klaxon", Timing::Now, differ!(klaxon)),
];

/// Keys of a button; all of them count at once.
pub(super) const BUTTON_KEYS: &[(&str, Differ<Button>)] = &[
    ("line", differ!(line)),
    ("active", differ!(is_high)),
    ("debounce", differ!(debounce)),
    ("do", differ!(press)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ZoneNames, load};
    use crate::zones::ZoneSet;

    fn read(text: &str) -> Settings {
        load(&[("paging.conf", text.as_bytes())], [], &[]).settings
    }

    /// The differences, those that wait with a star.
    fn told(old: &str, new: &str) -> Vec<String> {
        let star = |change: &Change| if change.timing == Timing::Idle { "*" } else { "" };
        changes(&read(old), &read(new)).iter().map(|change| format!("{change}{}", star(change))).collect()
    }

    #[test]
    fn a_zone_that_comes_with_the_next_start_is_nowhere_until_then() {
        let running = read("[zone hall]\nchannels = 1\n");
        let new = read(
            "[zone hall]\nchannels = 1\n[zone bar]\nchannels = 2\n[group late]\nzones = bar\n\
             [group both]\nzones = hall, bar\n",
        );
        let settings = meanwhile(&running, &new);
        let set = |name: &str| settings.zone_set(&ZoneNames::Named(vec![name.to_owned()]));
        assert_eq!([set("bar"), set("late")], [ZoneSet::NONE; 2]);
        assert_eq!([set("hall"), set("both"), set("nobody")], [ZoneSet::one(0); 3]);
        assert_eq!(new.zone_set(&ZoneNames::Named(vec!["bar".to_owned()])), ZoneSet::one(1));
    }

    #[test]
    fn zones_come_go_and_change() {
        let hall = "[zone hall]\ndevice = DAC\nchannels = 1\nvolume = 50\n";
        let yard = "[zone yard]\ndevice = DAC\nchannels = 2\n";
        let both = format!("{hall}{yard}");
        assert_eq!(told(&both, &both), [""; 0]);
        assert_eq!(told(hall, &both), ["zone yard (new)*"]);
        assert_eq!(told(&both, yard), ["zone hall (removed)*"]);
        assert_eq!(told(&both, &both.replace("50", "80")), ["zone hall volume"]);
        assert_eq!(told(hall, "[zone Hall]\nvolume = 50\n"), ["zone Hall device*", "zone Hall channels*"]);
        assert_eq!(told(&both, &format!("{yard}{hall}")), ["zone yard place*", "zone hall place*"]);
    }

    #[test]
    fn buttons_come_go_and_change() {
        let desk = "[button desk]\nline = GPIO22\ndo = stop\n";
        let both = format!("{desk}[button Gate]\nline = GPIO23\ndo = stop\n");
        assert_eq!(told(desk, &both), ["button Gate (new)"]);
        assert_eq!(told(&both, desk), ["button Gate (removed)"]);
        let changed = both.replace("22", "24").replace("desk]", "DESK]\nactive = high\ndebounce = 50");
        assert_eq!(told(&both, &changed), ["button DESK line", "button DESK active", "button DESK debounce"]);
        let keys = "[gpio]\nrelay = GPIO17\nhealthy = GPIO27\nrelay-lag = 5\n";
        assert_eq!(told("", keys), ["gpio.relay", "gpio.relay-lag", "gpio.healthy"]);
    }

    #[test]
    fn accounts_come_go_and_change() {
        let first = "[sip]\ndomain = pbx\nuser = 501\npass = a\n";
        let both = format!("{first}[sip hall]\nuser = 502\nexpires = 60\n");
        assert_eq!(told(first, &both), ["account 502@pbx (new)"]);
        assert_eq!(told(&both, first), ["account 502@pbx (removed)"]);
        assert_eq!(told(&both, &both.replace("60", "90")), ["account 502@pbx"]);
        let changed = told(&both, &both.replace("= a", "= b"));
        assert_eq!(
            changed,
            ["sip.pass", "account 501@pbx", "account 502@pbx"],
            "the second takes it from the first"
        );
    }

    #[test]
    fn what_waits_stays_out_while_the_rest_is_in_force() {
        let running = read("[zone hall]\nvolume = 50\n[zone shed]\ndevice = null\n");
        let new = read(
            "[sip]\nlisten = [::]\nptime = 30\ndscp-sip = 0\nrtp-ports = 20000-20009\n\
             [audio]\ndevice = null\nperiod = 96\nbuffer = 96\nlimiter = off\n\
             [zone hall]\nvolume = 80\nchannels = 1\n[zone yard]\ndevice = null\n[log]\nlevel = off\n",
        );
        let meanwhile = meanwhile(&running, &new);
        let of = |timing, old, new| {
            let changes = changes(old, new).into_iter().filter(move |change| change.timing == timing);
            changes.map(|change| change.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(of(Timing::Idle, &running, &meanwhile), [""; 0]);
        assert_eq!(of(Timing::Now, &meanwhile, &new), [""; 0]);
        assert_eq!(of(Timing::Now, &running, &new), of(Timing::Now, &running, &meanwhile));
        assert_eq!(of(Timing::Idle, &running, &new), of(Timing::Idle, &meanwhile, &new));
        assert_eq!(meanwhile.zones.len(), 2);
    }

    #[test]
    fn no_value_is_told() {
        let told = told(
            "[sip]\ndomain = pbx\nuser = 1\npass = Geheim\n",
            "[sip]\ndomain = pbx\nuser = 1\npass = Neu\n",
        );
        assert_eq!(told, ["sip.pass", "account 1@pbx"]);
    }
}
