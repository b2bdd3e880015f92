//! How music goes before a page and comes back after it, in one zone.
//!
//! ```text
//!        fade-out-duration     page begins                page ends   fade-in-duration
//!  up ────────╲_               │                                  │            __────── up
//!               ╲__            │                                  │        ___╱
//!                  ╲___ min    │                                  │ min __╱
//!                      └───────┼──────────────────────────────────┼─────┘
//!                     <─offset─>   muted, or as the zone ducks     <offset>
//! ```
//! Decides when a change begins, how far it goes and how long it takes, so that the way down ends when what beats the music
//! begins. Music that is on its way up already is down sooner: it does not wait for what it does not need. Where there is no
//! time, and before an emergency, it is cut. Leaves out the curve in between, which is that of [`dsp::Fade`]: the cube root
//! of the gain goes straight.
//!
//! [`dsp::Fade`]: ../dsp/struct.Fade.html

use crate::time::Instant;
use crate::units::Level;
use core::time::Duration;

/// How music goes, or how it comes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MusicFade {
    /// From full to [`MusicFade::min`], or back.
    pub duration: Duration,
    /// Seconds. Going: so long after the beginning of the page it is down, before it where that is negative. Coming: so
    /// long after the last page it begins; a negative one counts as none.
    pub offset: f64,
    /// What it goes down to before it is muted, and begins with when it comes.
    pub min: Level,
}

/// Both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MusicFades {
    /// Before a page.
    pub out: MusicFade,
    /// After the last one.
    pub back: MusicFade,
}

/// What beats the music.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// When it begins.
    pub at: Instant,
    /// How loud the music is meanwhile.
    pub rest: Level,
    /// It waits for no fade.
    pub is_sudden: bool,
}

/// A change that begins now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Where it leads.
    pub level: Level,
    /// How long that takes.
    pub fade: Duration,
}

/// How loud music is in one zone.
#[derive(Clone, Copy, Debug)]
pub struct Swell {
    state: State,
    way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// As loud as it is.
    Up,
    /// On the way to the least it fades to, until then.
    Falls { down_at: Instant },
    /// Something else is heard.
    Down,
    /// Nothing beats it any more; it comes back then.
    Waits { rises_at: Instant },
    /// On its way back.
    Rises,
}

impl Swell {
    /// Music that begins at `now`: at once as loud as it is, or not at all while something beats it.
    #[must_use]
    pub fn new(now: Instant, loss: Option<Loss>) -> Self {
        match loss.filter(|loss| loss.at <= now) {
            None => Self { state: State::Up, way: Way::at(now, Level::UNITY) },
            Some(loss) => Self { state: State::Down, way: Way::at(now, loss.rest) },
        }
    }

    /// What beats it, or will soon, is `loss`; what is to be done about that at `now`, if anything.
    pub fn handle(&mut self, now: Instant, loss: Option<Loss>, fades: &MusicFades) -> Option<Step> {
        match loss {
            None => self.recover(now, &fades.back),
            Some(loss) if loss.is_sudden && loss.at <= now => self.rest(now, loss.rest),
            Some(loss) if loss.is_sudden => None,
            Some(loss) => self.give_way(now, loss, &fades.out),
        }
    }

    /// When [`handle`](Self::handle) wants to be called again with the same `loss`.
    #[must_use]
    pub fn poll_timeout(&self, now: Instant, loss: Option<Loss>, fades: &MusicFades) -> Option<Instant> {
        match (loss, self.state) {
            (None, State::Waits { rises_at }) => Some(rises_at),
            (None, State::Falls { .. } | State::Down) => Some(now),
            (None, State::Up | State::Rises) | (Some(_), State::Down) => None,
            (Some(loss), _) if loss.is_sudden => Some(loss.at),
            (Some(_), State::Falls { down_at }) => Some(down_at),
            (Some(loss), _) => Some(self.falls_at(now, loss, &fades.out).max(now)),
        }
    }

    /// From when on something that is not sudden may be heard: when the music would be down.
    #[must_use]
    pub fn open_at(&self, now: Instant, rest: Level, fades: &MusicFades) -> Instant {
        match self.state {
            State::Down => now,
            State::Falls { down_at } => before(down_at, fades.out.offset).max(now),
            _ => {
                let down_at = now + self.time_to_fall(now, low(rest, &fades.out), &fades.out);
                before(down_at, fades.out.offset).max(now)
            }
        }
    }

    /// How loud it is, and how it goes on.
    #[must_use]
    pub fn at(&self, now: Instant) -> (Level, Step) {
        let left = self.way.until.since(now);
        (self.way.level(now), Step { level: self.way.end, fade: left })
    }

    fn give_way(&mut self, now: Instant, loss: Loss, out: &MusicFade) -> Option<Step> {
        let down_at = after(loss.at, out.offset);
        match self.state {
            State::Down => self.rest(now, loss.rest),
            State::Falls { down_at: planned } if planned <= now || down_at <= now => {
                self.rest(now, loss.rest)
            }
            State::Falls { down_at: planned } if planned <= down_at => None,
            _ if self.falls_at(now, loss, out) > now => None,
            _ if down_at <= now => self.rest(now, loss.rest),
            _ => {
                self.state = State::Falls { down_at };
                Some(self.go(now, low(loss.rest, out), down_at.since(now)))
            }
        }
    }

    /// Down at once, if it is not.
    fn rest(&mut self, now: Instant, level: Level) -> Option<Step> {
        let is_on_its_way = self.state == State::Down || self.way.until <= now;
        let is_there = self.way.end == level && is_on_its_way;
        self.state = State::Down;
        (!is_there).then(|| self.go(now, level, Swell::CUT))
    }

    fn recover(&mut self, now: Instant, back: &MusicFade) -> Option<Step> {
        if matches!(self.state, State::Down | State::Falls { .. }) {
            self.state = State::Waits { rises_at: after(now, back.offset.max(0.0)) };
        }
        let State::Waits { rises_at } = self.state else { return None };
        if rises_at > now {
            return None;
        }
        let level = self.way.level(now);
        if level < back.min {
            // It rises from there as soon as it is there.
            self.state = State::Waits { rises_at: now + Swell::CUT };
            return Some(self.go(now, back.min, Swell::CUT));
        }
        self.state = State::Rises;
        let part = (1.0 - root(level)) / (1.0 - root(back.min)).max(f32::EPSILON);
        Some(self.go(now, Level::UNITY, back.duration.mul_f32(part.clamp(0.0, 1.0)).max(Swell::CUT)))
    }

    /// When it has to begin to fall, so that it is down in time.
    fn falls_at(&self, now: Instant, loss: Loss, out: &MusicFade) -> Instant {
        after(loss.at, out.offset) - self.time_to_fall(now, low(loss.rest, out), out)
    }

    fn time_to_fall(&self, now: Instant, low: Level, out: &MusicFade) -> Duration {
        let part = (root(self.way.level(now)) - root(low)) / (1.0 - root(low)).max(f32::EPSILON);
        out.duration.mul_f32(part.clamp(0.0, 1.0))
    }

    fn go(&mut self, now: Instant, level: Level, fade: Duration) -> Step {
        self.way = Way { since: now, start: self.way.level(now), until: now + fade, end: level };
        Step { level, fade }
    }

    /// How long a cut takes: no click, and no music after it.
    pub const CUT: Duration = Duration::from_millis(5);
}

/// A change under way.
#[derive(Clone, Copy, Debug)]
struct Way {
    since: Instant,
    start: Level,
    until: Instant,
    end: Level,
}

impl Way {
    const fn at(now: Instant, level: Level) -> Self {
        Self { since: now, start: level, until: now, end: level }
    }

    fn level(&self, now: Instant) -> Level {
        let (whole, gone) = (self.until.since(self.since), now.since(self.since));
        if gone >= whole {
            return self.end;
        }
        let part = gone.as_secs_f32() / whole.as_secs_f32();
        let (start, end) = (root(self.start), root(self.end));
        Level::from_gain((start + (end - start) * part).powi(3))
    }
}

/// The least it fades to: what comes then is a cut, or no change at all.
fn low(rest: Level, out: &MusicFade) -> Level {
    if rest > out.min { rest } else { out.min }
}

fn root(level: Level) -> f32 {
    level.gain().cbrt()
}

fn after(at: Instant, seconds: f64) -> Instant {
    if seconds < 0.0 { at - span(-seconds) } else { at + span(seconds) }
}

fn before(at: Instant, seconds: f64) -> Instant {
    after(at, -seconds)
}

fn span(seconds: f64) -> Duration {
    Duration::from_secs_f64(if seconds.is_nan() { 0.0 } else { seconds.min(MOST_S) })
}

/// No offset is longer.
const MOST_S: f64 = 600.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    /// As PagingServer comes: three seconds down, ten up, all the way.
    fn fades() -> MusicFades {
        let fade =
            |seconds| MusicFade { duration: Duration::from_secs(seconds), offset: 0.0, min: Level::MUTE };
        MusicFades { out: fade(3), back: fade(10) }
    }

    /// A page from `begins` to `ends`, at a time that is told in milliseconds.
    #[derive(Clone, Copy)]
    struct Page {
        begins: u64,
        ends: u64,
        is_sudden: bool,
    }

    /// What the music is told in `end` milliseconds in which pages come, each known from `known` on; looked at when it
    /// wants to be, and when a page becomes known or ends.
    fn told(fades: &MusicFades, duck: Level, pages: &[(u64, Page)], end: u64) -> Vec<String> {
        let mut swell = Swell::new(at(0), None);
        let mut told = Vec::new();
        let mut next = at(0);
        for millis in 0..end {
            let now = at(millis);
            let losses = pages.iter().filter(|(known, page)| (*known..page.ends).contains(&millis));
            let first = losses.map(|(_, page)| page).min_by_key(|page| page.begins);
            let loss = first.map(|page| Loss { at: at(page.begins), rest: duck, is_sudden: page.is_sudden });
            let is_news = pages.iter().any(|(known, page)| *known == millis || page.ends == millis);
            if next <= now || is_news {
                while let Some(Step { level, fade }) = swell.handle(now, loss, fades) {
                    told.push(format!("{millis}: to {:.3} in {} ms", level.gain(), fade.as_millis()));
                }
                next = swell.poll_timeout(now, loss, fades).unwrap_or(at(u64::MAX / 2000));
            }
        }
        told
    }

    fn page(begins: u64, ends: u64) -> Page {
        Page { begins, ends, is_sudden: false }
    }

    #[test]
    fn it_is_down_when_the_page_begins_and_rises_when_that_has_ended() {
        let told = told(&fades(), Level::MUTE, &[(1000, page(4000, 9000))], 30_000);
        assert_eq!(told, ["1000: to 0.000 in 3000 ms", "9000: to 1.000 in 10000 ms"]);
    }

    #[test]
    fn it_begins_to_fall_only_as_early_as_it_must() {
        let told = told(&fades(), Level::MUTE, &[(1000, page(9000, 9500))], 9200);
        assert_eq!(told[0], "6000: to 0.000 in 3000 ms");
    }

    #[test]
    fn offsets_move_the_end_of_the_way_down_and_the_beginning_of_the_way_up() {
        let mut fades = fades();
        (fades.out.offset, fades.back.offset) = (-1.0, 2.0);
        let early = told(&fades, Level::MUTE, &[(1000, page(5000, 9000))], 30_000);
        assert_eq!(early, ["1000: to 0.000 in 3000 ms", "11000: to 1.000 in 10000 ms"]);
        (fades.out.offset, fades.back.offset) = (1.5, -2.0);
        let late = told(&fades, Level::MUTE, &[(1000, page(5000, 9000))], 30_000);
        assert_eq!(late, ["3500: to 0.000 in 3000 ms", "9000: to 1.000 in 10000 ms"]);
    }

    #[test]
    fn it_fades_to_its_floor_is_cut_there_and_begins_from_a_floor_of_its_own() {
        let mut fades = fades();
        (fades.out.min, fades.back.min) = (Level::from_gain(0.2), Level::from_gain(0.125));
        let told = told(&fades, Level::MUTE, &[(1000, page(4000, 9000))], 30_000);
        assert_eq!(
            told,
            [
                "1000: to 0.200 in 3000 ms",
                "4000: to 0.000 in 5 ms",
                "9000: to 0.125 in 5 ms",
                "9005: to 1.000 in 10000 ms"
            ]
        );
    }

    #[test]
    fn where_the_zone_ducks_it_goes_no_further_down_and_rises_from_there() {
        let told = told(&fades(), Level::from_gain(0.125), &[(1000, page(4000, 9000))], 30_000);
        assert_eq!(told, ["1000: to 0.125 in 3000 ms", "9000: to 1.000 in 5000 ms"]);
    }

    #[test]
    fn an_emergency_cuts_it_when_it_begins_and_not_before() {
        let sudden = Page { begins: 2000, ends: 3000, is_sudden: true };
        let told = told(&fades(), Level::MUTE, &[(1000, sudden)], 20_000);
        assert_eq!(told, ["2000: to 0.000 in 5 ms", "3000: to 1.000 in 10000 ms"]);
    }

    #[test]
    fn what_begins_without_waiting_cuts_it_too() {
        let told = told(&fades(), Level::MUTE, &[(1000, page(1000, 3000))], 20_000);
        assert_eq!(told, ["1000: to 0.000 in 5 ms", "3000: to 1.000 in 10000 ms"]);
        let brief = super::tests::told(&fades(), Level::MUTE, &[(1000, page(1400, 3000))], 20_000);
        assert_eq!(brief[0], "1000: to 0.000 in 400 ms");
    }

    #[test]
    fn it_returns_when_the_last_of_several_pages_ends() {
        let pages = [(1000, page(4000, 9000)), (5000, page(5000, 12_000)), (8000, page(8000, 8500))];
        let told = told(&fades(), Level::MUTE, &pages, 40_000);
        assert_eq!(told, ["1000: to 0.000 in 3000 ms", "12000: to 1.000 in 10000 ms"]);
    }

    #[test]
    fn a_caller_who_gives_up_while_it_falls_lets_it_rise_from_where_it_is() {
        let told = told(&fades(), Level::MUTE, &[(1000, page(4000, 2500))], 20_000);
        assert_eq!(told, ["1000: to 0.000 in 3000 ms", "2500: to 1.000 in 5000 ms"]);
    }

    #[test]
    fn a_page_that_comes_while_it_rises_finds_it_down_sooner() {
        let mut swell = Swell::new(at(0), None);
        let fades = fades();
        assert_eq!(swell.open_at(at(0), Level::MUTE, &fades), at(3000));
        let loss = Some(Loss { at: at(0), rest: Level::MUTE, is_sudden: true });
        swell.handle(at(0), loss, &fades);
        assert_eq!(swell.open_at(at(100), Level::MUTE, &fades), at(100));
        swell.handle(at(1000), None, &fades);
        assert_eq!(
            swell.open_at(at(6000), Level::MUTE, &fades),
            at(7500),
            "half the way up is half the way down"
        );
        let again = Some(Loss { at: at(7500), rest: Level::MUTE, is_sudden: false });
        let step = swell.handle(at(6000), again, &fades);
        assert_eq!(step, Some(Step { level: Level::MUTE, fade: Duration::from_millis(1500) }));
        assert_eq!(swell.open_at(at(7000), Level::MUTE, &fades), at(7500));
    }

    #[test]
    fn a_page_that_waits_for_an_early_end_waits_longer_and_for_a_late_one_shorter() {
        let mut fades = fades();
        let swell = Swell::new(at(0), None);
        fades.out.offset = -1.0;
        assert_eq!(swell.open_at(at(500), Level::MUTE, &fades), at(4500));
        fades.out.offset = 1.0;
        assert_eq!(swell.open_at(at(500), Level::MUTE, &fades), at(2500));
        fades.out.offset = 9.0;
        assert_eq!(swell.open_at(at(500), Level::MUTE, &fades), at(500));
        (fades.out.offset, fades.out.duration) = (0.0, Duration::ZERO);
        assert_eq!(swell.open_at(at(500), Level::MUTE, &fades), at(500));
    }

    #[test]
    fn music_that_begins_under_a_page_is_silent_and_comes_when_that_has_ended() {
        let loss = Some(Loss { at: at(0), rest: Level::MUTE, is_sudden: false });
        let mut swell = Swell::new(at(1000), loss);
        assert_eq!(swell.handle(at(1000), loss, &fades()), None);
        assert_eq!(swell.at(at(1000)).0, Level::MUTE);
        let step = swell.handle(at(2000), None, &fades());
        assert_eq!(step, Some(Step { level: Level::UNITY, fade: Duration::from_secs(10) }));
        let (level, rest) = swell.at(at(7000));
        assert!((level.gain() - 0.125).abs() < 1e-3);
        assert_eq!(rest, Step { level: Level::UNITY, fade: Duration::from_secs(5) });
    }
}
