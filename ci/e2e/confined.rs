//! A box that has the machine for itself, as on the card image: locked in, and at work all the same.

use crate::callee::PagingCall;
use crate::paging_box::{PagingBox, until};
use crate::tone::{self, Recording};
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

#[test]
fn a_box_that_is_locked_in_pages_reloads_and_answers_and_reads_nothing_out_of_reach() {
    let variables = [("PAGING_APPLIANCE", "1"), ("PAGING_NETWORK__MDNS", "no")];
    // What the configuration names is within reach; what a playlist names need not be.
    let out_of_reach = PathBuf::from(format!("/var/tmp/pagingbox-{}.wav", std::process::id()));
    tone::write_tone(&out_of_reach, 48_000, 1000.0, 1.0);
    let list = std::env::temp_dir().join(format!("pagingbox-{}.m3u", std::process::id()));
    fs::write(&list, format!("{}\n", out_of_reach.display())).unwrap();
    let settings = ["log.levels=app=debug", &format!("music.source={}", list.display())];
    let mut target = PagingBox::start_in_environment(V4, &settings, &variables);
    let refused = format!("{}: Permission denied (os error 13)", out_of_reach.display());
    until(Duration::from_secs(5), "a file out of reach is refused", || {
        // Some kernels have no Landlock.
        target.log().contains(&refused) || target.log().contains("files are not locked")
    });
    fs::remove_file(out_of_reach).unwrap();
    fs::remove_file(list).unwrap();
    for task in fs::read_dir(format!("/proc/{}/task", target.id())).unwrap() {
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let has = |line: &str| status.lines().any(|found| found == line);
        assert!(has("NoNewPrivs:\t1") && has("Seccomp:\t2"), "{status}");
    }
    let sound = ["--tone", "440", "--seconds", "1"];
    let page = PagingCall::start(&target.uri(), &sound);
    assert_eq!(page.finish(Duration::from_secs(10)).code, Some(0));
    target.signal("HUP");
    until(Duration::from_secs(5), "it reads its configuration again", || target.log().contains("reloaded: "));
    let socket = format!("{}", target.status_socket().display());
    let asked =
        Command::new(env!("CARGO_BIN_EXE_paging")).args(["status", "--socket", &socket]).output().unwrap();
    assert!(asked.status.code().is_some_and(|code| code < 2), "{asked:?}");
    assert!(target.terminate().success());
    let loud = Recording::read(&target.wav()).amplitudes(440.0);
    assert!(loud.iter().any(|amplitude| *amplitude > 0.01), "{loud:?}");
}

#[test]
fn elsewhere_it_renounces_further_rights_and_no_more() {
    let target = PagingBox::start(V4, &[]);
    let status = fs::read_to_string(format!("/proc/{}/status", target.id())).unwrap();
    assert!(status.contains("\nNoNewPrivs:\t1\n"), "{status}");
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
