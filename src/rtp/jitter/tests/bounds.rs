//! Whatever comes, the buffer keeps what it promises.

use crate::rtp::{
    DelayRange, Header, JitterBuffer, Kind, PayloadFormat, Pull, Receiver, ReceiverConfig, Source,
};
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;
use proptest::prelude::*;

/// A packet of anyone, and what happens after it.
#[derive(Clone, Debug)]
struct Event {
    header: Header,
    len: usize,
    /// Milliseconds in which the sink pulls, and then some in which it does not.
    pulled: u64,
    stalled: u64,
    asked: usize,
    /// What the caller does: leaves out, or holds.
    skip: usize,
    hold: usize,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let near = |size: u32| prop_oneof![6 => Just(160_u32), 2 => 0..size, 1 => any::<u32>()];
    let header = (
        prop_oneof![Just(0_u8), Just(8), Just(13), Just(96), Just(97), Just(101), Just(55)],
        any::<bool>(),
        prop_oneof![8 => Just(1_u16), 2 => 0..70_u16, 1 => any::<u16>()],
        near(4_000),
        prop_oneof![9 => Just(7_u32), 1 => 0..3_u32],
    );
    let len = prop_oneof![8 => Just(160_usize), 4 => 0..480_usize, 1 => 0..6_000_usize];
    let time =
        (prop_oneof![6 => Just(20_u64), 3 => 0..120_u64], prop_oneof![9 => Just(0_u64), 1 => 0..2_000_u64]);
    let calls = (1..300_usize, prop_oneof![9 => Just(0_usize), 1 => 0..5_000_usize], 0..3_usize);
    let event =
        (header, len, time, calls).prop_map(|(header, len, (pulled, stalled), (asked, skip, hold))| {
            let (payload_type, marker, sequence, timestamp, ssrc) = header;
            let header = Header { payload_type, marker, sequence, timestamp, ssrc };
            Event { header, len, pulled, stalled, asked, skip, hold }
        });
    prop::collection::vec(event, 1..80).prop_map(|mut events| {
        // Sequence numbers and timestamps count on from those before.
        let (mut sequence, mut timestamp) = (65_500_u16, u32::MAX - 5_000);
        for Event { header, .. } in &mut events {
            sequence = sequence.wrapping_add(header.sequence);
            timestamp = timestamp.wrapping_add(header.timestamp);
            (header.sequence, header.timestamp) = (sequence, timestamp);
        }
        events
    })
}

fn formats() -> [PayloadFormat; 6] {
    let speech = |clock, bytes_per_tick| Kind::Speech { clock, bytes_per_tick };
    [
        (0, speech(SampleRate::HZ_8000, 1)),
        (8, speech(SampleRate::HZ_8000, 1)),
        (96, speech(SampleRate::HZ_48000, 2)),
        (97, speech(SampleRate::HZ_8000, 2)),
        (13, Kind::ComfortNoise),
        (101, Kind::TelephoneEvent),
    ]
    .map(|(payload_type, kind)| PayloadFormat { payload_type, kind })
}

struct Bench {
    receiver: Receiver,
    buffer: JitterBuffer,
    now: Instant,
    /// A packet of more than 60 ms has come: what is last in it is not late for having to wait.
    has_long: bool,
}

impl Bench {
    fn new() -> Self {
        let formats = formats();
        let config = ReceiverConfig { formats: formats.into_iter().collect(), source: Source::Any };
        let buffer = JitterBuffer::new(formats.map(|format| format.kind), DelayRange::default());
        Self { receiver: Receiver::new(config), buffer, now: Instant::from_millis(1_000), has_long: false }
    }

    fn happen(&mut self, event: &Event) {
        let sixty_ms = match event.header.payload_type {
            96 => 5_760,
            97 => 960,
            _ => 480,
        };
        self.has_long |= event.len > sixty_ms;
        let mut datagram = event.header.write().to_vec();
        datagram.resize(Header::LEN + event.len, 0x55);
        let _ = self.receiver.handle_message(self.now, ([192, 0, 2, 1], 4_000).into(), &datagram);
        while let Some(chunk) = self.receiver.poll_chunk() {
            self.buffer.insert(self.now, &chunk);
        }
        while self.receiver.poll_telephone_event().is_some() {}
        self.buffer.skip(event.skip);
        assert_extent(&self.buffer);
        if !self.has_long {
            assert_delay(&self.buffer, self.now);
        }
        self.buffer.hold(event.hold);
        let end = self.now + Duration::from_millis(event.pulled);
        while self.now < end {
            self.now += pull(&mut self.buffer, self.now, event.asked);
        }
        self.now += Duration::from_millis(event.stalled);
    }
}

/// Pulls once, and says how long what was pulled lasts.
fn pull(buffer: &mut JitterBuffer, now: Instant, asked: usize) -> Duration {
    let clock = buffer.clock();
    let widths = [1, 1, 2, 2];
    let ticks = match buffer.pull(now, asked) {
        Pull::Speech { payload, payload_type, ticks, .. } => {
            let speech = [0, 8, 96, 97].iter().position(|&speech| speech == payload_type).unwrap();
            assert_eq!(payload.len(), ticks * widths[speech]);
            ticks
        }
        Pull::Noise { payload, ticks } => {
            assert!(payload.len() <= 16);
            ticks
        }
        Pull::Lost { ticks } | Pull::Silence { ticks } => ticks,
    };
    assert!((1..=asked).contains(&ticks), "{ticks} of {asked}");
    Duration::from_micros(ticks as u64 * 1_000_000 / u64::from(clock.hz()))
}

/// There is room for what is there.
fn assert_extent(buffer: &JitterBuffer) {
    let most = buffer.range().max + Duration::from_millis(81);
    assert!(buffer.extent() <= most, "{:?} to play", buffer.extent());
}

/// What has come now is out after the longest delay, the longest packet and a little.
fn assert_delay(buffer: &JitterBuffer, now: Instant) {
    let most = buffer.range().max + Duration::from_millis(80);
    let (mut buffer, mut at) = (buffer.clone(), now);
    while !buffer.is_empty() {
        at += pull(&mut buffer, at, 20);
        assert!(at.since(now) <= most + Duration::from_millis(5), "{:?} until all is played", at.since(now));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_comes_makes_speech_wait_for_longer_than_it_may(events in events()) {
        let mut bench = Bench::new();
        for event in &events {
            bench.happen(event);
        }
    }
}
