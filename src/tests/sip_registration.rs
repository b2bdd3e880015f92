//! One account at its registrar, as traces (RFC 3261 §10.2, §22; RFC 7616).

use crate::sip::Path;
use crate::sip::digest::{Credentials, Identity};
use crate::sip::registration::{Account, Event, Failure, Register, Registration, Server};
use crate::sip::wire::{Message, Method, NameAddr, Request, Response, StatusCode, Via};
use crate::time::Instant;
use core::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const CHALLENGE: &str = "Digest realm=\"example.com\", nonce=\"n1\", qop=\"auth\"";

/// A registration at 192.0.2.1, and its servers at 192.0.2.10 and up.
struct Trace {
    registration: Registration,
    now: Instant,
}

impl Trace {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Account)) -> Self {
        let address = "sip:box@example.com".parse::<crate::sip::wire::Uri>().unwrap();
        let mut account =
            Account::new(address.sip().unwrap().clone(), Identity::new("box", "secret").unwrap());
        change(&mut account);
        Self { registration: Registration::new(account, 1), now: Instant::from_millis(1000) }
    }

    /// Started with so many servers.
    fn started(servers: u8) -> Self {
        let mut trace = Self::new();
        trace.registration.set_servers(trace.now, list(servers));
        trace.registration.start(trace.now);
        trace
    }

    /// Registered for an hour at the first of so many servers, without a challenge.
    fn registered(servers: u8) -> Self {
        let mut trace = Self::started(servers);
        let request = trace.request();
        trace.grant(&request, 3600);
        trace
    }

    /// The next REGISTER.
    fn register(&mut self) -> Register {
        self.registration.poll_request().expect("a request")
    }

    fn request(&mut self) -> Request {
        self.register().request
    }

    /// The port of the server that is asked now.
    fn asked(&mut self) -> u16 {
        self.register().path.remote.port()
    }

    fn silent(&mut self) {
        assert_eq!(self.registration.poll_request(), None);
    }

    fn event(&mut self) -> Event {
        self.registration.poll_event().expect("an event")
    }

    /// The next event, a failure: why, and when the next try comes.
    fn failure(&mut self) -> (Failure, Duration) {
        match self.event() {
            Event::Failed { reason, retry_in, .. } => (reason, retry_in),
            other => panic!("expected a failure, not {other:?}"),
        }
    }

    fn events(&mut self) {
        while self.registration.poll_event().is_some() {}
    }

    /// The server of this name accepts.
    fn grant_at(&mut self, request: &Request, name: &str) {
        self.answer(request, 200, &[("Expires", "3600")]);
        assert!(matches!(self.event(), Event::Registered { server, .. } if server == name));
    }

    fn no_event(&mut self) {
        assert_eq!(self.registration.poll_event(), None);
    }

    /// The server answers.
    fn answer(&mut self, request: &Request, status: u16, headers: &[(&str, &str)]) {
        let response = Response::to_request(request, StatusCode::new(status).unwrap());
        let response =
            headers.iter().fold(response, |response, (name, value)| response.with_header(name, value));
        self.registration.handle_response(self.now, &response);
    }

    /// The server accepts, for so many seconds.
    fn grant(&mut self, request: &Request, expires_s: u32) {
        self.answer(request, 200, &[("Expires", &expires_s.to_string())]);
        let expires = Duration::from_secs(expires_s.into());
        assert_eq!(self.event(), Event::Registered { server: "s0".to_owned(), expires, date: None });
    }

    /// The server asks who we are.
    fn challenge(&mut self, request: &Request, challenge: &str) {
        self.answer(request, 401, &[("WWW-Authenticate", challenge)]);
    }

    /// Lets time pass until the next REGISTER; gives it, and how long that took.
    fn wait(&mut self) -> (Duration, Register) {
        let start = self.now;
        for _ in 0..3 {
            let at = self.registration.poll_timeout().expect("a deadline");
            assert!(at >= self.now, "a deadline in the past");
            self.pass(at.since(self.now));
            if let Some(register) = self.registration.poll_request() {
                return (self.now.since(start), register);
            }
        }
        panic!("expected a request");
    }

    /// Lets time pass.
    fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(at) = self.registration.poll_timeout().filter(|&at| at <= until) {
            self.now = at;
            self.registration.handle_timeout(at);
        }
        self.now = until;
    }
}

/// Servers `s0`, `s1`, … at ports 10, 11, ….
fn list(servers: u8) -> Vec<Server> {
    (0..servers).map(server).collect()
}

fn server(number: u8) -> Server {
    let remote = format!("192.0.2.2:{}", 10 + u16::from(number)).parse().unwrap();
    let path = Path::udp("192.0.2.1:5060".parse().unwrap(), remote);
    Server { host: format!("s{number}"), path, route: None, target: None }
}

fn credentials(request: &Request) -> Option<Credentials> {
    request.headers.get("Authorization").map(|value| value.parse().unwrap())
}

#[test]
fn the_time_that_a_server_tells_comes_with_the_registration() {
    for (date, seconds) in [("Sun, 29 Nov 2026 16:47:03 GMT", Some(1_795_970_823)), ("yesterday", None)] {
        let mut trace = Trace::started(1);
        let request = trace.request();
        trace.answer(&request, 200, &[("Expires", "3600"), ("Date", date)]);
        let Event::Registered { date, .. } = trace.event() else { panic!("expected a registration") };
        assert_eq!(date, seconds.map(Duration::from_secs));
    }
}

#[test]
fn a_register_says_who_where_and_for_how_long() {
    let mut trace = Trace::with(|account| {
        account.display_name = "Hall\r\n 2".to_owned();
        account.user_agent = "PagingBox/1".to_owned();
    });
    trace.registration.start(trace.now);
    assert_eq!(trace.failure().0, Failure::NoServer);
    let route = Some("<sip:proxy.example.com;lr>".parse().unwrap());
    trace.registration.set_servers(trace.now, vec![Server { route, ..server(0) }]);
    let Register { path, mut request } = trace.register();
    assert_eq!(path, server(0).path);
    request.headers.via.push(Via::udp(path.local, "z9hG4bK1"));
    let bytes = request.to_bytes().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    for line in [
        "REGISTER sip:example.com SIP/2.0\r\n",
        "\r\nRoute: <sip:proxy.example.com;lr>\r\n",
        "\r\nTo: <sip:box@example.com>\r\n",
        "\r\nFrom: \"Hall 2\" <sip:box@example.com>;tag=",
        "\r\nCSeq: 1 REGISTER\r\n",
        "\r\nContact: <sip:box@192.0.2.1:5060>;expires=3600\r\n",
        "\r\nExpires: 3600\r\n",
        "\r\nUser-Agent: PagingBox/1\r\n",
    ] {
        assert!(format!("\r\n{text}").contains(line), "{line:?} in {text}");
    }
    assert_eq!(Message::parse(&bytes), Ok(request.into()));
}

#[test]
fn without_a_challenge_it_is_registered_at_once() {
    let mut trace = Trace::started(1);
    assert!(!trace.registration.is_registered(trace.now));
    let request = trace.request();
    trace.answer(&request, 100, &[]);
    trace.no_event();
    trace.grant(&request, 3600);
    assert!(trace.registration.is_registered(trace.now));
    trace.silent();
}

#[test]
fn a_challenge_is_answered_and_later_requests_carry_the_answer_uninvited() {
    let mut trace = Trace::started(1);
    let first = trace.request();
    assert_eq!(credentials(&first), None);
    trace.challenge(&first, CHALLENGE);
    let second = trace.request();
    let answer = credentials(&second).unwrap();
    assert_eq!((answer.uri.as_str(), answer.nonce_count), ("sip:example.com", Some(1)));
    assert_eq!(
        (&first.headers.call_id, 1, 2),
        (&second.headers.call_id, first.headers.cseq.number, second.headers.cseq.number)
    );
    trace.grant(&second, 3600);
    let third = trace.wait().1.request;
    assert_eq!(credentials(&third).unwrap().nonce_count, Some(2));
    assert_eq!((&third.headers.call_id, third.headers.cseq.number), (&first.headers.call_id, 3));
}

#[test]
fn a_proxy_is_answered_in_its_own_header() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.answer(&request, 407, &[("Proxy-Authenticate", CHALLENGE)]);
    let again = trace.request();
    assert!(again.headers.get("Proxy-Authorization").is_some() && credentials(&again).is_none());
}

#[test]
fn a_stale_nonce_is_replaced_at_once() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.challenge(&request, CHALLENGE);
    let request = trace.request();
    trace.challenge(&request, "Digest realm=\"example.com\", nonce=\"n2\", stale=true");
    let request = trace.request();
    assert_eq!(credentials(&request).unwrap().nonce, "n2");
    trace.no_event();
}

#[test]
fn nonces_that_are_always_stale_are_not_replaced_for_ever() {
    let mut trace = Trace::started(1);
    let mut sent = 0;
    while let Some(register) = trace.registration.poll_request() {
        sent += 1;
        trace.challenge(&register.request, "Digest realm=\"example.com\", nonce=\"n\", stale=true");
    }
    assert_eq!(sent, 17);
    assert_eq!(trace.failure(), (Failure::Endless, 5 * MINUTE));
}

#[test]
fn a_wrong_password_is_said_and_tried_again_after_5_minutes() {
    let mut trace = Trace::started(2);
    for _ in 0..3 {
        let request = trace.request();
        assert_eq!(credentials(&request), None);
        trace.challenge(&request, CHALLENGE);
        let request = trace.request();
        trace.challenge(&request, "Digest realm=\"example.com\", nonce=\"n2\", qop=\"auth\"");
        trace.silent();
        assert_eq!(trace.failure(), (Failure::WrongPassword, 5 * MINUTE));
        trace.pass(Duration::from_secs(299));
        trace.silent();
        trace.pass(SECOND);
    }
    let text = Failure::WrongPassword.to_string();
    assert_eq!(text, "the user or the password is wrong");
}

#[test]
fn a_nonce_forgotten_by_the_server_is_no_wrong_password() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.challenge(&request, CHALLENGE);
    let request = trace.request();
    trace.grant(&request, 3600);
    let refresh = trace.wait().1.request;
    trace.challenge(&refresh, "Digest realm=\"example.com\", nonce=\"n2\"");
    let again = trace.request();
    assert_eq!(credentials(&again).unwrap().nonce, "n2");
    trace.grant(&again, 3600);
}

#[test]
fn what_would_be_refused_again_is_asked_slowly() {
    let no_proof = ("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", algorithm=AKAv1-MD5");
    for (status, header, reason) in [
        (401, no_proof, Failure::UnknownProof),
        (403, ("X", "y"), Failure::Forbidden),
        (404, ("X", "y"), Failure::Refused(StatusCode::NOT_FOUND)),
        (423, ("X", "y"), Failure::Refused(StatusCode::INTERVAL_TOO_BRIEF)),
        (603, ("X", "y"), Failure::Refused(StatusCode::DECLINE)),
    ] {
        let mut trace = Trace::started(2);
        let request = trace.request();
        trace.answer(&request, status, &[header]);
        assert_eq!(trace.failure(), (reason, 5 * MINUTE), "{status}");
        let (waited, register) = trace.wait();
        assert_eq!((waited, register.path), (5 * MINUTE, server(0).path), "{status}");
    }
}

#[test]
fn too_short_a_time_is_asked_again_for_longer() {
    let mut trace = Trace::with(|account| account.expires_s = 60);
    trace.registration.set_servers(trace.now, list(1));
    trace.registration.start(trace.now);
    let request = trace.request();
    trace.answer(&request, 423, &[("Min-Expires", "600")]);
    let again = trace.request();
    assert_eq!(again.headers.get("Expires"), Some("600"));
    trace.answer(&again, 423, &[("Min-Expires", "600")]);
    assert_eq!(trace.failure().0, Failure::Refused(StatusCode::INTERVAL_TOO_BRIEF));
}

#[test]
fn it_is_refreshed_after_half_of_what_was_granted() {
    for granted_s in [60, 300, 3600, 100_000] {
        let mut trace = Trace::started(1);
        let request = trace.request();
        trace.grant(&request, granted_s);
        let half = Duration::from_secs(granted_s.into()) / 2;
        let (waited, _) = trace.wait();
        assert!((half * 9 / 10..=half).contains(&waited), "{waited:?} of {granted_s} s");
    }
}

#[test]
fn a_second_granted_is_no_reason_to_ask_each_half_second() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.grant(&request, 1);
    assert_eq!(trace.wait().0, 5 * SECOND);
    assert_eq!(trace.event(), Event::Unregistered);
}

#[test]
fn the_time_of_our_own_contact_counts_before_all_others() {
    let granted = |contacts: &[&str]| {
        let mut trace = Trace::started(1);
        let request = trace.request();
        let mut response = Response::to_request(&request, StatusCode::OK).with_header("Expires", "900");
        let list: Vec<NameAddr> = contacts.iter().map(|contact| contact.parse().unwrap()).collect();
        response.headers.contacts = crate::sip::wire::Contacts::List(list);
        trace.registration.handle_response(trace.now, &response);
        match trace.event() {
            Event::Registered { expires, .. } => expires.as_secs(),
            other => panic!("{other:?}"),
        }
    };
    let (ours, other) = ("<sip:box@192.0.2.1:5060>;expires=120", "<sip:box@192.0.2.9:5060>;expires=30");
    assert_eq!(granted(&[other, ours]), 120);
    assert_eq!(granted(&[other]), 30);
    assert_eq!(granted(&[other, other]), 900);
    assert_eq!(granted(&["<sip:box@192.0.2.1:5060>"]), 900);
}

#[test]
fn a_server_that_does_not_answer_is_followed_by_the_next_at_once() {
    let mut trace = Trace::started(3);
    assert_eq!(trace.asked(), 10);
    let (waited, register) = trace.wait();
    assert_eq!((waited, register.path.remote.port()), (8 * SECOND, 11));
    assert_eq!(trace.failure(), (Failure::NoAnswer, Duration::ZERO));
    trace.registration.handle_unreachable(trace.now, register.request.headers.cseq.number);
    assert_eq!(trace.failure(), (Failure::Unreachable, Duration::ZERO));
    let third = trace.register();
    assert_eq!(third.path.remote.port(), 12);
    trace.registration.handle_no_answer(trace.now, third.request.headers.cseq.number);
    let (reason, retry_in) = trace.failure();
    assert!(reason == Failure::NoAnswer && (1500..=2000).contains(&retry_in.as_millis()), "{retry_in:?}");
    let (waited, register) = trace.wait();
    assert_eq!((waited, register.path.remote.port()), (retry_in, 10));
}

#[test]
fn it_asks_for_ever_and_ever_more_seldom_up_to_eight_seconds() {
    let mut trace = Trace::started(1);
    let mut register = trace.register();
    let mut waits = Vec::new();
    for _ in 0..200 {
        trace.registration.handle_unreachable(trace.now, register.request.headers.cseq.number);
        trace.failure();
        let waited;
        (waited, register) = trace.wait();
        waits.push(waited);
    }
    assert!(waits[..3].is_sorted(), "{waits:?}");
    assert!(waits[3..].iter().all(|wait| (6 * SECOND..=8 * SECOND).contains(wait)), "{waits:?}");
    assert!(waits[3..].iter().any(|wait| *wait != waits[3]), "no jitter: {waits:?}");
    trace.grant(&register.request, 3600);
}

#[test]
fn a_registrar_away_for_ten_minutes_has_us_back_within_ten_seconds() {
    let mut trace = Trace::registered(1);
    let mut register = trace.wait().1;
    let back_at = trace.now + 10 * MINUTE;
    while trace.now < back_at {
        trace.registration.handle_unreachable(trace.now, register.request.headers.cseq.number);
        trace.failure();
        register = trace.wait().1;
    }
    assert!(trace.now.since(back_at) <= 10 * SECOND);
    trace.grant(&register.request, 3600);
}

#[test]
fn a_server_that_is_busy_is_asked_when_it_says_within_bounds() {
    for (retry_after, expected) in [("120", 120), ("40 (soon);duration=3600", 40), ("86400", 300)] {
        for status in [480, 500, 503] {
            let mut trace = Trace::started(1);
            let request = trace.request();
            trace.answer(&request, status, &[("Retry-After", retry_after)]);
            assert_eq!(trace.wait().0, Duration::from_secs(expected), "{status} {retry_after}");
        }
    }
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.answer(&request, 503, &[("Retry-After", "0")]);
    assert_eq!(trace.failure().0, Failure::Unavailable(StatusCode::SERVICE_UNAVAILABLE));
    assert!(trace.wait().0 >= SECOND);
}

#[test]
fn a_busy_server_is_followed_by_the_next_at_once_with_a_proof_of_its_own() {
    let mut trace = Trace::started(2);
    let request = trace.request();
    trace.challenge(&request, CHALLENGE);
    let request = trace.request();
    trace.answer(&request, 503, &[("Retry-After", "120")]);
    let register = trace.register();
    assert_eq!((register.path.remote.port(), credentials(&register.request)), (11, None));
    trace.challenge(&register.request, CHALLENGE);
    assert!(credentials(&trace.request()).is_some());
}

#[test]
fn after_ten_minutes_at_another_server_the_first_is_tried_again() {
    let mut trace = Trace::started(2);
    let request = trace.request();
    trace.answer(&request, 503, &[]);
    trace.failure();
    let request = trace.request();
    trace.answer(&request, 200, &[]);
    trace.event();
    let (waited, first) = trace.wait();
    assert_eq!((waited, first.path.remote.port()), (10 * MINUTE, 10));

    trace.answer(&first.request, 503, &[]);
    let second = trace.register();
    assert_eq!(second.path.remote.port(), 11);
    trace.answer(&second.request, 200, &[]);
    assert!(trace.registration.is_registered(trace.now));
    let (waited, first) = trace.wait();
    assert_eq!((waited, first.path.remote.port()), (10 * MINUTE, 10));
    trace.answer(&first.request, 200, &[]);
    assert!(trace.wait().0 > 25 * MINUTE);
}

#[test]
fn a_registration_that_runs_out_is_said_once_and_asking_goes_on() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.grant(&request, 60);
    trace.pass(61 * SECOND);
    assert!(!trace.registration.is_registered(trace.now));
    assert_eq!(trace.event(), Event::Unregistered);
    trace.no_event();
    assert_eq!(trace.request().headers.get("Expires"), Some("3600"));
}

#[test]
fn a_redirection_is_followed_most_wanted_first() {
    let mut trace = Trace::started(2);
    let request = trace.request();
    let mut response = Response::to_request(&request, StatusCode::MOVED_TEMPORARILY);
    let contacts = ["<sip:b.example.com>;q=0.5", "<mailto:a@b>", "<sip:a.example.com>;q=0.7"];
    response.headers.contacts =
        crate::sip::wire::Contacts::List(contacts.map(|contact| contact.parse().unwrap()).to_vec());
    trace.registration.handle_response(trace.now, &response);
    let Event::Redirected { contacts } = trace.event() else { panic!() };
    let texts: Vec<_> = contacts.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["sip:a.example.com", "sip:b.example.com"]);
    assert_eq!(trace.failure().0, Failure::Redirected);

    let detour = Server { target: contacts.into_iter().next(), ..server(7) };
    trace.registration.follow(trace.now, vec![detour]);
    let register = trace.register();
    assert_eq!(
        (register.path.remote.port(), register.request.uri.to_string().as_str()),
        (17, "sip:a.example.com")
    );
    trace.answer(&register.request, 503, &[]);
    let register = trace.register();
    assert_eq!(
        (register.path.remote.port(), register.request.uri.to_string().as_str()),
        (10, "sip:example.com")
    );
}

#[test]
fn redirections_in_a_circle_come_to_an_end() {
    let mut trace = Trace::started(1);
    let mut followed = 0;
    while let Some(register) = trace.registration.poll_request() {
        let response = Response::to_request(&register.request, StatusCode::MOVED_TEMPORARILY);
        let response = response.with_contact("<sip:a.example.com>".parse().unwrap());
        trace.registration.handle_response(trace.now, &response);
        while let Some(event) = trace.registration.poll_event() {
            if let Event::Redirected { .. } = event {
                followed += 1;
                trace.registration.follow(trace.now, list(1));
            }
        }
    }
    assert_eq!(followed, 16);
    assert_eq!(trace.wait().0, 5 * MINUTE);
}

#[test]
fn stopping_unregisters() {
    let mut trace = Trace::registered(1);
    trace.registration.stop(trace.now);
    let request = trace.request();
    assert_eq!(request.headers.get("Expires"), Some("0"));
    assert_eq!(request.headers.contacts.first().unwrap().params.get("expires"), Some("0"));
    trace.challenge(&request, CHALLENGE);
    let request = trace.request();
    assert_eq!(request.headers.get("Expires"), Some("0"));
    trace.no_event();
    trace.answer(&request, 200, &[]);
    assert_eq!(trace.event(), Event::Unregistered);
    assert_eq!(trace.registration.poll_timeout(), None);
    assert!(!trace.registration.is_registered(trace.now));
}

#[test]
fn stopping_before_an_answer_waits_for_it_first() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.registration.stop(trace.now);
    trace.silent();
    trace.answer(&request, 200, &[]);
    let request = trace.request();
    assert_eq!(request.headers.get("Expires"), Some("0"));
    trace.answer(&request, 200, &[]);
    assert_eq!(trace.event(), Event::Unregistered);
}

#[test]
fn stopping_ends_without_an_answer_too() {
    let mut trace = Trace::registered(1);
    trace.registration.stop(trace.now);
    trace.request();
    trace.pass(36 * SECOND);
    assert_eq!(trace.event(), Event::Unregistered);
    assert_eq!(trace.registration.poll_timeout(), None);

    let mut idle = Trace::new();
    idle.registration.start(idle.now);
    idle.event();
    idle.registration.stop(idle.now);
    assert_eq!(idle.event(), Event::Unregistered);
    idle.silent();
}

#[test]
fn what_was_stopped_can_start_again() {
    let mut trace = Trace::registered(1);
    trace.registration.stop(trace.now);
    let request = trace.request();
    trace.answer(&request, 200, &[]);
    trace.event();
    trace.registration.start(trace.now);
    let request = trace.request();
    assert_eq!((request.headers.cseq.number, request.headers.get("Expires")), (3, Some("3600")));
}

#[test]
fn when_the_network_changes_the_first_server_is_asked_at_once() {
    let mut trace = Trace::started(2);
    let old = trace.request();
    trace.registration.handle_unreachable(trace.now, 1);
    trace.request();
    trace.registration.network_changed(trace.now);
    let register = trace.register();
    assert_eq!((register.path.remote.port(), register.request.headers.cseq.number), (10, 3));
    while trace.registration.poll_event().is_some() {}
    trace.answer(&old, 200, &[]);
    trace.no_event();
    trace.grant(&register.request, 3600);
    trace.registration.network_changed(trace.now);
    assert_eq!(trace.asked(), 10);
}

#[test]
fn a_new_local_address_is_registered_at_once() {
    let mut trace = Trace::registered(1);
    let mut moved = list(1);
    moved[0].path = Path::udp("192.0.2.77:5060".parse().unwrap(), moved[0].path.remote);
    trace.registration.set_servers(trace.now, moved);
    let contact = trace.request().headers.contacts.first().unwrap().to_string();
    assert_eq!(contact, "<sip:box@192.0.2.77:5060>;expires=3600");
}

#[test]
fn another_order_of_the_same_servers_asks_nobody() {
    let mut trace = Trace::started(2);
    let request = trace.request();
    trace.registration.handle_unreachable(trace.now, request.headers.cseq.number);
    trace.registration.handle_unreachable(trace.now, 2);
    trace.request();
    let deadline = trace.registration.poll_timeout();
    for _ in 0..10 {
        trace.registration.set_servers(trace.now, vec![server(1), server(0)]);
        trace.registration.set_servers(trace.now, list(2));
    }
    trace.silent();
    assert_eq!(trace.registration.poll_timeout(), deadline);
}

#[test]
fn a_new_server_is_asked_at_once_while_there_is_none_to_wait_for() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.registration.handle_unreachable(trace.now, request.headers.cseq.number);
    trace.registration.set_servers(trace.now, vec![server(5), server(0)]);
    assert_eq!(trace.asked(), 15);
    trace.registration.set_servers(trace.now, vec![server(6), server(5)]);
    trace.silent();
}

#[test]
fn answers_to_anything_else_change_nothing() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    let mut strange = Vec::new();
    for change in [
        |response: &mut Response| response.headers.call_id.push('x'),
        |response: &mut Response| response.headers.cseq.number = 9,
        |response: &mut Response| response.headers.cseq.method = Method::INVITE,
    ] {
        let mut response = Response::to_request(&request, StatusCode::OK);
        change(&mut response);
        strange.push(response);
    }
    for response in &strange {
        trace.registration.handle_response(trace.now, response);
    }
    trace.registration.handle_unreachable(trace.now, 9);
    trace.no_event();
    trace.grant(&request, 3600);
    trace.answer(&request, 403, &[]);
    trace.no_event();
}

#[test]
fn a_lost_connection_is_made_up_for_soon_and_not_again_and_again() {
    let mut trace = Trace::registered(1);
    trace.pass(10 * MINUTE);
    trace.registration.handle_disconnected(trace.now);
    let (waited, register) = trace.wait();
    assert!((SECOND..=2 * SECOND).contains(&waited), "{waited:?}");
    trace.grant(&register.request, 3600);
    for _ in 0..10 {
        trace.registration.handle_disconnected(trace.now);
        let (waited, register) = trace.wait();
        assert_eq!(waited, 30 * SECOND);
        trace.grant(&register.request, 3600);
    }
}

#[test]
fn a_connection_lost_while_not_registered_changes_nothing() {
    let mut trace = Trace::started(1);
    let register = trace.register();
    trace.registration.handle_disconnected(trace.now);
    trace.silent();
    trace.registration.handle_unreachable(trace.now, register.request.headers.cseq.number);
    let (_, retry_in) = trace.failure();
    trace.registration.handle_disconnected(trace.now);
    assert_eq!(trace.wait().0, retry_in);
}

#[test]
fn servers_looked_up_again_do_not_undo_a_redirection() {
    let mut trace = Trace::started(2);
    for _ in 0..3 {
        let request = trace.request();
        let response = Response::to_request(&request, StatusCode::MOVED_TEMPORARILY);
        let response = response.with_contact("<sip:a.example.com>".parse().unwrap());
        trace.registration.handle_response(trace.now, &response);
        trace.events();
        trace.registration.follow(trace.now, vec![server(7)]);
        let there = trace.register();
        assert_eq!(there.path, server(7).path);
        trace.registration.set_servers(trace.now, list(2));
        trace.silent();
        trace.grant_at(&there.request, "s7");
        trace.registration.set_servers(trace.now, list(2));
        trace.silent();
        let (waited, back) = trace.wait();
        assert_eq!((waited, back.path), (10 * MINUTE, server(0).path), "a detour is for a while");
        trace.registration.network_changed(trace.now);
    }
}

#[test]
fn neither_other_servers_nor_another_network_shorten_the_wait_after_a_wrong_password() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.challenge(&request, CHALLENGE);
    let proved = trace.request();
    trace.challenge(&proved, CHALLENGE);
    assert_eq!(trace.failure().0, Failure::WrongPassword);
    for number in 1..200 {
        trace.registration.set_servers(trace.now, vec![server(number)]);
        trace.registration.network_changed(trace.now);
        trace.silent();
        trace.pass(SECOND);
    }
    let (waited, register) = trace.wait();
    assert_eq!((waited + 199 * SECOND, register.path), (5 * MINUTE, server(199).path));
}

#[test]
fn a_server_that_wants_to_be_left_alone_is_even_when_the_names_lead_elsewhere() {
    let mut trace = Trace::started(1);
    let request = trace.request();
    trace.answer(&request, 503, &[("Retry-After", "60")]);
    trace.failure();
    trace.registration.set_servers(trace.now, vec![server(3)]);
    trace.silent();
    assert_eq!(trace.wait().0, MINUTE);
}
