use super::*;
use std::collections::BTreeMap;

const ONE_BY_ONE: Rule = Rule::OneByOne { most: 10 };
const PAGE: u8 = 60;

fn want(zones: &[usize], priority: u8) -> Want {
    Want { kind: Kind::Call, zones: zones.iter().copied().collect(), priority, is_emergency: false }
}

fn page() -> Want {
    want(&[0], PAGE)
}

fn turns(queue: &mut Queue<u32>) -> Vec<Turn<u32>> {
    core::iter::from_fn(|| queue.poll_turn()).collect()
}

#[test]
fn callers_of_the_same_zone_are_heard_one_after_the_other_in_the_order_they_came() {
    let mut queue = Queue::new(ONE_BY_ONE);
    assert_eq!(queue.handle_incoming(1, page()), Admission::Enter);
    assert_eq!(queue.handle_incoming(2, page()), Admission::Wait);
    assert_eq!(queue.handle_incoming(3, page()), Admission::Wait);
    assert_eq!(turns(&mut queue), [Turn::Place(2, 1), Turn::Place(3, 2)]);
    queue.handle_ended(1);
    assert_eq!(turns(&mut queue), [Turn::Enter(2), Turn::Place(3, 1)]);
    queue.handle_ended(2);
    assert_eq!(turns(&mut queue), [Turn::Enter(3)]);
}

#[test]
fn who_leaves_the_queue_harms_nobody_who_is_on_air() {
    let mut queue = Queue::new(ONE_BY_ONE);
    for call in 1..=3 {
        queue.handle_incoming(call, page());
    }
    turns(&mut queue);
    queue.handle_ended(2);
    assert_eq!(turns(&mut queue), [Turn::Place(3, 1)]);
    assert_eq!(queue.handle_incoming(4, page()), Admission::Wait, "the first is still on air");
    queue.handle_ended(1);
    assert_eq!(turns(&mut queue), [Turn::Enter(3), Turn::Place(4, 1)]);
}

#[test]
fn calls_for_other_zones_do_not_wait() {
    let mut queue = Queue::new(ONE_BY_ONE);
    assert_eq!(queue.handle_incoming(1, want(&[0], PAGE)), Admission::Enter);
    assert_eq!(queue.handle_incoming(2, want(&[1], PAGE)), Admission::Enter);
    assert_eq!(queue.handle_incoming(3, want(&[1, 2], PAGE)), Admission::Wait);
    assert_eq!(queue.handle_incoming(4, want(&[2], PAGE)), Admission::Wait, "the third came before");
    assert_eq!(queue.handle_incoming(5, want(&[3], PAGE)), Admission::Enter);
    queue.handle_ended(2);
    assert_eq!(turns(&mut queue), [Turn::Enter(3), Turn::Place(4, 1)]);
}

#[test]
fn an_emergency_waits_for_nobody_and_everybody_for_it() {
    let emergency = Want { is_emergency: true, ..want(&[0, 1], 90) };
    let mut queue = Queue::new(Rule::OneByOne { most: 1 });
    assert_eq!(queue.handle_incoming(1, want(&[0], 100)), Admission::Enter);
    assert_eq!(queue.handle_incoming(2, want(&[0], 100)), Admission::Wait);
    assert_eq!(queue.handle_incoming(3, emergency), Admission::Enter, "although the queue is full");
    assert_eq!(queue.handle_incoming(4, emergency), Admission::Enter, "the newest is heard");
    queue.handle_ended(1);
    assert_eq!(turns(&mut queue), [Turn::Place(2, 1)]);
    queue.handle_ended(3);
    queue.handle_ended(4);
    assert_eq!(turns(&mut queue), [Turn::Enter(2)]);
}

#[test]
fn a_higher_priority_goes_before_and_does_not_wait_for_a_lower_one() {
    let mut queue = Queue::new(ONE_BY_ONE);
    queue.handle_incoming(1, want(&[0], 70));
    queue.handle_incoming(2, want(&[0], 60));
    queue.handle_incoming(3, want(&[0], 65));
    assert_eq!(turns(&mut queue), [Turn::Place(3, 1), Turn::Place(2, 2)]);
    assert_eq!(queue.handle_incoming(4, want(&[0], 90)), Admission::Enter);
    queue.handle_ended(1);
    assert_eq!(turns(&mut queue), [], "the emergency goes on");
    queue.handle_ended(4);
    assert_eq!(turns(&mut queue), [Turn::Enter(3), Turn::Place(2, 1)]);
}

#[test]
fn one_too_many_is_refused_and_disturbs_nobody() {
    let mut queue = Queue::new(Rule::OneByOne { most: 1 });
    queue.handle_incoming(1, page());
    queue.handle_incoming(2, page());
    turns(&mut queue);
    assert_eq!(queue.handle_incoming(3, page()), Admission::Refuse);
    queue.handle_ended(3);
    assert_eq!(turns(&mut queue), []);
    assert_eq!(queue.handle_incoming(4, want(&[1], PAGE)), Admission::Enter, "he does not have to wait");
}

#[test]
fn where_callers_are_mixed_nobody_waits_from_then_on() {
    let mut queue = Queue::new(ONE_BY_ONE);
    for call in 1..=3 {
        queue.handle_incoming(call, page());
    }
    turns(&mut queue);
    queue.set_rule(Rule::Mix);
    assert_eq!(turns(&mut queue), [Turn::Enter(2), Turn::Enter(3)]);
    assert_eq!(queue.handle_incoming(4, page()), Admission::Enter);
}

fn recording() -> Want {
    Want { kind: Kind::Recording, ..page() }
}

fn programme(priority: u8) -> Want {
    Want { kind: Kind::Programme, ..want(&[0], priority) }
}

#[test]
fn a_recording_is_heard_by_itself_and_before_who_came_later_also_where_callers_are_mixed() {
    let mut queue = Queue::new(Rule::Mix);
    queue.handle_incoming(1, page());
    queue.handle_incoming(2, page());
    assert_eq!(queue.handle_incoming(3, recording()), Admission::Wait);
    assert_eq!(queue.handle_incoming(4, page()), Admission::Wait);
    assert_eq!(queue.handle_incoming(5, want(&[1], PAGE)), Admission::Enter, "in another zone");
    assert_eq!(queue.handle_incoming(6, want(&[0], 70)), Admission::Enter, "of a higher priority");
    queue.handle_ended(6);
    turns(&mut queue);
    queue.handle_ended(1);
    assert_eq!(turns(&mut queue), []);
    queue.handle_ended(2);
    assert_eq!(turns(&mut queue), [Turn::Enter(3), Turn::Place(4, 1)]);
    queue.handle_ended(3);
    assert_eq!(turns(&mut queue), [Turn::Enter(4)]);
}

#[test]
fn however_many_wait_a_recording_is_not_refused_and_takes_no_place_from_a_caller() {
    let mut queue = Queue::new(Rule::OneByOne { most: 1 });
    queue.handle_incoming(0, page());
    for number in 1..20 {
        assert_eq!(queue.handle_incoming(number, recording()), Admission::Wait);
    }
    assert_eq!(queue.handle_incoming(20, page()), Admission::Wait);
    assert_eq!(queue.handle_incoming(21, page()), Admission::Refuse);
    assert_eq!(queue.handle_incoming(22, recording()), Admission::Wait);
}

#[test]
fn programmes_of_the_same_priority_follow_one_another_and_where_callers_wait_callers_and_programmes_do() {
    for (rule, waits) in [(Rule::Mix, Admission::Enter), (ONE_BY_ONE, Admission::Wait)] {
        let mut queue = Queue::new(rule);
        assert_eq!(queue.handle_incoming(1, programme(PAGE)), Admission::Enter);
        assert_eq!(queue.handle_incoming(2, programme(PAGE)), Admission::Wait);
        assert_eq!(queue.handle_incoming(3, programme(40)), waits, "it is silent, or behind: {rule:?}");
        assert_eq!(queue.handle_incoming(4, page()), waits, "{rule:?}");
        let mut queue = Queue::new(rule);
        queue.handle_incoming(1, page());
        assert_eq!(queue.handle_incoming(2, programme(PAGE)), waits, "{rule:?}");
    }
}

#[test]
fn nine_programmes_do_not_wait() {
    let mut queue = Queue::new(Rule::Mix);
    for number in 0..=8 {
        queue.handle_incoming(number, programme(PAGE));
    }
    assert_eq!(queue.handle_incoming(9, programme(PAGE)), Admission::Refuse);
    queue.handle_ended(0);
    assert_eq!(queue.handle_incoming(10, programme(PAGE)), Admission::Wait, "one of them has entered");
}

/// What the model knows of a call.
#[derive(Clone, Copy, Debug)]
struct Known {
    want: Want,
    has_entered: bool,
}

/// A queue, and what has to be true of it.
struct Model {
    queue: Queue<u32>,
    mixes: bool,
    known: BTreeMap<u32, Known>,
    places: BTreeMap<u32, usize>,
}

impl Model {
    fn come(&mut self, call: u32, want: Want) {
        let admission = self.queue.handle_incoming(call, want);
        if admission != Admission::Refuse {
            self.known.insert(call, Known { want, has_entered: admission == Admission::Enter });
            if admission == Admission::Enter {
                self.check_entry(call);
            }
        }
        self.follow();
    }

    fn go(&mut self, call: u32) {
        self.queue.handle_ended(call);
        self.known.remove(&call);
        self.places.remove(&call);
        self.follow();
    }

    fn follow(&mut self) {
        while let Some(turn) = self.queue.poll_turn() {
            match turn {
                Turn::Place(call, place) => {
                    assert!(!self.known[&call].has_entered && place > 0);
                    self.places.insert(call, place);
                }
                Turn::Enter(call) => {
                    let known = self.known.get_mut(&call).expect("nobody who has left enters");
                    assert!(!std::mem::replace(&mut known.has_entered, true), "{call} enters twice");
                    self.check_entry(call);
                }
            }
        }
        self.check();
    }

    /// Nobody is passed by who came later and matters no more.
    fn check_entry(&self, call: u32) {
        let entered = self.known[&call];
        for (&other, known) in self.known.range(..call).filter(|(_, known)| !known.has_entered) {
            let is_passed = known.want.zones.intersects(entered.want.zones)
                && known.want.priority >= entered.want.priority
                && self.is_apart(&known.want, &entered.want);
            assert!(!is_passed, "{call} passes {other}");
        }
    }

    /// Where callers are mixed recordings are not.
    fn is_apart(&self, one: &Want, other: &Want) -> bool {
        !self.mixes || [one.kind, other.kind].contains(&Kind::Recording)
    }

    fn check(&self) {
        for (&call, known) in &self.known {
            let shares =
                |other: &(&u32, &Known)| *other.0 != call && other.1.want.zones.intersects(known.want.zones);
            let mut others = self.known.iter().filter(shares);
            if known.has_entered {
                let same = |(_, other): (&u32, &Known)| {
                    let is_level = other.want.priority == known.want.priority;
                    other.has_entered && is_level && self.is_apart(&other.want, &known.want)
                };
                assert!(!others.any(same), "two on air in one zone");
            } else {
                assert!(self.places.contains_key(&call), "{call} does not know his place");
                let waits_for = |(_, other): (&u32, &Known)| {
                    other.want.priority >= known.want.priority && self.is_apart(&other.want, &known.want)
                };
                assert!(others.any(waits_for), "{call} is forgotten");
            }
        }
    }
}

#[test]
fn whatever_comes_and_goes_one_is_on_air_per_zone_all_are_in_order_and_nobody_is_forgotten() {
    for rule in [Rule::OneByOne { most: 6 }, Rule::Mix] {
        come_and_go(rule);
    }
}

fn come_and_go(rule: Rule) {
    let mut random = 0x5eed_u64;
    let mut below = |limit: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % limit
    };
    for _ in 0..300 {
        let (queue, mixes) = (Queue::new(rule), rule == Rule::Mix);
        let mut model = Model { queue, mixes, known: BTreeMap::new(), places: BTreeMap::new() };
        for call in 0..60 {
            if below(2) == 0 {
                let zones = (0..4).filter(|_| below(2) == 0).collect::<Vec<_>>();
                let zones = if zones.is_empty() { vec![0] } else { zones };
                let kind = [Kind::Call, Kind::Call, Kind::Recording][below(3)];
                model.come(call, Want { kind, ..want(&zones, [40, 60, 60, 60, 90][below(5)]) });
            } else if let Some(&leaves) = model.known.keys().nth(below(8)) {
                model.go(leaves);
            }
        }
        while let Some((&next, _)) = model.known.iter().find(|(_, known)| known.has_entered) {
            model.go(next);
        }
        assert!(model.known.is_empty(), "{:?}", model.known);
    }
}
