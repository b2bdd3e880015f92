//! The answer to a request that could not be read.

use core::net::SocketAddr;

use super::error::WriteError;
use super::status::StatusCode;
use super::via::Via;
use super::write::Writer;

/// What is owed to the sender of a request that is no valid message: an error response (RFC 3261 §8.2, §21.4.1).
///
/// From, To, Call-ID and `CSeq` are kept as text, for it may be one of them that could not be read; the sender knows
/// them again by their bytes. Those that it left out are left out in the answer too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 400, 413, 501 or 505.
    pub status: StatusCode,
    /// The way back, top first, never empty.
    pub via: Vec<Via>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) call_id: Option<String>,
    pub(super) cseq: String,
}

impl Reply {
    /// Notes in the top Via where the request came from: see [`Via::stamp`].
    pub fn stamp(&mut self, source: SocketAddr) {
        if let Some(top) = self.via.first_mut() {
            top.stamp(source);
        }
    }

    /// The Call-ID as written, if there is one.
    #[must_use]
    pub fn call_id(&self) -> Option<&str> {
        self.call_id.as_deref()
    }

    /// The response as bytes, with `to_tag` in To if there is no tag.
    ///
    /// # Errors
    /// As [`Message::to_bytes`](super::Message::to_bytes); not for what [`Message::parse`](super::Message::parse) made,
    /// unless the response would be larger than a datagram.
    pub fn to_bytes(&self, to_tag: &str) -> Result<Vec<u8>, WriteError> {
        let mut writer = Writer::new();
        writer.status_line(self.status, self.status.reason())?;
        for via in &self.via {
            writer.header("Via", via)?;
        }
        if let Some(from) = &self.from {
            writer.header("From", from)?;
        }
        match &self.to {
            Some(to) if has_tag(to) => writer.header("To", to)?,
            Some(to) => writer.header("To", &format_args!("{to};tag={to_tag}"))?,
            None => {}
        }
        if let Some(call_id) = &self.call_id {
            writer.header("Call-ID", call_id)?;
        }
        writer.header("CSeq", &self.cseq)?;
        writer.finish(&[])
    }
}

/// Whether a To that may be malformed has a tag, as well as that can be told.
fn has_tag(to: &str) -> bool {
    let params = to.rsplit('>').next().unwrap_or(to);
    params
        .split(';')
        .skip(1)
        .filter_map(|param| param.split('=').next())
        .any(|name| name.trim().eq_ignore_ascii_case("tag"))
}
