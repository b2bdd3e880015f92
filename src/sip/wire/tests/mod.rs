//! Whole messages.

mod answer;
mod datagram;
mod leniency;
mod properties;
mod rfc4475;
mod rfc5118;
mod stream;

use std::fs;
use std::path::{Path, PathBuf};

/// Where the messages of `rfc` lie.
fn archive(rfc: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/testdata").join(rfc)
}

/// The message called `name` of `rfc`.
fn datagram_of(rfc: &str, name: &str) -> Vec<u8> {
    let path = archive(rfc).join(name).with_extension("dat");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The INVITE of RFC 3261 §24.2 (F1), with a body.
const INVITE: &str = "INVITE sip:bob@biloxi.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8\r\n\
    Max-Forwards: 70\r\n\
    To: Bob <sip:bob@biloxi.com>\r\n\
    From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n\
    Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n\
    CSeq: 314159 INVITE\r\n\
    Contact: <sip:alice@pc33.atlanta.com>\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 5\r\n\
    \r\n\
    v=0\r\n";
