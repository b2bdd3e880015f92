//! Counting instructions: the benchmark starts itself once more under valgrind, which writes a file for each stage.

use super::{Stage, TURNS};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The argument that makes the benchmark do what is counted, and nothing else.
pub(crate) const COUNTED: &str = "--counted";

/// Instructions in [`TURNS`] turns of each of the `stages` whose names hold `word`; `None` without valgrind.
pub(crate) fn count(word: &str, stages: usize) -> Result<Option<Vec<u64>>, String> {
    if is_missing() {
        eprintln!("=== SKIPPED: instructions are not counted, valgrind is not installed");
        let is_strict = std::env::var("CI").as_deref() == Ok("true");
        return if is_strict { Err("CI=true: a skip is a failure".to_owned()) } else { Ok(None) };
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
    let counts = count_in(&folder, word, stages);
    // What is left there does no harm.
    let _ = fs::remove_dir_all(&folder);
    counts.map(Some)
}

/// Does what is counted.
pub(crate) fn be_counted(stages: &[Stage]) {
    for stage in stages {
        let mut turn = (stage.make)();
        for _ in 0..TURNS {
            turn();
        }
        counted_second(&mut *turn);
        write_count();
    }
}

/// Valgrind knows this function by its name, and counts while it runs.
#[inline(never)]
fn counted_second(turn: &mut dyn FnMut()) {
    for _ in 0..TURNS {
        turn();
    }
}

/// Valgrind knows this one too, and writes its file before it runs.
#[inline(never)]
fn write_count() {
    black_box(());
}

fn count_in(folder: &Path, word: &str, stages: usize) -> Result<Vec<u64>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let files = folder.join("counts");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--toggle-collect=*counted_second*", "--dump-before=*write_count*"]);
    valgrind.arg(format!("--callgrind-out-file={}", files.display())).arg(program).args([COUNTED, word]);
    let output = valgrind.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("valgrind: {}", String::from_utf8_lossy(&output.stderr)));
    }
    (1..=stages).map(|number| read(&files.with_extension(number.to_string()))).collect()
}

/// The line `totals: COUNT` of what callgrind wrote.
fn read(file: &PathBuf) -> Result<u64, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let count = total.and_then(|total| total.trim().parse().ok()).filter(|&count| count > 0);
    count.ok_or_else(|| format!("{}: nothing was counted", file.display()))
}

fn is_missing() -> bool {
    let mut asked = Command::new("valgrind");
    asked.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_err()
}
