//! A link between two ends in virtual time: it loses, delays, reorders and repeats datagrams as a seed says.

use crate::sip::{Path, Transmit};
use crate::time::Instant;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeMap;

/// How bad a link is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quality {
    /// How many of 1000 datagrams are lost.
    pub(super) loss: u64,
    /// How many of 1000 datagrams come twice.
    pub(super) duplicates: u64,
    /// The least time on the way.
    pub(super) delay: Duration,
    /// What may come on top; later datagrams overtake earlier ones.
    pub(super) jitter: Duration,
    /// How many of 1000 datagrams come [`STRAGGLE`] late.
    pub(super) stragglers: u64,
}

impl Quality {
    /// A cable.
    pub(super) const GOOD: Self = Self {
        loss: 0,
        duplicates: 0,
        delay: Duration::from_millis(1),
        jitter: Duration::ZERO,
        stragglers: 0,
    };
    /// A wireless bridge in a storm.
    pub(super) const BAD: Self = Self {
        loss: 200,
        duplicates: 100,
        delay: Duration::from_millis(5),
        jitter: Duration::from_millis(700),
        stragglers: 0,
    };
}

/// The datagrams on their way, of all kinds: whoever takes them at the other end tells them apart by their port.
#[derive(Debug)]
pub(super) struct Link {
    quality: Quality,
    dice: Dice,
    sent: u64,
    on_the_way: BTreeMap<(Instant, u64), Transmit>,
}

impl Link {
    pub(super) const fn new(quality: Quality, seed: u64) -> Self {
        Self { quality, dice: Dice(seed), sent: 0, on_the_way: BTreeMap::new() }
    }

    pub(super) fn send(&mut self, now: Instant, transmit: Transmit) {
        if self.dice.below(1000) < self.quality.duplicates {
            self.carry(now, transmit.clone());
        }
        if self.dice.below(1000) >= self.quality.loss {
            self.carry(now, transmit);
        }
    }

    /// When the next datagram arrives.
    pub(super) fn next(&self) -> Option<Instant> {
        self.on_the_way.keys().next().map(|&(at, _)| at)
    }

    /// Where the next datagram that has arrived by `now` arrives, from its receiver's point of view, and its bytes.
    pub(super) fn arrive(&mut self, now: Instant) -> Option<(Path, Vec<u8>)> {
        let first = self.on_the_way.first_entry().filter(|entry| entry.key().0 <= now)?;
        let Transmit { path, bytes } = first.remove();
        let (local, remote) = (path.remote, path.local);
        Some((Path { local, remote, flow: None, known_as: local, ..path }, bytes))
    }

    fn carry(&mut self, now: Instant, transmit: Transmit) {
        let jitter_us = u64::try_from(self.quality.jitter.as_micros()).unwrap();
        let jitter = Duration::from_micros(self.dice.below(jitter_us + 1));
        let straggles = self.dice.below(1000) < self.quality.stragglers;
        let late = if straggles { STRAGGLE } else { Duration::ZERO };
        self.sent += 1;
        self.on_the_way.insert((now + self.quality.delay + jitter + late, self.sent), transmit);
    }
}

/// Numbers that follow from a seed (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From zero to `end`, without it.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }
}

/// The address of an end.
pub(super) fn address(last: u8) -> SocketAddr {
    ([10, 0, 0, last], 5060).into()
}

/// So long that the next packet of a stream of 20 ms overtakes.
pub(super) const STRAGGLE: Duration = Duration::from_millis(25);

#[test]
fn a_seed_says_what_a_link_does() {
    let run = |seed| {
        let mut link = Link::new(Quality::BAD, seed);
        for n in 0..100 {
            let path = Path::udp(address(1), address(2));
            link.send(Instant::ZERO, Transmit { path, bytes: vec![n] });
        }
        let end = Instant::from_millis(10_000);
        core::iter::from_fn(|| link.arrive(end)).map(|(_, bytes)| bytes[0]).collect::<Vec<_>>()
    };
    let arrived = run(1);
    assert_eq!(arrived, run(1));
    assert_ne!(arrived, run(2));
    assert!(!arrived.is_sorted(), "jitter reorders");
    assert!((0..100).any(|n| !arrived.contains(&n)), "some are lost");
    assert!(
        (0..100).any(|n| arrived.iter().position(|&m| m == n) != arrived.iter().rposition(|&m| m == n)),
        "some come twice"
    );
}

#[test]
fn stragglers_are_overtaken_by_one_that_is_sent_twenty_milliseconds_later() {
    let mut link = Link::new(Quality { stragglers: 50, ..Quality::GOOD }, 1);
    let path = Path::udp(address(1), address(2));
    for n in 0..=255 {
        link.send(Instant::from_millis(20 * u64::from(n)), Transmit { path, bytes: vec![n] });
    }
    let end = Instant::from_millis(10_000);
    let arrived: Vec<_> = core::iter::from_fn(|| link.arrive(end)).map(|(_, bytes)| bytes[0]).collect();
    let overtaken = arrived.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!((4..=24).contains(&overtaken), "{overtaken} of 256, and not one of 20");
    assert_eq!(arrived.len(), 256);
}
