//! The proof of each page of a box at work: from when it is on air to its end.

use super::call_log::{Page, Received};
use super::{Call, Service, Stage};
use crate::paging;
use crate::sip::{CallKey, EndReason};
use crate::status::{Ended, Record, RecordKind};
use crate::time::Instant;
use crate::zones::ZoneSet;

impl Service<'_> {
    /// The call is on air.
    pub(super) fn page_begins(&mut self, now: Instant, call: CallKey) {
        let Some(state) = self.calls.get(&call) else { return };
        let Stage::OnAir(stream) = &state.stage else { return };
        let (peer, voice, record) = (state.caller.peer.ip(), stream.voice(), self.record_of(now, state));
        self.pages.begin(now, (Page::Call(call), Some(peer)), voice, record);
    }

    /// What is known of a page when it begins.
    pub(super) fn record_of(&self, now: Instant, Call { caller, terms, .. }: &Call<'_>) -> Record {
        let clock = self.clock(now);
        Record {
            from: caller.from.clone(),
            peer: caller.peer.to_string(),
            call_id: caller.call_id.clone(),
            account: terms.account.clone(),
            zones: self.names_of(terms.claim.zones),
            began: clock.trusted.then_some(clock.time),
            uptime_s: now.since(self.outlook.since()).as_secs(),
            ..Record::new(RecordKind::Call)
        }
    }

    /// The same of what the box plays at a word.
    pub(super) fn record_of_programme(
        &self,
        now: Instant,
        kind: RecordKind,
        (from, zones): (String, ZoneSet),
    ) -> Record {
        let clock = self.clock(now);
        let began = clock.trusted.then_some(clock.time);
        let uptime_s = now.since(self.outlook.since()).as_secs();
        Record { from, zones: self.names_of(zones), began, uptime_s, ..Record::new(kind) }
    }

    fn names_of(&self, zones: ZoneSet) -> Vec<String> {
        self.desk.as_ref().map(|desk| desk.zone_names(zones)).unwrap_or_default()
    }

    /// The call may be heard as another voice.
    pub(super) fn page_goes_on(&mut self, call: CallKey) {
        if let Some(Stage::OnAir(stream)) = self.calls.get(&call).map(|state| &state.stage) {
            self.pages.handle_voice(Page::Call(call), stream.voice());
        }
    }

    /// The call ends; to be told while its stream is still there.
    pub(super) fn page_ends(&mut self, now: Instant, call: CallKey, ended: Ended) {
        let received = match self.calls.get(&call).map(|state| &state.stage) {
            Some(Stage::OnAir(stream)) => {
                let stats = stream.stats();
                Received { codec: stream.agreed_codec(), packets: stats.received, lost: stats.lost }
            }
            _ => Received::default(),
        };
        self.pages.end(now, Page::Call(call), ended, received);
    }
}

/// How a page ended that the box has hung up.
pub(super) const fn hung_up(reason: paging::EndReason) -> Ended {
    match reason {
        paging::EndReason::TooLong => Ended::TooLong,
        paging::EndReason::Silence => Ended::NoMedia,
    }
}

/// How a page ended by what was signalled.
pub(super) const fn ended(reason: EndReason) -> Ended {
    match reason {
        EndReason::RemoteHangUp | EndReason::Cancelled => Ended::CallerHungUp,
        EndReason::LocalHangUp => Ended::Stopped,
        EndReason::NoAck => Ended::NoAck,
        EndReason::Expired => Ended::Expired,
        EndReason::Unwritable => Ended::Failed,
    }
}
