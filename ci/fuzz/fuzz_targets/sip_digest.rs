//! Any text as challenges and as credentials. What is read is printed on one line and read again to the same; a
//! challenge is answered by credentials that are read again too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pagingbox::sip::digest::{Authenticator, Challenge, Credentials, Identity, Verdict};
use pagingbox::sip::wire::{Message, Request, Response, StatusCode};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(credentials) = text.parse::<Credentials>() {
        assert_eq!(on_one_line(&credentials).parse(), Ok(credentials));
    }
    let challenges = Challenge::read_all(&text).unwrap_or_default();
    for challenge in &challenges {
        assert_eq!(
            Challenge::read_all(&on_one_line(challenge)).as_deref(),
            Ok([challenge.clone()].as_slice())
        );
    }
    let mut request = request();
    let asks =
        Response::to_request(&request, StatusCode::UNAUTHORIZED).with_header("WWW-Authenticate", &text);
    let mut authenticator = Authenticator::new(Identity::new("box", "secret").unwrap(), 1);
    let verdict = authenticator.challenged(&asks);
    assert_eq!(verdict == Verdict::Retry, !challenges.is_empty());
    authenticator.authorize(&mut request);
    request.to_bytes().unwrap();
    for value in request.headers.get_all("Authorization") {
        assert_eq!(value.parse::<Credentials>().unwrap().to_string(), value);
    }
});

fn on_one_line(value: &impl ToString) -> String {
    let text = value.to_string();
    assert!(!text.contains(char::is_control), "{text:?}");
    text
}

fn request() -> Request {
    let text = "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
        From: <sip:box@example.com>;tag=1\r\nTo: <sip:box@example.com>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n\r\n";
    match Message::parse(text.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("expected a request, not {other:?}"),
    }
}
