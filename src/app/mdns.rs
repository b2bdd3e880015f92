//! Has the box found in its network (`[network] mdns`): a task that joins [`Responder`] and socket.
//!
//! On the card image it is found unless the owner says no; on somebody's own Linux, where Avahi or systemd-resolved do that
//! for the machine, only if he says yes. A task waits for packets and for changes of the network; idle it costs nothing.

use super::confine::is_appliance;
use super::serve::user;
use crate::clock;
use crate::config::Settings;
use crate::entropy;
use crate::mdns::{Identity, Responder};
use crate::net::{self, Changes, MulticastDns};
use core::cell::RefCell;
use core::future::poll_fn;
use core::time::Duration;
use smol::{LocalExecutor, Task, future};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

/// How the box is found.
pub(super) struct Mdns<'a> {
    executor: Rc<LocalExecutor<'a>>,
    /// That of the start: the machine has its name until it starts again, too.
    hostname: String,
    /// As whom; `None`: it is not.
    identity: Option<Identity>,
    at_work: Rc<RefCell<Option<AtWork>>>,
    task: Option<Task<()>>,
}

/// What is there while the port is.
struct AtWork {
    responder: Responder,
    socket: Rc<MulticastDns>,
}

/// What a task has waited for.
enum Input {
    Packet(io::Result<(usize, SocketAddr, u32)>),
    Network(io::Result<()>),
    Timeout,
}

impl<'a> Mdns<'a> {
    /// As `settings` say.
    pub(super) fn new(settings: &Settings, executor: Rc<LocalExecutor<'a>>) -> Self {
        let hostname = settings.network.hostname.clone();
        let mut mdns = Self { executor, hostname, identity: None, at_work: Rc::default(), task: None };
        mdns.set_options(settings);
        mdns
    }

    /// Does as `settings` say from now on.
    pub(super) fn set_options(&mut self, settings: &Settings) {
        let identity = identity(settings, &self.hostname);
        if identity == self.identity {
            return;
        }
        self.stop();
        self.identity.clone_from(&identity);
        self.task = identity.map(|identity| self.executor.spawn(serve(identity, Rc::clone(&self.at_work))));
    }

    /// Says goodbye.
    pub(super) fn stop(&mut self) {
        (self.task, self.identity) = (None, None);
        if let Some(mut at_work) = self.at_work.take() {
            at_work.responder.stop();
            at_work.send();
        }
    }
}

impl AtWork {
    fn open(identity: Identity) -> io::Result<Self> {
        let socket = Rc::new(MulticastDns::bind()?);
        Ok(Self { responder: Responder::new(identity, entropy::seed()), socket })
    }

    /// Looks which links there are.
    fn look(&mut self) {
        let links = net::multicast_links().unwrap_or_default();
        for link in &links {
            if let Err(error) = self.socket.join(link) {
                log::warn!("mDNS is not heard on link {}: {error}", link.index);
            }
        }
        self.responder.handle_links(clock::now(), links);
    }

    /// Sends what is to be sent. A packet that is lost is lost: who has not heard asks again.
    fn send(&mut self) {
        while let Some(transmit) = self.responder.poll_transmit() {
            if let Err(error) = self.socket.send(&transmit.bytes, transmit.link, transmit.to) {
                log::debug!("mDNS: link {}: {error}", transmit.link);
            }
        }
    }
}

/// Has the box found for ever.
async fn serve(identity: Identity, at_work: Rc<RefCell<Option<AtWork>>>) {
    loop {
        match AtWork::open(identity.clone()) {
            Ok(opened) => {
                *at_work.borrow_mut() = Some(opened);
                let error = work(&at_work).await;
                log::error!("mDNS: {error}; the next try comes in a minute");
            }
            Err(error) => log::error!("mDNS: udp port 5353: {error}; the next try comes in a minute"),
        }
        at_work.take();
        net::sleep_until(clock::now() + TRY_AGAIN).await;
    }
}

/// Works until something breaks.
async fn work(at_work: &RefCell<Option<AtWork>>) -> io::Error {
    let changes = match Changes::new() {
        Ok(changes) => changes,
        Err(error) => return error,
    };
    let mut buffer = vec![0; MAX_PACKET];
    let mut told = String::new();
    with(at_work, AtWork::look);
    loop {
        let Some((socket, due)) = with(at_work, |work| {
            work.send();
            tell(&work.responder, &mut told);
            (Rc::clone(&work.socket), work.responder.poll_timeout())
        }) else {
            return io::ErrorKind::Interrupted.into();
        };
        let packet = async { Input::Packet(poll_fn(|context| socket.poll_recv(context, &mut buffer)).await) };
        let network = async { Input::Network(changes.changed().await) };
        let timeout = async {
            match due {
                Some(due) => net::sleep_until(due).await,
                None => future::pending().await,
            }
            Input::Timeout
        };
        match future::or(packet, future::or(network, timeout)).await {
            Input::Packet(Ok((len, from, link))) => {
                with(at_work, |work| work.responder.handle_packet(clock::now(), link, from, &buffer[..len]));
            }
            Input::Network(Ok(())) => {
                net::sleep_until(clock::now() + SETTLING).await;
                with(at_work, AtWork::look);
            }
            Input::Packet(Err(error)) | Input::Network(Err(error)) => return error,
            Input::Timeout => {
                with(at_work, |work| work.responder.handle_timeout(clock::now()));
            }
        }
        // A flood is heard in turn with everything else.
        future::yield_now().await;
    }
}

fn with<T>(at_work: &RefCell<Option<AtWork>>, act: impl FnOnce(&mut AtWork) -> T) -> Option<T> {
    at_work.borrow_mut().as_mut().map(act)
}

/// Says once by which name the box is found.
fn tell(responder: &Responder, told: &mut String) {
    let name = responder.name();
    if responder.is_established() && *told != name {
        log::info!("the box is found as {name}.local");
        *told = name;
    }
}

fn identity(settings: &Settings, hostname: &str) -> Option<Identity> {
    let is_wanted = settings.network.mdns.unwrap_or_else(is_appliance);
    let listen = &settings.sip.listen;
    let port = listen.iter().find(|address| address.is_ipv4()).or(listen.first())?.port();
    let (hostname, user) = (hostname.to_owned(), user(settings).to_owned());
    is_wanted.then_some(Identity { hostname, user, port })
}

/// The largest packet (RFC 6762 §17), and one byte.
const MAX_PACKET: usize = 9001;
/// How long changes of the network are collected.
const SETTLING: Duration = Duration::from_millis(250);
/// When the socket is opened again that broke.
const TRY_AGAIN: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn settings(text: &str) -> Settings {
        load(&[("a", text.as_bytes())], [], &[]).settings
    }

    #[test]
    fn the_user_to_call_is_told_wherever_it_stands() {
        for section in ["[sip]", "[sip main]"] {
            let settings =
                settings(&format!("[network]\nmdns = yes\n{section}\nuser = 501\ndomain = pbx.example\n"));
            assert_eq!(identity(&settings, "hall").map(|own| own.user), Some("501".to_owned()), "{section}");
        }
    }

    #[test]
    fn the_name_counts_from_the_start_and_the_rest_at_once() {
        let mut mdns = Mdns::new(&settings("[network]\nhostname = hall\n"), Rc::default());
        mdns.set_options(&settings("[network]\nhostname = court\nmdns = yes\n[sip]\nuser = 502\n"));
        let own = mdns.identity.clone().unwrap();
        assert_eq!((own.hostname.as_str(), own.user.as_str()), ("hall", "502"));
    }
}
