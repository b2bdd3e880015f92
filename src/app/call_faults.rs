//! Network faults, made by the sender: which packet is lost, doubled, late, and how fast the sender's clock goes.
//!
//! ```text
//! packet ─> lost, alone or in runs? ─> sent twice? ─> each copy: jitter, held back behind the next? ─> stall ─> leaves
//! ```
//! All of it follows from a seed, so that a run can be repeated. It sends nothing and reads no clock; times count from
//! the start of the stream.

use core::time::Duration;

/// What goes wrong on the way; the default is nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Faults {
    /// The share of packets that is lost, 0 to 1.
    pub loss: f64,
    /// So many packets are lost in a row; at least 1.
    pub burst: u32,
    /// The longest delay of a packet; all delays up to it are alike.
    pub jitter: Duration,
    /// The share of packets that leaves after its successor, 0 to 1.
    pub reorder: f64,
    /// The share of packets that is sent twice, 0 to 1.
    pub duplicate: f64,
    /// How much too fast the sender's clock goes, in millionths; slow ones are negative.
    pub ppm: i32,
    /// A time in which nothing gets through, and what was held up comes at its end.
    pub stall: Option<Stall>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            loss: 0.0,
            burst: 1,
            jitter: Duration::ZERO,
            reorder: 0.0,
            duplicate: 0.0,
            ppm: 0,
            stall: None,
        }
    }
}

impl Faults {
    /// Whether chance has a hand in it.
    pub(super) fn are_random(&self) -> bool {
        self.loss > 0.0 || self.reorder > 0.0 || self.duplicate > 0.0 || !self.jitter.is_zero()
    }

    /// When a sender with this clock has played `ptime` for `number` times.
    pub(super) fn elapsed(&self, ptime: Duration, number: usize) -> Duration {
        let true_rate = u128::try_from(MILLION + i64::from(self.ppm)).unwrap_or(1).max(1);
        let shown = ptime.as_micros() * u128::try_from(number).unwrap_or(u128::MAX);
        let micros = shown.saturating_mul(1_000_000) / true_rate;
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

/// A network that stands still for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// When, after the start of the stream.
    pub at: Duration,
    /// For how long.
    pub length: Duration,
}

/// The faults of one stream.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    faults: Faults,
    ptime: Duration,
    random: Random,
    /// So many packets of a run of losses are still to be lost.
    to_lose: u32,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never leaves.
    Lost,
    /// It leaves.
    Leaves {
        /// When.
        at: Duration,
        /// When it leaves for a second time.
        again: Option<Duration>,
    },
}

impl Plan {
    /// The plan of a stream with packets of `ptime`; all of it follows from `seed`.
    pub(super) fn new(faults: Faults, ptime: Duration, seed: u64) -> Self {
        Self { faults, ptime, random: Random(seed), to_lose: 0 }
    }

    /// What becomes of the next packet, which the sender lets go at `due`.
    pub(super) fn next(&mut self, due: Duration) -> Fate {
        if self.loses() {
            return Fate::Lost;
        }
        let is_doubled = self.random.is_hit(self.faults.duplicate);
        let at = self.departure(due);
        let again = is_doubled.then(|| self.departure(due));
        Fate::Leaves { at, again }
    }

    fn loses(&mut self) -> bool {
        if self.to_lose == 0 && self.random.is_hit(self.run_share()) {
            self.to_lose = self.faults.burst.max(1);
        }
        let is_lost = self.to_lose > 0;
        self.to_lose = self.to_lose.saturating_sub(1);
        is_lost
    }

    /// How likely a packet outside of a run begins one, so that `loss` of all packets are lost: with n packets a run and
    /// (1 - q) / q packets between two runs, n / (n + (1 - q) / q) = loss.
    fn run_share(&self) -> f64 {
        let Faults { loss, burst, .. } = self.faults;
        if loss <= 0.0 { 0.0 } else { loss / (loss + f64::from(burst.max(1)) * (1.0 - loss)) }
    }

    fn departure(&mut self, due: Duration) -> Duration {
        let mut at = due + self.faults.jitter.mul_f64(self.random.share());
        if self.random.is_hit(self.faults.reorder) {
            at += self.ptime + self.ptime / 4;
        }
        match self.faults.stall {
            Some(Stall { at: from, length }) if at >= from && at < from + length => from + length,
            _ => at,
        }
    }
}

/// Numbers that look random: splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
#[derive(Clone, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number from 0 to below 1.
    #[expect(clippy::cast_precision_loss, reason = "it has 53 bits")]
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something happens that happens in this share of all cases.
    fn is_hit(&mut self, share: f64) -> bool {
        share > 0.0 && self.share() < share
    }
}

const MILLION: i64 = 1_000_000;

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "counts of a test are small")]
mod tests {
    use super::*;

    const PTIME: Duration = Duration::from_millis(20);

    fn fates(faults: Faults, seed: u64, packets: usize) -> Vec<(Duration, Fate)> {
        let mut plan = Plan::new(faults, PTIME, seed);
        let dues = (0..packets).map(|number| faults.elapsed(PTIME, number));
        dues.map(|due| (due, plan.next(due))).collect()
    }

    fn share_of(fates: &[(Duration, Fate)], is_so: impl Fn(&Fate) -> bool) -> f64 {
        fates.iter().filter(|(_, fate)| is_so(fate)).count() as f64 / fates.len() as f64
    }

    #[test]
    fn without_faults_every_packet_leaves_once_and_when_it_is_due() {
        for (due, fate) in fates(Faults::default(), 1, 1000) {
            assert_eq!(fate, Fate::Leaves { at: due, again: None });
        }
    }

    #[test]
    fn the_same_seed_is_the_same_plan() {
        let faults = Faults { loss: 0.1, jitter: PTIME, duplicate: 0.1, reorder: 0.1, ..Faults::default() };
        assert_eq!(fates(faults, 7, 1000), fates(faults, 7, 1000));
        assert_ne!(fates(faults, 7, 1000), fates(faults, 8, 1000));
    }

    #[test]
    fn the_share_asked_for_is_lost_alone_or_in_runs() {
        for burst in [1, 3, 10] {
            let faults = Faults { loss: 0.05, burst, ..Faults::default() };
            let fates = fates(faults, 42, 200_000);
            let lost = share_of(&fates, |fate| *fate == Fate::Lost);
            assert!((lost - 0.05).abs() < 0.005, "burst {burst}: {lost}");
            let runs = fates.chunk_by(|(_, one), (_, other)| (*one == Fate::Lost) == (*other == Fate::Lost));
            let runs: Vec<_> = runs.filter(|run| run[0].1 == Fate::Lost).map(<[_]>::len).collect();
            assert!(runs.iter().all(|&length| length % burst as usize == 0), "burst {burst}");
        }
    }

    #[test]
    fn losses_at_the_ends_of_the_range_are_all_or_nothing() {
        assert!(
            fates(Faults { loss: 1.0, burst: 3, ..Faults::default() }, 1, 99)
                .iter()
                .all(|(_, fate)| *fate == Fate::Lost)
        );
        assert!(
            fates(Faults { burst: 3, ..Faults::default() }, 1, 99)
                .iter()
                .all(|(_, fate)| *fate != Fate::Lost)
        );
    }

    #[test]
    fn delays_are_spread_evenly_up_to_the_jitter() {
        let jitter = Duration::from_millis(60);
        let delays: Vec<_> = fates(Faults { jitter, ..Faults::default() }, 5, 50_000)
            .iter()
            .map(|(due, fate)| match fate {
                Fate::Leaves { at, again: None } => (at.as_secs_f64() - due.as_secs_f64()) * 1000.0,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(delays.iter().all(|delay| (-1e-6..60.0).contains(delay)));
        let below = |limit: f64| delays.iter().filter(|&&delay| delay < limit).count() as f64 / 50_000.0;
        for (limit, share) in [(6.0, 0.1), (30.0, 0.5), (54.0, 0.9)] {
            assert!((below(limit) - share).abs() < 0.01, "{} below {limit} ms", below(limit));
        }
    }

    #[test]
    fn a_packet_held_back_leaves_after_its_successor_and_before_the_next() {
        let fates = fates(Faults { reorder: 0.05, ..Faults::default() }, 3, 20_000);
        let held = |fate: &Fate, due: Duration| matches!(fate, Fate::Leaves { at, .. } if *at > due);
        let late: Vec<_> = fates.iter().filter(|(due, fate)| held(fate, *due)).collect();
        assert!((late.len() as f64 / 20_000.0 - 0.05).abs() < 0.005, "{}", late.len());
        for (due, fate) in late {
            let Fate::Leaves { at, .. } = fate else { panic!() };
            assert!(*at > *due + PTIME && *at < *due + 2 * PTIME);
        }
    }

    #[test]
    fn a_doubled_packet_leaves_twice() {
        let fates = fates(Faults { duplicate: 0.2, ..Faults::default() }, 9, 20_000);
        let doubled = share_of(&fates, |fate| matches!(fate, Fate::Leaves { again: Some(_), .. }));
        assert!((doubled - 0.2).abs() < 0.01, "{doubled}");
    }

    #[test]
    fn what_falls_into_a_stall_leaves_at_its_end() {
        let stall = Some(Stall { at: Duration::from_millis(100), length: Duration::from_millis(150) });
        let fates = fates(Faults { stall, ..Faults::default() }, 1, 20);
        for (due, fate) in fates {
            let is_inside = (100..250).contains(&due.as_millis());
            let at = if is_inside { Duration::from_millis(250) } else { due };
            assert_eq!(fate, Fate::Leaves { at, again: None });
        }
    }

    #[test]
    fn a_fast_clock_is_early_and_a_slow_one_late() {
        let after_an_hour = |ppm| Faults { ppm, ..Faults::default() }.elapsed(PTIME, 180_000).as_micros();
        assert_eq!(after_an_hour(0), 3_600_000_000);
        assert_eq!(after_an_hour(200), 3_599_280_143);
        assert_eq!(after_an_hour(-200), 3_600_720_144);
        assert_eq!(Faults { ppm: 200, ..Faults::default() }.elapsed(PTIME, 0), Duration::ZERO);
    }
}
