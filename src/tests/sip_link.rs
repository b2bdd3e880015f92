//! Whole calls between two endpoints over a virtual link (flows as in RFC 3665 §3).

use super::net::{Dice, Link, Quality, address};
use crate::sip::wire::StatusCode;
use crate::sip::{CallKey, EndReason, Endpoint, EndpointConfig, Event, Invite, Path, Usage};
use crate::time::Instant;
use core::net::SocketAddr;
use core::time::Duration;

const CALLER: usize = 0;
const CALLEE: usize = 1;

/// Two endpoints and the link between them.
struct World {
    now: Instant,
    link: Link,
    ends: [Endpoint; 2],
    /// What happened at each end, in order.
    events: [Vec<Event>; 2],
    /// What each end will do.
    plans: Vec<(Instant, usize, Act)>,
    /// Whether somebody on the way takes UPDATE out of what the ends say that they take.
    hides_update: bool,
}

/// What an application does with the call at its end.
#[derive(Clone, Copy, Debug)]
enum Act {
    Ring,
    Answer,
    Reject,
    HangUp,
}

impl World {
    fn new(quality: Quality, seed: u64) -> Self {
        Self::timed(quality, seed, [None, None])
    }

    /// The same with these session timers.
    fn timed(quality: Quality, seed: u64, timers: [Option<Duration>; 2]) -> Self {
        let end = |end: usize, name, seed| {
            let session_timer = timers[end];
            Endpoint::new(EndpointConfig { session_timer, ..EndpointConfig::new(name) }, seed)
        };
        Self {
            now: Instant::from_millis(1),
            link: Link::new(quality, seed),
            ends: [end(CALLER, "caller", seed ^ 1), end(CALLEE, "callee", seed ^ 2)],
            events: [Vec::new(), Vec::new()],
            plans: Vec::new(),
            hides_update: false,
        }
    }

    fn call(&mut self) -> CallKey {
        let path = Path::udp(address(1), address(2));
        let target = "sip:page@10.0.0.2".parse().unwrap();
        let call = self.ends[CALLER].invite(self.now, Invite::new(target, path, b"offer".to_vec()));
        self.drain();
        call
    }

    /// At this end, so long after now.
    fn plan(&mut self, after: Duration, end: usize, act: Act) {
        self.plans.push((self.now + after, end, act));
        self.plans.sort_by_key(|&(at, ..)| at);
    }

    /// Runs until nothing is left to happen.
    fn run(&mut self) {
        for _ in 0..100_000 {
            let Some(at) = self.next() else {
                return;
            };
            self.now = at.max(self.now);
            self.step();
            self.drain();
        }
        panic!("this never ends");
    }

    /// Runs for so long.
    fn run_for(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(at) = self.next().filter(|&at| at <= until) {
            self.now = at.max(self.now);
            self.step();
            self.drain();
        }
        self.now = until;
    }

    fn next(&self) -> Option<Instant> {
        let timeouts = self.ends.iter().filter_map(Endpoint::poll_timeout);
        let plan = self.plans.first().map(|&(at, ..)| at);
        timeouts.chain(self.link.next()).chain(plan).min()
    }

    fn step(&mut self) {
        if let Some((path, bytes)) = self.link.arrive(self.now) {
            let end = end_at(path.local);
            self.ends[end].handle_message(self.now, path, &bytes);
            return;
        }
        if self.plans.first().is_some_and(|&(at, ..)| at <= self.now) {
            let (_, end, act) = self.plans.remove(0);
            return self.act(end, act);
        }
        for end in &mut self.ends {
            end.handle_timeout(self.now);
        }
    }

    fn act(&mut self, end: usize, act: Act) {
        let now = self.now;
        for call in self.calls(end) {
            match act {
                Act::Ring => self.ends[end].ring(now, call),
                Act::Answer => self.ends[end].answer(now, call, b"answer".to_vec()),
                Act::Reject => self.ends[end].reject(now, call, StatusCode::BUSY_HERE, None),
                Act::HangUp => self.ends[end].hang_up(now, call),
            }
        }
    }

    /// The calls an end knows of.
    fn calls(&self, end: usize) -> Vec<CallKey> {
        match end {
            CALLER => vec![CallKey::FIRST],
            _ => self.events[end]
                .iter()
                .filter_map(|event| match event {
                    Event::Incoming { call, .. } => Some(*call),
                    _ => None,
                })
                .collect(),
        }
    }

    fn drain(&mut self) {
        for (end, events) in self.ends.iter_mut().zip(&mut self.events) {
            while let Some(event) = end.poll_event() {
                if let Event::Reoffered { call, .. } = event {
                    end.accept_reoffer(self.now, call, b"answer".to_vec());
                }
                events.push(event);
            }
            while let Some(mut transmit) = end.poll_transmit() {
                if self.hides_update {
                    let text = String::from_utf8(transmit.bytes).unwrap();
                    transmit.bytes = text.replace(", UPDATE,", ",").into_bytes();
                }
                self.link.send(self.now, transmit);
            }
        }
    }

    /// What happened at an end, in short.
    fn story(&self, end: usize) -> Vec<String> {
        self.events[end].iter().map(told).collect()
    }

    fn assert_nothing_left(&self, what: &str) {
        for end in &self.ends {
            assert_eq!(end.usage(), Usage::default(), "{what}");
        }
    }
}

fn told(event: &Event) -> String {
    match event {
        Event::Incoming { .. } => "incoming".to_owned(),
        Event::Trying { .. } => "trying".to_owned(),
        Event::Ringing { .. } => "ringing".to_owned(),
        Event::Answered { body, .. } => format!("answered {}", String::from_utf8_lossy(body)),
        Event::Confirmed { .. } => "confirmed".to_owned(),
        Event::Reoffered { .. } => "reoffered".to_owned(),
        Event::Refreshed { answer, .. } => format!("refreshed {}", String::from_utf8_lossy(answer)),
        Event::Info { key, .. } => format!("key {key}"),
        Event::Message { text, .. } => format!("text {text}"),
        Event::Failed { status, .. } => format!("failed {status}"),
        Event::TurnedAway { why, .. } => format!("turned away {why:?}"),
        Event::Registration { event, .. } => format!("registration {event:?}"),
        Event::Ended { reason, .. } => format!("ended {reason:?}"),
    }
}

fn is_last(event: &Event) -> bool {
    matches!(event, Event::Failed { .. } | Event::Ended { .. })
}

fn end_at(local: SocketAddr) -> usize {
    if local == address(1) { CALLER } else { CALLEE }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_call_is_made_answered_and_hung_up() {
    let mut world = World::new(Quality::GOOD, 1);
    world.call();
    world.plan(ms(50), CALLEE, Act::Ring);
    world.plan(ms(100), CALLEE, Act::Answer);
    world.plan(ms(5000), CALLER, Act::HangUp);
    world.run();
    assert_eq!(world.story(CALLER), ["ringing", "answered answer", "ended LocalHangUp"]);
    assert_eq!(world.story(CALLEE), ["incoming", "confirmed", "ended RemoteHangUp"]);
    world.assert_nothing_left("a good link");
}

#[test]
fn a_call_is_hung_up_by_the_callee() {
    let mut world = World::new(Quality::GOOD, 1);
    world.call();
    world.plan(ms(100), CALLEE, Act::Answer);
    world.plan(ms(5000), CALLEE, Act::HangUp);
    world.run();
    assert_eq!(world.story(CALLER), ["answered answer", "ended RemoteHangUp"]);
    assert_eq!(world.story(CALLEE), ["incoming", "confirmed", "ended LocalHangUp"]);
    world.assert_nothing_left("a good link");
}

#[test]
fn a_busy_callee_fails_the_call() {
    let mut world = World::new(Quality::GOOD, 1);
    world.call();
    world.plan(ms(100), CALLEE, Act::Reject);
    world.run();
    assert_eq!(world.story(CALLER), ["failed 486"]);
    assert_eq!(world.story(CALLEE), ["incoming"]);
    world.assert_nothing_left("a good link");
}

#[test]
fn a_caller_gives_up_before_the_answer() {
    let mut world = World::new(Quality::GOOD, 1);
    world.call();
    world.plan(ms(50), CALLEE, Act::Ring);
    world.plan(ms(3000), CALLER, Act::HangUp);
    world.run();
    assert_eq!(world.story(CALLER), ["ringing", "ended LocalHangUp"]);
    assert_eq!(world.story(CALLEE), ["incoming", "ended Cancelled"]);
    world.assert_nothing_left("a good link");
}

#[test]
fn both_hang_up_at_once() {
    let mut world = World::new(Quality::GOOD, 1);
    world.call();
    world.plan(ms(100), CALLEE, Act::Answer);
    world.plan(ms(5000), CALLEE, Act::HangUp);
    world.plan(ms(5000), CALLER, Act::HangUp);
    world.run();
    assert_eq!(world.story(CALLER), ["answered answer", "ended LocalHangUp"]);
    assert_eq!(world.story(CALLEE), ["incoming", "confirmed", "ended LocalHangUp"]);
    world.assert_nothing_left("a good link");
}

#[test]
fn a_cancel_crosses_the_answer_on_the_wire() {
    let mut world = World::new(Quality { delay: ms(50), ..Quality::GOOD }, 1);
    world.call();
    world.plan(ms(60), CALLEE, Act::Ring);
    world.plan(ms(200), CALLEE, Act::Answer);
    world.plan(ms(200), CALLER, Act::HangUp);
    world.run();
    assert_eq!(world.story(CALLER), ["ringing", "ended LocalHangUp"]);
    assert_eq!(world.story(CALLEE), ["incoming", "confirmed", "ended RemoteHangUp"]);
    world.assert_nothing_left("a good link");
}

#[test]
fn a_dead_link_ends_in_408() {
    let mut world = World::new(Quality { loss: 1000, ..Quality::GOOD }, 1);
    world.call();
    world.run();
    assert_eq!(world.story(CALLER), ["failed 408"]);
    world.assert_nothing_left("a dead link");
}

#[test]
fn a_link_that_dies_within_a_call_ends_it_at_the_end_that_hangs_up() {
    let mut world = World::new(Quality::GOOD, 1);
    world.call();
    world.plan(ms(100), CALLEE, Act::Answer);
    world.run();
    world.link = Link::new(Quality { loss: 1000, ..Quality::GOOD }, 1);
    world.plan(ms(0), CALLER, Act::HangUp);
    world.plan(ms(0), CALLEE, Act::HangUp);
    world.run();
    assert_eq!(world.story(CALLER), ["answered answer", "ended LocalHangUp"]);
    assert_eq!(world.story(CALLEE), ["incoming", "confirmed", "ended LocalHangUp"]);
    world.assert_nothing_left("a dead link");
}

#[test]
fn on_bad_links_every_call_ends_once_at_both_ends_and_leaves_nothing() {
    let mut answered = 0;
    for seed in 0..400 {
        let world = bad_call(seed);
        for end in [CALLER, CALLEE] {
            let story = world.story(end);
            let calls = world.calls(end).len();
            let lasts = world.events[end].iter().filter(|event| is_last(event)).count();
            assert_eq!(lasts, calls, "seed {seed}: {story:?}");
            assert!(world.events[end].last().is_none_or(is_last), "seed {seed}: {story:?}");
        }
        assert!(world.calls(CALLEE).len() <= 1, "seed {seed}: one INVITE made two calls");
        answered += usize::from(world.story(CALLEE).contains(&"confirmed".to_owned()));
        world.assert_nothing_left(&format!("seed {seed}"));
    }
    assert!(answered > 200, "only {answered} of 400 calls were answered");
}

/// A call over a bad link, with both ends acting at moments that follow from the seed.
fn bad_call(seed: u64) -> World {
    let mut world = World::new(Quality::BAD, seed);
    let mut dice = Dice(seed ^ 0xd1ce);
    world.call();
    world.plan(ms(dice.below(30_000)), CALLER, Act::HangUp);
    // Whatever came or did not come until then, both hang up at the end.
    world.plan(ms(60_000), CALLER, Act::HangUp);
    for second in 0..70 {
        let act = if second < 40 { Act::Answer } else { Act::HangUp };
        world.plan(ms(second * 1000 + dice.below(1000)), CALLEE, act);
    }
    world.run();
    world
}

#[test]
fn an_end_reason_is_told_for_an_answer_that_nobody_hears() {
    let mut world = World::new(Quality::GOOD, 1);
    world.call();
    world.plan(ms(100), CALLEE, Act::Ring);
    world.now += ms(0);
    while world.story(CALLEE).is_empty() {
        world.now = world.next().unwrap();
        world.step();
        world.drain();
    }
    world.link = Link::new(Quality { loss: 1000, ..Quality::GOOD }, 1);
    world.plan(ms(200), CALLEE, Act::Answer);
    world.run();
    assert!(matches!(world.events[CALLEE].last(), Some(Event::Ended { reason: EndReason::NoAck, .. })));
    assert_eq!(world.story(CALLER), ["failed 408"]);
    world.assert_nothing_left("a dead link");
}

/// A call that was answered, over a link that loses a fifth, whose ends have these session timers.
fn kept(seed: u64, timers: [Option<Duration>; 2], hides_update: bool) -> World {
    let mut world = World::timed(Quality { loss: 200, ..Quality::GOOD }, seed, timers);
    world.hides_update = hides_update;
    world.call();
    for second in 1..30 {
        world.plan(ms(second * 1000), CALLEE, Act::Answer);
    }
    world
}

/// Who counts, and whether UPDATE is known to be taken.
fn kinds_of_keeping() -> impl Iterator<Item = ([Option<Duration>; 2], bool)> {
    let timer = Some(Duration::from_secs(90));
    [([timer, timer], false), ([None, timer], false), ([timer, timer], true), ([None, timer], true)]
        .into_iter()
}

#[test]
fn a_call_of_half_an_hour_lasts_although_a_fifth_of_its_refreshes_is_lost() {
    for (timers, hides_update) in kinds_of_keeping() {
        for seed in 0..10 {
            let mut world = kept(seed, timers, hides_update);
            world.plan(Duration::from_mins(30), CALLER, Act::HangUp);
            world.run_for(Duration::from_mins(30));
            let is_over = |end: usize| world.events[end].iter().filter(|event| is_last(event)).count();
            let what = format!("seed {seed}, {timers:?}, {hides_update}");
            assert_eq!((is_over(CALLER), is_over(CALLEE)), (0, 0), "{what}: {:?}", world.story(CALLEE));
            let refreshed = world.story(CALLEE).iter().filter(|told| *told == "refreshed answer").count();
            // Where the callee refreshes by INVITE: as often as half of the interval is over, or a lost one is due again.
            let by_invite = hides_update && timers[CALLER].is_none();
            assert_eq!(refreshed >= 20, by_invite, "{what}: {refreshed}");
            world.run();
            assert_eq!(world.story(CALLER).last().unwrap(), "ended LocalHangUp", "{what}");
            assert_eq!(world.story(CALLEE).last().unwrap(), "ended RemoteHangUp", "{what}");
            world.assert_nothing_left(&what);
        }
    }
}

#[test]
fn a_peer_that_is_gone_without_a_word_is_hung_up_on_within_the_session_interval() {
    for (timers, hides_update) in kinds_of_keeping() {
        for seed in 0..30 {
            let mut world = kept(seed, timers, hides_update);
            world.run_for(Duration::from_secs(30 + seed * 7));
            assert!(world.events.iter().flatten().all(|event| !is_last(event)), "seed {seed}");
            world.link = Link::new(Quality { loss: 1000, ..Quality::GOOD }, seed);
            world.run_for(Duration::from_secs(90));
            for end in [CALLER, CALLEE].into_iter().filter(|&end| timers[end].is_some()) {
                // In the middle of an INVITE it is its ACK that is missed first.
                let story = world.story(end);
                let is_over = ["ended Expired", "ended NoAck"].contains(&story.last().unwrap().as_str());
                assert!(is_over, "seed {seed}, {timers:?}: {story:?}");
            }
        }
    }
}
