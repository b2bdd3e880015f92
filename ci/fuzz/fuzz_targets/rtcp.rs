//! Datagrams from anyone, at any time, into a reporter and a reader of keys.
//!
//! The input is taken twice: whole, as one datagram, and cut into many, each after a byte that says how long it is and
//! one that says how long it takes to come. What is reported must be readable and fit into the type that carries it, at
//! no more than the rate of RTCP; a key goes down before it comes up.

#![no_main]

use core::time::Duration;
use libfuzzer_sys::fuzz_target;
use pagingbox::key::{Key, KeyEvent};
use pagingbox::rtp::rtcp::{
    Cname, Compound, Event, Local, NtpTime, Packet, Reporter, ReporterConfig, Sent, is_rtcp,
};
use pagingbox::rtp::{self, Reception, telephone_event::Keys};
use pagingbox::time::Instant;
use pagingbox::units::SampleRate;

/// The SSRC of the seeds, so that blocks are about us.
const SSRC: u32 = 7;

fuzz_target!(|data: &[u8]| {
    let mut call = Call::new();
    call.hear(data);
    let mut rest = data;
    while let [len, wait, tail @ ..] = rest {
        let (datagram, tail) = tail.split_at(usize::from(*len).min(tail.len()));
        call.wait(*wait);
        call.hear(datagram);
        rest = tail;
    }
    call.end();
});

struct Call {
    now: Instant,
    ssrc: u32,
    reporter: Reporter,
    /// What has come, in terms of what was heard.
    heard: u64,
    keys: Keys,
    held: Option<Key>,
}

impl Call {
    fn new() -> Self {
        let config = ReporterConfig {
            ssrc: SSRC,
            cname: Cname::new([1, 2]),
            clock: SampleRate::HZ_8000,
            interval: ReporterConfig::INTERVAL,
            seed: 1,
        };
        let now = Instant::from_millis(1);
        let keys = Keys::new(SampleRate::HZ_8000);
        Self { now, ssrc: SSRC, reporter: Reporter::new(config, now), heard: 0, keys, held: None }
    }

    fn hear(&mut self, datagram: &[u8]) {
        self.heard += 1;
        let result = self.reporter.handle_message(self.now, datagram);
        assert!(result.is_err() || is_rtcp(datagram));
        while let Some(event) = self.reporter.poll_event() {
            if event == Event::Collision {
                self.ssrc = self.ssrc.wrapping_add(1);
                self.reporter.change_ssrc(self.now, self.ssrc, self.local());
            }
        }
        if let Some(view) = self.reporter.peer_view() {
            assert!((0.0..1.0).contains(&view.fraction_lost));
            assert!(view.round_trip.is_none_or(|span| span <= self.now.since(Instant::ZERO)));
        }
        self.check_report();
        self.press(datagram);
    }

    fn press(&mut self, datagram: &[u8]) {
        let Ok(packet) = rtp::Packet::parse(datagram) else { return };
        if let Ok(payload) = packet.payload.try_into() {
            self.keys.handle_packet(self.now, &packet.header, payload);
        }
        self.check_keys();
    }

    fn wait(&mut self, wait: u8) {
        self.now += Duration::from_millis(u64::from(wait).pow(2));
        if wait % 2 == 1 {
            self.reporter.handle_sent(self.now, Sent { packets: 1, octets: 160, timestamp: u32::from(wait) });
        }
        self.reporter.handle_timeout(self.now, self.local());
        assert!(self.reporter.poll_timeout().is_some_and(|due| due > self.now));
        self.check_report();
        self.keys.handle_timeout(self.now);
        assert!(self.keys.poll_timeout().is_none_or(|due| due > self.now));
        self.check_keys();
    }

    fn local(&self) -> Local {
        let ntp = NtpTime::from_elapsed(self.now.since(Instant::ZERO));
        let expected = self.heard * 3;
        let reception = Reception { ssrc: 1, highest_sequence: 9, expected, received: self.heard, jitter: 80 };
        Local { ntp, reception: Some(reception) }
    }

    fn check_report(&mut self) {
        let Some(datagram) = self.reporter.poll_transmit() else { return };
        let packets: Vec<_> = Compound::parse(&datagram).unwrap().packets().collect();
        assert!(matches!(packets[0], Packet::SenderReport { .. } | Packet::ReceiverReport { .. }));
        assert!(matches!(packets[1], Packet::SourceDescription(_)));
    }

    fn check_keys(&mut self) {
        while let Some(event) = self.keys.poll_event() {
            self.held = match (event, self.held) {
                (KeyEvent::Pressed(key), None) => Some(key),
                (KeyEvent::Released(key, _), Some(held)) if key == held => None,
                (event, held) => panic!("{event:?} while {held:?} is held"),
            };
        }
    }

    fn end(mut self) {
        self.now += Duration::from_secs(1);
        self.keys.handle_timeout(self.now);
        self.check_keys();
        assert_eq!((self.held, self.keys.poll_timeout()), (None, None));
        self.reporter.bye(self.now, self.local());
        self.check_report();
        assert_eq!(self.reporter.poll_timeout(), None);
    }
}
