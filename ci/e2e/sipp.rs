//! sipp (Debian: sip-tester) as a second opinion on SIP: one scenario of `ci/e2e/sipp/` against a box, or called by
//! `paging call`.

use crate::paging_box::{PagingBox, free_port, next_folder, until};
use crate::tone;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A scenario under way; dropping it kills it.
pub(crate) struct Sipp {
    child: Child,
    folder: PathBuf,
    name: String,
}

impl Sipp {
    /// Starts `calls` calls of a scenario, 50 a second.
    pub(crate) fn start(target: &PagingBox, scenario: &str, calls: u32) -> Self {
        Self::start_over("u1", target, scenario, calls)
    }

    /// The same over what sipp calls a transport: `t1` is one connection, `tn` one for each call.
    pub(crate) fn start_over(transport: &str, target: &PagingBox, scenario: &str, calls: u32) -> Self {
        let folder = target.folder.join(format!("sipp-{scenario}"));
        fs::create_dir_all(&folder).unwrap();
        tone::write_ulaw(&folder.join("tone.ulaw"));
        let ip = target.address.ip();
        let mut command = command(&folder, scenario, ip, calls);
        command.arg(target.address.to_string()).args(["-s", "page", "-r", "50", "-recv_timeout", "6000"]);
        command.args(["-t", transport, "-max_socket", "100"]);
        Self { child: command.spawn().unwrap(), folder, name: scenario.to_owned() }
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
