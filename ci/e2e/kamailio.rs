//! Kamailio as registrar and proxy, on a free port of loopback (ci/interop/kamailio.cfg).

use crate::paging_box::{free_port, next_folder, until};
use crate::skip;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A telephone system; dropping it ends it.
pub(crate) struct Kamailio {
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    child: Option<Child>,
}

impl Kamailio {
    /// Starts it; `None` where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        if skip::is_missing("kamailio") {
            return None;
        }
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (address, folder) = (SocketAddr::new(ip, free_port(ip)), next_folder());
        let mut kamailio = Self { address, folder, child: None };
        kamailio.resume();
        Some(kamailio)
    }

    /// Starts it again; it knows nobody.
    pub(crate) fn resume(&mut self) {
        let config = self.folder.join("kamailio.cfg");
        fs::write(&config, CONFIG.replace("ADDRESS", &self.address.to_string())).unwrap();
        let log = fs::File::create(self.folder.join("kamailio.log")).unwrap();
        let child = Command::new("kamailio")
            .args(["-DD", "-E", "-Y"])
            .arg(&self.folder)
            .arg("-P")
            .arg(self.folder.join("pid"))
            .arg("-f")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let probe = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        probe.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let here = probe.local_addr().unwrap();
        let options = format!(
            "OPTIONS sip:nobody@{} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKprobe\r\nMax-Forwards: 70\r\n\
             From: <sip:probe@{here}>;tag=1\r\nTo: <sip:nobody@{0}>\r\nCall-ID: probe\r\nCSeq: 1 OPTIONS\r\n\
             Content-Length: 0\r\n\r\n",
            self.address
        );
        until(Duration::from_secs(20), "Kamailio answers", || {
            // Refused until it listens.
            let _ = probe.send_to(options.as_bytes(), self.address);
            probe.recv(&mut [0; 2048]).is_ok()
        });
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // Its other processes end with the first when that one is asked.
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        let _ = child.wait();
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!(
                "--- Kamailio: {}",
                fs::read_to_string(self.folder.join("kamailio.log")).unwrap_or_default()
            );
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

const CONFIG: &str = include_str!("../interop/kamailio.cfg");
