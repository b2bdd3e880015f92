//! How the calls of a run went: how they ended, how long everything took, what became of their packets.
//!
//! It keeps sums and histograms, never the calls themselves, so its memory does not grow with their number. It reads no
//! clock.

use super::call_error::CallError;
use super::call_histogram::{HEADING, Histogram};
use super::call_progress::Packets;
use super::call_rate::Rate;
use crate::time::Instant;
use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

/// The sums of a run.
#[derive(Debug, Default)]
pub(super) struct Score {
    placed: Rate,
    live: u64,
    most_live: u64,
    ended_at: Instant,
    answered: u64,
    endings: BTreeMap<Ending, u64>,
    first_failure: Option<CallError>,
    spans: [Histogram; SPANS],
    packets: Packets,
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// From when a call should have been placed.
    Late,
    /// From the INVITE to the 100.
    Trying,
    /// From the INVITE to the first 180 to 183.
    Ringing,
    /// From the INVITE to the 200.
    Answer,
    /// From the BYE to its answer.
    Bye,
    /// From when a packet should have left.
    Packet,
}

impl Score {
    /// A call is placed, so late.
    pub(super) fn on_placed(&mut self, now: Instant, late: Duration) {
        self.placed.count(now);
        self.live += 1;
        self.most_live = self.most_live.max(self.live);
        self.time(Span::Late, late);
    }

    /// Something took so long.
    pub(super) fn time(&mut self, span: Span, length: Duration) {
        self.spans[span as usize].record(length);
        if span == Span::Answer {
            self.answered += 1;
        }
    }

    /// A call is over, and these were its packets.
    pub(super) fn on_over(&mut self, now: Instant, outcome: Result<(), CallError>, packets: Packets) {
        self.live = self.live.saturating_sub(1);
        self.ended_at = now;
        self.packets += packets;
        *self.endings.entry(Ending::of(&outcome)).or_default() += 1;
        if let Err(error) = outcome {
            self.first_failure.get_or_insert(error);
        }
    }

    /// All packets have left; so late.
    pub(super) fn on_silence(&mut self, lateness: Histogram) {
        self.spans[Span::Packet as usize] = lateness;
    }

    /// How many calls are under way.
    pub(super) const fn live(&self) -> u64 {
        self.live
    }

    /// How many were placed.
    pub(super) const fn placed(&self) -> u64 {
        self.placed.total()
    }

    /// Where it stands, in a line; `sent` packets have left in the calls under way.
    pub(super) fn progress(&self, now: Instant, sent: u64) -> String {
        let (placed, answered, live) = (self.placed(), self.answered, self.live);
        let (failed, packets) = (self.failed(), self.packets.datagrams() + sent);
        let seconds = now.since(self.placed.first_at().unwrap_or(now)).as_secs();
        format!(
            "{seconds} s: {placed} placed, {answered} answered, {live} under way, {failed} failed, {packets} packets"
        )
    }

    /// What the run comes to.
    ///
    /// # Errors
    /// When not all of its calls went well.
    pub(super) fn outcome(mut self) -> Result<(), CallError> {
        let (failed, calls) = (self.failed(), self.placed());
        match self.first_failure.take() {
            None => Ok(()),
            Some(error) if calls == 1 => Err(error),
            Some(first) => Err(CallError::Some { failed, calls, first: Box::new(first) }),
        }
    }

    fn failed(&self) -> u64 {
        self.endings.iter().filter(|(ending, _)| **ending != Ending::Well).map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.ended_at.since(self.placed.first_at().unwrap_or(self.ended_at)).as_secs_f64();
        writeln!(f, "{} calls in {length:.1} s, at most {} at once", self.placed(), self.most_live)?;
        writeln!(f, "placed {}", self.placed)?;
        for (ending, count) in &self.endings {
            writeln!(f, "{count:>9} {ending}")?;
        }
        if self.packets.planned() > 0 {
            writeln!(f, "{}", self.packets)?;
        }
        writeln!(f, "\nms              {HEADING}")?;
        for (name, histogram) in NAMES.iter().zip(&self.spans).filter(|(_, histogram)| histogram.total() > 0)
        {
            writeln!(f, "{name:<16}{}", histogram.columns())?;
        }
        for span in [Span::Answer, Span::Bye] {
            let histogram = &self.spans[span as usize];
            if histogram.total() > 0 {
                write!(f, "\n{}, ms\n{}", NAMES[span as usize], histogram.bars())?;
            }
        }
        Ok(())
    }
}

/// Kinds of ends; as many as there are status codes, and some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Well,
    Refused(u16),
    Silent,
    Unsent,
    CutOff,
    Unconfirmed,
    Interrupted,
    Failed,
}

impl Ending {
    fn of(outcome: &Result<(), CallError>) -> Self {
        match outcome {
            Ok(()) => Self::Well,
            Err(CallError::Refused { status, .. }) => Self::Refused(status.code()),
            Err(CallError::Answer(_)) => Self::Silent,
            Err(CallError::Unsent { .. }) => Self::Unsent,
            Err(CallError::CutOff) => Self::CutOff,
            Err(CallError::Unconfirmed) => Self::Unconfirmed,
            Err(CallError::Interrupted) => Self::Interrupted,
            Err(_) => Self::Failed,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well => f.write_str("went well"),
            Self::Refused(status) => write!(f, "not answered: {status}"),
            Self::Silent => f.write_str("the answer leads to no sound"),
            Self::Unsent => f.write_str("not all packets could be sent"),
            Self::CutOff => f.write_str("the other end hung up first"),
            Self::Unconfirmed => f.write_str("the other end did not confirm the end"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Failed => f.write_str("the machine refused"),
        }
    }
}

const SPANS: usize = 6;

/// The names of [`Span`]s.
const NAMES: [&str; SPANS] =
    ["INVITE late", "INVITE to 100", "INVITE to 18x", "INVITE to 200", "BYE to answer", "packets late"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire::StatusCode;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn busy() -> CallError {
        CallError::Refused { status: StatusCode::BUSY_HERE, reason: "Busy Here".to_owned() }
    }

    /// Three calls, 100 ms apart; the last one is refused.
    fn score() -> Score {
        let mut score = Score::default();
        for call in 0..3 {
            score.on_placed(at(1000 + 100 * call), Duration::from_micros(50));
        }
        for millis in [3, 40] {
            score.time(Span::Answer, Duration::from_millis(millis));
        }
        score.time(Span::Bye, Duration::from_millis(1));
        score.on_over(at(1300), Ok(()), Packets::default());
        score.on_over(at(1350), Err(busy()), Packets::default());
        score
    }

    #[test]
    fn the_summary_tells_how_calls_ended_and_how_long_everything_took() {
        let mut score = score();
        score.on_over(at(3000), Ok(()), Packets::default());
        let expected = "\
3 calls in 2.0 s, at most 3 at once
placed 10.0 a second
        2 went well
        1 not answered: 486

ms                  count       min    median       p95       p99       max
INVITE late             3     0.050     0.050     0.050     0.050     0.050
INVITE to 200           2     3.000     3.000    40.000    40.000    40.000
BYE to answer           1     1.000     1.000     1.000     1.000     1.000

INVITE to 200, ms
         2 .. 5             1 ########################################
         5 .. 10            0
        10 .. 20            0
        20 .. 50            1 ########################################

BYE to answer, ms
         1 .. 2             1 ########################################
";
        assert_eq!(score.to_string(), expected);
    }

    #[test]
    fn the_progress_counts_calls_under_way() {
        let line = "1 s: 3 placed, 2 answered, 1 under way, 1 failed, 7 packets";
        assert_eq!(score().progress(at(2300), 7), line);
    }

    #[test]
    fn one_failed_call_is_a_failed_run_and_is_quoted() {
        let error = score().outcome().unwrap_err().to_string();
        assert_eq!(error, "1 of 3 calls failed, the first: not answered: 486 Busy Here");
        assert!(Score::default().outcome().is_ok());
    }

    #[test]
    fn a_single_call_fails_with_its_own_reason() {
        let mut score = Score::default();
        score.on_placed(at(0), Duration::ZERO);
        score.on_over(at(9), Err(busy()), Packets::default());
        assert_eq!(score.outcome().unwrap_err().to_string(), "not answered: 486 Busy Here");
    }
}
