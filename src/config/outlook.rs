//! What the settings make the box do, in a few sentences for the owner.

mod apart;

use core::time::Duration;

use self::apart::apart;
use super::{
    Account, Calls, Delayed, Device, Gpio, Loaded, Mode, Network, Output, OwnAddress, Settings, Sound,
    Source, Time, TimeSource,
};
use crate::allow::Allow;

/// The sentences, each to be read behind "the box".
pub(super) fn outlook(loaded: &Loaded) -> Vec<String> {
    let settings = &loaded.settings;
    let accounts = settings.accounts.iter().take(MAX_ACCOUNTS);
    let mut sentences: Vec<_> = accounts.map(|account| registers(account, settings)).collect();
    if let Some(more) = settings.accounts.len().checked_sub(MAX_ACCOUNTS).filter(|more| *more > 0) {
        sentences.push(format!("has {more} more accounts"));
    }
    if sentences.is_empty() {
        sentences.push("has no account: it is called at its address, sip:page@ADDRESS".to_owned());
    }
    let sip = &settings.sip;
    let listen = texts(&sip.listen);
    sentences.push(format!("listens at {}, over UDP and TCP", and(&listen)));
    sentences.push(format!(
        "takes calls {}{}",
        from(&sip.allow, !settings.accounts.is_empty()),
        if sip.require_auth { ", who prove user and pass" } else { "" }
    ));
    let rings = settings.sip.account.reception.mode == Mode::Ring;
    let ends = (!rings).then(|| ends(settings.calls.hang_up_after));
    sentences.push([Some(answers(settings)), ends].into_iter().flatten().collect::<Vec<_>>().join(", "));
    sentences.extend(apart(settings, MAX_ACCOUNTS));
    sentences.push(together(&settings.calls));
    let codecs = texts(&sip.codecs);
    sentences.push(format!("speaks {}, the first that both know", codecs.join(", ")));
    sentences.extend(settings.outputs().iter().map(plays));
    sentences.extend(besides(settings));
    if !settings.audio.overlay.is_empty() {
        sentences.push(format!("tells a Raspberry Pi of its sound card: {}", settings.audio.overlay));
    }
    sentences.extend(lines(settings));
    sentences.extend(network(&settings.network));
    sentences.extend(clock(&settings.time));
    if settings.debug.console {
        sentences.push("gives a shell to whoever is at its console".to_owned());
    }
    sentences
}

fn registers(account: &Account, settings: &Settings) -> String {
    let hosts = texts(&account.domain);
    let transport = if account.is_tcp { "TCP" } else { "UDP" };
    let verb = if account.register { "registers as" } else { "is called, without registering, as" };
    let proxies = texts(&account.outbound_proxy);
    let by =
        if proxies.is_empty() { String::new() } else { format!(" by way of {}", proxies.join(", then ")) };
    let without = if account.pass.is_empty() && account.register { ", without a password" } else { "" };
    let name = if settings.accounts.len() > 1 && !account.section.is_empty() {
        format!(" ([sip {}])", account.section.escape_debug())
    } else {
        String::new()
    };
    format!(
        "{verb} {} at {} over {transport}{by}{without}{name}",
        account.user.escape_debug(),
        hosts.join(", then ")
    )
}

fn from(allow: &Allow, has_accounts: bool) -> String {
    let mut sources = Vec::new();
    // Without accounts there are none.
    if allow.servers && has_accounts {
        sources.push("its telephone systems".to_owned());
    }
    if allow.attached {
        sources.push("the networks it is in".to_owned());
    }
    sources.extend(allow.networks.iter().map(ToString::to_string));
    let from = if sources.is_empty() { "anywhere".to_owned() } else { and(&sources) };
    let callers = texts(&allow.callers);
    if callers.is_empty() { format!("from {from}") } else { format!("of {} from {from}", callers.join(", ")) }
}

/// When it answers, by what `[sip]` and `[audio]` say; what accounts and callers have of their own, [`apart`] tells.
fn answers(settings: &Settings) -> String {
    let (reception, after) = (&settings.sip.account.reception, settings.sip.answer_after);
    if reception.mode == Mode::Ring {
        return "rings aloud and does not answer".to_owned();
    }
    let is_emergency = reception.mode == Mode::Emergency;
    let has_menu = !settings.keys.is_empty() && !is_emergency;
    let chime = chime(reception.klaxon.as_ref().unwrap_or(&settings.audio.klaxon)).filter(|_| !is_emergency);
    let then = |what: Option<String>| what.map(|what| format!(", then sounds {what}")).unwrap_or_default();
    let begins = if after.is_zero() {
        "answers at once".to_owned()
    } else {
        format!("rings for {after:?} before it answers")
    };
    match (reception.pin.is_empty(), has_menu, chime) {
        (false, _, chime) => format!("{begins}, asks for a PIN{}", then(chime)),
        (true, true, chime) => format!("{begins}, waits for keys{}", then(chime)),
        (true, false, None) => begins,
        (true, false, Some(chime)) if after.is_zero() => format!("answers after {chime}"),
        (true, false, Some(chime)) => format!("rings for at least {after:?}, and answers after {chime}"),
    }
}

/// A chime in words; `None`: there is none.
fn chime(sound: &Sound) -> Option<String> {
    Some(match sound {
        Sound::None => return None,
        Sound::Gong => "the chime gong".to_owned(),
        Sound::ThreeTone => "the chime three-tone".to_owned(),
        Sound::Attention => "the chime attention".to_owned(),
        Sound::File(path) => format!("the chime {}", path.display().to_string().escape_debug()),
    })
}

/// What becomes of several callers.
fn together(calls: &Calls) -> String {
    if calls.hold_concurrent {
        format!("has callers wait for one another, {} at most", calls.queue_max)
    } else {
        "lets callers be heard together".to_owned()
    }
}

/// What it does besides live pages.
fn besides(settings: &Settings) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(chime(&settings.audio.klaxon_after).map(|chime| format!("sounds {chime} after a page")));
    match &settings.calls.delayed {
        Delayed::No => {}
        Delayed::Yes => sentences.push("records calls, and plays each when it has ended".to_owned()),
        Delayed::Callers(callers) => {
            let callers = texts(callers);
            sentences.push(format!("records calls of {}, and plays each when it has ended", and(&callers)));
        }
    }
    sentences.extend(settings.players.iter().map(|player| {
        let sources: Vec<_> = player.sources.iter().map(source).collect();
        format!("plays music from {}", sources.join(", else from "))
    }));
    if !settings.keys.is_empty() {
        let keys: Vec<_> = settings.keys.iter().take(MAX_NAMED).map(|key| key.digits.clone()).collect();
        sentences.push(format!("does what callers dial: {}", named(&keys, settings.keys.len())));
    }
    if !settings.announcements.is_empty() {
        let all = settings.announcements.iter().take(MAX_NAMED).map(|one| one.number.clone());
        sentences.push(format!(
            "has announcements: {}",
            named(&all.collect::<Vec<_>>(), settings.announcements.len())
        ));
    }
    sentences
}

fn source(source: &Source) -> String {
    let text = match source {
        Source::File(path) => path.display().to_string(),
        Source::Url(url) => url.clone(),
        Source::Pcm(name) => format!("the input {name}"),
    };
    text.escape_debug().to_string()
}

/// The first of some names.
fn named(first: &[String], all: usize) -> String {
    match all - first.len() {
        0 => and(first),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn ends(after: Option<Duration>) -> String {
    match after {
        None => "and lets a call last as long as it likes".to_owned(),
        Some(time) if time == Duration::from_mins(1) => "and ends a call after a minute".to_owned(),
        Some(time) if time.as_secs().is_multiple_of(60) => {
            format!("and ends a call after {} minutes", time.as_secs() / 60)
        }
        Some(time) => format!("and ends a call after {time:?}"),
    }
}

fn plays(output: &Output) -> String {
    let zones: Vec<_> = output
        .routes
        .iter()
        .map(|route| {
            let zone = route.zone.escape_debug();
            match route.channels {
                None => format!("zone {zone}"),
                Some(channels) if channels.iter().count() == 1 => format!("zone {zone} (channel {channels})"),
                Some(channels) => format!("zone {zone} (channels {channels})"),
            }
        })
        .collect();
    format!("plays {} on {}", and(&zones), device(&output.device))
}

/// What it does with lines of GPIO chips.
fn lines(settings: &Settings) -> Vec<String> {
    let Gpio { relay, relay_lead, relay_lag, healthy } = &settings.gpio;
    let relay = relay.as_ref().map(|line| {
        let line = line.to_string();
        format!(
            "has a relay at {}, on from {relay_lead:?} before a sound to {relay_lag:?} after it",
            line.escape_debug()
        )
    });
    let healthy = healthy
        .as_ref()
        .map(|line| format!("has {} on while nothing is wrong", line.to_string().escape_debug()));
    let buttons = settings.buttons.iter().filter_map(|button| {
        let line = button.line.as_ref()?.to_string();
        Some(format!("has a button {} at {}", button.name.escape_debug(), line.escape_debug()))
    });
    relay.into_iter().chain(healthy).chain(buttons).collect()
}

fn device(device: &Device) -> String {
    match device {
        Device::Auto => "the best sound card there is".to_owned(),
        Device::Card(id) => format!("the sound card {}", id.escape_debug()),
        Device::Usb { vendor, product } => format!("the USB sound card {vendor:04x}:{product:04x}"),
        Device::Pcm(name) => format!("the ALSA PCM {}", name.escape_debug()),
        Device::Wav(path) => {
            format!("the file {} in place of a sound card", path.display().to_string().escape_debug())
        }
        Device::Null => "nothing: nobody hears it".to_owned(),
    }
}

/// What is not plain DHCP.
fn network(network: &Network) -> Vec<String> {
    let mut sentences = Vec::new();
    if network.hostname != Network::USUAL_HOSTNAME {
        sentences.push(format!("calls itself {} in its network", network.hostname));
    }
    let vlan = network.vlan.map(|vlan| format!(" in VLAN {vlan}")).unwrap_or_default();
    match &network.address {
        Some(own) => sentences.push(format!("takes the address {own}{vlan}, {}", ways(own, network))),
        None if !vlan.is_empty() => sentences.push(format!("gets its address by DHCP{vlan}")),
        None => {}
    }
    let wifi = &network.wifi;
    if !wifi.ssid.is_empty() {
        let without = if wifi.password.is_empty() { ", without a password" } else { "" };
        sentences.push(format!("joins the wireless network {:?}{without}", wifi.ssid));
    }
    sentences
}

/// What is beyond an address of its own, and who knows names.
fn ways(own: &OwnAddress, network: &Network) -> String {
    let mut ways = vec![match network.gateway {
        Some(router) => format!("router {router}"),
        None if own.address.is_ipv6() => "any router".to_owned(),
        None => "no router".to_owned(),
    }];
    let servers = texts(&network.dns);
    if !servers.is_empty() {
        ways.push(format!("names by {}", and(&servers)));
    }
    if own.address.is_ipv6() {
        ways.push("beside what DHCP gives".to_owned());
    }
    ways.join(", ")
}

/// Where the time comes from, if not from where it usually does.
fn clock(time: &Time) -> Option<String> {
    if time.sources == [TimeSource::Dhcp, TimeSource::Pool] && time.zone == "UTC" {
        return None;
    }
    let sources = time.sources.iter().map(|source| match source {
        TimeSource::Dhcp => "servers that DHCP names".to_owned(),
        TimeSource::Pool => "pool.ntp.org".to_owned(),
        TimeSource::Server(host) => host.name.clone(),
    });
    Some(format!("has the time of {} from {}", time.zone, and(&sources.collect::<Vec<_>>())))
}

fn texts<T: ToString>(things: &[T]) -> Vec<String> {
    things.iter().map(ToString::to_string).collect()
}

/// `a`, `a and b`, `a, b and c`.
fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Accounts that are told one by one.
const MAX_ACCOUNTS: usize = 20;
/// Keys and announcements likewise.
const MAX_NAMED: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn said(text: &str) -> Vec<String> {
        outlook(&load(&[("a", text.as_bytes())], [], &[]))
    }

    #[test]
    fn a_box_without_settings_says_what_it_does() {
        assert_eq!(
            said(""),
            [
                "has no account: it is called at its address, sip:page@ADDRESS",
                "listens at 0.0.0.0:5060 and [::]:5060, over UDP and TCP",
                "takes calls from the networks it is in",
                "answers after the chime gong, and ends a call after 5 minutes",
                "lets callers be heard together",
                "speaks G722, PCMA, PCMU, L16, the first that both know",
                "plays zone all on the best sound card there is",
            ]
        );
    }

    #[test]
    fn a_network_that_is_not_plain_dhcp_is_told() {
        let of_network = |text: &str| said(text).split_off(7);
        assert_eq!(
            of_network(
                "[network]\nhostname = hall\naddress = 192.168.1.20/24\ngateway = 192.168.1.1\ndns = 9.9.9.9\nvlan = 20\n\
                 wifi-ssid = Ware\"house\n[time]\ntimezone = Europe/Berlin\n[debug]\nconsole = yes\n"
            ),
            [
                "calls itself hall in its network",
                "takes the address 192.168.1.20/24 in VLAN 20, router 192.168.1.1, names by 9.9.9.9",
                "joins the wireless network \"Ware\\\"house\", without a password",
                "has the time of Europe/Berlin from servers that DHCP names and pool.ntp.org",
                "gives a shell to whoever is at its console",
            ]
        );
        assert_eq!(
            of_network("[network]\naddress = fd00::20/64\n[time]\nntp = 192.0.2.1\n"),
            [
                "takes the address fd00::20/64, any router, beside what DHCP gives",
                "has the time of UTC from 192.0.2.1",
            ]
        );
        assert_eq!(of_network("[network]\nvlan = 2\n"), ["gets its address by DHCP in VLAN 2"]);
        assert_eq!(
            of_network("[audio]\noverlay = hifiberry-dac\n"),
            ["tells a Raspberry Pi of its sound card: hifiberry-dac"]
        );
    }

    #[test]
    fn it_is_told_when_a_call_is_answered() {
        let answers = |text: &str| said(text)[3].clone();
        let none = "[audio]\nklaxon = none\n";
        for (text, expected) in [
            ("", "answers at once, and ends a call after 5 minutes"),
            ("[sip]\nklaxon = x.wav\n", "answers after the chime x.wav, and ends a call after 5 minutes"),
            ("[sip]\npin = 1\n", "answers at once, asks for a PIN, and ends a call after 5 minutes"),
            ("[key 1]\ndo = stop\n", "answers at once, waits for keys, and ends a call after 5 minutes"),
            ("[sip]\nmode = ring\n", "rings aloud and does not answer"),
        ] {
            assert_eq!(answers(&format!("{none}{text}")), expected);
        }
        let asked = answers("[sip]\npin = 1\n");
        assert!(asked.starts_with("answers at once, asks for a PIN, then sounds the chime gong"), "{asked}");
    }

    #[test]
    fn what_it_does_besides_live_pages_is_told() {
        let said = said(
            "[audio]\nklaxon-after = three-tone\n[calls]\nhold-concurrent = yes\nqueue-max = 4\ndelayed = 2??\n\
             [music]\nsource = /srv/music, http://radio/\n[key 3]\ndo = announcement 3\n[announcement 3]\nplay = gong\n",
        );
        for sentence in [
            "has callers wait for one another, 4 at most",
            "sounds the chime three-tone after a page",
            "records calls of 2??@*, and plays each when it has ended",
            "plays music from /srv/music, else from http://radio/",
            "does what callers dial: 3",
            "has announcements: 3",
        ] {
            assert!(said.iter().any(|told| told == sentence), "{sentence}: {said:#?}");
        }
    }

    #[test]
    fn not_every_one_of_many_accounts_is_told() {
        let accounts: Vec<_> = (0..50).map(|number| format!("[sip {number}]\nuser = {number}\n")).collect();
        let said = said(&format!("[sip]\ndomain = a\n{}", accounts.concat()));
        assert_eq!(said[MAX_ACCOUNTS], "has 30 more accounts");
        assert_eq!(said.len(), MAX_ACCOUNTS + 7);
    }

    #[test]
    fn every_account_zone_and_limit_is_in_it() {
        let said = said(
            "[sip]\ndomain = pbx.example, b.example\nuser = 501\npass = x\nallow = 2??@*, 10.0.0.0/8\nanswer-after = 2s\n\
             codecs = PCMU\n[sip yard]\nuser = 502\nregister = no\ntransport = tcp\noutbound-proxy = c.example\n\
             [calls]\nhang-up-after-minutes = 0\n[zone hall]\ndevice = usb:0d8c:0014\nchannels = 1\n\
             [zone yard]\ndevice = usb:0d8c:0014\nchannels = 2\n[zone shed]\ndevice = null\n\
             [gpio]\nrelay = GPIO17\nhealthy = gpiochip0 1\n[button desk]\nline = GPIO22\ndo = stop\n",
        );
        assert_eq!(
            said,
            [
                "registers as 501 at pbx.example, then b.example over UDP",
                "is called, without registering, as 502 at pbx.example, then b.example over TCP by way of c.example ([sip yard])",
                "listens at 0.0.0.0:5060 and [::]:5060, over UDP and TCP",
                "takes calls of 2??@* from 10.0.0.0/8",
                "rings for at least 2s, and answers after the chime gong, and lets a call last as long as it likes",
                "lets callers be heard together",
                "speaks PCMU, the first that both know",
                "plays zone hall (channel 1) and zone yard (channel 2) on the USB sound card 0d8c:0014",
                "plays zone shed on nothing: nobody hears it",
                "has a relay at GPIO17, on from 200ms before a sound to 2s after it",
                "has gpiochip0:1 on while nothing is wrong",
                "has a button desk at GPIO22",
            ]
        );
    }
}
