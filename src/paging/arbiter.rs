//! Who is heard in a zone when several want to be.
//!
//! ```text
//!  claims on a zone            highest priority ──> Play
//!  emergency 90 ┐              of its equals:       callers, bells and multicast pages are heard together,
//!  page      60 │                                   of emergencies the newest,
//!  multicast 50 ├─ arbiter ─>                       of music the first ──> Play, the others Mute
//!  bell      40 │
//!  music     10 ┘              all that is lower ──> what `duck` of the zone says: Mute, or Duck
//! ```
//! Decides for one zone at a time, from nothing but the claims on it: what is in force elsewhere does not count. An
//! emergency comes before everything that is none, whatever its priority; where a priority is the same, music gives way to
//! everything else. Leaves out: how long a change takes, and where the loudspeakers are.

use crate::units::Level;
use crate::zones::ZoneSet;

/// What wants to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is.
    pub class: Class,
    /// 0 to 100, higher wins.
    pub priority: u8,
    /// Where.
    pub zones: ZoneSet,
}

/// What can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Before which everything else gives way, whatever the time of day.
    Emergency,
    /// A caller, and his chime.
    Page,
    /// A page that comes by multicast.
    Multicast,
    /// A bell.
    Bell,
    /// Music between all that.
    Music,
    /// What the box says by itself.
    Notice,
}

/// What becomes of a claim in a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It is heard.
    Play,
    /// It is heard under what plays, so loud.
    Duck(Level),
    /// It is not heard.
    Mute,
}

/// What becomes of each of `claims`, which stand in the order of their arrival, in `zone`, where what loses to a higher
/// one is as loud as `duck`. `None`: it does not claim that zone.
#[must_use]
pub fn arbitrate(claims: &[Claim], zone: usize, duck: Level) -> Vec<Option<Verdict>> {
    let top = claims.iter().filter(|claim| claim.zones.contains(zone)).map(Claim::rank).max();
    let verdict = |(place, claim): (usize, &Claim)| {
        let top = top.filter(|_| claim.zones.contains(zone))?;
        let (before, behind) = (&claims[..place], &claims[place + 1..]);
        let gives_way = claim.gives_way_to_equals(zone, before, behind);
        Some(match () {
            () if gives_way => Verdict::Mute,
            () if claim.rank() < top => Verdict::beaten(duck),
            () => Verdict::Play,
        })
    };
    claims.iter().enumerate().map(verdict).collect()
}

impl Claim {
    /// Whether it is heard in `zone` before `other` is.
    #[must_use]
    pub fn beats(&self, other: &Self, zone: usize) -> bool {
        self.zones.contains(zone) && other.zones.contains(zone) && self.rank() > other.rank()
    }

    /// Whether it is heard in place of `other`, which was there before, wherever both want to be heard.
    #[must_use]
    pub fn silences(&self, other: &Self) -> bool {
        let is_newer = self.class == Class::Emergency && self.rank() == other.rank();
        self.zones.intersects(other.zones) && (self.rank() > other.rank() || is_newer)
    }

    /// Whether `other`, which came later, must be silent in `zone` as long as this one, its equal, is there.
    #[must_use]
    pub fn keeps_out(&self, other: &Self, zone: usize) -> bool {
        self.class == Class::Music && self.is_equal(other, zone)
    }

    fn gives_way_to_equals(&self, zone: usize, before: &[Self], behind: &[Self]) -> bool {
        match self.class {
            Class::Music => before.iter().any(|other| other.keeps_out(self, zone)),
            Class::Emergency => behind.iter().any(|other| other.is_equal(self, zone)),
            _ => false,
        }
    }

    fn is_equal(&self, other: &Self, zone: usize) -> bool {
        self.zones.contains(zone) && other.zones.contains(zone) && self.rank() == other.rank()
    }

    fn rank(&self) -> (bool, u8, bool) {
        (self.class == Class::Emergency, self.priority, self.class != Class::Music)
    }
}

impl Verdict {
    /// What becomes of what loses where that is as loud as `duck`.
    #[must_use]
    pub fn beaten(duck: Level) -> Self {
        if duck == Level::MUTE { Self::Mute } else { Self::Duck(duck) }
    }

    /// How loud that is.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Play => Level::UNITY,
            Self::Duck(level) => level,
            Self::Mute => Level::MUTE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const DUCK: Level = Level::MUTE;

    fn claim(class: Class, priority: u8) -> Claim {
        Claim { class, priority, zones: ZoneSet::one(0) }
    }

    /// `page 60, music 10` in this order, and what is heard: `+` plays, `~` ducked, `-` muted.
    fn heard(text: &str, duck: Level) -> String {
        let claims: Vec<_> = text
            .split(", ")
            .map(|one| {
                let (class, priority) = one.split_once(' ').unwrap();
                let class = match class {
                    "emergency" => Class::Emergency,
                    "page" => Class::Page,
                    "multicast" => Class::Multicast,
                    "bell" => Class::Bell,
                    "music" => Class::Music,
                    _ => Class::Notice,
                };
                claim(class, priority.parse().unwrap())
            })
            .collect();
        let sign = |verdict: Option<Verdict>| match verdict.unwrap() {
            Verdict::Play => '+',
            Verdict::Duck(_) => '~',
            Verdict::Mute => '-',
        };
        arbitrate(&claims, 0, duck).into_iter().map(sign).collect()
    }

    #[test]
    fn sentences_of_who_is_heard() {
        for (sentence, claims, expected) in [
            ("alone everything is heard", "notice 0", "+"),
            ("a page mutes music", "music 10, page 60", "-+"),
            ("whoever came first", "page 60, music 10", "+-"),
            ("two callers are heard together", "page 60, page 60", "++"),
            ("a caller of a higher priority is heard alone", "page 60, page 70, page 60", "-+-"),
            ("a bell is not heard under a page", "bell 40, page 60", "-+"),
            ("a bell may be more than a page", "bell 80, page 60", "+-"),
            ("of two emergencies the newest is heard", "emergency 90, emergency 90", "-+"),
            ("but never a lower one", "emergency 95, emergency 90", "+-"),
            ("of two players the first keeps the zone", "music 10, music 10", "+-"),
            ("but a higher one takes it", "music 10, music 20", "-+"),
            ("an emergency is more than a page of its priority", "emergency 90, page 90", "+-"),
            ("and music less than anything of its priority", "music 60, bell 60, page 60", "-++"),
            ("multicast and page of one priority are heard together", "multicast 50, page 50", "++"),
            ("and of a page of any priority", "page 100, emergency 90", "-+"),
            ("what the box says is more than music", "music 10, notice 15", "-+"),
            ("and less than all else", "notice 15, bell 40", "-+"),
        ] {
            assert_eq!(heard(claims, DUCK), expected, "{sentence}");
        }
    }

    #[test]
    fn what_loses_to_a_higher_one_is_ducked_where_the_zone_says_so_and_what_loses_to_an_equal_is_not() {
        let duck = Level::from_db(-20.0);
        assert_eq!(heard("music 10, page 60", duck), "~+");
        assert_eq!(heard("music 10, music 10, page 60", duck), "~-+", "two players never sound at once");
        assert_eq!(heard("emergency 90, page 60, emergency 90", duck), "-~+");
        assert_eq!((Verdict::Duck(duck).level(), Verdict::beaten(Level::MUTE)), (duck, Verdict::Mute));
    }

    #[test]
    fn a_claim_counts_in_its_own_zones_only() {
        let hall = Claim { zones: ZoneSet::one(0), ..claim(Class::Page, 90) };
        let both = Claim { zones: ZoneSet::first(2), ..claim(Class::Page, 60) };
        let in_zone = |zone| arbitrate(&[hall, both], zone, DUCK);
        assert_eq!(in_zone(0), [Some(Verdict::Play), Some(Verdict::Mute)]);
        assert_eq!(in_zone(1), [None, Some(Verdict::Play)]);
        assert_eq!(in_zone(2), [None, None]);
    }

    fn any_class() -> impl Strategy<Value = Class> {
        prop::sample::select(vec![
            Class::Emergency,
            Class::Page,
            Class::Multicast,
            Class::Bell,
            Class::Music,
            Class::Notice,
        ])
    }

    /// Few priorities, so that many are equal.
    fn any_claim() -> impl Strategy<Value = Claim> {
        (any_class(), 0..4_u8, 0..16_usize).prop_map(|(class, priority, zones)| {
            let zones = (0..4).filter(|zone| zones >> zone & 1 == 1).collect();
            Claim { class, priority, zones }
        })
    }

    fn any_duck() -> impl Strategy<Value = Level> {
        prop::sample::select(vec![Level::MUTE, Level::from_db(-20.0)])
    }

    proptest! {
        #[test]
        fn nothing_lower_is_at_full_level_while_something_higher_plays(
            claims in vec(any_claim(), 0..12), duck in any_duck(),
        ) {
            for zone in 0..4 {
                let verdicts = arbitrate(&claims, zone, duck);
                let plays = |(claim, verdict): (&Claim, &Option<Verdict>)| {
                    (*verdict == Some(Verdict::Play)).then_some((claim.class == Class::Emergency, claim.priority))
                };
                let playing: Vec<_> = claims.iter().zip(&verdicts).filter_map(plays).collect();
                let there = claims.iter().filter(|claim| claim.zones.contains(zone));
                let claimed: Vec<_> =
                    there.map(|claim| (claim.class == Class::Emergency, claim.priority)).collect();
                prop_assert_eq!(playing.iter().max(), claimed.iter().max(), "the highest is heard");
                prop_assert_eq!(playing.iter().min(), playing.iter().max(), "and nothing lower");
            }
        }

        #[test]
        fn nobody_is_muted_for_ever(claims in vec(any_claim(), 0..12), duck in any_duck()) {
            let mut left = claims;
            left.retain(|claim| claim.zones.contains(0));
            while !left.is_empty() {
                let verdicts = arbitrate(&left, 0, duck);
                let ended = verdicts.iter().position(|verdict| *verdict == Some(Verdict::Play));
                prop_assert!(ended.is_some(), "nobody is heard: {left:?}");
                left.remove(ended.unwrap());
            }
        }

        #[test]
        fn the_order_of_arrival_counts_among_emergencies_and_among_players_only(
            claims in vec(any_claim(), 0..12), duck in any_duck(), turn in 0..12_usize,
        ) {
            let is_ordered = |claim: &Claim| matches!(claim.class, Class::Emergency | Class::Music);
            // Those whose order counts keep it; all others stand elsewhere.
            let (mut others, ordered): (Vec<_>, Vec<_>) =
                (0..claims.len()).partition(|&place| !is_ordered(&claims[place]));
            let turn = turn.min(others.len());
            others.rotate_left(turn);
            let places: Vec<_> = if turn % 2 == 0 {
                others.into_iter().chain(ordered).collect()
            } else {
                ordered.into_iter().chain(others).collect()
            };
            let moved: Vec<_> = places.iter().map(|&place| claims[place]).collect();
            for zone in 0..4 {
                let (one, other) = (arbitrate(&claims, zone, duck), arbitrate(&moved, zone, duck));
                for (place, verdict) in places.iter().zip(other) {
                    prop_assert_eq!(one[*place], verdict);
                }
            }
        }

        #[test]
        fn a_verdict_in_one_zone_does_not_depend_on_another(
            claims in vec(any_claim(), 0..12), elsewhere in vec(any_claim(), 12), duck in any_duck(),
        ) {
            let only = ZoneSet::one(2);
            let moved: Vec<_> = claims.iter().zip(&elsewhere).map(|(claim, other)| {
                let zones = claim.zones.common(only).union(other.zones.without(only));
                Claim { zones, ..*claim }
            }).collect();
            prop_assert_eq!(arbitrate(&claims, 2, duck), arbitrate(&moved, 2, duck));
        }

        #[test]
        fn what_becomes_of_two_is_what_beats_and_keeps_out_say(
            first in any_claim(), second in any_claim(), duck in any_duck(),
        ) {
            let verdicts = arbitrate(&[first, second], 0, duck);
            let both = verdicts.iter().all(Option::is_some);
            prop_assert_eq!(second.beats(&first, 0), both && verdicts[0] == Some(Verdict::beaten(duck))
                && first.rank() != second.rank());
            let (first_there, second_there) = (first.zones.contains(0), second.zones.contains(0));
            if first_there && second_there {
                prop_assert_eq!(second.silences(&first), verdicts[0] != Some(Verdict::Play)
                    && verdicts[1] == Some(Verdict::Play) && first.rank() != second.rank()
                    || (second.class == Class::Emergency && first.rank() == second.rank()));
            }
            let keeps = first.keeps_out(&second, 0);
            prop_assert!(!keeps || verdicts == [Some(Verdict::Play), Some(Verdict::Mute)]);
        }
    }
}
