//! The card in user space, and a process of its own to play into it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs `body` in a fresh process that has the card, by starting the test called `name` once more.
pub(crate) fn in_child(name: &str, body: impl FnOnce(&Path)) {
    in_child_with(name, |_| String::new(), body);
}

/// The same with further PCMs: lines of ALSA's configuration, written for the directory of the test.
///
/// The card plays in real time, and a machine that others use too may stand still for longer than any buffer lasts. So
/// what fails is tried again, loudly, and fails when it never goes well.
pub(crate) fn in_child_with(name: &str, pcms: impl Fn(&Path) -> String, body: impl FnOnce(&Path)) {
    let dir = scratch(name);
    if std::env::var_os(CHILD).is_some() {
        return body(&dir);
    }
    for attempt in 1..=ATTEMPTS {
        if goes_well(name, &dir, &pcms) {
            std::fs::remove_dir_all(&dir).unwrap();
            return;
        }
        tell(&format!("AGAIN: attempt {attempt} of {ATTEMPTS} of {name} failed in its process"));
    }
    panic!("{name} failed in its process");
}

#[expect(clippy::print_stderr, reason = "it is to be seen in the log of a run")]
fn tell(message: &str) {
    eprintln!("{message}");
}

fn goes_well(name: &str, dir: &Path, pcms: &impl Fn(&Path) -> String) -> bool {
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
    status.success()
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

const ATTEMPTS: u32 = 4;
const CHILD: &str = "PAGINGBOX_ALSA_TEST_CHILD";
