use super::*;

const US: u32 = 0x1111_1111;
const PEER: u32 = 0x2222_2222;

fn config(ssrc: u32) -> ReporterConfig {
    ReporterConfig {
        ssrc,
        cname: Cname::new([ssrc.into(), 0]),
        clock: SampleRate::HZ_8000,
        interval: ReporterConfig::INTERVAL,
        seed: ssrc.into(),
    }
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(1000 + millis)
}

/// A clock that knows no calendar.
fn ntp(now: Instant) -> NtpTime {
    NtpTime::from_elapsed(now.since(Instant::ZERO))
}

fn local(now: Instant, reception: Option<Reception>) -> Local {
    Local { ntp: ntp(now), reception }
}

fn reception(ssrc: u32, expected: u64, received: u64) -> Reception {
    Reception { ssrc, highest_sequence: 1000, expected, received, jitter: 16 }
}

/// Two ends and the moment that both live in.
struct Pair {
    now: Instant,
    us: Reporter,
    peer: Reporter,
}

impl Pair {
    fn new() -> Self {
        let now = at(0);
        Self { now, us: Reporter::new(config(US), now), peer: Reporter::new(config(PEER), now) }
    }

    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn we_send(&mut self, packets: u32) {
        self.us.handle_sent(self.now, Sent { packets, octets: packets * 160, timestamp: 8000 });
    }

    /// What we send now, since it was time.
    fn our_report(&mut self, reception: Option<Reception>) -> Datagram {
        let due = self.us.poll_timeout().unwrap().max(self.now);
        for _ in 0..100 {
            self.now = self.us.poll_timeout().unwrap().max(due);
            self.us.handle_timeout(self.now, local(self.now, reception));
            if let Some(datagram) = self.us.poll_transmit() {
                return datagram;
            }
        }
        panic!("no report for a hundred intervals")
    }

    /// What the other end says of us now, having heard `datagram` some time ago.
    fn peer_answers(&mut self, heard: Instant, datagram: &[u8], received: u64) -> Datagram {
        self.peer.handle_message(heard, datagram).unwrap();
        self.peer.bye(self.now, local(self.now, Some(reception(US, 100, received))));
        self.peer.poll_transmit().unwrap()
    }
}

fn packets(datagram: &Datagram) -> Vec<Packet<'_>> {
    Compound::parse(datagram).unwrap().packets().collect()
}

fn sender_info(datagram: &Datagram) -> Option<SenderInfo> {
    packets(datagram).into_iter().find_map(|packet| match packet {
        Packet::SenderReport { info, .. } => Some(info),
        _ => None,
    })
}

fn block(datagram: &Datagram) -> Option<ReportBlock> {
    packets(datagram).into_iter().find_map(|packet| match packet {
        Packet::SenderReport { reports, .. } | Packet::ReceiverReport { reports, .. } => {
            reports.iter().next()
        }
        _ => None,
    })
}

fn says_bye(datagram: &Datagram) -> bool {
    packets(datagram).iter().any(|packet| matches!(packet, Packet::Bye(_)))
}

#[test]
fn who_sends_nothing_sends_receiver_reports_with_a_name() {
    let mut pair = Pair::new();
    let datagram = pair.our_report(Some(reception(PEER, 100, 75)));
    let [Packet::ReceiverReport { ssrc: US, .. }, Packet::SourceDescription(names)] = packets(&datagram)[..]
    else {
        panic!("{datagram:?}")
    };
    assert!(names.names().eq([(US, &Cname::new([US.into(), 0]).as_bytes()[..])]));
    let block = block(&datagram).unwrap();
    assert_eq!((block.ssrc, block.fraction_lost, block.lost, block.jitter), (PEER, 64, 25, 16));
    assert_eq!((block.last_report, block.delay), (0, 0), "no SR has come");
}

#[test]
fn a_sender_report_counts_what_was_sent_and_tells_the_timestamp_of_its_moment() {
    let mut pair = Pair::new();
    pair.we_send(10);
    pair.we_send(5);
    let sent_at = pair.now;
    let info = sender_info(&pair.our_report(None)).unwrap();
    assert_eq!((info.packets, info.octets), (15, 2400));
    assert_eq!(info.ntp, ntp(pair.now));
    let elapsed = pair.now.since(sent_at).as_micros();
    assert_eq!(u128::from(info.timestamp), 8000 + elapsed * 8 / 1000);
}

#[test]
fn who_has_stopped_sending_sends_receiver_reports_after_two_more() {
    let mut pair = Pair::new();
    pair.we_send(10);
    let is_sender: Vec<_> = (0..4).map(|_| sender_info(&pair.our_report(None)).is_some()).collect();
    assert_eq!(is_sender, [true, true, false, false]);
    pair.we_send(1);
    assert_eq!(sender_info(&pair.our_report(None)).unwrap().packets, 11);
}

#[test]
fn a_report_says_which_sender_report_came_last_and_how_long_ago() {
    let mut pair = Pair::new();
    pair.we_send(10);
    let datagram = pair.our_report(None);
    let sent = ntp(pair.now).middle();
    let heard = pair.now;
    pair.wait(1500);
    pair.peer.handle_sent(pair.now, Sent { packets: 1, octets: 160, timestamp: 0 });
    let block = block(&pair.peer_answers(heard, &datagram, 100)).unwrap();
    assert_eq!((block.last_report, block.delay), (sent, 0x1_8000));
}

#[test]
fn a_sender_report_of_another_stream_is_not_answered() {
    let mut pair = Pair::new();
    pair.us.handle_message(pair.now, &sender_report(0x3333_3333)).unwrap();
    assert_eq!(block(&pair.our_report(Some(reception(PEER, 10, 10)))).unwrap().last_report, 0);
    pair.us.handle_message(pair.now, &sender_report(PEER)).unwrap();
    assert_eq!(block(&pair.our_report(Some(reception(PEER, 20, 20)))).unwrap().last_report, 0x9999_aaaa);
}

/// An SR from anyone.
fn sender_report(ssrc: u32) -> Datagram {
    let ntp = NtpTime::from_bits(0x8888_9999_aaaa_bbbb);
    let info = Some(SenderInfo { ntp, timestamp: 4000, packets: 1, octets: 160 });
    Outgoing { ssrc, info, report: None, cname: Cname::new([5, 5]), bye: false }.write()
}

#[test]
fn the_round_trip_is_what_the_other_end_did_not_keep() {
    let mut pair = Pair::new();
    pair.we_send(100);
    let datagram = pair.our_report(None);
    let heard = pair.now + Duration::from_millis(30);
    pair.wait(730);
    pair.peer.handle_sent(heard, Sent { packets: 1, octets: 160, timestamp: 0 });
    let answer = pair.peer_answers(heard, &datagram, 75);
    pair.wait(12);
    pair.us.handle_message(pair.now, &answer).unwrap();
    let view = pair.us.peer_view().unwrap();
    let round_trip = view.round_trip.unwrap();
    assert!(round_trip.abs_diff(Duration::from_millis(42)) < Duration::from_micros(20), "{round_trip:?}");
    assert_eq!((view.fraction_lost, view.lost, view.at), (0.25, 25, pair.now));
    assert_eq!(view.jitter, Duration::from_millis(2));
}

/// What we make of a block that says so of our SR of `age` ago.
fn round_trip(age: Duration, delay: Duration) -> Option<Duration> {
    let mut pair = Pair::new();
    pair.we_send(1);
    let last_report = sender_info(&pair.our_report(None)).unwrap().ntp.middle();
    let (delay, reception) = (ntp::short(delay), reception(US, 1, 1));
    let block = Progress::default().block(reception).unwrap();
    let report = Some(ReportBlock { last_report, delay, ..block });
    let answer = Outgoing { ssrc: PEER, info: None, report, cname: Cname::new([5, 5]), bye: false }.write();
    pair.us.handle_message(pair.now + age, &answer).unwrap();
    pair.us.peer_view().unwrap().round_trip
}

#[test]
fn a_delay_that_cannot_be_true_gives_no_round_trip() {
    let second = Duration::from_secs(1);
    assert_eq!(round_trip(second, 2 * second), None);
    assert_eq!(round_trip(second, Duration::MAX), None);
    assert_eq!(round_trip(second, second + Duration::from_micros(900)), Some(Duration::ZERO), "rounded");
}

#[test]
fn what_is_said_of_other_streams_is_not_about_us() {
    let mut pair = Pair::new();
    let block = Progress::default().block(reception(0x3333_3333, 100, 50));
    let report = Outgoing { ssrc: PEER, info: None, report: block, cname: Cname::new([5, 5]), bye: false };
    pair.us.handle_message(pair.now, &report.write()).unwrap();
    assert_eq!(pair.us.peer_view(), None);
}

#[test]
fn the_clock_of_the_other_end_is_kept() {
    let mut pair = Pair::new();
    pair.us.handle_message(pair.now, &sender_report(PEER)).unwrap();
    let clock = pair.us.peer_clock().unwrap();
    assert_eq!((clock.ssrc, clock.at), (PEER, pair.now));
    assert_eq!((clock.info.ntp.bits(), clock.info.timestamp), (0x8888_9999_aaaa_bbbb, 4000));
}

#[test]
fn a_farewell_is_an_event_and_ours_is_not() {
    let mut pair = Pair::new();
    let bye =
        |ssrc| Outgoing { ssrc, info: None, report: None, cname: Cname::new([5, 5]), bye: true }.write();
    pair.us.handle_message(pair.now, &bye(PEER)).unwrap();
    assert_eq!(pair.us.poll_event(), Some(Event::Bye { ssrc: PEER }));
    assert_eq!(pair.us.poll_event(), None);
    let own = Outgoing { cname: config(US).cname, ..outgoing(US) }.write();
    pair.us.handle_message(pair.now, &own).unwrap();
    assert_eq!(pair.us.poll_event(), None);
    assert_eq!(pair.us.stats().own, 1);
}

fn outgoing(ssrc: u32) -> Outgoing {
    Outgoing { ssrc, info: None, report: None, cname: Cname::new([5, 5]), bye: true }
}

#[test]
fn leaving_says_goodbye_once_and_reports_no_more() {
    let mut pair = Pair::new();
    pair.we_send(3);
    pair.us.bye(pair.now, local(pair.now, None));
    let datagram = pair.us.poll_transmit().unwrap();
    assert!(says_bye(&datagram));
    assert_eq!(sender_info(&datagram).unwrap().packets, 3);
    assert_eq!(pair.us.poll_timeout(), None);
    pair.wait(60_000);
    pair.us.handle_timeout(pair.now, local(pair.now, None));
    pair.us.bye(pair.now, local(pair.now, None));
    assert_eq!(pair.us.poll_transmit(), None);
}

#[test]
fn who_was_never_heard_of_leaves_without_a_word() {
    let mut pair = Pair::new();
    pair.us.bye(pair.now, local(pair.now, None));
    assert_eq!(pair.us.poll_transmit(), None);
}

#[test]
fn a_new_ssrc_that_nobody_heard_of_leaves_without_a_word() {
    let mut pair = Pair::new();
    pair.we_send(3);
    pair.us.change_ssrc(pair.now, 5, local(pair.now, None));
    assert!(pair.us.poll_transmit().is_some());
    pair.us.bye(pair.now, local(pair.now, None));
    assert_eq!(pair.us.poll_transmit(), None);
}

#[test]
fn another_name_for_our_ssrc_is_a_collision_told_once() {
    let mut pair = Pair::new();
    pair.we_send(3);
    for _ in 0..3 {
        pair.us.handle_message(pair.now, &outgoing(US).write()).unwrap();
    }
    assert_eq!(pair.us.poll_event(), Some(Event::Collision));
    assert_eq!(pair.us.poll_event(), None);
    pair.us.change_ssrc(pair.now, 5, local(pair.now, None));
    let farewell = pair.us.poll_transmit().unwrap();
    assert!(says_bye(&farewell));
    assert!(matches!(packets(&farewell)[0], Packet::SenderReport { ssrc: US, .. }));
    pair.we_send(2);
    let datagram = pair.our_report(None);
    assert!(matches!(packets(&datagram)[0], Packet::SenderReport { ssrc: 5, .. }));
    assert_eq!(sender_info(&datagram).unwrap().packets, 2, "counted anew");
}

#[test]
fn a_collision_is_not_heard_of_in_our_own_name() {
    let mut pair = Pair::new();
    pair.we_send(3);
    let own = pair.our_report(None);
    pair.us.handle_message(pair.now, &own).unwrap();
    assert_eq!(pair.us.poll_event(), None);
    assert_eq!(pair.us.peer_clock(), None, "we are not the other end");
}

#[test]
fn more_farewells_than_anybody_reads_cost_no_memory() {
    let mut pair = Pair::new();
    for ssrc in 0..100 {
        pair.us.handle_message(pair.now, &outgoing(ssrc).write()).unwrap();
    }
    let left: Vec<_> = std::iter::from_fn(|| pair.us.poll_event()).collect();
    assert_eq!(left.len(), MAX_EVENTS);
    assert_eq!(left.last(), Some(&Event::Bye { ssrc: 99 }));
}

#[test]
fn what_is_no_rtcp_is_counted_and_changes_nothing() {
    let mut pair = Pair::new();
    let mut datagram = sender_report(PEER);
    datagram.truncate(datagram.len() - 1);
    assert!(pair.us.handle_message(pair.now, &datagram).is_err());
    assert_eq!(pair.us.peer_clock(), None);
    assert_eq!((pair.us.stats().malformed, pair.us.stats().received), (1, 0));
}

#[test]
fn an_interval_without_end_is_an_hour() {
    let config = ReporterConfig { interval: Duration::MAX, ..config(US) };
    let due = Reporter::new(config, at(0)).poll_timeout().unwrap();
    assert!(due.since(at(0)) <= Duration::from_hours(1));
}
