//! What an endpoint tells the application.

use crate::sip::call::CallKey;
use crate::sip::path::Path;
use crate::sip::wire::{NameAddr, StatusCode, Uri};

/// Something happened to a call. After [`Event::Failed`] and [`Event::Ended`] the call is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Someone calls. The application will `ring`, `answer`, `reject` or `hang_up`.
    Incoming {
        /// The call.
        call: CallKey,
        /// Who calls.
        from: Box<NameAddr>,
        /// Whom (the Request-URI).
        to: Box<Uri>,
        /// The way the INVITE came.
        path: Path,
        /// The Call-ID, to find the call in logs.
        call_id: String,
        /// The offered session description; empty if the answer shall hold the offer.
        offer: Vec<u8>,
    },
    /// The other end has our INVITE (the first 100, when it comes before anything else).
    Trying {
        /// The call.
        call: CallKey,
    },
    /// The other phone rings (the first 180, 181, 182 or 183).
    Ringing {
        /// The call.
        call: CallKey,
    },
    /// The other end has answered our INVITE.
    Answered {
        /// The call.
        call: CallKey,
        /// The session description of the answer.
        body: Vec<u8>,
    },
    /// The other end knows that we have answered.
    Confirmed {
        /// The call.
        call: CallKey,
        /// The session description of the ACK; empty unless the answer held the offer.
        body: Vec<u8>,
    },
    /// Our INVITE was refused, or nobody answered (408).
    Failed {
        /// The call.
        call: CallKey,
        /// Why.
        status: StatusCode,
        /// Why, in the words of the other end.
        reason: String,
    },
    /// The call is over.
    Ended {
        /// The call.
        call: CallKey,
        /// Who ended it.
        reason: EndReason,
    },
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The other end.
    RemoteHangUp,
    /// This end, by `hang_up`; the other end knows it, or did not answer for 32 s.
    LocalHangUp,
    /// The caller, before we answered.
    Cancelled,
    /// The other end never acknowledged our answer (RFC 3261 §13.3.1.4).
    NoAck,
    /// This end: what it should have sent cannot be written as a SIP message.
    Unwritable,
}
