"""The wire between test and box: a tap device in the network namespace of this test, and a DHCP server on it."""

import socket
import subprocess
import time
from pathlib import Path

TAP = "tap0"
HERE = "10.77.0.1"
BOX = "10.77.0.10"
USUAL_PORT = 5060
PORT = 5062  # whoever answers there has read the edited settings


class Network:
    def __init__(self, log: Path) -> None:
        self._log = log

    def __enter__(self) -> "Network":
        for words in (f"tuntap add {TAP} mode tap", f"addr add {HERE}/24 dev {TAP}", f"link set {TAP} up"):
            subprocess.run(["ip", *words.split()], check=True)
        self._dhcp = subprocess.Popen([
            "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", f"--interface={TAP}", "--bind-interfaces",
            "--user=root", "--group=root", "--dhcp-leasefile=/tmp/leases", f"--dhcp-range={BOX},{BOX},1h",
            "--dhcp-authoritative", "--no-ping",
        ], stderr=self._log.open("w"))
        return self

    def __exit__(self, *_: object) -> None:
        self._dhcp.terminate()
        self._dhcp.wait()


def options_answered(port: int, seconds: float = 0.25) -> bool:
    """Asks once; True when a 200 comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind((HERE, 0))
        ear.settimeout(seconds)
        here = f"{HERE}:{ear.getsockname()[1]}"
        ear.sendto((
            f"OPTIONS sip:{BOX}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{time.monotonic_ns()};rport\r\n"
            f"From: <sip:test@{here}>;tag=1\r\nTo: <sip:{BOX}>\r\nCall-ID: {time.monotonic_ns()}@{HERE}\r\nCSeq: 1 OPTIONS\r\n"
            f"Contact: <sip:test@{here}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        ).encode(), (BOX, port))
        try:
            return ear.recv(4096).startswith(b"SIP/2.0 200")
        except (TimeoutError, OSError):
            return False
