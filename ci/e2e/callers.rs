//! What goes back to callers, and what they say without speaking.

use crate::callee::{Ear, PagingCall, RtpPacket, sdp};
use crate::caller::{Caller, Received};
use crate::paging_box::{PagingBox, until};
use crate::real_time::in_real_time;
use crate::tone::Recording;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

#[test]
fn a_caller_hears_another_and_gets_reports_of_what_he_is_sent() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &[]);
        let (ear, reports) = (Ear::open(), UdpSocket::bind((V4, 0)).unwrap());
        let mut listener = Caller::new(target.address);
        let rtcp = format!("a=rtcp:{}\r\n", reports.local_addr().unwrap().port());
        call(&mut listener, &(sdp(ear.port, 0) + &rtcp));
        talk(&target, &["--tone", "1000", "--seconds", "2"]);
        assert!(kind_of_report(&reports) == SENDER_REPORT);
        listener.hang_up();
        target.terminate();
        let packets = ear.close();
        let sound: Vec<f32> =
            packets.iter().flat_map(|packet| packet.payload.iter().map(|&code| ulaw(code))).collect();
        let heard = Recording::of(8_000, sound).find(1000.0).expect("the other caller");
        // Who says nothing is sent to after 200 ms.
        assert!((1.7..2.1).contains(&heard.seconds) && heard.gaps == 0, "{heard:?}");
        assert!(is_in_order(&packets));
    });
}

#[test]
fn a_lone_caller_is_sent_now_and_then_what_keeps_his_call_alive() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &[]);
        let socket = UdpSocket::bind((V4, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut caller = Caller::new(target.address);
        call(&mut caller, &sdp(socket.local_addr().unwrap().port(), 0));
        let mut buffer = [0; 2048];
        for _ in 0..5 {
            let length = socket.recv(&mut buffer).expect("a packet");
            assert_eq!((length, buffer[1] & 0x7f), (172, 0));
            assert!(buffer[12..length].iter().all(|&code| ulaw(code).abs() < 0.01));
        }
        caller.hang_up();
        assert_eq!(target.terminate().code(), Some(0));
    });
}

#[test]
fn a_key_pressed_during_a_page_is_told_once() {
    in_real_time(|| {
        let mut target = PagingBox::start(V4, &[]);
        let socket = UdpSocket::bind((V4, 0)).unwrap();
        let mut caller = Caller::new(target.address);
        let offer = sdp(socket.local_addr().unwrap().port(), 0).replace("AVP 0", "AVP 0 101");
        let answer = call(&mut caller, &(offer + "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"));
        assert!(answer.0.contains("a=rtpmap:101 telephone-event/8000"), "{}", answer.0);
        let box_port = SocketAddr::new(V4, media_port(&answer));
        // Speech first: keys alone are no stream.
        socket.send_to(&packet(0, 0, 1, 0, &[0xff; 160]), box_port).unwrap();
        for (sequence, end, duration) in
            [(2, 0, 160), (3, 0, 320), (4, 0x80, 480), (5, 0x80, 480), (6, 0x80, 480)]
        {
            let [high, low] = u16::to_be_bytes(duration);
            let payload = [5, end + 10, high, low];
            socket.send_to(&packet(101, u8::from(sequence == 2), sequence, 160, &payload), box_port).unwrap();
        }
        until(PATIENCE, "the key is in the log", || target.log().contains("key 5"));
        caller.hang_up();
        assert_eq!(target.terminate().code(), Some(0));
        assert_eq!(target.log().matches("key 5").count(), 1);
    });
}

#[test]
fn two_cards_play_the_same_page() {
    in_real_time(|| {
        let folder = crate::paging_box::next_folder();
        let files = ["hall.wav", "yard.wav"].map(|name| folder.join(name));
        let settings = [("hall", &files[0]), ("yard", &files[1])]
            .map(|(zone, file)| format!("zone {zone}.device=wav:{}", file.display()));
        let mut target = PagingBox::start(V4, &settings.each_ref().map(String::as_str));
        talk(&target, &["--tone", "440", "--seconds", "2"]);
        target.terminate();
        for file in &files {
            let heard = Recording::read(file).find(440.0).expect("the page");
            assert!((heard.seconds - 2.0).abs() < 0.1 && heard.gaps == 0, "{}: {heard:?}", file.display());
        }
    });
}

/// INVITE with `offer`, 200, ACK.
pub(crate) fn call(caller: &mut Caller, offer: &str) -> Received {
    caller.send("INVITE", "Content-Type: application/sdp\r\n", offer);
    let answer = caller.receive_final(200);
    caller.send("ACK", "", "");
    answer
}

fn talk(target: &PagingBox, sound: &[&str]) {
    let outcome = PagingCall::start(&target.uri(), sound).finish(4 * PATIENCE);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}

fn kind_of_report(socket: &UdpSocket) -> u8 {
    socket.set_read_timeout(Some(4 * PATIENCE)).unwrap();
    let mut buffer = [0; 1500];
    // The first report may come before anything was sent, and is then a receiver's.
    (0..3)
        .map(|_| {
            socket.recv(&mut buffer).expect("a report");
            buffer[1]
        })
        .find(|&kind| kind == SENDER_REPORT)
        .unwrap_or(0)
}

pub(crate) fn media_port(answer: &Received) -> u16 {
    let (_, rest) = answer.0.split_once("m=audio ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

pub(crate) fn packet(payload_type: u8, marker: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, marker << 7 | payload_type];
    packet.extend(sequence.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(0x1234_5678_u32.to_be_bytes());
    packet.extend(payload);
    packet
}

fn is_in_order(packets: &[RtpPacket]) -> bool {
    packets.windows(2).all(|pair| {
        pair[1].sequence == pair[0].sequence.wrapping_add(1)
            && pair[1].timestamp.wrapping_sub(pair[0].timestamp) % 160 == 0
    })
}

/// ITU-T G.711.
pub(crate) fn ulaw(code: u8) -> f32 {
    let code = !code;
    let magnitude = (i32::from(code & 0x0f) << 3 | 0x84) << (code >> 4 & 7);
    let sample = magnitude - 0x84;
    (if code & 0x80 == 0 { sample } else { -sample }) as f32 / 32_768.0
}

const SENDER_REPORT: u8 = 200;
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(5);
