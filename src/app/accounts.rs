//! The accounts of the box: their servers are looked up, what becomes of their registrations is told.
//!
//! ```text
//! start, a failure, every 5 min, another network ─> look_up (a task) ─> bell ─> Endpoint::set_servers, set_trusted
//! rtnetlink ─> bell ─> another network? ─> Endpoint::network_changed
//! ```
//! Names are never waited for. What was found last stays in force while nothing is found.

use super::bell::Bell;
use super::line::Line;
use super::lookup::{Found, look_up};
use super::mailbox::Mailbox;
use super::post::Post;
use crate::clock;
use crate::config::{Account, Settings};
use crate::entropy;
use crate::net::{self, Changes};
use crate::sip::registration::{Event, Server};
use crate::sip::wire::SipUri;
use crate::sip::{AccountKey, Endpoint};
use crate::speech::Fault;
use crate::status;
use crate::time::Instant;
use core::time::Duration;
use smol::LocalExecutor;
use std::net::IpAddr;
use std::rc::Rc;

/// All accounts.
pub(super) struct Accounts<'a> {
    lines: Vec<Line>,
    /// Lines made so far.
    made: u64,
    is_watching: bool,
    executor: Rc<LocalExecutor<'a>>,
    news: Rc<Mailbox<News>>,
    /// What was plugged in when it was last looked at.
    links: Vec<String>,
    /// The box is told to stop: nothing begins any more.
    is_leaving: bool,
    /// What time a server has said it is.
    date: Option<Duration>,
}

/// What tasks have found out.
enum News {
    /// Where the servers of an account are.
    Servers(u64, Found),
    /// Where its server has sent us.
    Detour(u64, Vec<SipUri>, Found),
    /// Something about the network is not as it was.
    Network,
}

impl<'a> Accounts<'a> {
    /// The accounts of `settings`; `bell` is rung when [`handle_news`](Self::handle_news) has something to do.
    pub(super) fn new(settings: &Settings, executor: Rc<LocalExecutor<'a>>, bell: Rc<Bell>) -> Self {
        let news = Mailbox::new(bell);
        let mut accounts = Self {
            lines: Vec::new(),
            made: 0,
            is_watching: false,
            executor,
            news,
            links: Vec::new(),
            is_leaving: false,
            date: None,
        };
        settings.accounts.iter().for_each(|account| accounts.add(account));
        accounts
    }

    /// Begins.
    pub(super) fn start(&mut self, now: Instant, endpoint: &mut Endpoint) {
        if self.lines.is_empty() {
            return;
        }
        if !core::mem::replace(&mut self.is_watching, true) {
            self.links = net::links().unwrap_or_default();
            self.watch();
        }
        let is_new = |line: &&mut Line| line.key.is_none() && !line.is_leaving && line.settings.register;
        for line in self.lines.iter_mut().filter(is_new) {
            line.key = line.account().map(|account| endpoint.add_account(account));
            if line.key.is_none() {
                line.on_unwritable(now);
            }
        }
        self.handle_timeout(now);
    }

    /// Has the accounts of `settings` from now on. Those that are as they were are left alone; one that is not registers
    /// anew after it has unregistered.
    pub(super) fn reload(&mut self, now: Instant, endpoint: &mut Endpoint, settings: &Settings) {
        for number in 0..self.lines.len() {
            let line = &self.lines[number];
            if !line.is_leaving && !settings.accounts.contains(&line.settings) {
                self.leave(now, number, endpoint);
            }
        }
        let is_there = |account: &Account, lines: &[Line]| {
            lines.iter().any(|line| !line.is_leaving && line.settings == *account)
        };
        for account in &settings.accounts {
            if !is_there(account, &self.lines) {
                self.add(account);
            }
        }
        // What has never been registered has nothing to wait for.
        let is_over = |line: &mut Line| {
            line.is_leaving && (!line.is_started || line.key.is_none_or(|key| endpoint.is_stopped(key)))
        };
        let over: Vec<_> = self.lines.extract_if(.., is_over).collect();
        for key in over.iter().filter_map(|line| line.key) {
            endpoint.remove_account(key);
        }
        self.trust(endpoint);
        self.start(now, endpoint);
    }

    /// Begins to unregister.
    pub(super) fn stop(&mut self, now: Instant, endpoint: &mut Endpoint) {
        self.is_leaving = true;
        endpoint.unregister(now);
    }

    /// Does what is due at `now`.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for number in 0..self.lines.len() {
            let line = &self.lines[number];
            if line.look.at <= now && !line.is_leaving && !self.is_leaving {
                self.look(now, number);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let lines = self.lines.iter().filter(|line| !line.is_leaving && !self.is_leaving);
        lines.map(|line| line.look.at).min()
    }

    /// Takes what tasks have found out.
    pub(super) fn handle_news(&mut self, now: Instant, endpoint: &mut Endpoint, post: &Post) {
        loop {
            match self.news.take().filter(|_| !self.is_leaving) {
                Some(News::Servers(id, found)) => {
                    let Some(number) = self.position(id) else { continue };
                    let servers = self.lines[number].on_found(now, found, post);
                    self.look_done(now, number);
                    self.trust(endpoint);
                    self.set_servers(now, number, endpoint, servers);
                }
                Some(News::Detour(id, contacts, found)) => {
                    let Some(number) = self.position(id) else { continue };
                    let servers = self.lines[number].on_detour(&contacts, &found, post);
                    self.trust(endpoint);
                    if let Some(key) = self.lines[number].key {
                        endpoint.follow(now, key, servers);
                    }
                }
                Some(News::Network) => self.on_network(now, endpoint, post),
                None => return,
            }
        }
    }

    /// Tells what happened to a registration, and does what it asks for.
    pub(super) fn on_event(&mut self, now: Instant, endpoint: &mut Endpoint, key: AccountKey, event: Event) {
        let Some(number) = self.lines.iter().position(|line| line.key == Some(key)) else { return };
        let line = &mut self.lines[number];
        match event {
            Event::Registered { server, expires, date } => {
                line.on_registered(now, &server, expires);
                self.date = date.or(self.date);
            }
            Event::Failed { server, reason, retry_in } => line.on_failed(now, server, reason, retry_in),
            Event::Redirected { contacts } => self.follow(number, contacts),
            Event::Unregistered => {
                line.on_unregistered();
                if line.is_leaving {
                    self.lines.remove(number);
                    endpoint.remove_account(key);
                    self.begin_all(now, endpoint);
                }
            }
        }
    }

    /// What time it is, since 1970, if a server has just said so.
    pub(super) const fn take_date(&mut self) -> Option<Duration> {
        self.date.take()
    }

    /// What is wrong with each.
    pub(super) fn faults(&self) -> impl Iterator<Item = Fault> {
        self.kept().filter_map(Line::fault)
    }

    /// How they are.
    pub(super) fn status(&self, now: Instant) -> Vec<status::Account> {
        self.kept().map(|line| line.status(now)).collect()
    }

    /// How many are registered, and how many should be.
    pub(super) fn registered(&self) -> (usize, usize) {
        let registering = || self.kept().filter(|line| line.settings.register);
        (registering().filter(|line| line.is_registered).count(), registering().count())
    }

    /// The user of the account one of whose servers is at `address`.
    pub(super) fn user_of_server(&self, address: IpAddr) -> Option<&str> {
        let has = |line: &&Line| line.trusted().any(|known| known.to_canonical() == address.to_canonical());
        self.lines.iter().find(has).map(|line| line.settings.user.as_str())
    }

    /// Those that the configuration knows.
    fn kept(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| !line.is_leaving)
    }

    fn add(&mut self, account: &Account) {
        let mut line = Line::new(self.made, account.clone(), entropy::seed());
        self.lines.iter().for_each(|known| line.learn(known));
        self.lines.push(line);
        self.made += 1;
    }

    /// Begins to unregister one account.
    fn leave(&mut self, now: Instant, number: usize, endpoint: &mut Endpoint) {
        let line = &mut self.lines[number];
        line.is_leaving = true;
        if let Some(key) = line.key {
            endpoint.unregister_account(now, key);
        }
    }

    /// The line of a number, unless the configuration knows it no more.
    fn position(&self, id: u64) -> Option<usize> {
        self.lines.iter().position(|line| line.id == id && !line.is_leaving)
    }

    fn look(&mut self, now: Instant, number: usize) {
        let line = &mut self.lines[number];
        line.look.at = now + LOOK_EVERY;
        if core::mem::replace(&mut line.look.is_on, true) {
            line.look.again = true;
            return;
        }
        line.look.since = now;
        let (id, wanted, news) = (line.id, line.wanted(), Rc::clone(&self.news));
        self.executor.spawn(async move { news.post(News::Servers(id, look_up(wanted).await)) }).detach();
    }

    fn look_done(&mut self, now: Instant, number: usize) {
        let look = &mut self.lines[number].look;
        look.is_on = false;
        if core::mem::take(&mut look.again) {
            self.look(now, number);
        }
    }

    fn follow(&mut self, number: usize, contacts: Vec<SipUri>) {
        let line = &mut self.lines[number];
        let (id, news) = (line.id, Rc::clone(&self.news));
        let Some(wanted) = line.wanted_of(&contacts) else { return };
        let look = async move { news.post(News::Detour(id, contacts, look_up(wanted).await)) };
        self.executor.spawn(look).detach();
    }

    /// Tells the endpoint the servers to which a way leads now, if there are any, and lets it begin.
    fn set_servers(&mut self, now: Instant, number: usize, endpoint: &mut Endpoint, servers: Vec<Server>) {
        let line = &mut self.lines[number];
        let Some(key) = line.key.filter(|_| !servers.is_empty()) else { return };
        line.ways = servers.iter().map(|server| server.path.local.ip()).collect();
        endpoint.set_servers(now, key, servers);
        self.begin(now, number, endpoint);
    }

    /// Lets a line begin that knows its servers. One address is not registered and unregistered at the same time: the
    /// server may take the second for an answer to the first.
    fn begin(&mut self, now: Instant, number: usize, endpoint: &mut Endpoint) {
        let line = &self.lines[number];
        let is_held = self.lines.iter().any(|other| other.is_leaving && other.address == line.address);
        let Some(key) = line.key.filter(|_| !is_held && !line.is_leaving && !line.ways.is_empty()) else {
            return;
        };
        if !core::mem::replace(&mut self.lines[number].is_started, true) {
            endpoint.register(now, key);
        }
    }

    fn begin_all(&mut self, now: Instant, endpoint: &mut Endpoint) {
        for number in 0..self.lines.len() {
            self.begin(now, number, endpoint);
        }
    }

    fn trust(&self, endpoint: &mut Endpoint) {
        let lines = self.lines.iter().filter(|line| !line.is_leaving);
        let servers: Vec<_> = lines.flat_map(Line::trusted).collect();
        endpoint.set_trusted(&servers);
    }

    /// What is plugged in, or an address, may have changed; routers say the same again and again, and there may be
    /// interfaces that have nothing to do with any server.
    fn on_network(&mut self, now: Instant, endpoint: &mut Endpoint, post: &Post) {
        let links = net::links().unwrap_or_default();
        let is_other = links != self.links;
        let before = core::mem::replace(&mut self.links, links);
        if is_other {
            log::info!("the network has changed: {}", self.links.join(", "));
        }
        // A cable that returns with the address of before; what another one changes is told with the servers.
        let ways: Vec<_> =
            self.lines.iter().flat_map(|line| &line.ways).map(|way| format!(" {way}")).collect();
        for number in 0..self.lines.len() {
            // By another address of the box, what it knows of its servers still holds; who leaves does so by the old one.
            if self.lines[number].is_leaving {
                continue;
            }
            let servers = self.lines[number].servers(post);
            self.set_servers(now, number, endpoint, servers);
            if is_other || !self.lines[number].is_registered {
                self.look(now, number);
            }
        }
        let is_new = |link: &&String| !before.contains(link);
        if self.links.iter().filter(is_new).any(|link| ways.iter().any(|way| link.ends_with(way))) {
            endpoint.network_changed(now);
        }
    }

    /// Rings whenever the network has changed, a moment later: changes come in bursts.
    fn watch(&self) {
        let news = Rc::clone(&self.news);
        let watch = async move {
            loop {
                let changes = Changes::new();
                while let Ok(changes) = &changes
                    && changes.changed().await.is_ok()
                {
                    net::sleep_until(clock::now() + SETTLING).await;
                    news.post(News::Network);
                }
                log::error!("changes of the network are not told; the next try comes in a minute");
                net::sleep_until(clock::now() + WATCH_AGAIN).await;
            }
        };
        self.executor.spawn(watch).detach();
    }
}

/// How often the names of servers are looked up again while all is well.
const LOOK_EVERY: Duration = Duration::from_mins(5);
/// How long changes of the network are collected.
const SETTLING: Duration = Duration::from_millis(250);
/// When the kernel does not tell, it is asked again after this.
const WATCH_AGAIN: Duration = Duration::from_mins(1);
