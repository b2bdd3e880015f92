//! What a transaction machine asks its surroundings to do.

use super::lingering::LastState;
use core::time::Duration;

/// The answer of a machine to one input; its parts are carried out in the order of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub(crate) struct Reaction {
    /// What goes to the transport.
    pub(crate) emit: Emit,
    /// What becomes of the deadline for the next repetition (timers A, E, G and the 100).
    pub(crate) repeat: Deadline,
    /// What becomes of the deadline for the whole state (all other timers).
    pub(crate) expire: Deadline,
    /// Whether the input goes on to the user of the transaction.
    pub(crate) deliver: bool,
    /// Whether the transaction is over.
    pub(crate) end: Option<End>,
}

impl Reaction {
    /// The input is absorbed.
    pub(crate) const NONE: Self = Self {
        emit: Emit::Nothing,
        repeat: Deadline::Keep,
        expire: Deadline::Keep,
        deliver: false,
        end: None,
    };

    /// Sends the last message (again).
    pub(crate) const fn resend() -> Self {
        Self { emit: Emit::Last, ..Self::NONE }
    }

    /// Hands the input on.
    pub(crate) const fn deliver() -> Self {
        Self { deliver: true, ..Self::NONE }
    }

    /// Ends the transaction.
    pub(crate) const fn end(end: End) -> Self {
        Self { end: Some(end), ..Self::NONE }
    }

    /// And ends the transaction.
    pub(crate) const fn and_end(self, end: End) -> Self {
        Self { end: Some(end), ..self }
    }

    /// With the next repetition after `span`.
    pub(crate) const fn repeat_after(self, span: Duration) -> Self {
        Self { repeat: Deadline::After(span), ..self }
    }

    /// Without further repetitions.
    pub(crate) const fn stop_repeating(self) -> Self {
        Self { repeat: Deadline::Stop, ..self }
    }

    /// With the end of the state after `span`.
    pub(crate) const fn expire_after(self, span: Duration) -> Self {
        Self { expire: Deadline::After(span), ..self }
    }
}

/// What goes to the transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Emit {
    /// Nothing.
    #[default]
    Nothing,
    /// The request of a client, the newest response of a server.
    Last,
    /// The acknowledgement of a non-2xx response.
    Ack,
}

/// What becomes of a deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// As it was.
    #[default]
    Keep,
    /// None any more.
    Stop,
    /// A new one, so long after the input.
    After(Duration),
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It did its work.
    Done,
    /// The peer did not answer.
    TimedOut,
    /// It sends nothing more, but has to know what comes again.
    Lingers(LastState),
}

/// Classes of responses, as far as transactions tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// 1xx.
    Provisional,
    /// 2xx.
    Success,
    /// 3xx to 6xx.
    Failure,
}

impl Class {
    /// The class of a status code.
    pub(crate) const fn of(code: u16) -> Self {
        match code {
            0..=199 => Self::Provisional,
            200..=299 => Self::Success,
            _ => Self::Failure,
        }
    }
}
