//! What an endpoint tells the application.

use crate::key::Key;
use crate::sip::call::{AccountKey, CallKey};
use crate::sip::path::Path;
use crate::sip::registration;
use crate::sip::wire::{Method, NameAddr, StatusCode, Uri};

/// Something happened, to a call if it names one. After [`Event::Failed`] and [`Event::Ended`] the call is no more.
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
    /// The other end knows that we have answered its INVITE, the first one or one within the call.
    Confirmed {
        /// The call.
        call: CallKey,
        /// The session description of the ACK; empty unless the answer held the offer.
        body: Vec<u8>,
    },
    /// The other end wants to change the call. The application will `accept_reoffer` or `reject_reoffer`, at once: until
    /// then nothing else can be changed.
    Reoffered {
        /// The call.
        call: CallKey,
        /// The offered session description; empty if the answer shall hold the offer.
        offer: Vec<u8>,
    },
    /// The other end has answered an INVITE by which we kept the call alive: what we had said before, said again. Mostly
    /// the answer is the one of before as well.
    Refreshed {
        /// The call.
        call: CallKey,
        /// The session description of the answer, never empty.
        answer: Vec<u8>,
    },
    /// The other end sends a key by INFO.
    Info {
        /// The call.
        call: CallKey,
        /// The key.
        key: Key,
    },
    /// Someone sends a text, within a call or without one (RFC 3428).
    Message {
        /// Who.
        from: Box<NameAddr>,
        /// The way it came.
        path: Path,
        /// The Call-ID, as written.
        call_id: String,
        /// The text, whatever characters are in it.
        text: String,
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
    /// A stranger's request was refused with 403. What gets no answer is not told but counted.
    TurnedAway {
        /// Who he says he is.
        from: Box<NameAddr>,
        /// The way the request came.
        path: Path,
        /// The Call-ID, as written.
        call_id: String,
        /// What he wanted.
        method: Method,
        /// Why.
        why: Stranger,
        /// Whether he gets no further answer within this minute.
        is_last: bool,
    },
    /// Something has changed about a registration.
    Registration {
        /// Whose.
        account: AccountKey,
        /// What.
        event: registration::Event,
    },
    /// The call is over.
    Ended {
        /// The call.
        call: CallKey,
        /// Who ended it.
        reason: EndReason,
    },
}

/// What a message says of its sender, for who decides how long a connection is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reception {
    /// It is a message, from where messages are taken.
    Taken,
    /// A stranger's: whatever else comes from there will be turned away too.
    TurnedAway,
    /// Nothing that could be read.
    Unreadable,
}

/// What makes a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stranger {
    /// His address is in no network from which calls are taken.
    Source,
    /// As a caller he matches no pattern.
    Caller,
    /// What he proves is wrong.
    Proof,
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
    /// This end: the other one was not heard of for longer than they had agreed on (RFC 4028 §10).
    Expired,
    /// This end: what it should have sent cannot be written as a SIP message.
    Unwritable,
}
