//! Tests that this machine cannot run: said loudly, and with `CI=true` a failure. The scripts skip by the same rule
//! (`ci/need.sh`).

use std::process::{Command, Stdio};

/// Whether `program` can be started here. When it cannot, the test that asks ends early.
pub(crate) fn is_missing(program: &str) -> bool {
    let mut asked = Command::new(program);
    asked.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if asked.status().is_ok() {
        return false;
    }
    skipped(&format!("{program} is not installed; ci/test installs it"))
}

/// Whether Debian's Python lacks a module, which is in `package`. When it does, the test that asks ends early.
pub(crate) fn is_missing_module(module: &str, package: &str) -> bool {
    let mut asked = Command::new("/usr/bin/python3");
    asked
        .args(["-c", &format!("import {module}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if asked.status().is_ok_and(|status| status.success()) {
        return false;
    }
    skipped(&format!("{package} is not installed; ci/test installs it"))
}

/// Whether packets of one's own making cannot be sent from here: that takes root.
pub(crate) fn is_not_root() -> bool {
    let mut asked = Command::new("id");
    asked.arg("-u").stdin(Stdio::null());
    if asked.output().is_ok_and(|told| told.stdout == b"0\n") {
        return false;
    }
    skipped("sipp plays captures as root only")
}

/// Whether no network namespaces can be made here: that takes root.
pub(crate) fn has_no_namespaces() -> bool {
    let mut asked = Command::new("unshare");
    asked.args(["--net", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if asked.status().is_ok_and(|status| status.success()) {
        return false;
    }
    skipped("no network namespaces can be made here")
}

/// Whether this machine has other registers than the test knows.
pub(crate) fn is_no_amd64() -> bool {
    !cfg!(target_arch = "x86_64") && skipped("only x86-64 is known here")
}

/// To be told by whoever finds out that no thread can be held here as by a debugger.
pub(crate) fn cannot_hold_threads() {
    skipped("no thread can be held here: ptrace is not allowed");
}

fn skipped(why: &str) -> bool {
    eprintln!("=== SKIPPED: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true: a skip is a failure");
    true
}
