//! Over generated input: what is read prints, and its print reads the same; nothing panics.

use core::fmt::{Debug, Display};
use core::str::FromStr;

use proptest::prelude::*;

use super::INVITE;
use crate::sip::wire::{Message, NameAddr, Uri, Via, WriteError};

/// Whether `text` reads; if so, its print must read as the same value.
fn reads_and_prints<T: FromStr + Display + PartialEq + Debug>(text: &str) -> bool {
    let Ok(value) = text.parse::<T>() else { return false };
    let printed = value.to_string();
    let Ok(again) = printed.parse::<T>() else {
        panic!("{text:?} prints as {printed:?}, which does not read")
    };
    assert_eq!(again, value, "{text:?} prints as {printed:?}");
    true
}

/// As [`reads_and_prints`], for a datagram.
fn message_reads_and_prints(datagram: &[u8]) -> bool {
    let Ok(message) = Message::parse(datagram) else { return false };
    match message.to_bytes() {
        Ok(written) => assert_eq!(Message::parse(&written), Ok(message)),
        Err(error) => assert_eq!(error, WriteError::TooLarge),
    }
    true
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,8}(\\.[a-z]{1,5}){0,2}",
        "(2[0-9]|1?[0-9])(\\.(2[0-4][0-9]|1?[0-9]{1,2})){3}",
        Just("[2001:db8::9:1]".to_owned())
    ]
}

fn params(name: &'static str, value: &'static str) -> impl Strategy<Value = String> {
    let param = (name, proptest::option::of(value));
    let param =
        param.prop_map(|(name, value)| value.map_or(format!(";{name}"), |value| format!(";{name}={value}")));
    proptest::collection::vec(param, 0..4).prop_map(|params| params.concat())
}

fn uri() -> impl Strategy<Value = String> {
    let user = proptest::option::of("[-a-zA-Z0-9_.!~*'()&=+$,;?/#]{1,12}(:[a-z0-9&=+$,]{0,5})?@");
    let port = proptest::option::of(1_u16..);
    let sip = (
        "sips?:",
        user,
        host(),
        port,
        params("[a-zA-Z0-9%-]{1,6}", "[\\[\\]/:&+$a-z0-9]{1,6}"),
        "(\\?[a-z]=[a-z%0-9]{0,4})?",
    );
    let sip = sip.prop_map(|(scheme, user, host, port, params, headers)| {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}{}{host}{port}{params}{headers}", user.unwrap_or_default())
    });
    prop_oneof![4 => sip, 1 => "tel:\\+?[0-9.()-]{1,12}(;[a-z]{1,5}(=[a-z0-9.+]{1,5})?){0,2}", 1 => "x[a-z0-9+.-]{0,6}:[!-~&&[^\"<>]]{1,9}"]
}

fn name_addr() -> impl Strategy<Value = String> {
    let quoted = "\"([ !#-\\[\\]-~\u{e9}\u{4e2d}]|\\\\[ -~\u{0}\u{7f}]){0,10}\"[ \t]{0,2}";
    let display = prop_oneof![Just(String::new()), "[-a-zA-Z.!%*_+`'~]{1,6}( [a-z]{1,4}){0,2} ?", quoted];
    let value = "([a-zA-Z0-9.:-]{0,6}|\"([ -!#-\\[\\]-~]|\\\\[ -~]){0,6}\")";
    (display, uri(), params(" ?[a-zA-Z0-9-]{1,6} ?", value))
        .prop_map(|(display, uri, params)| format!("{display}<{uri}>{params}"))
}

fn via() -> impl Strategy<Value = String> {
    let params = params(" ?(branch|ttl|maddr|x-[a-z]{1,4}) ?", " ?[a-zA-Z0-9.=-]{1,8} ?");
    let rport = "( ?; ?rport(=[1-9][0-9]{0,3})?)?";
    ("SIP ?/ ?2\\.0 ?/ ?(UDP|TCP|X-[A-Z]{1,3})[ \t]{1,2}", host(), "( ?: ?[0-9]{1,4})?", rport, params)
        .prop_map(|(protocol, host, port, rport, params)| format!("{protocol}{host}{port}{rport}{params}"))
}

fn message() -> impl Strategy<Value = String> {
    let other =
        proptest::collection::vec("X-[A-Za-z-]{0,8} ?: ?[ -~\u{e9}]{0,20}(\r\n [ -~]{0,9})?\r\n", 0..5);
    let lists = (proptest::collection::vec(via(), 1..3), proptest::collection::vec(name_addr(), 0..3));
    (host(), lists, name_addr(), name_addr(), other, proptest::collection::vec(any::<u8>(), 0..9)).prop_map(
        |(host, (via, route), from, to, other, body)| {
            let route =
                if route.is_empty() { String::new() } else { format!("Route: {}\r\n", route.join(",")) };
            let (via, other, len) = (via.join(" , "), other.concat(), body.len());
            let text = format!(
                "NOTIFY sip:{host} SIP/2.0\r\nVia: {via}\r\nf: {from}\r\nt: {to}\r\n{route}\
                 i: 1@x\r\nCSeq: 1 NOTIFY\r\n{other}l: {len}\r\n\r\n"
            );
            text + &String::from_utf8_lossy(&body)
        },
    )
}

/// A message with some bytes replaced, dropped or repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..4_u8);
    let source = prop_oneof![Just(INVITE.to_owned()), message()];
    (source, proptest::collection::vec(edit, 1..6)).prop_map(|(text, edits)| {
        let mut bytes = text.into_bytes();
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes[at] = b"\r\n\0\\\"<>;,:@% \t*="[usize::from(byte) % 16],
                2 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(3261), ..ProptestConfig::with_cases(512) })]

    #[test]
    fn every_uri_reads_and_prints(text in uri()) {
        prop_assert!(reads_and_prints::<Uri>(&text), "{text:?}");
    }

    #[test]
    fn every_name_addr_reads_and_prints(text in name_addr()) {
        prop_assert!(reads_and_prints::<NameAddr>(text.trim_end()), "{text:?}");
    }

    #[test]
    fn every_via_reads_and_prints(text in via()) {
        prop_assert!(reads_and_prints::<Via>(text.trim_end()), "{text:?}");
    }

    #[test]
    fn every_message_reads_and_prints(text in message()) {
        prop_assert!(message_reads_and_prints(text.as_bytes()), "{text:?} {:?}", Message::parse(text.as_bytes()));
    }

    #[test]
    fn mutated_messages_do_not_panic(datagram in mutated()) {
        message_reads_and_prints(&datagram);
    }

    #[test]
    fn random_text_does_not_panic(text in "\\PC{0,40}") {
        reads_and_prints::<Uri>(&text);
        reads_and_prints::<NameAddr>(&text);
        reads_and_prints::<Via>(&text);
    }

    #[test]
    fn random_bytes_do_not_panic(datagram in proptest::collection::vec(any::<u8>(), 0..200)) {
        message_reads_and_prints(&datagram);
    }
}
