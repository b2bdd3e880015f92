//! The torture tests of RFC 4475, one for each message and named as there: the message goes into an endpoint as a
//! datagram, and what comes out is what that section says of an element that is a user agent and no registrar.
//!
//! Where it leaves a choice, the test says which one is taken and why. What is read from a message, beyond what the
//! endpoint shows of it, is with the reader (`sip::wire`).

mod invalid;
mod semantics;
mod valid;

use super::sip_trace::{OFFER, Trace};
use crate::sip::wire::{NameAddr, Response, StatusCode, Uri};
use crate::sip::{Event, Invite};
use std::fs;
use std::path::{Path, PathBuf};

/// What the endpoint sent by itself, and nothing else happened.
fn answer(name: &str) -> Response {
    let mut trace = receive(name);
    let response = trace.response();
    assert_quiet(&mut trace);
    response
}

/// As [`answer`]; the status only, for what the answer repeats of its request may be unreadable.
fn status(name: &str) -> u16 {
    let mut trace = receive(name);
    let text = String::from_utf8(trace.transmit().bytes).unwrap();
    assert_quiet(&mut trace);
    let digits = text.strip_prefix("SIP/2.0 ").and_then(|text| text.get(..3));
    digits.and_then(|digits| digits.parse().ok()).expect(name)
}

/// Sees that a request was refused with this status for its method, and gives what it was told instead.
fn assert_method_is_refused(name: &str, status: StatusCode) {
    let refusal = answer(name);
    assert_eq!(refusal.status, status, "{name}");
    assert_eq!(
        refusal.headers.get("Allow"),
        Some("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE")
    );
}

/// What the application is told of an INVITE.
struct Call {
    from: NameAddr,
    to: Uri,
    offer: Vec<u8>,
}

/// The call that a message is; it is then answered with 200, which is given too.
fn call(name: &str) -> (Call, Response) {
    let mut trace = receive(name);
    let Event::Incoming { call, from, to, offer, .. } = trace.event() else { panic!("{name} is no call") };
    assert!(trace.sent().is_empty());
    trace.endpoint.answer(trace.now, call, OFFER.into());
    (Call { from: *from, to: *to, offer }, trace.response())
}

fn receive(name: &str) -> Trace {
    let mut trace = Trace::new();
    receive_bytes(&mut trace, &datagram(name));
    trace
}

/// An endpoint that places a call, to which the response `name` comes: with our Via in place of its first, for
/// otherwise it would be no response to us.
fn receive_response(name: &str) -> Trace {
    let mut trace = Trace::new();
    let target = "sip:bob@192.0.2.2".parse().unwrap();
    trace.endpoint.invite(trace.now, Invite::new(target, trace.path, OFFER.into()));
    let ours = format!("Via: {}", trace.request().headers.via[0]);
    let text = String::from_utf8(datagram(name)).unwrap();
    let theirs = text.lines().find(|line| line.starts_with("Via:")).unwrap();
    receive_bytes(&mut trace, text.replacen(theirs, &ours, 1).as_bytes());
    trace
}

fn receive_bytes(trace: &mut Trace, datagram: &[u8]) {
    trace.endpoint.handle_message(trace.now, trace.path, datagram);
}

fn assert_quiet(trace: &mut Trace) {
    assert!(trace.sent().is_empty());
    trace.no_event();
    trace.assert_clean();
}

fn datagram(name: &str) -> Vec<u8> {
    fs::read(archive().join(name).with_extension("dat")).unwrap()
}

fn archive() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/testdata/rfc4475")
}

/// But for `test.dat`, of which the RFC does not speak.
#[test]
fn no_message_of_the_archive_lacks_its_test() {
    let tests = [
        include_str!("sip_torture/valid.rs"),
        include_str!("sip_torture/invalid.rs"),
        include_str!("sip_torture/semantics.rs"),
    ]
    .concat();
    let messages = fs::read_dir(archive()).unwrap().map(|file| file.unwrap().path());
    let names: Vec<_> = messages.map(|path| path.file_stem().unwrap().display().to_string()).collect();
    let lack = |name: &String| !tests.contains(&format!("\nfn {name}() {{"));
    assert_eq!(names.len(), 50);
    assert_eq!(names.into_iter().filter(lack).collect::<Vec<_>>(), ["test"]);
}
