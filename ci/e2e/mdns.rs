//! The box is found by its name: a resolver that is not ours asks, in a network of its own.

use crate::skip;
use std::process::Command;

/// `python3-zeroconf` of Debian asks for the name and for the service, hears the goodbye, and another box has to take
/// another name.
#[test]
fn a_resolver_finds_the_box_by_its_name_and_as_a_telephone() {
    if skip::is_missing_module("zeroconf", "python3-zeroconf") || skip::has_no_namespaces() {
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/ci/e2e/mdns.py");
    let program = env!("CARGO_BIN_EXE_paging");
    let output =
        Command::new("unshare").args(["--net", "/usr/bin/python3", script, program]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
}
