//! The settings that come with the card image are right, and so is every example in them.

use crate::config::load;

const SHIPPED: &str = include_str!("../../image/boot/paging.conf");

#[test]
fn the_settings_on_the_card_are_right_and_each_of_them_does_something() {
    assert_eq!(complaints(SHIPPED), [""; 0]);
}

#[test]
fn every_example_on_the_card_is_right_when_its_semicolon_is_removed() {
    let examples = SHIPPED.lines().filter(|line| example(line).is_some()).count();
    assert!(examples >= 3, "only {examples} examples found: is the form still `; key = value`?");
    let text: Vec<_> = SHIPPED.lines().map(|line| example(line).unwrap_or(line)).collect();
    assert_eq!(complaints(&text.join("\r\n")), [""; 0]);
}

#[test]
fn the_card_does_not_listen_on_ipv6_unasked() {
    let loaded = load(&[("paging.conf", SHIPPED.as_bytes())], [], &[]);
    assert!(
        loaded.settings.sip.listen.iter().all(std::net::SocketAddr::is_ipv4),
        "{:?}",
        loaded.settings.sip.listen
    );
}

/// `key = value` of a line `; key = value`.
fn example(line: &str) -> Option<&str> {
    let bare = line.strip_prefix("; ")?;
    let (key, _) = bare.split_once(" = ")?;
    key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-').then_some(bare)
}

/// Errors, and also notes: a key that does nothing yet is no example to give.
fn complaints(text: &str) -> Vec<String> {
    let loaded = load(&[("paging.conf", text.as_bytes())], [], &[]);
    loaded.diagnostics.iter().map(ToString::to_string).collect()
}
