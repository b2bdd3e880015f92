//! One account of the box: what is known of its servers, and what the log has been told about it.

mod standing;

use super::lookup::{Found, Place, Wanted};
use super::post::Post;
use crate::config::{self, Host};
use crate::sip::digest::Identity;
use crate::sip::registration::{Account, Failure, Server};
use crate::sip::wire::{self, NameAddr, SipUri};
use crate::sip::{AccountKey, Transport};
use crate::speech::{Fault, Trouble};
use crate::status;
use crate::time::Instant;
use core::time::Duration;
use standing::{Standing, Told};
use std::net::{IpAddr, SocketAddr};

/// One account.
pub(super) struct Line {
    /// Never used twice.
    pub(super) id: u64,
    /// `501@pbx.example`
    pub(super) address: String,
    pub(super) settings: config::Account,
    /// `None`: it does not register.
    pub(super) key: Option<AccountKey>,
    /// Whether it has begun to register.
    pub(super) is_started: bool,
    /// The configuration knows it no more: it is there until it has unregistered.
    pub(super) is_leaving: bool,
    pub(super) look: Look,
    /// The addresses of the box by which its servers were last reached.
    pub(super) ways: Vec<IpAddr>,
    /// Where its servers are; of a host that the name service cannot tell, where they were.
    places: Vec<Place>,
    detour: Detour,
    pub(super) is_registered: bool,
    standing: Standing,
    /// The failures of which the log knows: at which server, why, since when.
    told: Vec<(String, Failure, Instant)>,
    faults: Vec<String>,
    lot: u64,
}

/// When its servers are looked up.
pub(super) struct Look {
    /// A task is at it.
    pub(super) is_on: bool,
    /// There is a reason to begin anew when that one is done.
    pub(super) again: bool,
    /// When it began last.
    pub(super) since: Instant,
    pub(super) at: Instant,
}

/// Where its server has sent it.
#[derive(Default)]
struct Detour {
    /// A task looks it up.
    is_on: bool,
    addresses: Vec<IpAddr>,
}

impl Line {
    pub(super) fn new(id: u64, settings: config::Account, lot: u64) -> Self {
        Self {
            id,
            address: settings.address(),
            settings,
            key: None,
            is_started: false,
            is_leaving: false,
            look: Look { is_on: false, again: false, since: Instant::ZERO, at: Instant::ZERO },
            ways: Vec::new(),
            places: Vec::new(),
            detour: Detour::default(),
            is_registered: false,
            standing: Standing::default(),
            told: Vec::new(),
            faults: Vec::new(),
            lot,
        }
    }

    /// Takes over where the servers of `other` are, if they are the same: calls come from them all the time.
    pub(super) fn learn(&mut self, other: &Self) {
        if self.places.is_empty() && self.hosts() == other.hosts() && self.transport() == other.transport() {
            self.places.clone_from(&other.places);
        }
    }

    /// The account as SIP knows it.
    pub(super) fn account(&self) -> Option<Account> {
        let settings = &self.settings;
        let domain = settings.domain.first()?;
        let address = uri(&Host { port: None, ..domain.clone() })?.with_user(&settings.user);
        let identity = Identity::new(settings.prover(), &settings.pass).ok()?;
        Some(Account {
            display_name: settings.name.clone(),
            user_agent: super::serve::USER_AGENT.to_owned(),
            expires_s: u32::try_from(settings.expires.as_secs()).unwrap_or(u32::MAX),
            ..Account::new(address, identity)
        })
    }

    /// What is to be looked up.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted { hosts: self.hosts().to_vec(), transport: self.transport(), lot: self.lot }
    }

    /// The same of the contacts of a redirection; `None` while others are looked up.
    pub(super) fn wanted_of(&mut self, contacts: &[SipUri]) -> Option<Wanted> {
        let host = |contact: &SipUri| {
            let to = contact.host_port();
            let name = to.host.address().map_or_else(|| to.host.to_string(), |ip| ip.to_string());
            Host { name, port: to.port }
        };
        let is_on = core::mem::replace(&mut self.detour.is_on, true);
        let (transport, lot) = (self.transport(), self.lot);
        (!is_on).then(|| Wanted { hosts: contacts.iter().map(host).collect(), transport, lot })
    }

    /// Takes where its servers are; gives those to which a way leads now.
    pub(super) fn on_found(&mut self, now: Instant, found: Found, post: &Post) -> Vec<Server> {
        let Found { places, mut faults, unsure } = found;
        let known = core::mem::take(&mut self.places);
        for number in 0..self.hosts().len() {
            let here = |place: &&Place| place.number == number;
            let is_guess = unsure.contains(&number) && known.iter().any(|place| place.number == number);
            let from = if is_guess { &known } else { &places };
            self.places.extend(from.iter().filter(here).cloned());
        }
        let servers = self.servers(post);
        if servers.is_empty() {
            self.look.at = now + LOOK_AGAIN;
            faults.extend(self.places.iter().map(|place| format!("nothing leads to {}", place.label)));
        }
        self.complain(faults);
        self.standing.on_looked_up(now, self.faults.first());
        servers
    }

    /// Takes where its server has sent it; none if it has found its way meanwhile.
    pub(super) fn on_detour(&mut self, contacts: &[SipUri], found: &Found, post: &Post) -> Vec<Server> {
        self.detour.is_on = false;
        self.detour.addresses = found.places.iter().map(|place| place.address.ip()).collect();
        let server = |place: &Place| {
            let target = contacts.get(place.number).cloned();
            Some(Server { route: None, target, ..self.server(place, post)? })
        };
        found.places.iter().filter_map(server).collect()
    }

    /// Its servers, as far as a way leads there now.
    pub(super) fn servers(&self, post: &Post) -> Vec<Server> {
        self.places.iter().filter_map(|place| self.server(place, post)).collect()
    }

    /// The addresses that may call for it.
    pub(super) fn trusted(&self) -> impl Iterator<Item = IpAddr> {
        let own = self.places.iter().map(|place| place.address.ip());
        own.chain(self.detour.addresses.iter().copied())
    }

    pub(super) fn on_registered(&mut self, now: Instant, server: &str, expires: Duration) {
        self.standing.on_registered(now, server, expires);
        let is_news = !core::mem::replace(&mut self.is_registered, true) || !self.told.is_empty();
        self.told.clear();
        let level = if is_news { log::Level::Info } else { log::Level::Debug };
        log::log!(level, "{}: registered at {server} for {} s", self.address, expires.as_secs());
    }

    pub(super) fn on_failed(&mut self, now: Instant, server: String, reason: Failure, retry_in: Duration) {
        self.standing.on_failed(now, &server, reason);
        let next = match retry_in.as_secs() {
            0 => "the next server is asked".to_owned(),
            seconds => format!("the next try comes in {seconds} s"),
        };
        let at = if server.is_empty() { String::new() } else { format!(" at {server}") };
        let level = if self.is_told(now, server, reason) { log::Level::Debug } else { log::Level::Warn };
        log::log!(level, "{}: not registered{at}: {reason}; {next}", self.address);
        // Its round is over: the names may lead elsewhere by now.
        if !retry_in.is_zero() {
            self.look.at = self.look.at.min(self.look.since + LOOK_AGAIN).max(now);
        }
    }

    pub(super) fn on_unwritable(&mut self, now: Instant) {
        self.standing.on_unwritable(now);
        log::error!("{}: cannot be written as a SIP address; it does not register", self.address);
    }

    pub(super) fn on_unregistered(&mut self) {
        self.standing.on_unregistered();
        if core::mem::replace(&mut self.is_registered, false) {
            log::info!("{}: not registered any more", self.address);
        }
    }

    /// What is wrong with it: it should be registered and is not.
    pub(super) fn fault(&self) -> Option<Fault> {
        let is_wanted = self.settings.register && !self.is_registered;
        is_wanted.then(|| Fault::NotRegistered { user: self.settings.user.clone(), trouble: self.trouble() })
    }

    /// Of several servers that fail, the one that has answered tells most.
    fn trouble(&self) -> Trouble {
        let has_said = |failures: &[Failure]| self.told.iter().any(|(_, why, _)| failures.contains(why));
        let refuses = |(_, why, _): &(String, Failure, Instant)| matches!(why, Failure::Refused(_));
        match () {
            () if has_said(&[Failure::WrongPassword]) => Trouble::WrongPassword,
            () if has_said(&[Failure::Forbidden, Failure::UnknownProof]) => Trouble::Refused,
            () if self.told.iter().any(refuses) => Trouble::Refused,
            () if has_said(&[Failure::NoAnswer, Failure::Unreachable]) => Trouble::NoAnswer,
            () if self.faults.is_empty() => Trouble::Unknown,
            () if self.places.is_empty() => Trouble::NotFound,
            () => Trouble::NoAnswer,
        }
    }

    /// How it is.
    pub(super) fn status(&self, now: Instant) -> status::Account {
        let Told { state, server, expires_in_s, failure } = self.standing.status(now, self.settings.register);
        let (section, address) = (self.settings.section.clone(), self.address.clone());
        status::Account { section, address, state, server, expires_in_s, failure }
    }

    /// Whether the log knows of this failure; from now on it does.
    fn is_told(&mut self, now: Instant, server: String, reason: Failure) -> bool {
        let known = self.told.iter_mut().find(|(whose, ..)| *whose == server);
        match known {
            Some((_, why, since)) if *why == reason && now.since(*since) < TELL_EVERY => return true,
            Some(known) => *known = (server, reason, now),
            None => {
                self.told.truncate(TOLD_MAX - 1);
                self.told.push((server, reason, now));
            }
        }
        false
    }

    /// Says each fault once, until it is another.
    fn complain(&mut self, faults: Vec<String>) {
        for fault in faults.iter().filter(|fault| !self.faults.contains(fault)) {
            log::warn!("{}: {fault}", self.address);
        }
        self.faults = faults;
    }

    fn server(&self, place: &Place, post: &Post) -> Option<Server> {
        let path = post.path_to(place.address, self.transport())?;
        let (route, target) = (self.route(place.number), self.target(place.number));
        Some(Server { host: place.label.clone(), path, route, target })
    }

    /// What carries its requests.
    const fn transport(&self) -> Transport {
        if self.settings.is_tcp { Transport::Tcp } else { Transport::Udp }
    }

    /// Whose addresses are asked.
    fn hosts(&self) -> &[Host] {
        let proxies = &self.settings.outbound_proxy;
        if proxies.is_empty() { &self.settings.domain } else { proxies }
    }

    /// The proxy that a request passes there.
    fn route(&self, number: usize) -> Option<NameAddr> {
        let proxy = uri(self.settings.outbound_proxy.get(number)?)?.with_param("lr", None);
        Some(NameAddr::new(proxy.into()))
    }

    /// The Request-URI at a server that is not of the first domain: its own.
    fn target(&self, number: usize) -> Option<SipUri> {
        let is_own = number == 0 || !self.settings.outbound_proxy.is_empty();
        if is_own { None } else { uri(self.settings.domain.get(number)?) }
    }
}

fn uri(host: &Host) -> Option<SipUri> {
    let name = host.name.parse::<IpAddr>().map(|ip| SipUri::at(SocketAddr::new(ip, 0)).with_port(host.port));
    let named = || Some(SipUri::new(host.name.parse::<wire::Host>().ok()?).with_port(host.port));
    name.ok().or_else(named)
}

/// How often servers are looked up while none is known, and after failures.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How often the same failure is said.
const TELL_EVERY: Duration = Duration::from_mins(10);
/// So many servers' failures are remembered.
const TOLD_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn line(text: &str) -> Line {
        let loaded = load(&[("paging.conf", text.as_bytes())], [], &[]);
        Line::new(0, loaded.settings.accounts[0].clone(), 1)
    }

    #[test]
    fn a_proxy_is_passed_by_what_is_sent_to_it_and_to_no_other() {
        let line =
            line("[sip]\ndomain = pbx.example\nuser = 501\noutbound-proxy = p1.example:5070, 2001:db8::1\n");
        let routes = [0, 1].map(|number| line.route(number).map(|route| route.to_string()));
        assert_eq!(
            routes,
            [Some("<sip:p1.example:5070;lr>".to_owned()), Some("<sip:[2001:db8::1];lr>".to_owned())]
        );
        assert_eq!([0, 1].map(|number| line.target(number)), [None, None]);
    }

    #[test]
    fn a_changed_account_knows_its_servers_from_the_one_before() {
        let mut known = line("[sip]\ndomain = a.example\nuser = 501\n");
        let (label, address) = (String::new(), "192.0.2.9:5060".parse().unwrap());
        known.places.push(Place { number: 0, label, address });
        let trusted = |text: &str| {
            let mut changed = line(text);
            changed.learn(&known);
            changed.trusted().count()
        };
        assert_eq!(trusted("[sip]\ndomain = a.example\nuser = 501\nname = Hall\n"), 1);
        assert_eq!(trusted("[sip]\ndomain = b.example\nuser = 501\n"), 0);
        assert_eq!(trusted("[sip]\ndomain = a.example\nuser = 501\ntransport = tcp\n"), 0);
    }

    #[test]
    fn each_domain_is_asked_by_its_own_name() {
        let line = line("[sip]\ndomain = a.example, b.example:5070\nuser = 501\n");
        let account = line.account().unwrap();
        assert_eq!(account.address.to_string(), "sip:501@a.example");
        let targets = [0, 1].map(|number| line.target(number).map(|target| target.to_string()));
        assert_eq!(targets, [None, Some("sip:b.example:5070".to_owned())]);
        assert!(line.route(0).is_none());
    }

    #[test]
    fn what_is_wrong_with_an_account_is_what_a_person_can_mend() {
        let mut line = line("[sip]\ndomain = a.example\nuser = 501\n");
        let fault = |trouble| Some(Fault::NotRegistered { user: "501".to_owned(), trouble });
        assert_eq!(line.fault(), fault(Trouble::Unknown));
        line.complain(vec!["a.example has no address".to_owned()]);
        assert_eq!(line.fault(), fault(Trouble::NotFound));
        let mut fail = |server: &str, reason| {
            line.on_failed(Instant::ZERO, server.to_owned(), reason, Duration::from_secs(2));
            line.fault()
        };
        assert_eq!(fail("a", Failure::NoAnswer), fault(Trouble::NoAnswer));
        assert_eq!(fail("b", Failure::WrongPassword), fault(Trouble::WrongPassword));
        assert_eq!(fail("c", Failure::NoAnswer), fault(Trouble::WrongPassword));
        line.on_registered(Instant::ZERO, "a", Duration::from_mins(5));
        assert_eq!(line.fault(), None);
        line.on_unregistered();
        assert_eq!(line.fault(), fault(Trouble::NotFound));
        line.settings.register = false;
        assert_eq!(line.fault(), None);
    }

    #[test]
    fn the_failures_of_several_servers_are_each_said_once() {
        let mut line = line("[sip]\ndomain = a.example\nuser = 501\n");
        let mut tell = |seconds: u64, server: &str, reason| {
            line.is_told(Instant::from_millis(seconds * 1000), server.to_owned(), reason)
        };
        assert!(!tell(0, "a", Failure::NoAnswer) && !tell(0, "b", Failure::NoAnswer));
        assert!(tell(9, "a", Failure::NoAnswer) && tell(9, "b", Failure::NoAnswer));
        assert!(!tell(10, "a", Failure::Unreachable) && tell(10, "b", Failure::NoAnswer));
        assert!(!tell(600, "b", Failure::NoAnswer), "after ten minutes again");
    }
}
