//! A sequence of messages into an endpoint, with an application that answers, and time that passes.
//!
//! The input is a list of records: one byte of what the application does, and whether over TCP, two bytes of length, the
//! message. Oracle: every message sent is a SIP message, but for the answers to what could not be read, which repeat it as it was; the
//! limits hold; and when all calls are hung up and all timers have run out, nothing is left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pagingbox::sip::wire::{Message, StatusCode};
use pagingbox::sip::{CallKey, Endpoint, EndpointConfig, Event, Invite, Limits, Path, Usage, Warning};
use pagingbox::time::Instant;
use std::time::Duration;

const LIMITS: Limits = Limits { calls: 4, transactions: 16, open_bytes: 16_384, datagrams: 64, events: 8 };

/// The connection breaks.
const BREAK: u8 = 0xff;

fuzz_target!(|input: &[u8]| {
    let ends = (([192, 0, 2, 1], 5060).into(), ([192, 0, 2, 2], 5060).into());
    let paths = [Path::udp(ends.0, ends.1), Path::tcp(ends.0, ends.1)];
    let session_timer = Some(Duration::from_secs(90));
    let config = EndpointConfig { limits: LIMITS, session_timer, ..EndpointConfig::new("box") };
    let mut endpoint = Endpoint::new(config, 1);
    let mut now = Instant::ZERO;
    let mut calls = Vec::new();
    let mut rest = input;
    while let [act, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (datagram, tail) = tail.split_at(length);
        let path = paths[usize::from(*act >> 7)];
        endpoint.handle_message(now, path, datagram);
        if *act == BREAK {
            endpoint.handle_broken(now, path.remote);
        }
        act_on(&mut endpoint, now, path, *act, &mut calls);
        drain(&mut endpoint, &mut calls);
        now = pass(&mut endpoint, now, Duration::from_millis(u64::from(*act) * 20));
        drain(&mut endpoint, &mut calls);
        let usage = endpoint.usage();
        assert!(usage.calls <= LIMITS.calls && usage.server_transactions <= LIMITS.transactions);
        rest = tail;
    }
    for call in calls {
        endpoint.hang_up(now, call);
    }
    pass(&mut endpoint, now, Duration::from_secs(200));
    drain(&mut endpoint, &mut Vec::new());
    assert_eq!((endpoint.usage(), endpoint.poll_timeout()), (Usage::default(), None));
});

/// The application does something to the newest call.
fn act_on(endpoint: &mut Endpoint, now: Instant, path: Path, act: u8, calls: &mut Vec<CallKey>) {
    let newest = calls.last().copied();
    match (act % 8, newest) {
        (0, _) => {
            let Ok(target) = "sip:bob@192.0.2.2".parse() else { return };
            calls.push(
                endpoint.invite(now, Invite { target, path, body: b"v=0\r\n".to_vec(), identity: None }),
            );
        }
        (1, Some(call)) => endpoint.ring(now, call),
        (2 | 3, Some(call)) => endpoint.answer(now, call, b"v=0\r\n".to_vec()),
        (4, Some(call)) => {
            let warning = Warning { code: 399, text: "busy\r\n\"".to_owned() };
            endpoint.reject(now, call, StatusCode::BUSY_HERE, Some(&warning));
        }
        (5, Some(call)) => endpoint.hang_up(now, call),
        (6, Some(call)) => endpoint.accept_reoffer(now, call, b"v=0\r\n".to_vec()),
        (7, Some(call)) => endpoint.reject_reoffer(now, call, StatusCode::NOT_ACCEPTABLE_HERE, None),
        _ => {}
    }
}

fn drain(endpoint: &mut Endpoint, calls: &mut Vec<CallKey>) {
    while let Some(event) = endpoint.poll_event() {
        if let Event::Incoming { call, .. } = event {
            calls.push(call);
        }
    }
    while let Some(transmit) = endpoint.poll_transmit() {
        let answers_malformed = [&b"SIP/2.0 400 "[..], b"SIP/2.0 413 ", b"SIP/2.0 505 "]
            .iter()
            .any(|start| transmit.bytes.starts_with(start));
        assert!(answers_malformed || Message::parse(&transmit.bytes).is_ok());
    }
}

/// Lets time pass, deadline by deadline.
fn pass(endpoint: &mut Endpoint, now: Instant, span: Duration) -> Instant {
    let until = now + span;
    while let Some(at) = endpoint.poll_timeout().filter(|&at| at <= until) {
        endpoint.handle_timeout(at);
    }
    until
}
