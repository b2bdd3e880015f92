//! Any bytes as a `paging.conf`, and behind a zero byte each line as a `--set`. Loading never fails; what it says is bounded,
//! one line each; what is in force, printed and loaded again, is the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pagingbox::config::{MAX_DIAGNOSTICS, Secrets, check, effective, load};

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let rest = String::from_utf8_lossy(&bytes[(end + 1).min(bytes.len())..]);
    // UTF-16 is full of zeros.
    let (file, sets) = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        (bytes, Vec::new())
    } else {
        (&bytes[..end], rest.lines().map(str::to_owned).collect())
    };
    let texts = [("a", file)];
    let loaded = load(&texts, [], &sets);
    assert!(loaded.diagnostics.len() <= MAX_DIAGNOSTICS + 1);
    for diagnostic in &loaded.diagnostics {
        assert!(!diagnostic.to_string().chars().any(char::is_control));
    }
    let told = check(&texts, &loaded);
    assert!(!told.chars().any(|c| c.is_control() && c != '\n'));

    let printed = effective(&loaded, Secrets::Shown);
    // What no file can say is a comment in what is printed.
    if !printed.contains("; no file can say") {
        let again = load(&[("b", printed.as_bytes())], [], &[]);
        assert_eq!(again.settings, loaded.settings, "{printed}");
    }
});
