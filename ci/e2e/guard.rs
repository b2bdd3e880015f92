//! `paging guard` and the real program under it: what comes to lie on the card, and what becomes of one that hangs. The card is
//! a file; nothing of the machine is touched.

use crate::caller::Caller;
use crate::paging_box::{PagingBox, next_folder, until};
use crate::skip;
use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};
use pagingbox::guard::{FILE_BYTES, blank};
use pagingbox::slots::Slots;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, IoSlice};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[test]
fn how_the_box_is_comes_to_lie_in_the_file_and_its_configuration_in_a_slot_and_nothing_else_changes() {
    let card = Card::new();
    // Not a file: what is written to one counts.
    fs::remove_file(card.watchdog()).unwrap();
    std::os::unix::fs::symlink("/dev/null", card.watchdog()).unwrap();
    let guard = Guard::start(&card, "8");
    let target = card.start_box(&[]);
    let before = fs::read(card.boot()).unwrap();
    until(PATIENCE, "the file says so", || {
        card.text().contains("\r\n  no account; the box takes direct calls\r\n")
    });
    until(PATIENCE, "the configuration is remembered", || card.slots().configuration().is_some());
    let after = fs::read(card.boot()).unwrap();
    let (start, end) = (FILE_AT, FILE_AT + FILE_BYTES);
    assert!(before[..start] == after[..start] && before[end..] == after[end..], "only the file has changed");
    let text = card.text();
    assert!(text.starts_with("\u{feff}PagingBox status\r\nWritten "), "{text}");
    for line in ["\r\nTelephone\r\n", "\r\nConfiguration\r\n  no mistake\r\n", "\r\n(End of the report.)\r\n"]
    {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(card.slots().configuration(), Some(CONFIGURATION.as_bytes()));
    assert_eq!(card.slots().floor(), None, "this machine's clock is nobody's business");
    let (written, rss) = (guard.written_bytes(), guard.resident_kib());
    assert!(rss < 16 * 1024, "{rss} KiB");
    println!("paging guard has {rss} KiB resident");
    let woken = guard.wakes();
    until(PATIENCE, "it was woken some times", || guard.wakes() >= woken + 8);
    assert_eq!(guard.written_bytes(), written, "what is as it was is not written");
    drop(target);
}

#[test]
fn mistakes_come_to_lie_in_the_file_and_such_a_configuration_is_not_remembered() {
    let card = Card::new();
    let _guard = Guard::start(&card, "8");
    let _target = card.start_box(&["sip.ptime=25"]);
    until(PATIENCE, "the file says so", || {
        card.text().contains("\r\nFAULT: one mistake in the configuration")
    });
    let text = card.text();
    assert!(text.contains("\r\n  --set sip.ptime: error: [sip] ptime: expected "), "{text}");
    assert_eq!(card.slots().configuration(), None);
}

#[test]
fn a_report_with_more_than_the_file_has_room_for_is_written_as_far_as_it_goes() {
    let card = Card::new();
    let _guard = Guard::start(&card, "8");
    let mistakes: Vec<_> = (0..100).map(|number| format!("sip {0}{number}.{0}=1", "x".repeat(40))).collect();
    let mistakes: Vec<_> = mistakes.iter().map(String::as_str).collect();
    let _target = card.start_box(&mistakes);
    // What stands at its end is written last.
    until(PATIENCE, "the file says so", || {
        card.text().contains("\r\n(There is more, for which the file has no room.)\r\n")
    });
    assert!(card.text().contains(" mistakes in the configuration"));
}

#[test]
fn a_box_that_is_stopped_is_killed_and_the_one_that_init_starts_is_watched() {
    let card = Card::new();
    let guard = Guard::start(&card, "2");
    let mut target = card.start_box(&[]);
    guard.await_log("watches over process");
    target.signal("STOP");
    assert_eq!(target.wait_for_exit(PATIENCE).signal(), Some(9));
    guard.await_log("hangs: silent for 2 s; it is killed");
    guard.await_log("has ended");
    let _next = card.start_box(&[]);
    until(PATIENCE, "it is watched", || guard.log().matches("watches over process").count() == 2);
    until(PATIENCE, "the file says so", || {
        card.text().contains("\r\nThe service hung and was started again, once ")
    });
}

#[test]
fn one_thread_that_hangs_is_enough() {
    for thread in ["paging", "audio"] {
        let card = Card::new();
        let guard = Guard::start(&card, "2");
        let mut target = card.start_box(&[]);
        guard.await_log("watches over process");
        let Some(_held) = Held::thread(guard.watched(), thread) else { return };
        assert_eq!(target.wait_for_exit(PATIENCE).signal(), Some(9), "{thread}");
    }
}

#[test]
fn a_guard_that_was_killed_is_started_again_and_goes_on() {
    let card = Card::new();
    let mut guard = Guard::start(&card, "2");
    let mut target = card.start_box(&[]);
    guard.await_log("watches over process");
    guard.child.kill().unwrap();
    guard.child.wait().unwrap();
    let guard = Guard::start(&card, "2");
    guard.await_log("watches over process");
    assert!(target.is_running());
    target.signal("STOP");
    assert_eq!(target.wait_for_exit(PATIENCE).signal(), Some(9));
}

#[test]
fn a_box_that_hangs_while_there_is_no_guard_is_killed_by_the_next_one() {
    let card = Card::new();
    let mut target = card.start_box(&[]);
    target.signal("STOP");
    fs::write(card.0.join("service"), format!("{}\n", target.id())).unwrap();
    let guard = Guard::start(&card, "2");
    assert_eq!(target.wait_for_exit(2 * PATIENCE).signal(), Some(9));
    guard.await_log("hangs: silent for 16 s; it is killed");
    guard.await_log("has ended");
}

#[test]
fn a_caller_has_the_machine_begin_anew_when_nobody_else_calls_any_more() {
    let card = Card::new();
    let guard = Guard::start(&card, "8");
    let target = card.start_box(&["key 97.do=reboot"]);
    guard.await_log("watches over process");
    let mut another = Caller::new(target.address);
    another.call();
    let mut caller = dial_97(&target);
    let bye = caller.receive_request("BYE", PATIENCE);
    caller.confirm(&bye);
    assert!(!guard.log().contains("begins anew"), "not while another one calls");
    another.hang_up();
    guard.await_log("the service asks that the machine begins anew");
    assert!(target.log().contains("a caller has the box begin anew"));
    guard.await_log("the machine should begin anew, but it is not one of ours");
}

#[test]
fn a_machine_without_guard_does_not_begin_anew() {
    let target = PagingBox::start(IpAddr::V4(Ipv4Addr::LOCALHOST), &["key 97.do=reboot"]);
    let mut caller = dial_97(&target);
    until(PATIENCE, "it is told", || {
        target.log().contains("the box is not restarted: the machine is not its own, it has no guard")
    });
    caller.hang_up();
}

/// A call with these keys.
fn dial_97(target: &PagingBox) -> Caller {
    let mut caller = Caller::new(target.address);
    caller.call();
    caller.press('9');
    caller.press('7');
    caller
}

#[test]
fn nonsense_is_counted_and_an_end_in_order_leaves_the_watchdog_waiting() {
    let card = Card::new();
    let mut guard = Guard::start(&card, "8");
    let sender = UnixDatagram::unbound().unwrap();
    let long = vec![b'x'; 40_000];
    for text in [&b"nonsense"[..], b"", b"\0\xff", b"X_PAGING_CLOCK=soon", &long] {
        sender.send_to(text, card.socket()).unwrap();
    }
    let (parts, files) = ([IoSlice::new(b"WATCHDOG=1")], [sender.as_raw_fd()]);
    let to = UnixAddr::new(&card.socket()).unwrap();
    let along = [ControlMessage::ScmRights(&files)];
    sendmsg(sender.as_raw_fd(), &parts, &along, MsgFlags::empty(), Some(&to)).unwrap();
    guard.await_log(": 6 datagrams were not understood, or of strangers\n");
    let fed = card.fed();
    until(PATIENCE, "it is fed", || card.fed() > fed);
    let sent = Command::new("kill").arg(guard.child.id().to_string()).status().unwrap();
    assert!(sent.success());
    let mut code = None;
    until(PATIENCE, "it has ended", || {
        code = guard.child.try_wait().unwrap();
        code.is_some()
    });
    assert!(code.unwrap().success());
    assert!(fs::read(card.watchdog()).unwrap().ends_with(b"\0\0"), "it is not stopped");
}

#[test]
fn a_file_that_is_not_as_it_was_made_is_left_alone() {
    let card = Card::new();
    let device = File::options().write(true).open(card.boot()).unwrap();
    device.write_all_at(b"My own notes", FILE_AT as u64).unwrap();
    let before = fs::read(card.boot()).unwrap();
    let guard = Guard::start(&card, "8");
    let _target = card.start_box(&[]);
    guard.await_log("paging-status.txt: the file does not begin as it was made");
    assert!(fs::read(card.boot()).unwrap() == before);
}

/// The card of a box, in files.
struct Card(PathBuf);

impl Card {
    fn new() -> Self {
        let card = Self(next_folder());
        fs::write(card.boot(), volume()).unwrap();
        fs::write(card.state(), vec![0; 4 << 20]).unwrap();
        fs::write(card.configuration(), CONFIGURATION).unwrap();
        fs::write(card.watchdog(), "").unwrap();
        card
    }

    fn start_box(&self, settings: &[&str]) -> PagingBox {
        let socket = self.socket();
        let variables = [
            ("NOTIFY_SOCKET", socket.to_str().unwrap()),
            ("PAGING_GUARD", "1"),
            ("WATCHDOG_USEC", "1000000"),
        ];
        PagingBox::start_in_environment(IpAddr::V4(Ipv4Addr::LOCALHOST), settings, &variables)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }

    fn boot(&self) -> PathBuf {
        self.0.join("boot.vfat")
    }

    fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    fn configuration(&self) -> PathBuf {
        self.0.join("paging.conf")
    }

    fn watchdog(&self) -> PathBuf {
        self.0.join("watchdog")
    }

    /// How often the watchdog was fed.
    fn fed(&self) -> usize {
        fs::read(self.watchdog()).unwrap().len()
    }

    fn text(&self) -> String {
        let bytes = fs::read(self.boot()).unwrap();
        String::from_utf8_lossy(&bytes[FILE_AT..FILE_AT + FILE_BYTES]).into_owned()
    }

    fn slots(&self) -> Slots {
        Slots::of(&fs::read(self.state()).unwrap())
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running guard. Dropping it kills it; a failing test shows its log.
struct Guard {
    child: Child,
    log: PathBuf,
}

impl Guard {
    fn start(card: &Card, silence: &str) -> Self {
        let log = card.0.join("guard.log");
        let child = Command::new(env!("CARGO_BIN_EXE_paging"))
            .args(["guard", "--silence", silence])
            .arg("--socket")
            .arg(card.socket())
            .arg("--boot")
            .arg(card.boot())
            .arg("--state")
            .arg(card.state())
            .arg("--watchdog")
            .arg(card.watchdog())
            .arg("--configuration")
            .arg(card.configuration())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut guard = Self { child, log };
        let sender = UnixDatagram::unbound().unwrap();
        until(PATIENCE, "the guard listens", || {
            assert!(guard.child.try_wait().unwrap().is_none(), "{}", guard.log());
            sender.send_to(b"STATUS=", card.socket()).is_ok()
        });
        guard
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn await_log(&self, text: &str) {
        until(PATIENCE, text, || self.log().contains(text));
    }

    /// The process it watches over.
    fn watched(&self) -> u32 {
        let log = self.log();
        let line =
            log.lines().rev().find_map(|line| line.strip_prefix("paging guard: watches over process "));
        line.unwrap().parse().unwrap()
    }

    fn resident_kib(&self) -> u64 {
        self.figure("status", "VmRSS:").trim_end_matches("kB").trim().parse().unwrap()
    }

    /// What it has caused to be written to disks.
    fn written_bytes(&self) -> u64 {
        self.figure("io", "write_bytes:").parse().unwrap()
    }

    fn wakes(&self) -> u64 {
        self.figure("status", "voluntary_ctxt_switches:").parse().unwrap()
    }

    fn figure(&self, file: &str, name: &str) -> String {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap();
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the guard:\n{}", self.log());
        }
    }
}

/// One thread of a process, stopped as by a debugger, while the others go on.
struct Held(Child);

impl Held {
    /// `None` where that cannot be done.
    fn thread(process: u32, name: &str) -> Option<Self> {
        if skip::is_missing("python3") {
            return None;
        }
        let threads =
            fs::read_dir(format!("/proc/{process}/task")).unwrap().map(|entry| entry.unwrap().path());
        let is_it =
            |path: &PathBuf| fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim() == name);
        let thread = threads.into_iter().find(is_it).unwrap_or_else(|| panic!("no thread {name}"));
        let mut holder = Command::new("python3")
            .args(["-c", HOLD])
            .arg(thread.file_name().unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let held = Self(holder);
        if said == "held\n" {
            return Some(held);
        }
        skip::cannot_hold_threads();
        None
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Attaches to a thread (ptrace(2), `PTRACE_ATTACH`) and does nothing but take note of what becomes of it.
const HOLD: &str = "
import ctypes, os, sys
ptrace = ctypes.CDLL(None).ptrace
ptrace.argtypes = [ctypes.c_long] * 4
print('held' if ptrace(16, int(sys.argv[1]), 0, 0) == 0 else 'not held', flush=True)
while True:
    os.waitpid(-1, 0x40000000)
";

/// A FAT32 volume with clusters of a sector whose root folder has one file, `paging-status.txt`, as it is shipped.
fn volume() -> Vec<u8> {
    let mut bytes = vec![0; FILE_AT];
    let mut put = |at: usize, value: u32, len: usize| {
        bytes[at..at + len].copy_from_slice(&value.to_le_bytes()[..len]);
    };
    let sectors = (FILE_AT + FILE_BYTES) / SECTOR + 8;
    let boot =
        [(11, SECTOR as u32, 2), (13, 1, 1), (14, 2, 2), (16, 1, 1), (32, sectors as u32, 4), (36, 1, 4)];
    for (at, value, len) in boot.into_iter().chain([(44, 2, 4), (510, 0xaa55, 2)]) {
        put(at, value, len);
    }
    let last = FIRST + (FILE_BYTES / SECTOR) as u32 - 1;
    for cluster in FIRST..=last {
        put(TABLE_AT + 4 * cluster as usize, if cluster < last { cluster + 1 } else { END }, 4);
    }
    put(TABLE_AT + 8, END, 4);
    put(ROOT_AT + 64 + 26, FIRST, 2);
    put(ROOT_AT + 64 + 28, FILE_BYTES as u32, 4);
    let short = b"PAGING~1TXT";
    bytes[ROOT_AT + 64..ROOT_AT + 75].copy_from_slice(short);
    bytes[ROOT_AT + 75] = 0x20;
    let checksum = short.iter().fold(0_u8, |sum, &byte| sum.rotate_right(1).wrapping_add(byte));
    let name: Vec<u16> = "paging-status.txt\0".encode_utf16().chain([0xffff; 8]).collect();
    for (at, (number, units)) in [(ROOT_AT + 32, (1, &name[..13])), (ROOT_AT, (0x42, &name[13..]))] {
        (bytes[at], bytes[at + 11], bytes[at + 13]) = (number, 0x0f, checksum);
        let places = (1..11).chain(14..26).chain(28..32);
        for (place, byte) in places.zip(units.iter().flat_map(|unit| unit.to_le_bytes())) {
            bytes[at + place] = byte;
        }
    }
    bytes.extend(blank());
    bytes.resize(sectors * SECTOR, 0xaa);
    bytes
}

const SECTOR: usize = 512;
/// Behind two sectors.
const TABLE_AT: usize = 2 * SECTOR;
/// Cluster 2.
const ROOT_AT: usize = 3 * SECTOR;
const FILE_AT: usize = 4 * SECTOR;
/// Its first cluster.
const FIRST: u32 = 3;
const END: u32 = 0x0fff_ffff;

const CONFIGURATION: &str = "[sip]\r\nuser = 501\r\n";
const PATIENCE: Duration = Duration::from_secs(20);
