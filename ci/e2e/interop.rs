//! Scenes of `ci/interop/` in network namespaces.

use crate::skip;
use std::process::Command;

#[test]
fn a_cable_that_returns_and_another_address_are_registered_at_once() {
    play("network", "kamailio");
}

#[test]
fn behind_a_router_the_box_is_paged_from_outside_by_the_address_of_the_router() {
    play("nat", "nft");
}

/// Plays a scene that needs `program`.
fn play(scene: &str, program: &str) {
    if skip::is_missing(program) || skip::has_no_namespaces() {
        return;
    }
    let script = format!("{}/ci/interop/{scene}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(script).arg(env!("CARGO_BIN_EXE_paging")).output().unwrap();
    let told =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{told}");
    eprintln!("{told}");
}
