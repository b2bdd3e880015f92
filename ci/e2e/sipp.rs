//! sipp (Debian: sip-tester) as a second opinion on SIP: one scenario of `ci/e2e/sipp/` against a box, or called by
//! `paging call`.

use crate::paging_box::{PagingBox, free_port, next_folder, until};
use crate::tone;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What carries the calls of a scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Udp,
    /// One connection.
    Tcp,
    /// One connection for each call.
    TcpEach,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::TcpEach];

    /// What sipp calls it.
    const fn name(self) -> &'static str {
        match self {
            Self::Udp => "u1",
            Self::Tcp => "t1",
            Self::TcpEach => "tn",
        }
    }
}

/// A scenario under way; dropping it kills it.
pub(crate) struct Sipp {
    child: Child,
    folder: PathBuf,
    name: String,
}

impl Sipp {
    /// Starts `calls` calls of a scenario, 50 a second.
    pub(crate) fn start(target: &PagingBox, way: Way, scenario: &str, calls: u32) -> Self {
        let folder = target.folder.join(format!("sipp-{scenario}-{}", way.name()));
        fs::create_dir_all(&folder).unwrap();
        tone::write_ulaw(&folder.join("tone.ulaw"));
        let ip = target.address.ip();
        let mut command = command(&folder, scenario, ip, calls);
        command.arg(target.address.to_string()).args(["-s", "page", "-r", "50", "-recv_timeout", "6000"]);
        command.args(["-t", way.name(), "-max_socket", "100", "-au", USER, "-ap", PASSWORD]);
        let name = format!("{scenario} over {way:?}");
        Self { child: command.spawn().unwrap(), folder, name }
    }

    /// Takes `calls` calls at the address that comes with it, and sends back what it hears.
    pub(crate) fn answer(calls: u32) -> (Self, SocketAddr) {
        let (folder, ip) = (next_folder(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        let address = SocketAddr::new(ip, free_port(ip));
        let mut command = command(&folder, "answer", ip, calls);
        command.args(["-p", &address.port().to_string(), "-rtp_echo"]);
        (Self { child: command.spawn().unwrap(), folder, name: "answer".to_owned() }, address)
    }

    /// Waits for the end; every call must have gone as the scenario says.
    pub(crate) fn finish(mut self) {
        let mut status = None;
        until(Duration::from_secs(30), "sipp has ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let read = |name| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        assert!(
            status.unwrap().success(),
            "sipp {}: {}\n{}\n{}\n{}",
            self.name,
            status.unwrap(),
            read("stderr"),
            read("errors"),
            read("messages")
        );
    }
}

/// What a caller proves who is asked to.
pub(crate) const USER: &str = "501";
pub(crate) const PASSWORD: &str = "secret";

fn command(folder: &Path, scenario: &str, ip: IpAddr, calls: u32) -> Command {
    let ip = ip.to_string();
    let mut command = Command::new("sipp");
    command
        .args(["-sf", &format!("{}/ci/e2e/sipp/{scenario}.xml", env!("CARGO_MANIFEST_DIR"))])
        .args(["-i", &ip, "-mi", &ip, "-m", &calls.to_string()])
        .args(["-timeout", "20", "-timeout_error", "-nostdin"])
        .args(["-trace_err", "-error_file", "errors", "-trace_msg", "-message_file", "messages"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(File::create(folder.join("stdout")).unwrap())
        .stderr(File::create(folder.join("stderr")).unwrap());
    command
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
