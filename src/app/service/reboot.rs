//! The machine begins anew at the word of a caller, when nobody is cut short by it.
//!
//! ```text
//! key: reboot ─> told yes, hung up on ─> no call, nothing played ─> guard ─> init
//!            └─> told no: not the box's own machine, or it has only just begun
//! ```

use super::Service;
use crate::app::prompt::Prompt;
use crate::guard::FIRST_ASKED;
use crate::sip::CallKey;
use crate::time::Instant;
use log::Level;

impl Service<'_> {
    /// A caller wants it.
    pub(super) fn take_reboot(&mut self, now: Instant, call: CallKey) {
        if let Some(why) = self.keeps_from_reboot(now) {
            self.tell_of(call, Level::Warn, why);
            return self.prompt(call, Prompt::No);
        }
        self.tell_of(call, Level::Warn, "restarts the box as soon as nobody pages and nothing is played");
        self.wants_reboot = true;
        self.prompt(call, Prompt::Done);
        self.dismiss(now, call);
    }

    fn keeps_from_reboot(&self, now: Instant) -> Option<&'static str> {
        match () {
            () if !self.outlook.is_guarded() => {
                Some("the box is not restarted: the machine is not its own, it has no guard")
            }
            () if now < FIRST_ASKED => Some("the box is not restarted: it has only just begun"),
            () => None,
        }
    }

    /// Does it when nobody is heard any more.
    pub(super) fn reboot(&mut self) {
        if self.wants_reboot && self.is_idle() {
            self.wants_reboot = false;
            log::warn!("a caller has the box begin anew");
            self.outlook.reboot();
        }
    }
}
