//! stub
use super::*;
pub(super) fn parse(_datagram: &[u8]) -> Result<Message, ParseError> {
    Err(ParseError { position: 0, expected: "a SIP message", reply: None })
}
