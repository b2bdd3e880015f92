//! Strangers who call the box: which networks it is in is looked up when one comes, and what became of him is logged.
//!
//! Lines are said at most once a second and peer. Strangers have a throttle of their own, so that a scanner does not hold back the lines of calls that are taken.

use super::throttle::Throttle;
use super::vicinity::Vicinity;
use crate::sip::wire::{Method, NameAddr};
use crate::sip::{Endpoint, Path, Stranger};
use crate::time::Instant;
use core::fmt;

/// What the box does about strangers besides refusing them.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    vicinity: Vicinity,
    throttle: Throttle,
}

/// One who was turned away.
pub(super) struct TurnedAway<'a> {
    pub(super) from: &'a NameAddr,
    pub(super) path: Path,
    pub(super) call_id: &'a str,
    pub(super) method: &'a Method,
    pub(super) why: Stranger,
    pub(super) is_last: bool,
}

impl Strangers {
    /// Tells `endpoint` the networks of the box when who comes over `path` may be in a new one.
    pub(super) fn look_around(&mut self, now: Instant, endpoint: &mut Endpoint, path: Path) {
        if endpoint.wants_attached(path)
            && let Some(networks) = self.vicinity.look(now)
        {
            endpoint.set_attached(networks);
        }
    }

    /// Logs that a stranger was turned away.
    pub(super) fn tell(&mut self, now: Instant, stranger: &TurnedAway<'_>) {
        let peer = stranger.path.remote.ip();
        let Some(held_back) = self.throttle.allow(now, peer) else { return };
        if held_back > 0 {
            log::info!("{held_back} more strangers, {peer} or others, were not logged");
        }
        log::warn!("{stranger}");
    }
}

impl fmt::Display for TurnedAway<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, method, .. } = self;
        let from = super::service::short(&self.from.uri.to_string());
        let call_id = super::service::short(self.call_id);
        write!(f, "{method} from {from} at {} ({call_id}) refused: ", path.remote)?;
        f.write_str(match self.why {
            Stranger::Caller => "[sip] allow names no such caller",
            Stranger::Proof => "the user or the password is wrong",
            _ => "the address is in no network of [sip] allow",
        })?;
        f.write_str(if self.is_last { "; no further answer for up to a minute" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_who_wanted_what_and_why_not() {
        let from = "<sip:100@1.1.1.1>".parse().unwrap();
        let path = Path::udp("192.0.2.1:5060".parse().unwrap(), "203.0.113.9:5071".parse().unwrap());
        let told = |why, is_last| {
            TurnedAway { from: &from, path, call_id: "a1@x", method: &Method::INVITE, why, is_last }
                .to_string()
        };
        assert_eq!(
            told(Stranger::Source, false),
            "INVITE from sip:100@1.1.1.1 at 203.0.113.9:5071 (a1@x) refused: the address is in no network of [sip] allow"
        );
        assert_eq!(
            told(Stranger::Caller, true),
            "INVITE from sip:100@1.1.1.1 at 203.0.113.9:5071 (a1@x) refused: [sip] allow names no such caller; no \
             further answer for up to a minute"
        );
    }
}
