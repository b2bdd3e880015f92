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
use core::time::Duration;
use log::Level;

/// A wish for it.
#[derive(Debug, Default)]
pub(super) struct Reboot {
    wanted_at: Option<Instant>,
    /// Until then nobody is answered, who would be cut off.
    pub(super) closed_until: Instant,
}

impl Service<'_> {
    /// A caller wants it.
    pub(super) fn take_reboot(&mut self, now: Instant, call: CallKey) {
        if let Some(why) = self.keeps_from_reboot(now) {
            self.tell_of(call, Level::Warn, why);
            return self.prompt(call, Prompt::No);
        }
        self.tell_of(call, Level::Warn, "restarts the box as soon as nobody pages and nothing is played");
        self.reboot.wanted_at = Some(now);
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

    /// Does it when nobody is heard any more. Who wanted it long ago is not there any more to see it.
    pub(super) fn reboot(&mut self, now: Instant) {
        let Some(wanted_at) = self.reboot.wanted_at else { return };
        if now.since(wanted_at) >= LAPSES_AFTER {
            log::warn!("the box is not restarted: it has been in use since that was wanted, an hour ago");
            self.reboot.wanted_at = None;
        } else if self.is_idle() {
            log::warn!("a caller has the box begin anew");
            self.outlook.reboot();
            self.reboot = Reboot { wanted_at: None, closed_until: now + BEGINS_WITHIN };
        }
    }
}

const LAPSES_AFTER: Duration = Duration::from_hours(1);
/// Guard, and init after it, take less.
const BEGINS_WITHIN: Duration = Duration::from_secs(5);
