//! The card in user space, and a process of its own to play into it.

use crate::calm::{await_calm, watched};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Runs `body` in a fresh process that has the card, by starting the test called `name` once more.
pub(crate) fn in_child(name: &str, body: impl FnOnce(&Path)) {
    in_child_with(name, |_| String::new(), body);
}

/// The same with further PCMs: lines of ALSA's configuration, written for the directory of the test.
///
/// The card plays in real time, and a machine that others use too may stand still for longer than any buffer lasts. What
/// fails while it did so is tried again, loudly.
pub(crate) fn in_child_with(name: &str, pcms: impl Fn(&Path) -> String, body: impl FnOnce(&Path)) {
    let dir = scratch(name);
    if std::env::var_os(CHILD).is_some() {
        return in_real_time(|| body(&dir));
    }
    for _ in 0..ATTEMPTS {
        match code_of(name, &dir, &pcms) {
            Some(0) => return std::fs::remove_dir_all(&dir).unwrap(),
            Some(STOOD_STILL) => {
                tell(&format!("AGAIN: {name} failed while the machine stood still"));
                await_calm(STANDSTILL);
            }
            _ => break,
        }
    }
    panic!("{name} failed in its process");
}

/// Ends the process with [`STOOD_STILL`] if `body` fails while the machine stands still.
fn in_real_time(body: impl FnOnce()) {
    let (outcome, worst) = watched(body);
    let Err(failure) = outcome else { return };
    if worst > STANDSTILL {
        tell(&format!("the machine stood still for {worst:?}"));
        std::process::exit(STOOD_STILL);
    }
    resume_unwind(failure);
}

#[expect(clippy::print_stderr, reason = "it is to be seen in the log of a run")]
fn tell(message: &str) {
    eprintln!("{message}");
}

/// What a process ends with that runs the test called `name`.
fn code_of(name: &str, dir: &Path, pcms: &impl Fn(&Path) -> String) -> Option<i32> {
    let _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir).unwrap();
    build(dir);
    let configuration = dir.join("asound48.conf");
    let text = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, text + &pcms(dir)).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .env("ALSA_CONFIG_PATH", configuration)
        .env("VCLOCK_DIR", dir)
        .status()
        .unwrap();
    status.code()
}

/// A directory of the test called `name`, without colons: ALSA takes them for the end of a path.
pub(crate) fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name.replace("::", "-"))
}

fn build(dir: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/vclock/build.sh");
    let status = Command::new("sh").arg(script).arg(dir).status().unwrap();
    assert!(status.success(), "ci/vclock/build.sh failed: are gcc and libasound2-dev installed?");
}

const ATTEMPTS: u32 = 6;
/// `EX_TEMPFAIL`.
const STOOD_STILL: i32 = 75;
/// More than the half of what a card is filled to.
const STANDSTILL: Duration = Duration::from_millis(5);
const CHILD: &str = "PAGINGBOX_ALSA_TEST_CHILD";
