//! Packets from anyone on the link, at any time, into the responder of multicast DNS.
//!
//! The input is taken twice: whole, as one packet, and cut into many, each after a byte that says how long it is and one that
//! says how long it takes to come. What is sent goes to links that there are, fits into a packet, is little for what came, and
//! can be read by another box, which sends no more for it.

#![no_main]

use core::time::Duration;
use libfuzzer_sys::fuzz_target;
use pagingbox::allow::Network;
use pagingbox::mdns::{Identity, Link, Responder};
use pagingbox::time::Instant;

const LINK: u32 = 2;

fuzz_target!(|data: &[u8]| {
    let mut paging = Paging::new("192.0.2.1");
    paging.hear(data);
    let mut rest = data;
    while let [len, wait, tail @ ..] = rest {
        let (packet, tail) = tail.split_at(usize::from(*len).min(tail.len()));
        paging.wait(Duration::from_millis(u64::from(*wait) * 16));
        paging.hear(packet);
        rest = tail;
    }
    paging.wait(Duration::from_secs(60));
    paging.responder.stop();
    paging.take_sent();
});

struct Paging {
    now: Instant,
    responder: Responder,
    other: Responder,
}

impl Paging {
    fn new(address: &str) -> Self {
        let mut new = Self {
            now: Instant::from_millis(1),
            responder: responder(address),
            other: responder("192.0.2.2"),
        };
        new.wait(Duration::from_secs(5));
        new
    }

    fn hear(&mut self, packet: &[u8]) {
        for source in ["192.0.2.9:5353", "192.0.2.9:40000", "198.51.100.9:5353"] {
            self.responder.handle_packet(self.now, LINK, source.parse().unwrap(), packet);
        }
        let sent = self.take_sent();
        assert!(sent <= 4, "{sent} packets for one");
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.responder.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.responder.handle_timeout(self.now);
            self.take_sent();
        }
        self.now = end;
    }

    fn take_sent(&mut self) -> usize {
        let mut count = 0;
        while let Some(sent) = self.responder.poll_transmit() {
            assert!(sent.link == LINK && !sent.bytes.is_empty() && sent.bytes.len() <= 9000);
            self.other.handle_packet(self.now, LINK, "192.0.2.1:5353".parse().unwrap(), &sent.bytes);
            count += 1;
        }
        count
    }
}

fn responder(address: &str) -> Responder {
    let identity = Identity { hostname: "paging".to_owned(), user: "501".to_owned(), port: 5060 };
    let mut responder = Responder::new(identity, 1);
    let network = Network::from_text("192.0.2.0/24").unwrap();
    let link = Link { index: LINK, addresses: vec![(address.parse().unwrap(), network)] };
    responder.handle_links(Instant::from_millis(1), vec![link]);
    responder
}
