//! Boxes and askers on a link, in virtual time.

use super::*;
use simple_dns::rdata::A;
use simple_dns::{CLASS, Name, QCLASS, QTYPE, Question, ResourceRecord, TYPE};

const LINK: u32 = 2;

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn link(address: &str) -> Link {
    let address = address.parse().unwrap();
    Link { index: LINK, addresses: vec![(address, Network::from_text("192.0.2.0/24").unwrap())] }
}

fn identity() -> Identity {
    Identity { hostname: "paging".to_owned(), user: "501".to_owned(), port: 5060 }
}

fn transmits(responder: &mut Responder) -> Vec<Transmit> {
    core::iter::from_fn(|| responder.poll_transmit()).collect()
}

/// Lets time pass; what was sent, with the time.
fn run(responder: &mut Responder, until: u64) -> Vec<(u64, Transmit)> {
    let mut sent = Vec::new();
    while let Some(due) = responder.poll_timeout().filter(|due| *due <= at(until)) {
        responder.handle_timeout(due);
        sent.extend(transmits(responder).into_iter().map(|transmit| (due.as_micros() / 1000, transmit)));
    }
    sent
}

/// A box that has its name.
fn established(address: &str) -> Responder {
    let mut responder = Responder::new(identity(), 1);
    responder.handle_links(at(0), vec![link(address)]);
    run(&mut responder, 10_000);
    assert!(responder.is_established());
    responder
}

fn query(name: &str, kind: QTYPE, unicast: bool) -> Packet<'_> {
    let mut packet = Packet::new_query(7);
    packet.questions.push(Question::new(Name::new_unchecked(name), kind, QCLASS::CLASS(CLASS::IN), unicast));
    packet
}

fn ask(responder: &mut Responder, now: u64, from: &str, packet: &Packet<'_>) {
    responder.handle_packet(at(now), LINK, from.parse().unwrap(), &packet.build_bytes_vec().unwrap());
}

/// `name TYPE` of the answers.
fn answers(bytes: &[u8]) -> Vec<String> {
    let packet = Packet::parse(bytes).unwrap();
    assert!(packet.has_flags(PacketFlag::RESPONSE));
    packet.answers.iter().map(|record| format!("{} {:?}", record.name, record.rdata.type_code())).collect()
}

#[test]
fn a_name_is_probed_for_announced_and_given_up() {
    let mut responder = Responder::new(identity(), 1);
    assert_eq!(responder.poll_timeout(), None);
    responder.handle_links(at(0), vec![link("192.0.2.1")]);
    let sent = run(&mut responder, 10_000);
    let times: Vec<_> = sent.iter().map(|(time, _)| time - sent[0].0).collect();
    assert_eq!(times, [0, 250, 500, 750, 1750]);
    let probe = Packet::parse(&sent[0].1.bytes).unwrap();
    assert_eq!((probe.questions.len(), probe.name_servers.len()), (2, 2));
    assert!(probe.questions.iter().all(|question| question.unicast_response));
    let told = answers(&sent[3].1.bytes);
    for record in
        ["paging.local A", "paging._sip._udp.local SRV", "_sip._udp.local PTR", "paging._sip._udp.local TXT"]
    {
        assert!(told.iter().any(|line| line == record), "{told:?}");
    }
    assert_eq!(responder.poll_timeout(), None, "it costs nothing from now on");
    responder.stop();
    let goodbye = transmits(&mut responder);
    assert!(Packet::parse(&goodbye[0].bytes).unwrap().answers.iter().all(|record| record.ttl == 0));
    ask(&mut responder, 20_000, "192.0.2.9:5353", &query("paging.local", QTYPE::TYPE(TYPE::A), false));
    assert_eq!((transmits(&mut responder), responder.poll_timeout()), (vec![], None));
}

#[test]
fn the_name_and_the_service_are_found() {
    let mut responder = established("192.0.2.1");
    ask(&mut responder, 20_000, "192.0.2.9:5353", &query("Paging.Local", QTYPE::TYPE(TYPE::A), false));
    let sent = transmits(&mut responder);
    assert_eq!((sent.len(), sent[0].to), (1, None));
    assert_eq!(answers(&sent[0].bytes), ["paging.local A"]);
    let record = &Packet::parse(&sent[0].bytes).unwrap().answers[0];
    assert!(record.cache_flush && address(&record.rdata) == Some("192.0.2.1".parse().unwrap()));
    ask(&mut responder, 30_000, "192.0.2.9:5353", &query("_sip._udp.local", QTYPE::TYPE(TYPE::PTR), false));
    assert_eq!(transmits(&mut responder), [], "others may have such a service");
    let sent = run(&mut responder, 40_000);
    assert!((30_020..=30_120).contains(&sent[0].0), "{}", sent[0].0);
    assert_eq!(answers(&sent[0].1.bytes), ["_sip._udp.local PTR"]);
    let further = Packet::parse(&sent[0].1.bytes).unwrap().additional_records.len();
    assert_eq!(further, 3, "server, text and address come along");
    for (name, kind) in [("paging.local", TYPE::MX), ("other.local", TYPE::A), ("paging.local", TYPE::SRV)] {
        ask(&mut responder, 50_000, "192.0.2.9:5353", &query(name, QTYPE::TYPE(kind), false));
        assert_eq!((transmits(&mut responder), responder.poll_timeout()), (vec![], None), "{name}");
    }
}

#[test]
fn who_asks_for_himself_is_answered_himself_and_simple_resolvers_in_their_way() {
    let mut responder = established("192.0.2.1");
    let packet = query("paging.local", QTYPE::TYPE(TYPE::A), true);
    ask(&mut responder, 20_000, "192.0.2.9:5353", &packet);
    assert_eq!(transmits(&mut responder)[0].to, Some("192.0.2.9:5353".parse().unwrap()));
    ask(&mut responder, 20_000, "192.0.2.9:40000", &query("paging.local", QTYPE::TYPE(TYPE::A), false));
    let sent = transmits(&mut responder);
    let packet = Packet::parse(&sent[0].bytes).unwrap();
    assert_eq!(
        (packet.id(), packet.questions.len(), sent[0].to),
        (7, 1, Some("192.0.2.9:40000".parse().unwrap()))
    );
    assert!(packet.answers.iter().all(|record| record.ttl <= 10 && !record.cache_flush));
}

#[test]
fn strangers_from_elsewhere_garbage_and_floods_get_little() {
    let mut responder = established("192.0.2.1");
    let packet = query("paging.local", QTYPE::TYPE(TYPE::A), true);
    ask(&mut responder, 20_000, "198.51.100.9:5353", &packet);
    responder.handle_packet(
        at(20_000),
        3,
        "192.0.2.9:5353".parse().unwrap(),
        &packet.build_bytes_vec().unwrap(),
    );
    for len in 0..64 {
        responder.handle_packet(at(20_000), LINK, "192.0.2.9:5353".parse().unwrap(), &vec![0xc0; len]);
    }
    assert_eq!((transmits(&mut responder), responder.poll_timeout()), (vec![], None));
    for _ in 0..1000 {
        ask(&mut responder, 30_000, "192.0.2.9:5353", &packet);
        ask(&mut responder, 30_000, "192.0.2.9:5353", &query("paging.local", QTYPE::ANY, false));
    }
    let (single, all): (Vec<_>, Vec<_>) =
        transmits(&mut responder).into_iter().partition(|sent| sent.to.is_some());
    assert_eq!((single.len(), all.len()), (20, 1));
}

#[test]
fn what_the_asker_knows_is_not_told() {
    let mut responder = established("192.0.2.1");
    let known = |ttl| {
        let data = RData::A(A { address: u32::from_be_bytes([192, 0, 2, 1]) });
        ResourceRecord::new(Name::new_unchecked("paging.local"), CLASS::IN, ttl, data)
    };
    let mut packet = query("paging.local", QTYPE::TYPE(TYPE::A), false);
    packet.answers.push(known(100));
    ask(&mut responder, 20_000, "192.0.2.9:5353", &packet);
    assert_eq!(transmits(&mut responder), []);
    packet.answers[0] = known(30);
    ask(&mut responder, 20_000, "192.0.2.9:5353", &packet);
    assert_eq!(transmits(&mut responder).len(), 1, "he will forget it soon");
}

#[test]
fn a_name_that_somebody_has_is_left_to_him() {
    let mut first = established("192.0.2.1");
    let mut second = Responder::new(identity(), 9);
    second.handle_links(at(20_000), vec![link("192.0.2.2")]);
    let probe = &run(&mut second, 20_250)[0].1;
    first.handle_packet(at(20_250), LINK, "192.0.2.2:5353".parse().unwrap(), &probe.bytes);
    let defence = transmits(&mut first);
    assert!(!defence.is_empty());
    for answer in defence {
        second.handle_packet(at(20_251), LINK, "192.0.2.1:5353".parse().unwrap(), &answer.bytes);
    }
    assert_eq!(second.name(), "paging-2");
    for (_, sent) in run(&mut second, 30_000) {
        first.handle_packet(at(30_000), LINK, "192.0.2.2:5353".parse().unwrap(), &sent.bytes);
    }
    assert_eq!(
        (first.name(), first.is_established(), second.is_established()),
        ("paging".to_owned(), true, true)
    );
}

#[test]
fn of_two_that_probe_at_once_the_greater_address_wins() {
    let mut boxes = ["192.0.2.1", "192.0.2.2"].map(|address| {
        let mut responder = Responder::new(identity(), 5);
        responder.handle_links(at(0), vec![link(address)]);
        responder
    });
    for now in (0..10_000).step_by(10).map(at) {
        for index in 0..2 {
            boxes[index].handle_timeout(now);
            for sent in transmits(&mut boxes[index]) {
                let from = format!("192.0.2.{}:5353", index + 1).parse().unwrap();
                // Each hears what he himself says, too.
                for other in &mut boxes {
                    other.handle_packet(now, LINK, from, &sent.bytes);
                }
            }
        }
    }
    assert_eq!(boxes.each_ref().map(Responder::name), ["paging-2", "paging"]);
    assert!(boxes.iter().all(Responder::is_established));
}

#[test]
fn other_addresses_are_announced_and_no_link_is_silence() {
    let mut responder = established("192.0.2.1");
    responder.handle_links(at(20_000), vec![link("192.0.2.1")]);
    assert_eq!(responder.poll_timeout(), None, "nothing is new");
    responder.handle_links(at(20_000), vec![link("192.0.2.7")]);
    let sent = run(&mut responder, 30_000);
    let last = Packet::parse(&sent.last().unwrap().1.bytes).unwrap();
    assert!(last.answers.iter().any(|record| address(&record.rdata) == Some("192.0.2.7".parse().unwrap())));
    responder.handle_links(at(40_000), vec![]);
    assert_eq!((responder.poll_timeout(), responder.is_established()), (None, false));
}

#[test]
fn long_names_stay_labels() {
    let hostname = "x".repeat(63);
    let mut responder = Responder::new(Identity { hostname, ..identity() }, 1);
    responder.number = 12;
    assert!(responder.name().len() <= 63 && responder.name().ends_with("x-12"));
}

/// Two boxes on one link hear one another until `until`.
fn together(boxes: &mut [Responder; 2], from: u64, until: u64) {
    for now in (from..until).step_by(10).map(at) {
        for index in 0..2 {
            boxes[index].handle_timeout(now);
            for sent in transmits(&mut boxes[index]) {
                let source = format!("192.0.2.{}:5353", index + 1).parse().unwrap();
                boxes[1 - index].handle_packet(now, LINK, source, &sent.bytes);
            }
        }
    }
}

#[test]
fn of_two_that_both_have_the_name_one_keeps_it() {
    // They came up while the switch between them did not pass anything on.
    let mut boxes = ["192.0.2.1", "192.0.2.2"].map(established);
    let packet = query("paging.local", QTYPE::TYPE(TYPE::A), false);
    for responder in &mut boxes {
        ask(responder, 20_000, "192.0.2.9:5353", &packet);
    }
    together(&mut boxes, 20_000, 40_000);
    assert!(boxes.iter().all(Responder::is_established));
    assert_eq!(boxes.each_ref().map(Responder::name), ["paging-2", "paging"]);
}

#[test]
fn who_probes_for_the_name_is_told_however_much_others_ask() {
    let mut first = established("192.0.2.1");
    for unicast in [false, true] {
        for _ in 0..50 {
            ask(&mut first, 20_000, "192.0.2.9:5353", &query("paging.local", QTYPE::ANY, unicast));
        }
    }
    transmits(&mut first);
    let mut second = Responder::new(identity(), 9);
    second.handle_links(at(20_000), vec![link("192.0.2.2")]);
    let mut boxes = [first, second];
    together(&mut boxes, 20_000, 40_000);
    assert_eq!(boxes.each_ref().map(Responder::name), ["paging", "paging-2"]);
}

#[test]
fn a_packet_that_says_it_holds_more_than_it_can_is_not_looked_at() {
    let mut packet = query("paging.local", QTYPE::ANY, true).build_bytes_vec().unwrap();
    assert!(is_modest(&packet) && !is_modest(&packet[..11]));
    for place in [4, 6, 8, 10] {
        let mut boastful = packet.clone();
        boastful[place] = 0xff;
        assert!(!is_modest(&boastful), "{place}");
        boastful[place..place + 2].copy_from_slice(&[0, 7]);
        assert!(!is_modest(&boastful), "30 bytes hold no seven of it");
    }
    packet[5] = 33;
    packet.resize(9000, 0);
    assert!(!is_modest(&packet));
}

#[test]
fn of_a_flood_a_second_of_packets_is_looked_at() {
    let mut responder = established("192.0.2.1");
    let from = "192.0.2.9:5353".parse().unwrap();
    for _ in 0..10_000 {
        responder.handle_packet(at(20_000), LINK, from, &[0; 12]);
    }
    let packet = query("paging.local", QTYPE::TYPE(TYPE::A), true);
    ask(&mut responder, 20_500, "192.0.2.9:5353", &packet);
    assert_eq!(transmits(&mut responder), []);
    ask(&mut responder, 21_000, "192.0.2.9:5353", &packet);
    assert_eq!(transmits(&mut responder).len(), 1);
}
