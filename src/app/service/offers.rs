//! What is said of a call's media after it was answered.

use super::{Call, Service, complain, named, tell};
use crate::sip::CallKey;
use crate::sip::wire::StatusCode;
use crate::status::Ended;
use crate::time::Instant;
use log::Level;

impl Service<'_> {
    /// The ACK may hold the answer to our offer.
    pub(super) fn on_confirmed(&mut self, now: Instant, call: CallKey, body: &[u8]) {
        let Some(Call { name, stage, .. }) = self.calls.get_mut(&call) else { return };
        let Some(stream) = stage.answered_mut() else { return };
        if let Err(refused) = stream.handle_answer(body) {
            tell(Level::Warn, name.as_deref(), format_args!("ended: {refused}"));
            self.pager.handle_ended(call);
            self.page_ends(now, call, Ended::Failed);
            self.leave(now, call);
        }
        self.page_goes_on(call);
    }

    /// The caller wants to change the call: to hold it, to resume it, to be heard from elsewhere.
    pub(super) fn on_reoffered(&mut self, now: Instant, call: CallKey, offer: &[u8]) {
        let state = self.calls.get_mut(&call);
        let state = state.and_then(|call| Some((&call.name, &call.caller, call.stage.answered_mut()?)));
        let Some((name, caller, stream)) = state else {
            return self.endpoint.reject_reoffer(now, call, StatusCode::NOT_ACCEPTABLE_HERE, None);
        };
        match stream.handle_offer(offer) {
            Ok(ours) => {
                self.voices.extend(named(name.as_deref(), stream));
                self.endpoint.accept_reoffer(now, call, ours);
            }
            Err(refused) => {
                complain(self.chatter.allow(now, caller.peer.ip()), name.as_deref(), &refused);
                self.endpoint.reject_reoffer(now, call, refused.status(), refused.warning().as_ref());
            }
        }
        self.page_goes_on(call);
    }

    /// The caller has answered what we said again.
    pub(super) fn on_refreshed(&mut self, now: Instant, call: CallKey, answer: &[u8]) {
        let Some(Call { name, caller, stage, .. }) = self.calls.get_mut(&call) else { return };
        let Some(stream) = stage.answered_mut() else { return };
        match stream.handle_refresh(answer) {
            Ok(()) => self.voices.extend(named(name.as_deref(), stream)),
            Err(refused) => complain(self.chatter.allow(now, caller.peer.ip()), name.as_deref(), &refused),
        }
        self.page_goes_on(call);
    }
}
