//! Any bytes as a session description. What parses is printed and parsed again to the same; what can be answered is
//! answered with as many streams as were offered, by bytes that parse to the answer, and again by the same. Whatever was
//! said, an offer of our own can follow, and the description may be its answer.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use pagingbox::sdp::{Description, Format, Local, MAX_BYTES, Session};

fuzz_target!(|bytes: &[u8]| {
    let Ok(description) = Description::parse(bytes) else { return };
    assert_same_when_read_again(&description);
    let mut session = Session::new(local());
    match session.answer(&description) {
        Ok((answer, negotiated)) => {
            assert_eq!(answer.media.len(), description.media.len());
            assert_eq!(negotiated.formats.speech.len(), 1);
            assert_same_when_read_again(&answer);
            assert_eq!(session.answer(&description), Ok((answer, negotiated)));
        }
        Err(refusal) => {
            let text = refusal.to_string();
            assert!(text.len() < 500 && text.chars().all(|c| !c.is_control() && c != '"' && c != '\\'));
        }
    }
    assert_same_when_read_again(&session.offer().0);
    if let Ok(negotiated) = session.accept(&description) {
        assert!(!negotiated.formats.speech.is_empty());
    }
});

fn assert_same_when_read_again(description: &Description) {
    let bytes = description.to_bytes();
    // Printing adds lines that were missing; a description that filled the bound may exceed it then.
    if bytes.len() <= MAX_BYTES {
        assert_eq!(Description::parse(&bytes).as_ref(), Ok(description));
    }
}

fn local() -> Local {
    Local {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 16_384,
        formats: vec![Format::new(8, "PCMA", 8000), Format::new(0, "PCMU", 8000)],
        ptime: Duration::from_millis(20),
        session_id: 1,
    }
}
