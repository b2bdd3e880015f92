//! Noise and mutated messages: an endpoint never panics, stays within its limits, and sends
//! only SIP.

use super::net::Dice;
use super::sip_trace::{
    ANSWER, OFFER, Trace, cancel, invite, reply, request, with_body, with_header, within,
};
use crate::sip::wire::{Message, StatusCode};
use crate::sip::{EndpointConfig, Event, Invite, Limits};
use core::time::Duration;

const LIMITS: Limits = Limits { calls: 8, transactions: 32, open_bytes: 16_384, datagrams: 64, events: 16 };

#[test]
fn noise_is_counted_and_never_answered() {
    let mut trace = Trace::new();
    let mut dice = Dice(1);
    for _ in 0..20_000 {
        let length = dice.below(600);
        let noise: Vec<u8> = (0..length).map(|_| dice.roll().to_le_bytes()[0]).collect();
        trace.endpoint.handle_message(trace.now, trace.path, &noise);
    }
    let counters = trace.endpoint.counters();
    assert_eq!(counters.malformed + counters.keep_alives, 20_000);
    assert!(trace.sent().is_empty());
    trace.assert_clean();
}

#[test]
fn mutated_messages_do_no_harm() {
    for seed in 0..40 {
        let mut storm = Storm::new(seed);
        for _ in 0..500 {
            storm.step();
        }
        let usage = storm.trace.endpoint.usage();
        assert!(usage.calls <= LIMITS.calls, "seed {seed}: {usage:?}");
        assert!(usage.server_transactions <= LIMITS.transactions, "seed {seed}: {usage:?}");
        storm.end();
    }
}

/// The answer to what could not be read repeats its From, To, Call-ID and `CSeq` as they were; nothing else may be
/// unreadable.
fn assert_answers_malformed(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let is_refusal =
        ["400", "413", "501", "505"].iter().any(|status| text.starts_with(&format!("SIP/2.0 {status} ")));
    assert!(is_refusal, "{text}");
}

/// An endpoint with an application that does anything, and a peer that sends anything.
struct Storm {
    trace: Trace,
    dice: Dice,
    texts: Vec<String>,
    calls: Vec<crate::sip::CallKey>,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let session_timer = Some(Duration::from_secs(90));
        let trace =
            Trace::with(EndpointConfig { limits: LIMITS, session_timer, ..EndpointConfig::new("box") });
        let offer = with_body(&invite(), "application/sdp", OFFER);
        let texts = vec![
            offer,
            with_header(&invite(), "Record-Route: <sip:192.0.2.9;lr>"),
            with_header(&invite(), "Supported: timer\nSession-Expires: 90;refresher=uas"),
            with_body(&request("MESSAGE", 1), "text/plain", "hello"),
            cancel(),
            request("OPTIONS", 1),
            request("BYE", 1),
            within("ACK", 1, "x"),
        ];
        Self { trace, dice: Dice(seed), texts, calls: Vec::new() }
    }

    fn step(&mut self) {
        let mut bytes = self.pick().replace('\n', "\r\n").into_bytes();
        for _ in 0..self.dice.below(4) {
            self.mutate(&mut bytes);
        }
        self.trace.endpoint.handle_message(self.trace.now, self.trace.path, &bytes);
        self.act();
        self.listen();
        let span = Duration::from_millis(self.dice.below(2000));
        self.trace.pass(span);
    }

    fn pick(&mut self) -> String {
        let index = usize::try_from(self.dice.below(self.texts.len() as u64)).unwrap();
        let call = self.dice.below(20);
        self.texts[index].replace("call-1", &format!("call-{call}")).replace("bK-", &format!("bK-{call}"))
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = usize::try_from(self.dice.below(bytes.len().max(1) as u64)).unwrap();
        let byte = self.dice.roll().to_le_bytes()[0];
        match (self.dice.below(4), bytes.get_mut(at)) {
            (0, Some(place)) => *place = byte,
            (1, Some(_)) => drop(bytes.remove(at)),
            (2, Some(_)) => bytes.insert(at, byte),
            (_, Some(_)) if self.dice.below(20) == 0 => bytes.truncate(at),
            _ => {}
        }
    }

    /// The application does something to a call it knows of.
    fn act(&mut self) {
        let now = self.trace.now;
        if self.dice.below(10) == 0 {
            let target = "sip:bob@192.0.2.2".parse().unwrap();
            let invite = Invite::new(target, self.trace.path, ANSWER.into());
            self.calls.push(self.trace.endpoint.invite(now, invite));
        }
        let index = self.dice.below(self.calls.len().max(1) as u64);
        let Some(&call) = self.calls.get(usize::try_from(index).unwrap()) else {
            return;
        };
        match self.dice.below(7) {
            0 => self.trace.endpoint.ring(now, call),
            1 => self.trace.endpoint.answer(now, call, ANSWER.into()),
            2 => self.trace.endpoint.reject(now, call, StatusCode::BUSY_HERE, None),
            3 => self.trace.endpoint.hang_up(now, call),
            4 => self.trace.endpoint.accept_reoffer(now, call, ANSWER.into()),
            5 => self.trace.endpoint.reject_reoffer(now, call, StatusCode::NOT_ACCEPTABLE_HERE, None),
            _ => {}
        }
    }

    /// Reads what was sent, and makes the peer's next messages from it.
    fn listen(&mut self) {
        while let Some(event) = self.trace.endpoint.poll_event() {
            if let Event::Incoming { call, .. } = event {
                self.calls.push(call);
            }
        }
        while let Some(transmit) = self.trace.endpoint.poll_transmit() {
            let Ok(message) = Message::parse(&transmit.bytes) else {
                assert_answers_malformed(&transmit.bytes);
                continue;
            };
            match message {
                Message::Request(request) => {
                    for status in [100, 180, 200, 422, 486, 491] {
                        self.texts.push(reply(&request, status, "bob"));
                    }
                }
                Message::Response(response) => {
                    let tag = response.headers.to.tag().unwrap_or("none").to_owned();
                    for method in ["ACK", "BYE", "INVITE", "UPDATE", "INFO"] {
                        let text = within(method, 2, &tag);
                        self.texts.push(text.replace("call-1@192.0.2.2", &response.headers.call_id));
                    }
                }
            }
        }
        let surplus = self.texts.len().saturating_sub(60);
        self.texts.drain(8..8 + surplus);
    }

    /// All calls are hung up; then nothing is left.
    fn end(mut self) {
        for call in core::mem::take(&mut self.calls) {
            self.trace.endpoint.hang_up(self.trace.now, call);
        }
        self.trace.assert_clean();
    }
}
