//! Callers are answered when their cards are ready, so that nothing of what they say has to wait.

use super::Service;
use crate::sip::CallKey;
use crate::time::Instant;
use crate::zones::ZoneSet;

impl Service<'_> {
    /// Answers those whose cards are ready, or have had their time.
    pub(super) fn answer_waiting(&mut self, now: Instant) {
        let answers = core::mem::take(&mut self.answers);
        let is_due = |&(call, at_latest): &(CallKey, Instant)| now >= at_latest || self.is_ready(call);
        let (due, waiting): (Vec<_>, Vec<_>) = answers.into_iter().partition(is_due);
        self.answers = waiting;
        for (call, _) in due {
            self.answer(now, call);
        }
    }

    /// Where a call is heard.
    pub(super) fn zones(&self, call: CallKey) -> ZoneSet {
        self.calls.get(&call).map_or(ZoneSet::NONE, |call| call.terms.claim.zones)
    }

    /// Whether what is played where a call is heard would be heard at once.
    pub(super) fn is_ready(&self, call: CallKey) -> bool {
        self.cards.is_ready(self.zones(call))
    }
}
