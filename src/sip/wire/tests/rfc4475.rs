//! The torture tests of RFC 4475: every message of its archive (`ci/testdata/rfc4475`), and what it says about
//! reading it.

use std::fs;

use super::{archive, datagram_of};
use crate::sip::wire::{Contacts, Host, Message, Method, ParseError, Request, Response};

fn datagram(name: &str) -> Vec<u8> {
    datagram_of("rfc4475", name)
}

fn parse(name: &str) -> Result<Message, ParseError> {
    Message::parse(&datagram(name))
}

fn request(name: &str) -> Request {
    match parse(name) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name}: {other:?}"),
    }
}

fn response(name: &str) -> Response {
    match parse(name) {
        Ok(Message::Response(response)) => response,
        other => panic!("{name}: {other:?}"),
    }
}

/// §3.1.1, in the RFC's order.
const VALID: [&str; 13] = [
    "wsinv",
    "intmeth",
    "esc01",
    "escnull",
    "esc02",
    "lwsdisp",
    "longreq",
    "dblreq",
    "semiuri",
    "transports",
    "mpart01",
    "unreason",
    "noreason",
];

/// §3.2 to §3.4: well-formed, whatever an element then does with them. `trws`, `baddate` and `badaspec` are malformed
/// in a way that RFC 4475 allows to overlook.
const READABLE: [&str; 17] = [
    "badbranch",
    "unkscm",
    "novelsc",
    "unksm2",
    "bext01",
    "invut",
    "regaut01",
    "bcast",
    "zeromf",
    "cparam01",
    "cparam02",
    "regescrt",
    "sdp01",
    "inv2543",
    "trws",
    "baddate",
    "badaspec",
];

/// What cannot be read: with the status of the answer, the bytes where reading stops and what was expected.
const UNREADABLE: [(&str, Option<u16>, &str, &str); 20] = [
    ("badinv01", Some(400), ";,;,,", "the name of a parameter"),
    ("clerr", Some(400), "9999", "a length that is not larger than the body"),
    ("ncl", Some(400), "-999", "the length of the body in bytes"),
    ("scalar02", Some(400), "36893488147419103232 REGISTER", "a sequence number below 2^32"),
    ("scalarlg", None, "9292394834772304023312 OPTIONS", "a sequence number below 2^32"),
    ("quotbal", Some(400), "\"Mr. J. User", "a quoted string that ends"),
    ("ltgtruri", Some(400), "<sip:user@example.com>", "a URI with a scheme"),
    ("lwsruri", Some(400), " lr SIP/2.0", "the name of a URI parameter"),
    ("lwsstart", Some(400), " sip:user@example.com ", "a URI with a scheme"),
    ("escruri", Some(400), "sip:user@example.com?Route", "a Request-URI without headers"),
    ("regbadct", Some(400), "?Route=", "a comma or the end"),
    ("baddn", Some(400), "", "an empty line after the headers"),
    ("badvers", Some(505), "SIP/7.0\r\nVia", "SIP/2.0"),
    ("mismatch01", Some(400), "8 INVITE", "a CSeq with the method of the request"),
    ("mismatch02", Some(501), "8 INVITE", "a CSeq with the method of the request"),
    ("bigcode", None, "4294967301 ", "a status code from 100 to 699"),
    ("insuf", Some(400), "v=0", "a From header"),
    ("multi01", Some(400), "CSeq: 59 INVITE", "this header only once"),
    ("mcl01", Some(400), "Content-Length: 5", "this header only once"),
    ("test", None, "\r\nTO : alan", "one space after the Request-URI"),
];

#[test]
fn what_is_valid_is_read_and_reads_the_same_once_written() {
    for name in VALID.iter().chain(&READABLE) {
        let message = parse(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let written = message.to_bytes().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(Message::parse(&written), Ok(message), "{name}");
    }
}

#[test]
fn what_is_invalid_is_refused_where_it_goes_wrong_and_answered_if_it_can_be() {
    for (name, status, rest, expected) in UNREADABLE {
        let datagram = datagram(name);
        let error = Message::parse(&datagram).expect_err(name);
        assert_eq!(error.expected, expected, "{name}");
        assert!(datagram[error.position..].starts_with(rest.as_bytes()), "{name}: {error}");
        assert_eq!(error.reply.map(|reply| reply.status.code()), status, "{name}");
    }
}

#[test]
fn no_message_of_the_archive_is_forgotten() {
    assert_eq!(
        fs::read_dir(archive("rfc4475")).unwrap().count(),
        VALID.len() + READABLE.len() + UNREADABLE.len()
    );
}

#[test]
fn every_answer_can_be_written_and_is_a_response() {
    for (name, status, _, _) in UNREADABLE {
        let Some(reply) = parse(name).expect_err(name).reply else { continue };
        let written = reply.to_bytes("ourtag").unwrap();
        assert!(written.starts_with(format!("SIP/2.0 {} ", status.unwrap()).as_bytes()), "{name}");
    }
}

#[test]
fn wsinv_is_seen_through_its_white_space() {
    let request = request("wsinv");
    let headers = &request.headers;
    assert_eq!(headers.to.tag(), Some("1918181833n"));
    assert_eq!(headers.from.display.as_deref(), Some("J Rosenberg \\\""));
    assert_eq!((headers.cseq.number, headers.max_forwards), (9, Some(68)));
    assert_eq!(headers.get("Subject"), Some(""));
    assert_eq!(headers.get("NewFangledHeader"), Some("newfangled value continued newfangled value"));
    assert_eq!(headers.get("UnknownHeaderWithUnusualValue"), Some(";;,,;;,;"));
    let vias: Vec<_> = headers.via.iter().map(ToString::to_string).collect();
    assert_eq!(
        vias,
        [
            "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
            "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8",
            "SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239",
        ]
    );
    assert_eq!(
        headers.routes[0].to_string(),
        "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>"
    );
    let contact = "\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com>;newparam=newvalue;secondparam;q=0.33";
    assert_eq!(headers.contacts.first().unwrap().to_string(), contact);
    assert_eq!(request.body.len(), 150);
}

#[test]
fn intmeth_keeps_every_odd_character() {
    let request = request("intmeth");
    assert_eq!(request.method.as_str(), "!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(request.headers.to.display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    let uri = request.uri.sip().unwrap();
    assert_eq!(uri.user(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!(uri.password(), Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    let extension = request.headers.get("extensionHeader-!.%*+_`'~").unwrap();
    assert_eq!(extension, "\u{feff}\u{5927}\u{505c}\u{96fb}");
}

#[test]
fn escapes_are_kept_as_they_are() {
    assert_eq!(
        request("esc01").uri.sip().unwrap().user_unescaped().as_deref(),
        Some("sips:user@example.com")
    );
    assert_eq!(request("esc02").method.as_str(), "RE%47IST%45R");
    let escnull = request("escnull");
    let users: Vec<_> = escnull.headers.contacts.list().iter().map(|contact| contact.uri.user()).collect();
    assert_eq!(users, [Some("%00"), Some("%00%00")]);
}

#[test]
fn dblreq_is_one_request() {
    let request = request("dblreq");
    assert_eq!(request.method, Method::REGISTER);
    assert!(request.body.is_empty());
}

#[test]
fn mpart01_keeps_its_binary_body() {
    let request = request("mpart01");
    let content_type = request.headers.content_type.unwrap();
    assert!(content_type.is("multipart/mixed"));
    assert_eq!(content_type.params.get("boundary"), Some("7a9cbec02ceef655"));
    assert!(request.body.ends_with(b"--7a9cbec02ceef655--\r\n"));
}

#[test]
fn reason_phrases_may_be_of_any_language_or_empty() {
    assert!(response("unreason").reason.starts_with("= 2**3 * 5**2 \u{43d}\u{43e}"));
    assert_eq!(response("noreason").reason, "");
}

#[test]
fn params_of_the_contact_and_of_its_uri_are_told_apart() {
    let of_header = request("cparam01").headers.contacts;
    assert!(of_header.first().unwrap().params.contains("unknownparam"));
    let of_uri = request("cparam02").headers.contacts;
    assert!(of_uri.first().unwrap().params.is_empty());
    assert!(of_uri.first().unwrap().uri.sip().unwrap().params().contains("unknownparam"));
}

#[test]
fn inv2543_needs_no_branch_no_tag_and_no_content_length() {
    let request = request("inv2543");
    assert_eq!(request.headers.top_via().unwrap().branch(), None);
    assert_eq!(request.headers.from.tag(), None);
    assert!(request.body.starts_with(b"v=0"));
    assert!(matches!(request.headers.contacts, Contacts::List(list) if list.is_empty()));
}

#[test]
fn schemes_nobody_knows_are_kept() {
    assert_eq!(request("unkscm").uri.scheme(), "nobodyKnowsThisScheme");
    let unksm2 = request("unksm2").headers;
    assert_eq!(unksm2.to.uri.to_string(), "isbn:2983792873");
    assert_eq!(unksm2.from.uri.host(), None::<&Host>);
}
