//! The accounts of the box: their servers are looked up, what becomes of their registrations is told.
//!
//! ```text
//! start, a failure, every 5 min, another network ─> look_up (a task) ─> bell ─> Endpoint::set_servers, set_trusted
//! rtnetlink ─> bell ─> another network? ─> Endpoint::network_changed
//! ```
//! Names are never waited for. What was found last stays in force while nothing is found.

use super::bell::Bell;
use super::lookup::{Found, Place, look_up};
use super::post::Post;
use crate::clock;
use crate::config::{self, Host, Settings};
use crate::net::{self, Changes};
use crate::sip::digest::Identity;
use crate::sip::registration::{Account, Event, Failure, Server};
use crate::sip::wire::{self, NameAddr, SipUri};
use crate::sip::{AccountKey, Endpoint, Path, Transport};
use crate::time::Instant;
use core::cell::RefCell;
use core::time::Duration;
use smol::LocalExecutor;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// All accounts.
pub(super) struct Accounts<'a> {
    list: Vec<Kept>,
    executor: Rc<LocalExecutor<'a>>,
    news: Rc<Mailbox>,
    /// What was plugged in when it was last looked at.
    links: Vec<String>,
}

/// One account.
struct Kept {
    /// `501@pbx.example`
    address: String,
    settings: config::Account,
    /// `None`: it does not register.
    key: Option<AccountKey>,
    is_looking: bool,
    look_at: Instant,
    trusted: Vec<IpAddr>,
    is_registered: bool,
    /// The failure of which the log knows, and since when.
    told: Option<(String, Failure, Instant)>,
    faults: Vec<String>,
}

/// What tasks have found out.
struct Mailbox {
    news: RefCell<VecDeque<News>>,
    bell: Rc<Bell>,
}

enum News {
    /// Where the servers of an account are.
    Servers(usize, Found),
    /// Where its server has sent us.
    Detour(usize, Vec<SipUri>, Found),
    /// Something about the network is not as it was.
    Network,
}

impl<'a> Accounts<'a> {
    /// The accounts of `settings`; `bell` is rung when [`handle_news`](Self::handle_news) has something to do.
    pub(super) fn new(settings: &Settings, executor: Rc<LocalExecutor<'a>>, bell: Rc<Bell>) -> Self {
        let news = Rc::new(Mailbox { news: RefCell::default(), bell });
        let list = settings.accounts.iter().cloned().map(Kept::new).collect();
        Self { list, executor, news, links: Vec::new() }
    }

    /// Begins.
    pub(super) fn start(&mut self, now: Instant, endpoint: &mut Endpoint) {
        if self.list.is_empty() {
            return;
        }
        self.links = net::links().unwrap_or_default();
        self.watch();
        for kept in self.list.iter_mut().filter(|kept| kept.settings.register) {
            match account(&kept.settings) {
                Some(account) => kept.key = Some(endpoint.add_account(account)),
                None => {
                    log::error!("{}: cannot be written as a SIP address; it does not register", kept.address);
                }
            }
        }
        self.handle_timeout(now);
    }

    /// Does what is due at `now`.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for number in 0..self.list.len() {
            if self.list[number].look_at <= now {
                self.look(now, number);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.list.iter().map(|kept| kept.look_at).min()
    }

    /// Takes what tasks have found out.
    pub(super) fn handle_news(&mut self, now: Instant, endpoint: &mut Endpoint, post: &Post) {
        loop {
            let Some(news) = self.news.news.borrow_mut().pop_front() else { return };
            match news {
                News::Servers(number, found) => {
                    let servers = self.on_servers(now, number, found, post);
                    self.trust(endpoint);
                    if let Some(key) = self.list[number].key.filter(|_| !servers.is_empty()) {
                        endpoint.set_servers(now, key, servers);
                        endpoint.register(now, key);
                    }
                }
                News::Detour(number, contacts, found) => {
                    let servers = self.on_detour(number, &contacts, &found, post);
                    self.trust(endpoint);
                    if let Some(key) = self.list[number].key {
                        endpoint.follow(now, key, servers);
                    }
                }
                News::Network => self.on_network(now, endpoint),
            }
        }
    }

    /// Tells what happened to a registration, and does what it asks for.
    pub(super) fn on_event(&mut self, now: Instant, key: AccountKey, event: Event) {
        let Some(number) = self.list.iter().position(|kept| kept.key == Some(key)) else { return };
        match event {
            Event::Registered { server, expires } => self.list[number].on_registered(&server, expires),
            Event::Failed { server, reason, retry_in } => {
                self.list[number].on_failed(now, server, reason, retry_in);
                // Its round is over: the names may lead elsewhere by now.
                if !retry_in.is_zero() {
                    self.look(now, number);
                }
            }
            Event::Redirected { contacts } => self.follow(number, contacts),
            Event::Unregistered => self.list[number].on_unregistered(),
        }
    }

    /// Whether any server knows where the box is.
    pub(super) fn is_registered(&self) -> bool {
        self.list.iter().any(|kept| kept.is_registered)
    }

    fn look(&mut self, now: Instant, number: usize) {
        let kept = &mut self.list[number];
        kept.look_at = now + LOOK_EVERY;
        if core::mem::replace(&mut kept.is_looking, true) {
            return;
        }
        let (hosts, transport, news) = (kept.hosts().to_vec(), kept.transport(), Rc::clone(&self.news));
        let look = async move { news.post(News::Servers(number, look_up(hosts, transport).await)) };
        self.executor.spawn(look).detach();
    }

    fn follow(&mut self, number: usize, contacts: Vec<SipUri>) {
        let host = |contact: &SipUri| {
            let to = contact.host_port();
            let name = to.host.address().map_or_else(|| to.host.to_string(), |ip| ip.to_string());
            Host { name, port: to.port }
        };
        let (transport, news) = (self.list[number].transport(), Rc::clone(&self.news));
        let hosts = contacts.iter().map(host).collect();
        let look = async move { news.post(News::Detour(number, contacts, look_up(hosts, transport).await)) };
        self.executor.spawn(look).detach();
    }

    /// Takes where the servers of an account are; gives those to which a way leads.
    fn on_servers(&mut self, now: Instant, number: usize, found: Found, post: &Post) -> Vec<Server> {
        let kept = &mut self.list[number];
        kept.is_looking = false;
        let mut faults = found.faults;
        let path_to = |address| post.path_to(address, kept.transport());
        let servers = servers(&found.places, path_to, |place| kept.target(place.number));
        if servers.is_empty() {
            kept.look_at = now + LOOK_AGAIN;
            faults.extend(found.places.iter().map(|place| format!("nothing leads to {}", place.label)));
        }
        kept.complain(faults);
        if !found.places.is_empty() {
            kept.trusted = found.places.iter().map(|place| place.address.ip()).collect();
        }
        servers
    }

    /// The same of those that a server has named.
    fn on_detour(&mut self, number: usize, contacts: &[SipUri], found: &Found, post: &Post) -> Vec<Server> {
        self.list[number].trusted.extend(found.places.iter().map(|place| place.address.ip()));
        let transport = self.list[number].transport();
        let path_to = |address| post.path_to(address, transport);
        servers(&found.places, path_to, |place| contacts.get(place.number).cloned())
    }

    fn trust(&self, endpoint: &mut Endpoint) {
        let servers: Vec<_> = self.list.iter().flat_map(|kept| kept.trusted.iter().copied()).collect();
        endpoint.set_trusted(&servers);
    }

    /// What is plugged in, or an address, may have changed; routers say the same again and again.
    fn on_network(&mut self, now: Instant, endpoint: &mut Endpoint) {
        let links = net::links().unwrap_or_default();
        let has_more = links.iter().any(|link| !self.links.contains(link));
        let is_other = has_more || links.len() != self.links.len();
        self.links = links;
        if is_other {
            log::info!("the network has changed: {}", self.links.join(", "));
        }
        if has_more {
            endpoint.network_changed(now);
        }
        for number in 0..self.list.len() {
            if is_other || !self.list[number].is_registered {
                self.look(now, number);
            }
        }
    }

    /// Rings whenever the network changes, a moment later: changes come in bursts.
    fn watch(&self) {
        let changes = match Changes::new() {
            Ok(changes) => changes,
            Err(error) => return log::error!("changes of the network are not told: {error}"),
        };
        let news = Rc::clone(&self.news);
        let watch = async move {
            while let Ok(()) = changes.changed().await {
                net::sleep_until(clock::now() + SETTLING).await;
                news.post(News::Network);
            }
        };
        self.executor.spawn(watch).detach();
    }
}

impl Kept {
    fn new(settings: config::Account) -> Self {
        let domain = settings.domain.first().map_or("", |host| &host.name);
        Self {
            address: format!("{}@{domain}", settings.user),
            settings,
            key: None,
            is_looking: false,
            look_at: Instant::ZERO,
            trusted: Vec::new(),
            is_registered: false,
            told: None,
            faults: Vec::new(),
        }
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

    /// The Request-URI at a server that is not of the first domain: its own.
    fn target(&self, number: usize) -> Option<SipUri> {
        let is_own = number == 0 || !self.settings.outbound_proxy.is_empty();
        if is_own { None } else { uri(self.settings.domain.get(number)?) }
    }

    fn on_registered(&mut self, server: &str, expires: Duration) {
        let is_news = !core::mem::replace(&mut self.is_registered, true) || self.told.take().is_some();
        let level = if is_news { log::Level::Info } else { log::Level::Debug };
        log::log!(level, "{}: registered at {server} for {} s", self.address, expires.as_secs());
    }

    fn on_failed(&mut self, now: Instant, server: String, reason: Failure, retry_in: Duration) {
        let is_told = self.told.as_ref().is_some_and(|(whose, why, since)| {
            *whose == server && *why == reason && now.since(*since) < TELL_EVERY
        });
        let level = if is_told { log::Level::Debug } else { log::Level::Warn };
        let next = match retry_in.as_secs() {
            0 => "the next server is asked".to_owned(),
            seconds => format!("the next try comes in {seconds} s"),
        };
        let at = if server.is_empty() { String::new() } else { format!(" at {server}") };
        log::log!(level, "{}: not registered{at}: {reason}; {next}", self.address);
        if !is_told {
            self.told = Some((server, reason, now));
        }
    }

    fn on_unregistered(&mut self) {
        if core::mem::replace(&mut self.is_registered, false) {
            log::info!("{}: not registered any more", self.address);
        }
    }

    /// Says each fault once, until it is another.
    fn complain(&mut self, faults: Vec<String>) {
        for fault in faults.iter().filter(|fault| !self.faults.contains(fault)) {
            log::warn!("{}: {fault}", self.address);
        }
        self.faults = faults;
    }
}

impl Mailbox {
    fn post(&self, news: News) {
        self.news.borrow_mut().push_back(news);
        self.bell.ring();
    }
}

/// The account as SIP knows it.
fn account(settings: &config::Account) -> Option<Account> {
    let domain = settings.domain.first()?;
    let address = uri(&Host { port: None, ..domain.clone() })?.with_user(&settings.user);
    let identity = Identity::new(settings.prover(), &settings.pass).ok()?;
    let proxy = settings.outbound_proxy.first().map(uri);
    let route = |proxy: SipUri| NameAddr::new(proxy.with_param("lr", None).into());
    Some(Account {
        display_name: settings.name.clone(),
        routes: proxy.into_iter().flatten().map(route).collect(),
        user_agent: super::serve::USER_AGENT.to_owned(),
        expires_s: u32::try_from(settings.expires.as_secs()).unwrap_or(u32::MAX),
        ..Account::new(address, identity)
    })
}

fn uri(host: &Host) -> Option<SipUri> {
    let bracketed = if host.name.contains(':') { format!("[{}]", host.name) } else { host.name.clone() };
    Some(SipUri::new(bracketed.parse::<wire::Host>().ok()?).with_port(host.port))
}

/// The places as servers: those to which a way leads.
fn servers(
    places: &[Place],
    path_to: impl Fn(SocketAddr) -> Option<Path>,
    target: impl Fn(&Place) -> Option<SipUri>,
) -> Vec<Server> {
    let server = |place: &Place| {
        let path = path_to(place.address)?;
        Some(Server { host: place.label.clone(), path, target: target(place) })
    };
    places.iter().filter_map(server).collect()
}

/// How often the names of servers are looked up again while all is well.
const LOOK_EVERY: Duration = Duration::from_mins(5);
/// The same while no server is known.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How often the same failure is said.
const TELL_EVERY: Duration = Duration::from_mins(10);
/// How long changes of the network are collected.
const SETTLING: Duration = Duration::from_millis(250);
