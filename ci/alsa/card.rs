//! The card in user space, and a process of its own to play into it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs `body` in a fresh process that has the card, by starting the test called `name` once more.
pub(crate) fn in_child(name: &str, body: impl FnOnce(&Path)) {
    in_child_with(name, |_| String::new(), body);
}

/// The same with further PCMs: lines of ALSA's configuration, written for the directory of the test.
pub(crate) fn in_child_with(name: &str, pcms: impl FnOnce(&Path) -> String, body: impl FnOnce(&Path)) {
    let dir = scratch(name);
    if std::env::var_os(CHILD).is_some() {
        return body(&dir);
    }
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    build(&dir);
    let configuration = dir.join("asound48.conf");
    let text = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, text + &pcms(&dir)).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .env("ALSA_CONFIG_PATH", configuration)
        .env("VCLOCK_DIR", &dir)
        .status()
        .unwrap();
    assert!(status.success(), "{name} failed in its process");
    std::fs::remove_dir_all(&dir).unwrap();
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

const CHILD: &str = "PAGINGBOX_ALSA_TEST_CHILD";
