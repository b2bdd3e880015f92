//! Who may not try a PIN any more, and for how long.
//!
//! ```text
//! wrong  1   2   3      4      5      …
//!        ok  ok  1 min  2 min  4 min  …  1 h          of one caller
//!        ok … 29 times   30: 1 min  31: 2 min  …      of all callers of one host
//! ```
//! A caller is a name at a host who tries the PIN of one account; a name is easily changed, so the host is counted too. A
//! right PIN takes back what its caller had wrong of the same account, from the host as well: a telephone system whose users
//! mistype does not lock itself out, and who knows one PIN cannot try another one for ever. What is a day old is
//! forgotten. Bounds: [`MOST`] callers and as many hosts; of more, the one that has done least is forgotten.

use crate::time::Instant;
use core::time::Duration;
use std::net::{IpAddr, Ipv6Addr};

/// Who tries a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Where he calls from.
    pub host: IpAddr,
    /// What he calls himself.
    pub name: String,
    /// Whose PIN it is.
    pub account: String,
}

/// What callers have tried.
#[derive(Debug, Default)]
pub struct Lockout {
    callers: Book<Suspect>,
    hosts: Book<IpAddr>,
}

impl Lockout {
    /// How long this caller has still to wait, if he has to.
    #[must_use]
    pub fn waits(&self, now: Instant, suspect: &Suspect) -> Option<Duration> {
        let host = network(suspect.host);
        let waits = self.callers.record(|known| known.is(suspect)).and_then(|record| record.waits(now));
        waits.max(self.hosts.record(|at| *at == host).and_then(|record| record.waits(now)))
    }

    /// A wrong PIN; how long the caller has to wait now, if he has to.
    pub fn handle_wrong(&mut self, now: Instant, suspect: &Suspect) -> Option<Duration> {
        let host = network(suspect.host);
        self.callers.strike(now, Suspect { host, ..suspect.clone() }, FREE_OF_CALLER);
        self.hosts.strike(now, host, FREE_OF_HOST);
        self.waits(now, suspect)
    }

    /// The right one.
    pub fn handle_right(&mut self, suspect: &Suspect) {
        let Some(index) = self.callers.0.iter().position(|record| record.who.is(suspect)) else { return };
        let strikes = self.callers.0.swap_remove(index).strikes;
        let host = network(suspect.host);
        if let Some(record) = self.hosts.0.iter_mut().find(|record| record.who == host) {
            record.strikes = record.strikes.saturating_sub(strikes);
        }
    }
}

impl Suspect {
    /// Whether this one, who is remembered, is `other`.
    fn is(&self, other: &Self) -> bool {
        self.host == network(other.host) && self.name == other.name && self.account == other.account
    }
}

#[derive(Debug)]
struct Book<W>(Vec<Record<W>>);

impl<W> Default for Book<W> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<W: PartialEq> Book<W> {
    fn record(&self, is_it: impl Fn(&W) -> bool) -> Option<&Record<W>> {
        self.0.iter().find(|record| is_it(&record.who))
    }

    fn strike(&mut self, now: Instant, who: W, free: u32) {
        self.0.retain(|record| now.since(record.last_at) < FORGOTTEN_AFTER);
        let index = self.0.iter().position(|record| record.who == who).unwrap_or_else(|| {
            self.make_room();
            self.0.push(Record { who, strikes: 0, last_at: now, until: now });
            self.0.len() - 1
        });
        let record = &mut self.0[index];
        record.strikes = record.strikes.saturating_add(1);
        record.last_at = now;
        if let Some(beyond) = record.strikes.checked_sub(free + 1) {
            let longer = 1_u32.checked_shl(beyond).unwrap_or(u32::MAX);
            record.until = now + FIRST.saturating_mul(longer).min(LONGEST);
        }
    }

    fn make_room(&mut self) {
        if self.0.len() < MOST {
            return;
        }
        let least = (0..self.0.len()).min_by_key(|&index| (self.0[index].strikes, self.0[index].last_at));
        if let Some(least) = least {
            self.0.swap_remove(least);
        }
    }
}

#[derive(Debug)]
struct Record<W> {
    who: W,
    /// Wrong PINs.
    strikes: u32,
    last_at: Instant,
    /// No further one is heard before.
    until: Instant,
}

impl<W> Record<W> {
    fn waits(&self, now: Instant) -> Option<Duration> {
        (self.until > now).then(|| self.until.since(now))
    }
}

/// One who has a network of IPv6 has all its addresses (RFC 6177).
fn network(host: IpAddr) -> IpAddr {
    match host.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Callers, and hosts, that are remembered.
const MOST: usize = 64;
/// Wrong PINs of a caller that cost nothing.
const FREE_OF_CALLER: u32 = 2;
/// Of all callers of a host.
const FREE_OF_HOST: u32 = 29;
/// The first wait; each further wrong PIN doubles it.
const FIRST: Duration = Duration::from_mins(1);
/// Up to this.
const LONGEST: Duration = Duration::from_hours(1);
/// What happened so long ago does not count.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    fn host(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into()
    }

    fn who(host: IpAddr, name: &str) -> Suspect {
        Suspect { host, name: name.to_owned(), account: "501".to_owned() }
    }

    #[test]
    fn the_third_wrong_pin_costs_a_minute_and_each_further_one_twice_as_much() {
        let mut lockout = Lockout::default();
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..12 {
            let wait = lockout.handle_wrong(at(now), &who(host(1), "200")).unwrap_or_default();
            now += wait.as_secs();
            assert_eq!(lockout.waits(at(now), &who(host(1), "200")), None);
            waits.push(wait.as_secs());
        }
        assert_eq!(waits, [0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]);
    }

    #[test]
    fn a_caller_who_is_locked_out_does_not_lock_out_his_neighbour() {
        let mut lockout = Lockout::default();
        for _ in 0..3 {
            lockout.handle_wrong(at(0), &who(host(1), "200"));
        }
        assert_eq!(lockout.waits(at(10), &who(host(1), "200")), Some(Duration::from_secs(50)));
        assert_eq!(lockout.waits(at(10), &who(host(1), "201")), None);
        assert_eq!(lockout.waits(at(10), &who(host(2), "200")), None);
    }

    #[test]
    fn who_changes_his_name_with_every_try_locks_out_his_host() {
        let mut lockout = Lockout::default();
        let waits = (0..31).map(|number| lockout.handle_wrong(at(0), &who(host(1), &format!("{number}"))));
        let waits: Vec<_> = waits.map(|wait| wait.unwrap_or_default().as_secs()).collect();
        assert_eq!((waits[28], waits[29], waits[30]), (0, 60, 120));
        assert!(lockout.waits(at(0), &who(host(1), "somebody else")).is_some());
        let network = ["2001:db8::1", "2001:db8::2"].map(|text| text.parse::<IpAddr>().unwrap());
        for number in 0..30 {
            lockout.handle_wrong(at(0), &who(network[number % 2], &format!("{number}")));
        }
        assert!(lockout.waits(at(0), &who("2001:db8::3".parse().unwrap(), "x")).is_some());
    }

    #[test]
    fn a_right_pin_takes_back_what_was_wrong_before_it() {
        let mut lockout = Lockout::default();
        for number in 0..100 {
            let name = format!("{}", number % 10);
            lockout.handle_wrong(at(number), &who(host(1), &name));
            lockout.handle_wrong(at(number), &who(host(1), &name));
            lockout.handle_right(&who(host(1), &name));
        }
        assert_eq!(lockout.waits(at(100), &who(host(1), "0")), None);
        assert_eq!(lockout.handle_wrong(at(100), &who(host(1), "0")), None);
    }

    #[test]
    fn a_right_pin_of_one_account_takes_back_nothing_of_another() {
        let (mut lockout, of_b) = (Lockout::default(), who(host(1), "200"));
        let of_a = Suspect { account: "502".to_owned(), ..of_b.clone() };
        lockout.handle_wrong(at(0), &of_b);
        lockout.handle_wrong(at(1), &of_b);
        lockout.handle_right(&of_a);
        assert_eq!(lockout.handle_wrong(at(2), &of_b), Some(Duration::from_mins(1)));
        assert_eq!(lockout.waits(at(2), &of_a), None);
    }

    #[test]
    fn a_day_later_it_is_forgotten() {
        let mut lockout = Lockout::default();
        for _ in 0..5 {
            lockout.handle_wrong(at(0), &who(host(1), "200"));
        }
        assert_eq!(lockout.handle_wrong(at(24 * 3600), &who(host(1), "200")), None);
    }

    #[test]
    fn however_many_try_memory_is_bounded_and_the_worst_are_remembered() {
        let mut lockout = Lockout::default();
        for _ in 0..4 {
            lockout.handle_wrong(at(0), &who(host(0), "worst"));
        }
        for number in 1..1000 {
            lockout.handle_wrong(at(1), &who(host(number), "x"));
        }
        assert_eq!((lockout.callers.0.len(), lockout.hosts.0.len()), (MOST, MOST));
        assert!(lockout.waits(at(2), &who(host(0), "worst")).is_some());
    }
}
