//! An endpoint and its registrars over a virtual link: whole registrations, with what is lost, away, translated or refused.

use super::net::{Link, Quality, address};
use crate::sip::digest::{Algorithm, Credentials, Identity, Proof};
use crate::sip::registration::{Account, Event as Registration, Failure, Server};
use crate::sip::wire::{Message, Method, Request, Response, StatusCode, Uri};
use crate::sip::{AccountKey, Endpoint, EndpointConfig, Event, Path, Transmit};
use crate::time::Instant;
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const BOX: u8 = 1;

/// A box with one account, and registrars at 10.0.0.2 and up.
struct World {
    now: Instant,
    endpoint: Endpoint,
    account: AccountKey,
    link: Link,
    registrars: Vec<Registrar>,
    events: Vec<(Instant, Registration)>,
    /// What came at any registrar that was no message.
    blanks: Vec<Instant>,
}

/// A registrar that asks for a proof and checks it.
#[derive(Clone, Debug)]
struct Registrar {
    password: &'static str,
    is_up: bool,
    /// What it says was the source, in place of the truth.
    sees: Option<&'static str>,
    nonce: u32,
    expires_s: u32,
    /// What it was asked, and what it said.
    log: Vec<(Request, u16)>,
}

impl Registrar {
    fn new() -> Self {
        Self { password: "secret", is_up: true, sees: None, nonce: 1, expires_s: 300, log: Vec::new() }
    }

    fn answer(&mut self, request: &Request) -> Response {
        let nonce = format!("n{}", self.nonce);
        let status = if self.is_proved(request, &nonce) { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        let mut response = Response::to_request(request, status).with_to_tag("registrar");
        if let Some(seen) = self.sees {
            let branch = request.headers.via[0].branch().unwrap();
            response.headers.via[0] = format!("SIP/2.0/UDP 10.0.0.1;branch={branch};{seen}").parse().unwrap();
        }
        self.log.push((request.clone(), status.code()));
        if status == StatusCode::OK {
            let expires = request.headers.get("Expires").map_or(self.expires_s, |text| text.parse().unwrap());
            response.with_header("Expires", &expires.min(self.expires_s).to_string())
        } else {
            let challenge = format!("Digest realm=\"example.com\", nonce=\"{nonce}\", qop=\"auth\"");
            response.with_header("WWW-Authenticate", &challenge)
        }
    }

    fn is_proved(&self, request: &Request, nonce: &str) -> bool {
        let given = request.headers.get("Authorization").and_then(|text| text.parse::<Credentials>().ok());
        let Some(given) = given.filter(|given| given.nonce == nonce) else { return false };
        let algorithm = given.algorithm.unwrap_or(Algorithm::Md5);
        let cnonce = given.cnonce.clone().unwrap_or_default();
        let key = Proof::key(algorithm, ["box", "example.com", self.password], [nonce, &cnonce]);
        let qop = given.nonce_count.map(|count| (count, cnonce.as_str()));
        let proof = Proof { algorithm, key: &key, nonce, qop, method: "REGISTER", uri: &given.uri };
        proof.response() == given.response
    }

    fn statuses(&self) -> Vec<u16> {
        self.log.iter().map(|(_, status)| *status).collect()
    }
}

impl World {
    fn new(registrars: usize) -> Self {
        Self::over(Quality::GOOD, registrars)
    }

    /// Started; nothing has been sent yet.
    fn over(quality: Quality, registrars: usize) -> Self {
        let now = Instant::from_millis(1000);
        let mut endpoint = Endpoint::new(EndpointConfig::new("box"), 7);
        let uri = "sip:box@example.com".parse::<Uri>().unwrap();
        let identity = Identity::new("box", "secret").unwrap();
        let account = endpoint.add_account(Account::new(uri.sip().unwrap().clone(), identity));
        endpoint.set_servers(now, account, (0..registrars).map(server).collect());
        endpoint.register(now, account);
        Self {
            now,
            endpoint,
            account,
            link: Link::new(quality, 3),
            registrars: vec![Registrar::new(); registrars],
            events: Vec::new(),
            blanks: Vec::new(),
        }
    }

    /// Lets time pass.
    fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        loop {
            self.drain();
            let due = [self.endpoint.poll_timeout(), self.link.next()].into_iter().flatten().min();
            let Some(at) = due.filter(|&at| at <= until) else { break };
            self.now = at.max(self.now);
            match self.link.arrive(self.now) {
                Some((path, bytes)) => self.arrive(path, &bytes),
                None => self.endpoint.handle_timeout(self.now),
            }
        }
        self.now = until;
    }

    fn arrive(&mut self, path: Path, bytes: &[u8]) {
        if path.local == address(BOX) {
            self.endpoint.handle_message(self.now, path, bytes);
            return;
        }
        let number = (0..self.registrars.len()).find(|&number| server(number).path.remote == path.local);
        let registrar = &mut self.registrars[number.unwrap()];
        if !registrar.is_up {
            return;
        }
        match Message::parse(bytes) {
            Ok(Message::Request(request)) => {
                let bytes = registrar.answer(&request).to_bytes().unwrap();
                self.link.send(self.now, Transmit { path, bytes });
            }
            _ => self.blanks.push(self.now),
        }
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            self.link.send(self.now, transmit);
        }
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::Registration { account, event } if account == self.account => {
                    self.events.push((self.now, event));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn is_registered(&self) -> bool {
        self.endpoint.is_registered(self.now, self.account)
    }

    /// When it was registered first after `since`.
    fn registered_after(&self, since: Instant) -> Option<Duration> {
        let mut events = self.events.iter().filter(|(at, _)| *at >= since);
        let (at, _) = events.find(|(_, event)| matches!(event, Registration::Registered { .. }))?;
        Some(at.since(since))
    }

    fn failures(&self) -> Vec<Failure> {
        let failure = |(_, event): &(Instant, Registration)| match event {
            Registration::Failed { reason, .. } => Some(*reason),
            _ => None,
        };
        self.events.iter().filter_map(failure).collect()
    }
}

fn server(number: usize) -> Server {
    let path = Path::udp(address(BOX), address(2 + u8::try_from(number).unwrap()));
    Server { host: format!("s{number}"), path, route: None, target: None }
}

#[test]
fn it_registers_with_a_proof_and_refreshes_with_the_same_nonce_each_a_transaction_of_its_own() {
    let mut world = World::new(1);
    world.pass(10 * MINUTE);
    assert!(world.is_registered());
    let log = &world.registrars[0].log;
    let statuses = world.registrars[0].statuses();
    assert_eq!((statuses[0], &statuses[1..]), (401, vec![200; statuses.len() - 1].as_slice()));
    assert!((4..=6).contains(&statuses.len()), "{statuses:?}");
    let branches: Vec<_> = log.iter().map(|(request, _)| request.headers.via[0].branch().unwrap()).collect();
    assert!(branches.is_sorted_by(|one, other| one != other), "{branches:?}");
    let (first, last) = (&log[0].0, &log.last().unwrap().0);
    assert_eq!(first.headers.call_id, last.headers.call_id);
    assert_eq!(first.headers.from.tag(), last.headers.from.tag());
    assert_eq!(world.failures(), []);
    assert!(log.iter().all(|(request, _)| request.method == Method::REGISTER));
}

#[test]
fn one_account_unregisters_and_another_takes_its_place() {
    let mut world = World::new(1);
    world.pass(SECOND);
    let first = world.account;
    world.endpoint.unregister_account(world.now, first);
    assert!(!world.endpoint.is_stopped(first));
    world.pass(SECOND);
    assert!(world.endpoint.is_stopped(first) && !world.is_registered());
    assert_eq!(world.events.last().map(|(_, event)| event), Some(&Registration::Unregistered));
    let last = &world.registrars[0].log.last().unwrap().0;
    assert_eq!(last.headers.get("Expires"), Some("0"));
    let uri = "sip:box@example.com".parse::<Uri>().unwrap();
    let identity = Identity::new("box", "secret").unwrap();
    world.account = world.endpoint.add_account(Account::new(uri.sip().unwrap().clone(), identity));
    assert_ne!(world.account, first);
    world.endpoint.set_servers(world.now, world.account, vec![server(0)]);
    world.endpoint.register(world.now, world.account);
    world.pass(10 * MINUTE);
    assert!(world.is_registered() && world.endpoint.is_stopped(first));
    let asked =
        world.registrars[0].log.iter().filter(|(request, _)| request.headers.get("Expires") == Some("0"));
    assert_eq!(asked.count(), 1);
}

#[test]
fn an_account_that_is_removed_is_forgotten_and_its_key_is_no_other_s() {
    let mut world = World::new(1);
    let first = world.account;
    world.endpoint.remove_account(first);
    world.pass(10 * MINUTE);
    assert!(world.endpoint.is_stopped(first) && !world.is_registered());
    assert_eq!((world.endpoint.poll_timeout(), world.endpoint.usage().client_transactions), (None, 0));
    let uri = "sip:box@example.com".parse::<Uri>().unwrap();
    let identity = Identity::new("box", "secret").unwrap();
    assert_ne!(world.endpoint.add_account(Account::new(uri.sip().unwrap().clone(), identity)), first);
}

#[test]
fn the_way_to_an_account_that_has_unregistered_is_not_kept_open() {
    let mut world = World::new(1);
    world.registrars[0].sees = Some("received=203.0.113.9;rport=40000");
    world.pass(2 * MINUTE);
    let kept = world.blanks.len();
    assert!(kept > 2);
    world.endpoint.unregister_account(world.now, world.account);
    world.pass(10 * MINUTE);
    assert_eq!((world.blanks.len(), world.endpoint.poll_timeout()), (kept, None));
}

#[test]
fn over_a_bad_link_it_is_registered_all_the_same() {
    for seed in 0..20 {
        let mut world = World::over(Quality::BAD, 1);
        world.link = Link::new(Quality::BAD, seed);
        world.pass(MINUTE);
        assert!(world.is_registered(), "seed {seed}");
        world.pass(60 * MINUTE);
        assert!(world.is_registered(), "seed {seed}");
        assert!(world.endpoint.usage().client_transactions <= 2, "seed {seed}");
    }
}

#[test]
fn a_registrar_away_for_ten_minutes_has_it_back_within_ten_seconds_of_its_return() {
    for beyond_ms in (0..40_000).step_by(1700) {
        let mut world = World::new(1);
        world.pass(5 * SECOND);
        world.registrars[0].is_up = false;
        world.pass(10 * MINUTE + Duration::from_millis(beyond_ms));
        assert!(!world.is_registered());
        world.registrars[0].is_up = true;
        let back = world.now;
        world.pass(10 * SECOND);
        assert!(
            world.is_registered(),
            "away for 10 min and {beyond_ms} ms: {:?}",
            world.registered_after(back)
        );
    }
}

#[test]
fn a_registrar_that_is_replaced_and_knows_no_nonce_is_proved_to_anew() {
    let mut world = World::new(1);
    world.pass(MINUTE);
    world.registrars[0] = Registrar { nonce: 2, ..Registrar::new() };
    world.pass(5 * MINUTE);
    assert_eq!(world.registrars[0].statuses()[..2], [401, 200]);
    assert_eq!(world.failures(), []);
}

#[test]
fn a_wrong_password_is_said_and_tried_slowly() {
    let mut world = World::new(1);
    world.registrars[0].password = "changed";
    world.pass(14 * MINUTE);
    assert_eq!(world.failures(), [Failure::WrongPassword; 3]);
    assert_eq!(world.registrars[0].log.len(), 6);
    world.registrars[0].password = "secret";
    world.pass(5 * MINUTE);
    assert!(world.is_registered());
}

#[test]
fn when_the_first_server_falls_silent_the_second_takes_over_within_the_time_of_the_registration() {
    let mut world = World::new(2);
    world.pass(SECOND);
    world.registrars[0].is_up = false;
    let mut gap = Duration::ZERO;
    for _ in 0..600 {
        world.pass(SECOND);
        gap += if world.is_registered() { Duration::ZERO } else { SECOND };
    }
    assert_eq!(gap, Duration::ZERO);
    assert_eq!(world.registrars[1].statuses()[..2], [401, 200]);
    assert!(world.endpoint.usage().client_transactions <= 1);
    world.registrars[0].is_up = true;
    let asked_before = world.registrars[0].log.len();
    world.pass(11 * MINUTE);
    assert!(world.registrars[0].log.len() > asked_before, "it comes back to the first");
}

#[test]
fn a_server_that_cannot_be_reached_is_left_for_the_next_at_once() {
    let mut world = World::new(2);
    world.endpoint.handle_unreachable(world.now, server(0).path);
    world.pass(SECOND);
    assert_eq!(world.failures(), [Failure::Unreachable]);
    assert_eq!(world.registrars[1].statuses(), [401, 200]);
    assert_eq!(world.registrars[0].statuses(), [401], "the request that was under way, and none after it");
}

#[test]
fn only_the_request_that_is_out_can_be_unreachable() {
    let mut world = World::new(1);
    world.pass(SECOND);
    assert!(world.is_registered());
    world.endpoint.handle_unreachable(world.now, server(0).path);
    world.pass(SECOND);
    assert_eq!(world.failures(), []);
}

#[test]
fn behind_a_nat_the_way_back_is_kept_open_and_else_nothing_is_sent() {
    let cases = [
        (None, false),
        (Some("rport=5060;received=10.0.0.1"), false),
        (Some("rport=40000;received=203.0.113.7"), true),
        (Some("rport=40000"), true),
    ];
    for (sees, is_kept) in cases {
        let mut world = World::new(1);
        world.registrars[0].sees = sees;
        world.pass(2 * MINUTE);
        assert!(world.is_registered(), "{sees:?}");
        let blanks = world.blanks.clone();
        assert_eq!(!blanks.is_empty(), is_kept, "{sees:?}");
        let gaps = blanks.windows(2).map(|pair| pair[1].since(pair[0]));
        assert!(
            gaps.into_iter().all(|gap| (24 * SECOND..=29 * SECOND).contains(&gap)),
            "{sees:?}: {blanks:?}"
        );
    }
}

#[test]
fn a_clean_stop_unregisters_and_says_so() {
    let mut world = World::new(1);
    world.pass(SECOND);
    world.endpoint.unregister(world.now);
    world.pass(SECOND);
    let (last, status) = world.registrars[0].log.last().unwrap();
    assert_eq!((last.headers.get("Expires"), *status), (Some("0"), 200));
    assert_eq!(world.events.last().map(|(_, event)| event), Some(&Registration::Unregistered));
    world.pass(10 * MINUTE);
    assert_eq!(world.endpoint.usage().client_transactions, 0);
    assert_eq!(world.endpoint.poll_timeout(), None);
}

#[test]
fn another_address_of_the_box_is_registered_at_once() {
    let mut world = World::new(1);
    world.pass(SECOND);
    let path = Path::udp(([10, 0, 0, 1], 5061).into(), server(0).path.remote);
    world.endpoint.set_servers(world.now, world.account, vec![Server { path, ..server(0) }]);
    let register = world.endpoint.poll_transmit().unwrap();
    assert_eq!(register.path, path);
    assert!(String::from_utf8(register.bytes).unwrap().contains("Contact: <sip:box@10.0.0.1:5061>"));
}

#[test]
fn over_tcp_the_connection_is_kept_open_and_made_up_for_when_it_is_lost() {
    let mut world = World::new(0);
    let path = Path::tcp(address(BOX), address(2));
    world.endpoint.set_servers(world.now, world.account, vec![Server { path, ..server(0) }]);
    let mut registrar = Registrar::new();
    let mut answer = |world: &mut World| {
        let transmit = world.endpoint.poll_transmit().unwrap();
        assert_eq!(transmit.path, path);
        let Ok(Message::Request(request)) = Message::parse(&transmit.bytes) else { panic!("{transmit:?}") };
        assert!(request.headers.contacts.first().unwrap().uri.to_string().ends_with(";transport=tcp"));
        let response = registrar.answer(&request).to_bytes().unwrap();
        world.endpoint.handle_message(world.now, path, &response);
        // Over TCP no transaction lingers.
        world.endpoint.handle_timeout(world.now);
    };
    answer(&mut world);
    answer(&mut world);
    assert!(world.is_registered());
    assert_eq!(world.endpoint.flows().collect::<Vec<_>>(), [address(2)], "its silence closes it not");
    let kept_at = world.endpoint.poll_timeout().unwrap();
    assert_eq!(kept_at.since(world.now), 95 * SECOND);
    world.endpoint.handle_timeout(kept_at);
    assert_eq!(world.endpoint.poll_transmit().map(|transmit| transmit.bytes), Some(b"\r\n\r\n".to_vec()));
    world.now = kept_at;
    world.endpoint.handle_broken(world.now, address(9));
    assert!(world.endpoint.poll_timeout().unwrap().since(world.now) > 2 * SECOND, "another connection");
    world.endpoint.handle_broken(world.now, address(2));
    world.now = world.endpoint.poll_timeout().unwrap();
    assert!(world.now.since(kept_at) <= 2 * SECOND);
    world.endpoint.handle_timeout(world.now);
    answer(&mut world);
    assert!(world.is_registered());
}
