//! How many files the process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Asks the machine for `wanted` open files, and gives how many it allows: at least as many as before.
pub(super) fn allow(wanted: u64) -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return LEAST };
    let asked = wanted.min(hard);
    if soft < asked && setrlimit(Resource::RLIMIT_NOFILE, asked, hard).is_ok() { asked } else { soft }
}

/// What POSIX promises is less; what every Linux gives.
const LEAST: u64 = 1024;
