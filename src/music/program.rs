//! Which source plays, what of it, and what follows when it ends.
//!
//! The sources stand in the order in which they are wanted. The first that works plays. One that fails gives way to the next
//! at once, and is tried again: after [`FIRST_WAIT`], and twice as long each time up to [`LONGEST_WAIT`], while nothing plays;
//! every [`LOOK_EVERY`] while a less wanted one does, beside it, so that it plays on until something of the better one plays.
//! One that took over so and was soon gone is looked at half as often each time, down to once in [`LONGEST_LOOK`]. There is no
//! end to trying.
//!
//! | what happens | what follows |
//! |---|---|
//! | a track of a list ends, or breaks off | the next of the list; after the last the list is read anew |
//! | nothing is heard of a track, or of a stream in a list not for [`STEADY`] | the next; when that happened to as many in a row as the list has, or for [`PATIENCE`], its source has failed |
//! | a stream or an input ends that was heard for [`STEADY`] | it is opened again at once; if that fails, so has its source |
//! | it ends sooner | its source has failed |
//! | a list is empty, or cannot be read | its source has failed |
//!
//! A list keeps its place while another source plays.

use super::order::Order;
use super::{Item, MOST_TRACKS};
use crate::time::Instant;
use core::time::Duration;

/// What a player plays, one thing after the other.
#[derive(Clone, Debug)]
pub struct Program {
    sources: Vec<Source>,
    /// The one that plays, or is tried.
    at: Option<usize>,
    /// What plays, or is tried.
    playing: Option<Item>,
    /// The one that is looked at beside it.
    looked_at: Option<usize>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The tracks of this source are to be found, and told by [`Program::handle_list`].
    List {
        /// Its place among the sources.
        source: usize,
        /// What it is.
        item: Item,
    },
    /// This is to be played; what becomes of it is told by [`Program::handle_end`].
    Play {
        /// The place of its source.
        source: usize,
        /// What.
        item: Item,
    },
    /// Nothing works. Until then there is nothing to do; `None`: there is no source.
    Wait(Option<Instant>),
}

/// How something that was played ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// How much of it there was to hear.
    pub heard: Duration,
}

/// What was found of a source that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scouted {
    /// It works.
    Found {
        /// Its tracks.
        tracks: Vec<Item>,
        /// The one that was opened, and is to be played first.
        first: Item,
    },
    /// It does not.
    Failed,
}

/// How it stands with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has tried it.
    Untried,
    /// It worked when it was tried last.
    Well,
    /// It did not.
    Failed,
}

impl Program {
    /// The programme of these sources; lists of them are shuffled or not, by `seed`.
    #[must_use]
    pub fn new(sources: Vec<Item>, is_shuffled: bool, seed: u64) -> Self {
        let source = |(item, number)| Source::new(item, Order::new(is_shuffled, seed.wrapping_add(number)));
        Self {
            sources: sources.into_iter().zip(0..).map(source).collect(),
            at: None,
            playing: None,
            looked_at: None,
        }
    }

    /// What is to be done at `now`.
    pub fn step(&mut self, now: Instant) -> Step {
        let Some(source) = self.at.or_else(|| self.sources.iter().position(|source| source.is_due(now)))
        else {
            return Step::Wait(self.sources.iter().filter_map(Source::due_at).min());
        };
        self.at = Some(source);
        match self.sources[source].next_item(now) {
            Some(item) => {
                self.playing = Some(item.clone());
                Step::Play { source, item }
            }
            None => Step::List { source, item: self.sources[source].item.clone() },
        }
    }

    /// The tracks of a source that was to be listed; none, where it cannot be.
    pub fn handle_list(&mut self, now: Instant, source: usize, tracks: Vec<Item>) {
        let Some(listed) = self.sources.get_mut(source) else { return };
        if tracks.is_empty() {
            self.fail(now, source);
        } else {
            listed.begin(tracks);
        }
    }

    /// What was to be played has come to its end.
    pub fn handle_end(&mut self, now: Instant, end: End) {
        let is_live = self.playing.take().is_some_and(|track| track.is_live());
        let Some(source) = self.at else { return };
        if !self.sources[source].goes_on_after(now, end, is_live) {
            self.fail(now, source);
        }
    }

    /// A better source than the one that plays, to be looked at without an end to that: whether it works is told by
    /// [`handle_scouted`](Self::handle_scouted).
    pub fn poll_look(&mut self, now: Instant) -> Option<(usize, Item)> {
        if self.looked_at.is_some() {
            return None;
        }
        let better = &self.sources[..self.at?.min(self.sources.len())];
        let found = better.iter().position(|source| source.is_worth_a_look(now))?;
        self.looked_at = Some(found);
        Some((found, self.sources[found].item.clone()))
    }

    /// What was found of the source that was to be looked at. True: it is the one that plays from here on; what played has
    /// had its time, and [`step`](Self::step) says what comes instead.
    pub fn handle_scouted(&mut self, now: Instant, scouted: Scouted) -> bool {
        let Some(source) = self.looked_at.take() else { return false };
        match scouted {
            Scouted::Found { tracks, first } if !tracks.is_empty() => {
                let is_better = self.at.is_none_or(|at| source < at);
                if is_better {
                    self.sources[source].take_over(tracks, first);
                    (self.at, self.playing) = (Some(source), None);
                }
                is_better
            }
            _ => {
                self.sources[source].fail(now);
                false
            }
        }
    }

    /// What plays, or is tried.
    #[must_use]
    pub const fn playing(&self) -> Option<&Item> {
        self.playing.as_ref()
    }

    /// How it stands with each source.
    pub fn standings(&self) -> impl Iterator<Item = (&Item, Standing)> {
        self.sources.iter().map(|source| (&source.item, source.standing()))
    }

    fn fail(&mut self, now: Instant, source: usize) {
        self.sources[source].fail(now);
        if self.at == Some(source) {
            (self.at, self.playing) = (None, None);
        }
    }
}

/// A source, and where it is in its list.
#[derive(Clone, Debug)]
struct Source {
    item: Item,
    tracks: Vec<Item>,
    order: Order,
    /// What plays of it, or is tried.
    current: Option<Item>,
    /// What was heard of it last.
    last: Option<Item>,
    /// What is open already.
    opened: Option<Item>,
    /// Tracks in a row of which nothing was heard.
    silent: usize,
    /// Since when nothing was heard.
    silent_since: Option<Instant>,
    /// How much was heard since it began to play.
    heard: Duration,
    /// It took over from one that played.
    took_over: bool,
    /// How often in a row it did, and was soon gone.
    brief: u32,
    /// A stream that broke is opened again before it is given up.
    is_again: bool,
    is_tried: bool,
    failure: Option<Failure>,
}

/// When a source failed last, and how often in a row.
#[derive(Clone, Copy, Debug)]
struct Failure {
    at: Instant,
    times: u32,
}

impl Source {
    fn new(item: Item, order: Order) -> Self {
        Self {
            item,
            tracks: Vec::new(),
            order,
            current: None,
            last: None,
            opened: None,
            silent: 0,
            silent_since: None,
            heard: Duration::ZERO,
            took_over: false,
            brief: 0,
            is_again: false,
            is_tried: false,
            failure: None,
        }
    }

    /// What is to be played next; `None`: its tracks are to be found first.
    fn next_item(&mut self, now: Instant) -> Option<Item> {
        let opened = self.opened.take();
        if self.item.is_live() {
            return Some(self.item.clone());
        }
        self.current = match opened {
            Some(opened) => Some(opened),
            None => {
                let last = self.last.as_ref();
                let last = last.and_then(|last| self.tracks.iter().position(|track| track == last));
                Some(self.tracks.get(self.order.next_track(last)?)?.clone())
            }
        };
        self.silent_since.get_or_insert(now);
        self.current.clone()
    }

    /// Plays from here on, beginning with `first`.
    fn take_over(&mut self, tracks: Vec<Item>, first: Item) {
        self.begin(tracks);
        if let Some(place) = self.tracks.iter().position(|track| *track == first) {
            self.order.begin_with(place);
        }
        self.opened = Some(first);
        self.took_over = true;
    }

    fn begin(&mut self, mut tracks: Vec<Item>) {
        tracks.truncate(MOST_TRACKS);
        self.order.begin(tracks.len());
        self.tracks = tracks;
        self.is_tried = true;
    }

    /// Whether there may be something to play of it when what it played has come to its end.
    fn goes_on_after(&mut self, now: Instant, End { heard }: End, is_live: bool) -> bool {
        self.is_tried = true;
        self.heard = self.heard.saturating_add(heard);
        if self.item.is_live() {
            if heard >= STEADY {
                self.failure = None;
            }
            self.is_again = heard >= STEADY;
            return self.is_again;
        }
        if heard < if is_live { STEADY } else { HEARD } {
            self.silent += 1;
            let is_patient = self.silent_since.is_none_or(|since| now.since(since) < PATIENCE);
            return self.silent < self.tracks.len() && is_patient;
        }
        (self.silent, self.silent_since, self.failure) = (0, None, None);
        self.last = self.current.take();
        true
    }

    fn fail(&mut self, now: Instant) {
        let times = self.failure.map_or(0, |failure| failure.times);
        self.failure = Some(Failure { at: now, times: times.saturating_add(1) });
        if self.silent >= self.tracks.len() {
            // A list of which nothing works is read anew; one that took too long goes on where it was.
            self.order.begin(0);
        }
        if self.heard >= STEADY {
            self.brief = 0;
        } else if self.took_over {
            self.brief = self.brief.saturating_add(1);
        }
        (self.heard, self.took_over, self.opened) = (Duration::ZERO, false, None);
        (self.silent, self.silent_since, self.is_again, self.is_tried) = (0, None, false, true);
    }

    fn due_at(&self) -> Option<Instant> {
        self.failure.map(|failure| failure.at + wait_after(failure.times))
    }

    fn is_due(&self, now: Instant) -> bool {
        self.due_at().is_none_or(|due| now >= due)
    }

    fn is_worth_a_look(&self, now: Instant) -> bool {
        let wait = LOOK_EVERY.saturating_mul(1 << self.brief.min(16)).min(LONGEST_LOOK);
        self.failure.is_none_or(|failure| now >= failure.at + wait)
    }

    const fn standing(&self) -> Standing {
        match (self.is_tried, self.failure) {
            (_, Some(_)) => Standing::Failed,
            (true, None) => Standing::Well,
            (false, None) => Standing::Untried,
        }
    }
}

/// How long a source is left alone that has failed so often in a row.
fn wait_after(times: u32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << times.saturating_sub(1).min(16));
    doubled.min(LONGEST_WAIT)
}

/// The first wait after a failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// How often a better source is looked at.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// How often one is that never stays.
const LONGEST_LOOK: Duration = Duration::from_hours(1);
/// How long the tracks of a list may give nothing.
const PATIENCE: Duration = Duration::from_secs(15);
/// A stream that was heard for so long works.
const STEADY: Duration = Duration::from_secs(10);
/// What is shorter was not heard: without it a list of clicks would be read for ever.
const HEARD: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
