"""The wire between test and box: a tap device in the network namespace of this test, and what a site has on it."""

import contextlib
import fcntl
import ipaddress
import os
import re
import select
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

TAP = "tap0"
LEASES = Path("/tmp/leases")
HERE = "10.77.0.1"
BOX = "10.77.0.10"
USUAL_PORT = 5060
PORT = 5062  # whoever answers there has read the edited settings


class Network:
    """A tap device, and a DHCP server on it that can be switched on and off."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._dhcp: subprocess.Popen | None = None

    def __enter__(self) -> "Network":
        for words in (f"tuntap add {TAP} mode tap", f"addr add {HERE}/24 dev {TAP}", f"link set {TAP} up"):
            subprocess.run(["ip", *words.split()], check=True)
        self.start_dhcp()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_dhcp()

    def start_dhcp(self) -> None:
        self._dhcp = subprocess.Popen([
            "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", f"--interface={TAP}", "--bind-interfaces",
            "--user=root", "--group=root", f"--dhcp-leasefile={LEASES}", f"--dhcp-range={BOX},{BOX},1h",
            f"--dhcp-option=option:ntp-server,{HERE}", "--dhcp-authoritative", "--no-ping",
        ], stderr=self._log.open("a"))

    def stop_dhcp(self) -> None:
        if self._dhcp is not None:
            self._dhcp.terminate()
            self._dhcp.wait()
            self._dhcp = None

    def forget_leases(self) -> None:
        """The next machine is another one."""
        self.stop_dhcp()
        LEASES.unlink(missing_ok=True)
        self.start_dhcp()

    @contextlib.contextmanager
    def without_dhcp(self):
        self.stop_dhcp()
        yield
        self.start_dhcp()


@contextlib.contextmanager
def addresses(*of_tap: str):
    """Further addresses of this side, as ADDRESS/PREFIX."""
    for one in of_tap:
        subprocess.run(["ip", "addr", "add", one, "dev", TAP], check=True)
    yield
    for one in of_tap:
        subprocess.run(["ip", "addr", "del", one, "dev", TAP], check=True)


class VlanSwitch:
    """A switch: its port to the box carries one VLAN, tagged (IEEE 802.1Q), its port to this end has no tag.

    What the box sends without the tag goes nowhere. The kernel of this machine may know no VLANs: hence by hand.
    """

    def __init__(self, vlan: int) -> None:
        self._vlan = vlan
        self.untagged = 0
        self._tap = attached_to_tap()
        self._box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._box.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def advertise(self, prefix: str, tagged: bool) -> None:
        """A router of the VLAN, or of the network that the box is not to be in, says that it is there (RFC 4861 §4.2)."""
        frame = router_advertisement(prefix)
        if tagged:
            self._to_box(frame)
        else:
            self._box.sendto(frame, ("127.0.0.1", self._port))

    @property
    def wire(self) -> str:
        """As QEMU names it."""
        here = self._box.getsockname()[1]
        return (f"dgram,id=net,local.type=inet,local.host=127.0.0.1,local.port={self._port},"
                f"remote.type=inet,remote.host=127.0.0.1,remote.port={here}")

    def __enter__(self) -> "VlanSwitch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._tap)
        self._box.close()

    def _carry(self) -> None:
        while not self._over.is_set():
            ready, _, _ = select.select([self._tap, self._box], [], [], 0.2)
            if self._box in ready:
                self._to_here(self._box.recv(65536))
            if self._tap in ready:
                self._to_box(os.read(self._tap, 65536))

    def _to_here(self, frame: bytes) -> None:
        if frame[12:14] == VLAN_TAG and int.from_bytes(frame[14:16]) & 0xFFF == self._vlan:
            os.write(self._tap, frame[:12] + frame[16:])
        else:
            self.untagged += 1

    def _to_box(self, frame: bytes) -> None:
        tagged = frame[:12] + VLAN_TAG + self._vlan.to_bytes(2) + frame[12:]
        self._box.sendto(tagged, ("127.0.0.1", self._port))


def router_advertisement(prefix: str) -> bytes:
    """A frame to everybody: a router for half an hour, and a prefix to make addresses of (RFC 4862)."""
    router, everybody = ipaddress.ip_address("fe80::1").packed, ipaddress.ip_address("ff02::1").packed
    option = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 3600, 3600, 0) + ipaddress.ip_address(prefix).packed
    said = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + option
    sums = struct.unpack(f"!{(40 + len(said)) // 2}H", router + everybody + struct.pack("!II", len(said), 58) + said)
    total = sum(sums)
    total = (total & 0xFFFF) + (total >> 16)
    said = said[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + said[4:]
    packet = struct.pack("!IHBB", 6 << 28, len(said), 58, 255) + router + everybody + said
    return bytes.fromhex("333300000001" "020000000001" "86dd") + packet


def attached_to_tap() -> int:
    """What QEMU does otherwise: the other end of the tap device's wire."""
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", TAP.encode(), IFF_TAP | IFF_NO_PI))
    # QEMU had the kernel leave out checksums.
    fcntl.ioctl(tap, TUNSETOFFLOAD, 0)
    return tap


VLAN_TAG = b"\x81\x00"
TUNSETOFFLOAD = 0x400454D0
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def options_answered(port: int, seconds: float = 0.25, box: str = BOX, here: str = HERE) -> bool:
    """Asks the box once; True when a 200 comes back."""
    return asked(f"sip:{box}:{port}", (box, port), seconds, here)


def asked(uri: str, to: tuple[str, int], seconds: float, here: str = HERE) -> bool:
    """Sends one OPTIONS; whether its last answer is a 200."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear, contextlib.suppress(TimeoutError, OSError):
        ear.bind((here, 0))
        ear.settimeout(seconds)
        near, moment = f"{here}:{ear.getsockname()[1]}", time.monotonic_ns()
        ear.sendto((
            f"OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {near};branch=z9hG4bK{moment};rport\r\n"
            f"From: <sip:test@{near}>;tag=1\r\nTo: <{uri}>\r\nCall-ID: {moment}@{here}\r\nCSeq: 1 OPTIONS\r\n"
            f"Contact: <sip:test@{near}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        ).encode(), to)
        while True:
            answer = ear.recv(4096)
            if not answer.startswith(b"SIP/2.0 1"):
                return answer.startswith(b"SIP/2.0 200")
    return False


def open_tcp_ports(box: str = BOX) -> list[int]:
    """Every port of the box that takes a connection, of all there are."""
    command = ["nmap", "-n", "-Pn", "-sS", "-p-", "--min-rate", "4000", "-oG", "-", box]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [int(port) for port in re.findall(r"(\d+)/open/tcp", found)]
