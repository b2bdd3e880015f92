//! `paging check` and `paging config`, as a person or a script calls them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[test]
fn every_configuration_that_is_shipped_is_right() {
    let mut files: Vec<PathBuf> =
        ["image/boot/paging.conf", "image/boot/all-settings.txt", "docs/paging.conf.example"]
            .map(PathBuf::from)
            .to_vec();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/testdata/pagingserver");
    files.extend(folder.read_dir().unwrap().map(|entry| entry.unwrap().path()));
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let output = paging(&["check", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}: {}", file.display(), said(&output));
    }
}

#[test]
fn mistakes_end_a_check_with_65_and_a_missing_file_with_66() {
    let file = written("mistakes.conf", "[sip]\nptime = 25\npassword = hunter2\n");
    let output = paging(&["check", &file]);
    assert_eq!(output.status.code(), Some(65), "{}", said(&output));
    let expected = format!("{file}:2:9: error: [sip] ptime: expected a multiple of 10ms, found \"25\"; ");
    assert!(said(&output).starts_with(&expected), "{}", said(&output));
    assert!(!said(&output).contains("hunter2"), "{}", said(&output));
    let output = paging(&["check", &file, "/no/such/file"]);
    assert_eq!(output.status.code(), Some(66));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("paging: cannot read /no/such/file: "));
    // What could be read was checked all the same.
    assert!(said(&output).contains("2 mistakes"), "{}", said(&output));
}

#[test]
fn what_is_printed_is_a_configuration() {
    let file =
        written("given.conf", "[sip]\ndomain = pbx.example\nuser = 501\npass = hunter2\n[zone Hall]\n");
    for arguments in [
        &["config", &file, "--set", "zone Hall.device=null"][..],
        &["config", "--defaults"],
        &["config", "--annotated"],
        &["--dump-conf", &file],
        &["--dump-conf-defaults"],
    ] {
        let output = paging(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!said(&output).contains("hunter2"), "{arguments:?}");
        let again = paging(&["check", &written("printed.conf", &said(&output))]);
        assert_eq!(again.status.code(), Some(0), "{arguments:?}: {}", said(&again));
    }
    let output = paging(&["config", &file, "--set", "zone Hall.device=null"]);
    assert!(said(&output).contains(&format!("; {file}:3:8\n")), "{}", said(&output));
    assert!(said(&output).contains("[zone Hall]\ndevice = null "), "{}", said(&output));
}

#[test]
fn a_card_image_starts_whatever_its_configuration_is() {
    let into = Path::new(env!("CARGO_TARGET_TMPDIR")).join("configuring-boot");
    let read = |name: &str| std::fs::read_to_string(into.join(name)).unwrap();
    let good = written("boot-good.conf", "[network]\nhostname = hall\naddress = 192.0.2.20/24\n");
    for (name, text, hostname) in [
        ("right", "[network]\nhostname = yard\n", "yard\n"),
        ("wrong", "[network]\nhostname = no name\n", "hall\n"),
        ("empty", "", "hall\n"),
        ("cut", "[net", "hall\n"),
        ("noise", "\u{0}\u{1}[[[\r=\n\n[network\nhostname", "hall\n"),
    ] {
        let file = written(&format!("boot-{name}.conf"), text);
        let folder = into.to_str().unwrap();
        let output = paging(&["boot", "--into", folder, "--last-good", &good, &file]);
        assert_eq!(output.status.code(), Some(0), "{name}");
        assert_eq!(read("hostname"), hostname, "{name}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(told.contains("error: "), name != "right", "{name}: {told}");
        assert!(read("chrony.conf").contains("makestep"));
    }
    assert!(read("network").ends_with("\nADDRESS4=192.0.2.20/24\n"));
    let output = paging(&["boot", "--into", "/proc/nowhere", "/no/such/file"]);
    assert_eq!(output.status.code(), Some(0));
}

fn paging(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paging"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The path of a file with this text, in the folder that Cargo has for tests.
fn written(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("configuring-{name}"));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
