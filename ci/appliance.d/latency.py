"""How soon a page is heard: from the INVITE to the first sample that leaves the sound card."""

import contextlib
import math
import re
import socket
import struct
import time
from pathlib import Path

import numpy as np

import hearing
from network import HERE

PACKET_S = 0.020
LOUD = 1000  # of 32768


def first_sound_after_invite(recording: Path, box: tuple[str, int]) -> float:
    """Places a page whose first packet is loud; seconds until the recording, which grows in real time, is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp, \
            recording.open("rb") as file:
        sip.bind((HERE, 0))
        rtp.bind((HERE, 0))
        file.seek(0, 2)
        call = Call(sip, rtp.getsockname()[1], box)
        began = time.monotonic()
        call.invite()
        far = call.answer()
        heard = talk_until_loud(rtp, far, file, began)
        call.end()
    time.sleep(2)
    return heard - began


def talk_until_loud(rtp: socket.socket, far: tuple[str, int], file, began: float) -> float:
    tone = hearing.to_ulaw(np.array([0.5 * math.sin(2 * math.pi * 1000 * n / 8000) for n in range(160)]))
    number, due = 0, time.monotonic()
    while time.monotonic() < began + 10:
        if time.monotonic() >= due:
            rtp.sendto(struct.pack("!BBHII", 0x80, 0x80 * (number == 0), number, number * 160, 7) + tone, far)
            number, due = number + 1, due + PACKET_S
        chunk = file.read()
        samples = np.frombuffer(chunk[:len(chunk) // 2 * 2], "<i2")
        if len(samples) and np.abs(samples.astype(int)).max() > LOUD:
            return time.monotonic()
        time.sleep(0.001)
    raise SystemExit("appliance: nothing was heard within 10 s of an INVITE")


class Call:
    def __init__(self, sip: socket.socket, rtp_port: int, box: tuple[str, int]) -> None:
        self._sip, self._box = sip, box
        self._near = f"{HERE}:{sip.getsockname()[1]}"
        self._id = time.monotonic_ns()
        self._to = f"<sip:page@{box[0]}>"
        self._body = (f"v=0\r\no=- 1 1 IN IP4 {HERE}\r\ns=-\r\nc=IN IP4 {HERE}\r\nt=0 0\r\nm=audio {rtp_port} RTP/AVP 0\r\n"
                      "a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n")

    def invite(self) -> None:
        self._send("INVITE", 1, f"Contact: <sip:test@{self._near}>\r\nContent-Type: application/sdp\r\n", self._body)

    def answer(self) -> tuple[str, int]:
        """Where the sound goes to."""
        self._sip.settimeout(10)
        while True:
            text = self._sip.recv(8192).decode(errors="replace")
            if text.startswith("SIP/2.0 1"):
                continue
            if not text.startswith("SIP/2.0 200"):
                raise SystemExit(f"appliance: a page is refused: {text.splitlines()[0]}")
            self._to = re.search(r"^To:\s*(.*?)\r$", text, re.M | re.I)[1]
            self._send("ACK", 1)
            return self._box[0], int(re.search(r"^m=audio (\d+)", text, re.M)[1])

    def end(self) -> None:
        self._send("BYE", 2)
        with contextlib.suppress(TimeoutError):
            self._sip.recv(8192)

    def _send(self, method: str, cseq: int, more: str = "", body: str = "") -> None:
        self._sip.sendto((
            f"{method} sip:page@{self._box[0]}:{self._box[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._near};branch=z9hG4bK{self._id}{method};rport\r\nMax-Forwards: 70\r\n"
            f"From: <sip:test@{self._near}>;tag=1\r\nTo: {self._to}\r\nCall-ID: {self._id}@{HERE}\r\n"
            f"CSeq: {cseq} {method}\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode(), self._box)
