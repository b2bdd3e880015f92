use super::*;
use crate::rtp::Header;

const PEER: &str = "192.0.2.1:4000";

fn receiver(source: Source) -> Receiver {
    let speech = |hz, bytes_per_tick| Kind::Speech { clock: SampleRate::new(hz).unwrap(), bytes_per_tick };
    let formats = [
        (0, speech(8_000, 1)),
        (8, speech(8_000, 1)),
        (96, speech(48_000, 2)),
        (97, speech(8_000, 2)),
        (13, Kind::ComfortNoise),
        (101, Kind::TelephoneEvent),
    ];
    let formats = formats.map(|(payload_type, kind)| PayloadFormat { payload_type, kind });
    Receiver::new(ReceiverConfig { formats: formats.into_iter().collect(), source })
}

/// Sends packets of 20 ms to a receiver and notes which it plays, by the first byte of their payload.
struct Bench {
    receiver: Receiver,
    remote: SocketAddr,
    ssrc: u32,
}

impl Bench {
    fn new() -> Self {
        Self { receiver: receiver(Source::Any), remote: PEER.parse().unwrap(), ssrc: 7 }
    }

    /// Sends the packet of 20 ms number `number`, at the time it is due.
    fn send(&mut self, number: u16) -> Result<Vec<u8>, Rejected> {
        self.send_at(u64::from(number) * 20, number, u32::from(number) * 160)
    }

    fn send_at(&mut self, millis: u64, number: u16, timestamp: u32) -> Result<Vec<u8>, Rejected> {
        let ssrc = self.ssrc;
        let header = Header { payload_type: 0, marker: false, sequence: number, timestamp, ssrc };
        let mut datagram = header.write().to_vec();
        datagram.extend_from_slice(&[number.to_be_bytes()[1]; 160]);
        self.receiver.handle_message(Instant::from_millis(millis), self.remote, &datagram)?;
        let chunks = std::iter::from_fn(|| self.receiver.poll_chunk());
        Ok(chunks.map(|chunk| chunk.payload[0]).collect())
    }
}

#[test]
fn the_first_packet_is_played() {
    assert_eq!(Bench::new().send(3), Ok(vec![3]));
}

#[test]
fn packets_out_of_order_are_played_and_duplicates_are_not() {
    let mut bench = Bench::new();
    assert_eq!(bench.send(1), Ok(vec![1]));
    assert_eq!(bench.send(3), Ok(vec![3]));
    assert_eq!(bench.receiver.stats().lost, 1);
    assert_eq!(bench.send(2), Ok(vec![2]));
    assert_eq!(bench.send(2), Err(Rejected::Duplicate));
    let stats = bench.receiver.stats();
    assert_eq!((stats.lost, stats.received, stats.reordered, stats.duplicates), (0, 3, 1, 1));
}

#[test]
fn another_ssrc_from_the_same_port_takes_over_at_once() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    bench.ssrc = 8;
    assert_eq!(bench.send(2), Ok(vec![2]));
    assert_eq!(bench.receiver.stats().restarts, 1);
}

#[test]
fn an_ssrc_that_comes_back_takes_over_with_its_second_packet_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    bench.ssrc = 8;
    bench.send(2).unwrap();
    bench.ssrc = 7;
    assert_eq!(bench.send(3), Err(Rejected::Stranger));
    assert_eq!(bench.send(4), Ok(vec![3, 4]));
}

#[test]
fn another_ssrc_from_elsewhere_takes_over_after_a_pause_of_two_seconds() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    bench.ssrc = 8;
    bench.remote = "192.0.2.2:4000".parse().unwrap();
    for number in [2, 3, 10, 60, 100] {
        assert_eq!(bench.send(number), Err(Rejected::Stranger));
    }
    assert_eq!(bench.send(101), Ok(vec![101]));
}

#[test]
fn of_two_streams_mixed_up_one_is_heard() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    for number in 2..50 {
        bench.ssrc = 8;
        assert_eq!(bench.send(number), Ok(vec![number.to_be_bytes()[1]]));
        bench.ssrc = 7;
        assert_eq!(bench.send(number), Err(Rejected::Stranger));
    }
}

#[test]
fn another_port_takes_over_only_after_a_pause_of_two_seconds() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    bench.remote = "192.0.2.1:5000".parse().unwrap();
    for number in [2, 3, 10, 60, 100] {
        assert_eq!(bench.send(number), Err(Rejected::Stranger));
    }
    assert_eq!(bench.send(101), Ok(vec![101]));
}

#[test]
fn a_sequence_that_jumps_is_followed_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    assert_eq!(bench.send_at(40, 40_001, 320), Err(Rejected::Stranger));
    assert_eq!(bench.send_at(60, 40_002, 480), Ok(vec![65, 66]));
}

#[test]
fn a_timestamp_that_jumps_begins_a_new_run() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    let run = |bench: &Bench| bench.receiver.run;
    let before = run(&bench);
    bench.send_at(40, 2, 1_000_000).unwrap();
    assert_eq!(run(&bench), before + 1);
    bench.send_at(60, 3, 1_000_160).unwrap();
    assert_eq!(run(&bench), before + 1);
    bench.send_at(80, 4, 160).unwrap();
    assert_eq!(run(&bench), before + 2);
}

#[test]
fn a_pause_in_step_with_the_clock_is_no_new_run() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    bench.send_at(5_020, 2, 160 + 40_000).unwrap();
    assert_eq!(bench.receiver.stats().restarts, 0);
}

#[test]
fn a_run_that_is_over_is_not_heard_again() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    bench.send_at(60, 3, 1_000_000).unwrap();
    assert_eq!(bench.send(2), Err(Rejected::Order));
}

#[test]
fn only_the_agreed_address_is_heard() {
    let (peer, other) = (PEER.parse().unwrap(), "192.0.2.9:4000".parse().unwrap());
    let moved = "192.0.2.1:4002".parse().unwrap();
    let mapped = "[::ffff:192.0.2.1]:4000".parse().unwrap();
    let host = Source::Host("192.0.2.1".parse().unwrap());
    assert!(host.allows(peer) && host.allows(moved) && host.allows(mapped) && !host.allows(other));
    let port = Source::Port(peer);
    assert!(port.allows(peer) && port.allows(mapped) && !port.allows(moved) && !port.allows(other));
}

#[test]
fn what_was_not_agreed_on_is_no_speech_and_no_loss() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    let event = Header { payload_type: 102, marker: false, sequence: 2, timestamp: 320, ssrc: 7 };
    let at = Instant::from_millis(40);
    let result = bench.receiver.handle_message(at, bench.remote, &event.write());
    assert_eq!(result, Err(Rejected::PayloadType));
    bench.send(3).unwrap();
    assert_eq!(bench.receiver.stats().lost, 0);
}

#[test]
fn a_long_packet_becomes_chunks_one_after_the_other() {
    let mut receiver = receiver(Source::Any);
    let header = Header { payload_type: 0, marker: true, sequence: 0, timestamp: u32::MAX, ssrc: 1 };
    let mut datagram = header.write().to_vec();
    datagram.extend((0..400_u32).map(|byte| byte.to_be_bytes()[3]));
    receiver.handle_message(Instant::from_millis(5), PEER.parse().unwrap(), &datagram).unwrap();
    let chunks: Vec<Chunk> = std::iter::from_fn(|| receiver.poll_chunk()).collect();
    let shape: Vec<_> = chunks.iter().map(|c| (c.timestamp, c.payload.len(), c.marker)).collect();
    assert_eq!(shape, [(u32::MAX, 160, true), (159, 160, false), (319, 80, false)]);
    let speech: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.payload.iter().copied()).collect();
    assert_eq!(speech, datagram[12..]);
    assert_eq!(chunks[2].arrival, Instant::from_millis(5 + 40));
}

#[test]
fn a_payload_that_is_too_long_is_refused() {
    let mut receiver = receiver(Source::Any);
    let mut datagram = Bench::new().header().to_vec();
    datagram.resize(12 + MAX_PAYLOAD + 1, 0);
    let result = receiver.handle_message(Instant::ZERO, PEER.parse().unwrap(), &datagram);
    assert_eq!(result, Err(Rejected::TooLong));
}

#[test]
fn jitter_is_that_of_appendix_a8() {
    let mut bench = Bench::new();
    bench.send_at(0, 0, 0).unwrap();
    // Every second packet is 4 ms late: each distance is 4 ms.
    for number in 1..200_u16 {
        let late = u64::from(number % 2) * 4;
        bench.send_at(u64::from(number) * 20 + late, number, u32::from(number) * 160).unwrap();
    }
    let jitter = bench.receiver.stats().jitter.as_secs_f64();
    assert!((jitter - 0.004).abs() < 1e-4, "{jitter}");
}

#[test]
fn chunks_nobody_polls_are_thrown_away_oldest_first() {
    let mut receiver = receiver(Source::Any);
    for number in 0..84_u16 {
        let timestamp = u32::from(number) * 160;
        let header = Header { payload_type: 0, marker: false, sequence: number, timestamp, ssrc: 1 };
        let mut datagram = header.write().to_vec();
        datagram.extend_from_slice(&[0; 160]);
        let at = Instant::from_millis(u64::from(number) * 20);
        receiver.handle_message(at, PEER.parse().unwrap(), &datagram).unwrap();
    }
    assert_eq!(receiver.stats().unread, 12);
    assert_eq!(receiver.poll_chunk().unwrap().timestamp, 12 * 160);
}

#[test]
fn what_is_said_again_with_the_same_numbers_is_heard_again() {
    let mut bench = Bench::new();
    for round in 0..3 {
        for number in 0..40_u16 {
            let at = round * 5_000 + u64::from(number) * 20;
            assert_eq!(bench.send_at(at, number, u32::from(number) * 160), Ok(vec![number.to_be_bytes()[1]]));
        }
    }
    let stats = bench.receiver.stats();
    assert_eq!((stats.duplicates, stats.restarts, stats.lost), (0, 2, 0));
}

#[test]
fn a_second_source_is_never_heard_whatever_it_sends() {
    let here: SocketAddr = PEER.parse().unwrap();
    for there in ["192.0.2.1:4001", "192.0.2.7:4000"] {
        let mut bench = Bench::new();
        for number in 0..500_u16 {
            bench.remote = here;
            assert_eq!(bench.send(number), Ok(vec![number.to_be_bytes()[1]]));
            // The same SSRC, and the number and timestamp that are due next, before the real one comes.
            bench.remote = there.parse().unwrap();
            assert_eq!(bench.send(number + 1), Err(Rejected::Stranger));
        }
        assert_eq!(bench.receiver.stream(), Some((7, here)));
        let stats = bench.receiver.stats();
        assert_eq!((stats.received, stats.restarts, stats.lost), (500, 0, 0));
    }
}

#[test]
fn a_second_source_is_not_heard_while_the_network_stalls() {
    let mut bench = Bench::new();
    bench.send(1).unwrap();
    bench.remote = "192.0.2.1:4001".parse().unwrap();
    for number in 2..80 {
        assert_eq!(bench.send(number), Err(Rejected::Stranger));
    }
    bench.remote = PEER.parse().unwrap();
    assert_eq!(bench.send(80), Ok(vec![80]));
}

#[test]
fn a_source_that_is_agreed_on_anew_is_heard_at_once() {
    let mut bench = Bench::new();
    bench.receiver.set_source(Source::Host("192.0.2.1".parse().unwrap()));
    bench.send(1).unwrap();
    bench.receiver.set_source(Source::Host("192.0.2.9".parse().unwrap()));
    assert_eq!(bench.send(2), Err(Rejected::Source));
    bench.remote = "192.0.2.9:6000".parse().unwrap();
    bench.ssrc = 9;
    assert_eq!(bench.send(3), Ok(vec![3]));
}

#[test]
fn another_clock_begins_a_new_run_and_another_format_of_the_same_does_not() {
    let mut bench = Bench::new();
    let mut runs = Vec::new();
    for (number, payload_type) in (0..).zip([0, 8, 97, 96, 96, 0]) {
        let chunks = bench.send_type(number, payload_type, &[1; 320]).unwrap();
        let first = &chunks[0];
        runs.push((first.run, first.clock.hz(), first.content));
    }
    let speech = |bytes_per_tick| Content::Speech { bytes_per_tick };
    let expected = [
        (0, 8_000, speech(1)),
        (0, 8_000, speech(1)),
        (0, 8_000, speech(2)),
        (1, 48_000, speech(2)),
        (1, 48_000, speech(2)),
        (2, 8_000, speech(1)),
    ];
    assert_eq!(runs, expected);
}

#[test]
fn half_a_tick_is_cut_and_nothing_is_left_of_less() {
    let mut bench = Bench::new();
    let lens = |chunks: Vec<Chunk>| chunks.iter().map(|chunk| chunk.payload.len()).collect::<Vec<_>>();
    assert_eq!(lens(bench.send_type(0, 97, &[1; 163]).unwrap()), [160, 2]);
    assert_eq!(lens(bench.send_type(1, 97, &[1]).unwrap()), [0; 0]);
    assert_eq!(lens(bench.send_type(2, 97, &[]).unwrap()), [0; 0]);
    assert_eq!(bench.receiver.stats().received, 3);
}

#[test]
fn sixty_milliseconds_of_the_widest_format_are_taken() {
    let mut bench = Bench::new();
    let chunks = bench.send_type(0, 96, &[1; 5_760]).unwrap();
    assert_eq!(chunks.iter().map(Chunk::ticks).sum::<usize>(), 2_880);
    assert_eq!(chunks.last().unwrap().timestamp, 2_880 - 80);
    assert_eq!(chunks.last().unwrap().arrival, Instant::from_micros(58_333));
}

#[test]
fn comfort_noise_is_of_the_clock_of_the_speech_around_it() {
    let mut bench = Bench::new();
    assert_eq!(bench.send_type(0, 13, &[60]).unwrap()[0].clock, SampleRate::HZ_8000, "before any speech");
    bench.send_type(1, 96, &[0; 320]).unwrap();
    let noise = &bench.send_stamped(2, 13, 1_920, &[60, 1, 2]).unwrap()[0];
    assert_eq!((noise.clock, noise.content), (SampleRate::HZ_48000, Content::ComfortNoise));
    assert_eq!(noise.payload, [60, 1, 2]);
    assert_eq!(bench.receiver.stats().restarts, 1);
}

#[test]
fn keys_come_beside_speech_and_begin_no_new_run() {
    let mut bench = Bench::new();
    bench.send(0).unwrap();
    // A key held for two seconds keeps its timestamp.
    for number in 1..100_u16 {
        let chunks = bench.send_stamped(number, 101, 160, &[5, 10, 0, 160]).unwrap();
        assert_eq!(chunks[0].content, Content::TelephoneEvent);
        let event = bench.receiver.poll_telephone_event().unwrap();
        assert_eq!(event.payload, [5, 10, 0, 160]);
        assert_eq!((event.header.sequence, event.header.timestamp), (number, 160));
        assert_eq!(event.arrival, Instant::from_millis(u64::from(number) * 20));
        assert_eq!(bench.receiver.poll_telephone_event(), None);
    }
    bench.send(100).unwrap();
    let stats = bench.receiver.stats();
    assert_eq!((stats.restarts, stats.lost, stats.received), (0, 0, 101));
}

#[test]
fn a_key_of_another_ssrc_is_heard_and_takes_nothing_over() {
    let mut bench = Bench::new();
    bench.send(0).unwrap();
    bench.ssrc = 8;
    assert_eq!(bench.send_stamped(900, 101, 160, &[5, 10, 0, 160]), Ok(vec![]));
    assert!(bench.receiver.poll_telephone_event().is_some());
    bench.remote = "192.0.2.1:4001".parse().unwrap();
    assert_eq!(bench.send_stamped(901, 101, 160, &[5, 10, 0, 160]), Err(Rejected::Stranger));
    assert_eq!(bench.receiver.poll_telephone_event(), None);
    assert_eq!(bench.receiver.stream().unwrap().0, 7);
}

#[test]
fn a_key_of_less_than_four_bytes_is_none() {
    let mut bench = Bench::new();
    bench.send(0).unwrap();
    assert_eq!(bench.send_stamped(1, 101, 160, &[5, 10, 0]), Err(Rejected::TooShort));
}

#[test]
fn a_reception_is_that_of_appendix_a3() {
    let mut bench = Bench::new();
    assert_eq!(bench.receiver.reception(), None);
    for number in [65_534_u16, 65_535, 0, 3, 3] {
        let at = u64::from(number.wrapping_sub(65_534)) * 20;
        let _ = bench.send_at(at, number, u32::from(number.wrapping_sub(65_534)) * 160);
    }
    let reception = bench.receiver.reception().unwrap();
    let expected = Reception { ssrc: 7, highest_sequence: 0x1_0003, expected: 6, received: 5, jitter: 0 };
    assert_eq!(reception, expected);
}

impl Bench {
    /// A packet of 20 ms at 8 kHz, or of as much at another clock.
    fn send_type(&mut self, number: u16, payload_type: u8, payload: &[u8]) -> Result<Vec<Chunk>, Rejected> {
        let ticks = if payload_type == 96 { 960 } else { 160 };
        self.send_stamped(number, payload_type, u32::from(number) * ticks, payload)
    }

    fn send_stamped(
        &mut self,
        number: u16,
        payload_type: u8,
        timestamp: u32,
        payload: &[u8],
    ) -> Result<Vec<Chunk>, Rejected> {
        let header = Header { payload_type, marker: false, sequence: number, timestamp, ssrc: self.ssrc };
        let datagram = [&header.write(), payload].concat();
        let arrival = Instant::from_millis(u64::from(number) * 20);
        self.receiver.handle_message(arrival, self.remote, &datagram)?;
        Ok(std::iter::from_fn(|| self.receiver.poll_chunk()).collect())
    }

    fn header(&self) -> [u8; Header::LEN] {
        Header { payload_type: 0, marker: false, sequence: 0, timestamp: 0, ssrc: self.ssrc }.write()
    }
}
