use super::super::Sender;
use super::*;
use crate::rtp::{self, Packet};

/// Sends packets to a reader of keys and writes down what happened: `2` a press, `2/400` its end and its ticks.
struct Bench {
    keys: Keys,
    now: Instant,
    ssrc: u32,
}

impl Bench {
    fn new() -> Self {
        Self { keys: Keys::new(SampleRate::HZ_8000), now: Instant::from_millis(1000), ssrc: 7 }
    }

    fn wait(&mut self, millis: u64) -> String {
        self.now += Duration::from_millis(millis);
        self.keys.handle_timeout(self.now);
        self.events()
    }

    /// A packet without marker, of the press that began at `timestamp`.
    fn hear(&mut self, timestamp: u32, event: u8, duration: u16) -> String {
        self.hear_packet(timestamp, Payload { event, end: false, volume: 10, duration })
    }

    fn hear_end(&mut self, timestamp: u32, event: u8, duration: u16) -> String {
        self.hear_packet(timestamp, Payload { event, end: true, volume: 10, duration })
    }

    fn hear_packet(&mut self, timestamp: u32, payload: Payload) -> String {
        let header = Header { payload_type: 101, marker: false, sequence: 0, timestamp, ssrc: self.ssrc };
        self.keys.handle_packet(self.now, &header, payload.write());
        self.events()
    }

    fn events(&mut self) -> String {
        let events = std::iter::from_fn(|| self.keys.poll_event());
        events.map(written).collect::<Vec<_>>().join(" ")
    }
}

fn written(event: KeyEvent) -> String {
    match event {
        KeyEvent::Pressed(key) => key.to_string(),
        KeyEvent::Released(key, held) => format!("{key}/{}", held.as_micros() * 8 / 1000),
    }
}

#[test]
fn a_key_is_pressed_once_and_released_once() {
    let mut bench = Bench::new();
    assert_eq!(bench.hear(1000, 2, 160), "2");
    assert_eq!(bench.hear(1000, 2, 320), "");
    assert_eq!(bench.hear_end(1000, 2, 400), "2/400");
    assert_eq!(bench.hear_end(1000, 2, 400), "");
    assert_eq!(bench.hear_end(1000, 2, 400), "");
    assert_eq!(bench.wait(10_000), "");
}

#[test]
fn one_packet_is_enough_whichever_it_is() {
    assert_eq!(Bench::new().hear_end(1000, 11, 400), "# #/400");
    let mut bench = Bench::new();
    assert_eq!(bench.hear(1000, 11, 40_000), "#");
    assert_eq!(bench.wait(150), "#/40000");
}

#[test]
fn a_press_without_an_end_is_over_150_ms_after_its_last_packet() {
    let mut bench = Bench::new();
    assert_eq!(bench.hear(1000, 5, 160), "5");
    bench.wait(100);
    bench.hear(1000, 5, 960);
    assert_eq!(bench.keys.poll_timeout(), Some(bench.now + Duration::from_millis(150)));
    assert_eq!(bench.wait(149), "");
    assert_eq!(bench.wait(1), "5/960");
    assert_eq!(bench.keys.poll_timeout(), None);
    assert_eq!(bench.hear_end(1000, 5, 2000), "", "it comes too late to be another press");
}

#[test]
fn a_press_without_an_end_is_over_when_the_next_one_begins() {
    let mut bench = Bench::new();
    assert_eq!(bench.hear(1000, 5, 160), "5");
    assert_eq!(bench.hear(1800, 5, 160), "5/160 5");
    assert_eq!(bench.hear(2600, 6, 160), "5/160 6");
}

#[test]
fn keys_that_follow_quickly_all_count() {
    let mut bench = Bench::new();
    let mut heard = String::new();
    for (event, start) in (0..16).zip((0..).step_by(640)) {
        heard += &bench.hear(start, event, 160);
        heard += &bench.hear_end(start, event, 320);
        heard += " ";
    }
    let all: Vec<_> = Key::all().map(|key| format!("{key}{key}/320 ")).collect();
    assert_eq!(heard, all.concat());
}

#[test]
fn packets_out_of_order_make_no_press() {
    let mut bench = Bench::new();
    assert_eq!(bench.hear(1000, 2, 320), "2");
    assert_eq!(bench.hear(1000, 2, 160), "");
    assert_eq!(bench.hear_end(1000, 2, 480), "2/480");
    assert_eq!(bench.hear(1000, 2, 400), "");
    assert_eq!(bench.hear(1800, 3, 160), "3");
    assert_eq!(bench.hear_end(1000, 2, 480), "", "the press before");
    assert_eq!(bench.hear_end(1800, 3, 320), "3/320");
    assert_eq!(bench.keys.ignored(), 1);
}

#[test]
fn a_press_may_begin_before_the_last_in_time_when_timestamps_begin_anew() {
    let mut bench = Bench::new();
    bench.hear_end(90_000, 2, 400);
    bench.wait(1000);
    assert_eq!(bench.hear_end(500, 2, 400), "2 2/400");
    bench.ssrc = 8;
    assert_eq!(bench.hear_end(100, 2, 400), "2 2/400", "another stream, at once");
}

#[test]
fn timestamps_wrap() {
    let mut bench = Bench::new();
    assert_eq!(bench.hear_end(u32::MAX - 100, 2, 400), "2 2/400");
    assert_eq!(bench.hear_end(700, 2, 400), "2 2/400");
    assert_eq!(bench.hear_end(u32::MAX - 100, 2, 400), "");
}

#[test]
fn a_duration_that_wraps_goes_on() {
    let mut bench = Bench::new();
    bench.hear(0, 1, 160);
    for ticks in (0..140_000_u32).step_by(400) {
        bench.wait(50);
        assert_eq!(bench.hear(0, 1, u16::try_from(ticks % 65_536).unwrap()), "");
    }
    assert_eq!(bench.hear_end(0, 1, u16::try_from(140_000 % 65_536).unwrap()), "1/140000");
}

#[test]
fn a_press_in_parts_is_one() {
    let mut bench = Bench::new();
    bench.hear(1000, 9, u16::MAX - 15);
    assert_eq!(bench.hear(1000, 9, u16::MAX), "");
    assert_eq!(bench.hear(1000 + 65_535, 9, 400), "");
    assert_eq!(bench.hear_end(1000 + 65_535, 9, 800), "9/66335");
}

#[test]
fn a_part_whose_last_packets_are_lost_goes_on_too() {
    let mut bench = Bench::new();
    bench.hear(1000, 9, 64_800);
    assert_eq!(bench.hear(1000 + 65_520, 9, 160), "");
    assert_eq!(bench.hear_end(1000 + 65_520, 9, 320), "9/65840");
}

#[test]
fn the_same_key_soon_after_a_long_press_is_another_press() {
    let mut bench = Bench::new();
    bench.hear(1000, 9, 64_800);
    bench.hear_end(1000, 9, 65_000);
    assert_eq!(bench.hear(1000 + 65_535, 9, 160), "9");
}

#[test]
fn a_sender_that_stamps_each_packet_anew_presses_once() {
    let mut bench = Bench::new();
    assert_eq!(bench.hear(1000, 4, 160), "4");
    assert_eq!(bench.hear(1160, 4, 320), "");
    assert_eq!(bench.hear_end(1320, 4, 480), "4/480");
    assert_eq!(bench.hear_end(1480, 4, 480), "");
    assert_eq!(bench.hear_end(1640, 4, 480), "");
}

#[test]
fn what_is_no_key_is_ignored() {
    let mut bench = Bench::new();
    assert_eq!(bench.hear(1000, 16, 160), "");
    assert_eq!(bench.hear_end(1000, 255, 160), "");
    assert_eq!((bench.keys.ignored(), bench.keys.poll_timeout()), (2, None));
}

#[test]
fn nobody_who_polls_costs_no_memory() {
    let mut bench = Bench::new();
    for start in 0..1000 {
        let header = Header { payload_type: 101, marker: true, sequence: 0, timestamp: start * 800, ssrc: 7 };
        bench.keys.handle_packet(bench.now, &header, [1, 0, 0, 160]);
    }
    assert_eq!(bench.events().split(' ').count(), MAX_EVENTS);
}

/// What is heard of `25#` when the packets at `lost` do not come.
fn heard_of_three_presses(lost: impl Fn(usize) -> bool) -> String {
    let (mut bench, mut stream) = (Bench::new(), rtp::Sender::new(3, 0));
    let (length, ptime) = (Duration::from_millis(80), Duration::from_millis(20));
    let (mut heard, mut sent) = (Vec::new(), 0);
    for name in "25#".chars() {
        let press = super::super::Press { key: Key::from_char(name).unwrap(), length, payload_type: 101 };
        let mut sender = Sender::new(press, SampleRate::HZ_8000, ptime);
        let mut datagram = [0; 16];
        while sender.write(&mut stream, &mut datagram).unwrap().is_some() {
            heard.push(bench.wait(20));
            let packet = Packet::parse(&datagram).unwrap();
            if !lost(sent) {
                bench.keys.handle_packet(bench.now, &packet.header, packet.payload.try_into().unwrap());
            }
            sent += 1;
        }
        stream.skip(320);
    }
    heard.push(bench.wait(150));
    assert_eq!(sent, 18);
    heard.retain(|events| !events.is_empty());
    heard.join(" ")
}

#[test]
fn what_is_sent_is_heard() {
    assert_eq!(heard_of_three_presses(|_| false), "2 2/640 5 5/640 # #/640");
}

#[test]
fn any_loss_that_leaves_a_packet_of_each_press_leaves_the_keys() {
    for left in 0..6 {
        let heard = heard_of_three_presses(|sent| sent % 6 != left);
        let keys: String = heard.split(' ').filter(|event| event.len() == 1).collect();
        assert_eq!(keys, "25#", "only packet {left} of each press");
    }
}
