//! What an endpoint counts instead of logging it.

/// Counts since the endpoint was made; each stops at its largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams received.
    pub received: u64,
    /// Among them: empty lines that keep a NAT open (RFC 5626 §3.5.1).
    pub keep_alives: u64,
    /// Among them: what is no SIP message, answered or not.
    pub malformed: u64,
    /// Among them: responses to nothing we asked.
    pub unmatched: u64,
    /// Among them: repetitions of requests and responses.
    pub repeated: u64,
    /// Among them: ACKs that acknowledge nothing we remember, such as a refusal that kept no state.
    pub stray_acks: u64,
    /// Requests refused without being looked at by the application.
    pub refused: u64,
    /// Among them: for want of room (503).
    pub overloaded: u64,
    /// Requests of strangers, answered by 403 (and refused) or not at all.
    pub strangers: u64,
    /// Requests of strangers that got no answer, malformed ones too.
    pub silenced: u64,
    /// Calls received and told to the application.
    pub calls_in: u64,
    /// Calls made.
    pub calls_out: u64,
    /// Messages that could not be written, because a value would end its line or the message is too large.
    pub unwritable: u64,
    /// Datagrams dropped because too many were waiting.
    pub dropped: u64,
}

/// What an endpoint holds at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls.
    pub calls: usize,
    /// Dialogs.
    pub dialogs: usize,
    /// Transactions of requests that were sent.
    pub client_transactions: usize,
    /// Transactions of requests that were received.
    pub server_transactions: usize,
}

/// Counts one more.
pub(super) const fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
