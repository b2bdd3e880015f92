//! What becomes of a REGISTER, and what comes of that.

use super::backoff::shortened;
use super::date::date;
use super::event::{Event, Failure};
use super::outcome::{Outcome, granted_s, is_forbidden, retry_after};
use super::{Bound, FAIL_BACK_AFTER, Pending, Phase, RECONNECT_AFTER, Registration, SLOWLY};
use crate::sip::digest::Verdict;
use crate::sip::wire::Response;
use crate::time::Instant;
use core::time::Duration;

impl Registration {
    /// Takes a response. What answers no request that is out is passed over.
    pub fn handle_response(&mut self, now: Instant, response: &Response) {
        if response.status.is_provisional() || !self.is_answered_by(response) {
            return;
        }
        let Some(pending) = self.pending.take() else {
            return;
        };
        self.wake_at = None;
        let outcome = Outcome::of(response);
        match self.phase {
            Phase::Running => self.on_outcome(now, &pending, outcome, response),
            Phase::Leaving => self.on_outcome_of_leaving(now, &pending, &outcome, response),
            Phase::Stopped => {}
        }
    }

    /// The request with this number in `CSeq` could not be sent, or nobody listens where it went.
    pub fn handle_unreachable(&mut self, now: Instant, cseq: u32) {
        self.on_lost(now, cseq, Failure::Unreachable);
    }

    /// The transaction of the request with this number in `CSeq` is over without an answer.
    pub fn handle_no_answer(&mut self, now: Instant, cseq: u32) {
        self.on_lost(now, cseq, Failure::NoAnswer);
    }

    /// The connection by which it was registered is no more, and calls may come by no other: it registers anew soon.
    pub fn handle_disconnected(&mut self, now: Instant) {
        let Some(Bound { since, .. }) = self.bound.filter(|_| self.phase == Phase::Running) else { return };
        if self.pending.is_none() {
            let soon = now + shortened(LONGEST_RECONNECT, self.tokens.draw(), 2);
            let at = soon.max(since + RECONNECT_AFTER);
            self.wake_at = Some(self.wake_at.map_or(at, |wake_at| wake_at.min(at)));
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.bound.is_some_and(|bound| bound.until <= now) {
            self.lapse();
        }
        if self.wake_at.is_none_or(|at| at > now) {
            return;
        }
        self.wake_at = None;
        match &self.pending {
            Some(pending) => self.on_lost(now, pending.cseq, Failure::NoAnswer),
            None => self.on_wake(now),
        }
    }

    fn on_wake(&mut self, now: Instant) {
        self.turns = 0;
        if self.away_since.is_some_and(|since| now.since(since) >= FAIL_BACK_AFTER) {
            self.away_since = None;
            self.authenticator.forget();
            self.servers.rewind();
        }
        self.ask(now);
    }

    fn on_lost(&mut self, now: Instant, cseq: u32, failure: Failure) {
        if self.pending.take_if(|pending| pending.cseq == cseq).is_none() {
            return;
        }
        match self.phase {
            Phase::Running => self.on_unavailable(now, failure, Duration::ZERO),
            Phase::Leaving | Phase::Stopped => self.on_left(),
        }
    }

    fn on_outcome(&mut self, now: Instant, pending: &Pending, outcome: Outcome, response: &Response) {
        let status = response.status;
        match outcome {
            Outcome::Granted => self.on_granted(now, pending, response),
            Outcome::Challenged => match self.authenticator.challenged(response) {
                Verdict::Retry => self.ask_at_once(now),
                Verdict::Refused => self.slow_down(now, Failure::WrongPassword),
                Verdict::Unknown => self.slow_down(now, Failure::UnknownProof),
            },
            Outcome::TooBrief(least_s) if least_s > pending.expires_s && least_s <= LONGEST_EXPIRES_S => {
                self.expires_s = least_s;
                self.ask_at_once(now);
            }
            Outcome::Redirected(contacts) => {
                if self.may_turn(now) {
                    self.events.push_back(Event::Redirected { contacts });
                    self.wait(now, Failure::Redirected, Duration::ZERO);
                }
            }
            Outcome::Unavailable => {
                self.on_unavailable(now, Failure::Unavailable(status), retry_after(response));
            }
            Outcome::Refused if is_forbidden(response) => self.slow_down(now, Failure::Forbidden),
            Outcome::Refused | Outcome::TooBrief(_) => self.slow_down(now, Failure::Refused(status)),
        }
    }

    fn on_granted(&mut self, now: Instant, pending: &Pending, response: &Response) {
        self.authenticator.accepted(response);
        let granted_s = granted_s(response, &pending.contact, pending.expires_s);
        if granted_s == 0 {
            self.lapse();
            return self.on_unavailable(now, Failure::NotKept, Duration::ZERO);
        }
        let expires = Duration::from_secs(granted_s.into());
        self.settle(now);
        self.bound = Some(Bound { since: now, until: now + expires });
        let refresh_after = shortened(expires / 2, self.tokens.draw(), REFRESH_JITTER_PART);
        self.wake_at = Some(now + refresh_after.max(SHORTEST_REFRESH));
        if let Some(since) = self.away_since {
            let fail_back_at = (since + FAIL_BACK_AFTER).max(now + SHORTEST_REFRESH);
            self.wake_at = self.wake_at.min(Some(fail_back_at));
        }
        let server = self.server_name();
        self.events.push_back(Event::Registered { server, expires, date: date(response) });
    }

    /// The server in use is good.
    fn settle(&mut self, now: Instant) {
        self.turns = 0;
        self.not_before = None;
        self.backoff.reset();
        self.servers.settle();
        let since = self.away_since.unwrap_or(now);
        self.away_since = (!self.servers.is_first()).then_some(since);
    }

    /// To the next server at once; after a whole round, later.
    fn on_unavailable(&mut self, now: Instant, failure: Failure, retry_after: Duration) {
        let server = self.server_name();
        self.authenticator.forget();
        if self.servers.advance() {
            self.events.push_back(Event::Failed { server, reason: failure, retry_in: Duration::ZERO });
            return self.ask(now);
        }
        self.wait_at(now, server, failure, retry_after);
    }

    /// Another try is of no use soon.
    fn slow_down(&mut self, now: Instant, failure: Failure) {
        let server = self.server_name();
        self.authenticator.forget();
        self.servers.rewind();
        self.not_before = Some(now + SLOWLY);
        self.wake_at = self.not_before;
        self.events.push_back(Event::Failed { server, reason: failure, retry_in: SLOWLY });
    }

    pub(super) fn wait(&mut self, now: Instant, failure: Failure, at_least: Duration) {
        let server = self.server_name();
        self.wait_at(now, server, failure, at_least);
    }

    fn wait_at(&mut self, now: Instant, server: String, reason: Failure, at_least: Duration) {
        let retry_in = self.backoff.next(self.tokens.draw()).max(at_least.min(SLOWLY));
        self.wake_at = Some(now + retry_in);
        self.not_before = (!at_least.is_zero()).then_some(now + retry_in);
        self.events.push_back(Event::Failed { server, reason, retry_in });
    }

    fn ask_at_once(&mut self, now: Instant) {
        if self.may_turn(now) {
            self.ask(now);
        }
    }

    /// Whether one more request may follow a response without a wait.
    fn may_turn(&mut self, now: Instant) -> bool {
        self.turns += 1;
        let may = self.turns <= MAX_TURNS;
        if !may {
            self.slow_down(now, Failure::Endless);
        }
        may
    }

    fn server_name(&self) -> String {
        self.servers.current().map(|server| server.host.clone()).unwrap_or_default()
    }

    /// Asks to be forgotten, if there is anything to forget.
    pub(super) fn leave(&mut self, now: Instant) {
        match self.bound {
            Some(_) if self.servers.current().is_some() => self.send(now, 0),
            _ => self.on_left(),
        }
    }

    fn on_outcome_of_leaving(
        &mut self,
        now: Instant,
        pending: &Pending,
        outcome: &Outcome,
        response: &Response,
    ) {
        match outcome {
            Outcome::Granted => {
                self.authenticator.accepted(response);
                if pending.expires_s == 0 {
                    return self.on_left();
                }
                self.send(now, 0);
            }
            Outcome::Challenged if self.turns < MAX_TURNS => {
                self.turns += 1;
                match self.authenticator.challenged(response) {
                    Verdict::Retry => self.leave(now),
                    Verdict::Refused | Verdict::Unknown => self.on_left(),
                }
            }
            _ if pending.expires_s > 0 => self.leave(now),
            _ => self.on_left(),
        }
    }

    /// The registration holds no more.
    fn lapse(&mut self) {
        if self.bound.take().is_some() && self.phase == Phase::Running {
            self.events.push_back(Event::Unregistered);
        }
    }

    fn on_left(&mut self) {
        self.phase = Phase::Stopped;
        self.bound = None;
        self.wake_at = None;
        self.away_since = None;
        self.servers.rewind();
        self.events.push_back(Event::Unregistered);
    }
}

/// A registration is refreshed after half of the granted time, less up to a tenth of that, so that boxes that were
/// switched on together do not stay together.
const REFRESH_JITTER_PART: u64 = 10;
/// A lost connection is made up for within this, and not before the half of it: a server that starts anew has many boxes.
const LONGEST_RECONNECT: Duration = Duration::from_secs(2);
/// No refresh comes sooner, however little was granted.
const SHORTEST_REFRESH: Duration = Duration::from_secs(5);
/// The longest time that a 423 can make us ask for, in seconds: a day.
const LONGEST_EXPIRES_S: u32 = 86_400;
/// How many requests may follow one another without a success or a wait.
const MAX_TURNS: u8 = 16;
