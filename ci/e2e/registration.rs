//! The real program at its registrar: one in plain text, and Kamailio.

use crate::callee::{Callee, Outcome, PagingCall};
use crate::caller::Caller;
use crate::kamailio::Kamailio;
use crate::paging_box::{PagingBox, until};
use crate::tone::{Heard, Recording};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

#[test]
fn it_registers_with_a_proof_and_unregisters_when_it_ends() {
    let mut registrar = Callee::new();
    let domain = format!("sip.domain={}", registrar.address());
    let mut target = PagingBox::start(V4, &[&domain, "sip.user=501", "sip.pass=a;b # c", "sip.expires=60"]);
    let first = registrar.receive("REGISTER");
    assert_eq!(first.header("authorization"), None);
    assert_eq!(first.header("contact"), Some(format!("<sip:501@{}>;expires=60", target.address)));
    registrar.reply(&first, &format!("401 Unauthorized\r\nWWW-Authenticate: {CHALLENGE}"), "");
    let second = registrar.receive("REGISTER");
    assert_eq!(second.header("authorization").as_deref().map(|proof| proof.starts_with(PROOF)), Some(true));
    assert_eq!(second.header("cseq").as_deref(), Some("2 REGISTER"));
    registrar.reply(&second, "200 OK\r\nExpires: 60", "");
    await_log(&target, "501@127.0.0.1: registered at");
    target.send_sigterm();
    let last = registrar.receive("REGISTER");
    assert_eq!(last.header("expires").as_deref(), Some("0"));
    registrar.reply(&last, "200 OK", "");
    assert!(target.wait_for_exit(Duration::from_secs(2)).success());
}

#[test]
fn a_wrong_password_is_said_in_so_many_words() {
    let mut registrar = Callee::new();
    let domain = format!("sip.domain={}", registrar.address());
    let target = PagingBox::start(V4, &[&domain, "sip.user=501", "sip.pass=hunter2"]);
    for _ in 0..2 {
        let request = registrar.receive("REGISTER");
        registrar.reply(&request, &format!("401 Unauthorized\r\nWWW-Authenticate: {CHALLENGE}"), "");
    }
    await_log(&target, "the user or the password is wrong; the next try comes in 300 s");
    assert!(!target.log().contains("hunter2"), "{}", target.log());
}

#[test]
fn a_domain_that_has_no_address_is_told_and_the_box_works_all_the_same() {
    let settings = ["sip.domain=no-such-name.invalid", "sip.user=501", "sip.allow=servers, attached"];
    let target = PagingBox::start(V4, &settings);
    await_log(&target, "501@no-such-name.invalid: no-such-name.invalid has no address: ");
    let mut caller = Caller::new(target.address);
    caller.call();
    caller.hang_up();
}

#[test]
fn only_the_servers_of_an_account_may_call() {
    // Nobody is there; its address is not that of the callers.
    let target = PagingBox::start_for_others(V4, &["sip.domain=127.0.0.9:9", "sip.user=501"]);
    let mut caller = Caller::new(target.address);
    caller.invite();
    caller.receive_final(403);
}

#[test]
fn it_registers_at_kamailio_is_paged_through_it_and_is_back_after_it_was_away() {
    let Some(mut kamailio) = Kamailio::start() else { return };
    let mut target = registered(&kamailio, &["sip.expires=10"]);
    page(&kamailio);
    kamailio.stop();
    await_log(&target, "501@127.0.0.1: not registered any more");
    kamailio.resume();
    let returned = Instant::now();
    until(Duration::from_secs(10), "it has registered again", || {
        target.log().matches("501@127.0.0.1: registered at").count() == 2
    });
    eprintln!("registered {:.1} s after the return of Kamailio", returned.elapsed().as_secs_f32());
    page(&kamailio);
    assert!(target.terminate().success());
    let Heard { seconds, .. } = Recording::read(&target.wav()).find(440.0).expect("a tone");
    assert!(seconds > 2.0, "both pages are heard: {seconds} s");
}

#[test]
fn over_tcp_it_registers_is_paged_by_its_connection_and_is_back_soon_after_that_was_lost() {
    let Some(mut kamailio) = Kamailio::start() else { return };
    let mut target = registered(&kamailio, &["sip.transport=tcp"]);
    page(&kamailio);
    // It forgets where the box is, and the box learns of it by its connection, long before a refresh is due.
    kamailio.stop();
    kamailio.resume();
    until(Duration::from_secs(45), "it is paged again", || page_as(&kamailio, &[]).code == Some(0));
    assert!(target.terminate().success());
}

#[test]
fn a_page_is_proved_to_a_proxy_that_asks() {
    let Some(kamailio) = Kamailio::start() else { return };
    let _target = registered(&kamailio, &[]);
    for (password, code) in [("secret", 0), ("wrong", 69)] {
        let outcome = page_as(&kamailio, &["--user", "502", "--pass", password]);
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
    }
}

#[test]
fn callers_prove_the_password_of_the_box_when_it_wants_them_to() {
    let settings = ["sip.user=501", "sip.pass=secret", "sip.require-auth=yes"];
    let target = PagingBox::start(V4, &settings);
    let page = |password: &str| {
        let sound = ["--tone", "440", "--seconds", "0.5", "--user", "501", "--pass", password];
        PagingCall::start(&format!("sip:501@{}", target.address), &sound).finish(Duration::from_secs(10)).code
    };
    assert_eq!((page("secret"), page("guess")), (Some(0), Some(69)));
    await_log(&target, "refused: the user or the password is wrong");
}

/// A box that is registered as 501.
fn registered(kamailio: &Kamailio, settings: &[&str]) -> PagingBox {
    let domain = format!("sip.domain={}", kamailio.address);
    let settings = [&[domain.as_str(), "sip.user=501", "sip.pass=secret"], settings].concat();
    let target = PagingBox::start(V4, &settings);
    await_log(&target, "501@127.0.0.1: registered at");
    target
}

fn page(kamailio: &Kamailio) {
    let outcome = page_as(kamailio, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}

fn page_as(kamailio: &Kamailio, who: &[&str]) -> Outcome {
    let sound = [&["--tone", "440", "--seconds", "1"], who].concat();
    PagingCall::start(&format!("sip:501@{}", kamailio.address), &sound).finish(Duration::from_secs(10))
}

fn await_log(target: &PagingBox, line: &str) {
    until(Duration::from_secs(30), line, || target.log().contains(line));
}

const CHALLENGE: &str = "Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\", algorithm=MD5";
const PROOF: &str =
    "Digest username=\"501\", realm=\"pbx\", nonce=\"n1\", uri=\"sip:127.0.0.1\", response=\"";
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
