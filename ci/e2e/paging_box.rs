//! The real program, started on loopback and ended whatever happens.

use crate::caller::Caller;
use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A running box that records what it would play. Dropping it kills it; a failing test shows its log.
pub(crate) struct PagingBox {
    child: Child,
    /// Where it takes calls.
    pub(crate) address: SocketAddr,
    /// Ports on which it takes RTP.
    pub(crate) rtp_ports: std::ops::Range<u16>,
    /// Scratch space of this test.
    pub(crate) folder: PathBuf,
}

impl PagingBox {
    /// Starts a box on `ip` with `section.key=value` settings, and waits until it answers OPTIONS.
    pub(crate) fn start(ip: IpAddr, settings: &[&str]) -> Self {
        Self::start_in_environment(ip, settings, &[])
    }

    /// The same with further variables in its environment.
    pub(crate) fn start_in_environment(ip: IpAddr, settings: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = next_folder();
        let log = File::create(folder.join("log")).unwrap();
        Self::start_on(SocketAddr::new(ip, free_port(ip)), folder, (settings, variables), log.into(), 200)
    }

    /// Starts a box that does not take calls from `ip`, and waits until it says so.
    pub(crate) fn start_for_others(ip: IpAddr, settings: &[&str]) -> Self {
        let folder = next_folder();
        let log = File::create(folder.join("log")).unwrap();
        Self::start_in(folder, ip, settings, log.into(), 403)
    }

    /// Starts a box on loopback that reads `file` as its configuration.
    pub(crate) fn start_reading(file: &str) -> Self {
        let folder = next_folder();
        fs::write(folder.join("paging.conf"), file).unwrap();
        let log = File::create(folder.join("log")).unwrap();
        Self::start_in(folder, IpAddr::from([127, 0, 0, 1]), &[], log.into(), 200)
    }

    /// Starts a box whose log lines go to `log`.
    pub(crate) fn start_logging_to(log: Stdio, ip: IpAddr) -> Self {
        Self::start_in(next_folder(), ip, &[], log, 200)
    }

    /// Starts a box at `address`, whose port for UDP is free.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let folder = next_folder();
        let log = File::create(folder.join("log")).unwrap();
        Self::start_on(address, folder, (&[], &[]), log.into(), 200)
    }

    /// Starts a box on `ip` with a configuration file of this text.
    pub(crate) fn start_with_file(ip: IpAddr, text: &str) -> Self {
        Self::start_at_with_file(SocketAddr::new(ip, free_port(ip)), text)
    }

    /// The same at `address`; the file may say so itself.
    pub(crate) fn start_at_with_file(address: SocketAddr, text: &str) -> Self {
        let folder = next_folder();
        fs::write(folder.join(FILE), text).unwrap();
        let log = File::create(folder.join("log")).unwrap();
        Self::start_on(address, folder, (&[], &[]), log.into(), 200)
    }

    fn start_in(folder: PathBuf, ip: IpAddr, settings: &[&str], log: Stdio, probe: u16) -> Self {
        Self::start_on(SocketAddr::new(ip, free_port(ip)), folder, (settings, &[]), log, probe)
    }

    fn start_on(
        address: SocketAddr,
        folder: PathBuf,
        (settings, variables): (&[&str], &[(&str, &str)]),
        log: Stdio,
        probe: u16,
    ) -> Self {
        let rtp_ports = next_rtp_ports();
        let file = folder.join(FILE);
        let mut program = Command::new(env!("CARGO_BIN_EXE_paging"));
        let text = fs::read_to_string(&file).ok();
        program.args(text.as_ref().map(|_| file));
        let says = |key: &str| text.as_ref().is_some_and(|text| text.contains(key));
        if !says("listen") {
            program.args(["--set", &format!("sip.listen={address}")]);
        }
        // A page is answered at once unless a test wants something else.
        if !says("klaxon") {
            program.args(["--set", "audio.klaxon=none"]);
        }
        let child = program
            .args(["--set", &format!("sip.rtp-ports={}-{}", rtp_ports.start, rtp_ports.end - 1)])
            .args(["--set", &format!("audio.device=wav:{}", folder.join("heard.wav").display())])
            .args(["--set", &format!("status.socket={}", folder.join("status.sock").display())])
            // What a caller is sent is what others say, likewise.
            .args(["--set", "audio.talk-beep=no"])
            .args(settings.iter().flat_map(|setting| ["--set", setting]))
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("stdout")).unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut started = Self { child, address, rtp_ports, folder };
        started.wait_until_it_answers(probe);
        started
    }

    /// Where it is paged.
    pub(crate) fn uri(&self) -> String {
        format!("sip:page@{}", self.address)
    }

    /// The recording; whole only after [`PagingBox::terminate`].
    pub(crate) fn wav(&self) -> PathBuf {
        self.folder.join("heard.wav")
    }

    /// Where it is asked how it is.
    pub(crate) fn status_socket(&self) -> PathBuf {
        self.folder.join("status.sock")
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn threads(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().count()
    }

    /// The memory that it occupies.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn send_sigterm(&self) {
        self.signal("TERM");
    }

    /// Sends `TERM`, `HUP`, `KILL` or whatever else.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// The configuration file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// SIGTERM, and how the program ended.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        self.send_sigterm();
        self.wait_for_exit(Duration::from_secs(5))
    }

    pub(crate) fn wait_for_exit(&mut self, limit: Duration) -> ExitStatus {
        let mut status = None;
        until(limit, "the box has ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    fn wait_until_it_answers(&mut self, status: u16) {
        let mut caller = Caller::new(self.address);
        let limit = Instant::now() + Duration::from_secs(10);
        loop {
            assert!(self.is_running(), "the box ended at once:\n{}", self.log());
            caller.send("OPTIONS", "", "");
            if caller.receive_within(Duration::from_millis(100)).is_some_and(|reply| reply.status() == status)
            {
                return;
            }
            assert!(Instant::now() < limit, "no answer to OPTIONS from {}", self.address);
        }
    }

    /// Its log lines so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for PagingBox {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- files: {}\n--- log of the box:\n{}", self.folder.display(), self.log());
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Asks every few milliseconds until `is_so`; fails after `limit`.
pub(crate) fn until(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A port that nobody had a moment ago, for UDP or TCP.
pub(crate) fn free_port(ip: IpAddr) -> u16 {
    loop {
        let port = TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap().port();
        if UdpSocket::bind((ip, port)).is_ok() {
            return port;
        }
    }
}

/// Boxes of one run do not share ports; a box passes over those that somebody else holds.
fn next_rtp_ports() -> std::ops::Range<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(17_000);
    let first = NEXT.fetch_add(RTP_PORTS, Ordering::Relaxed);
    first..first + RTP_PORTS
}

/// Two ports in a row that no other box has, the first of them even.
pub(crate) fn free_pair_of_ports() -> String {
    let first = next_rtp_ports().start;
    format!("{first}-{}", first + 1)
}

/// An empty folder for one test.
pub(crate) fn next_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

const RTP_PORTS: u16 = 40;
const FILE: &str = "paging.conf";
