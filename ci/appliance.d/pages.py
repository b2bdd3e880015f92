"""Pages of the box from outside, and what the tests set it to."""

import subprocess
import time
from pathlib import Path

import hearing
from machine import Machine
from network import BOX, HERE, PORT, options_answered
from verdict import WORK, judge

OWN = Path(__file__).parent
SECONDS_TO_BOOT = 180  # software emulation on a busy machine; a quiet one takes 10

# An emulated machine is served in fits and starts, like a far-away one on a bad line. How quick the box is
# is measured elsewhere; here it has time, so that what is heard is the box's doing and not this machine's load.
PATIENT_AUDIO = """\
[audio]
klaxon = none
jitter-min = 400ms
jitter-max = 900ms
latency-max = 2000ms
period = 200ms
buffer = 1000ms
"""
SETTINGS = f"""\
; edited by a user on Windows
[sip]
listen = 0.0.0.0:{PORT}

{PATIENT_AUDIO}"""
SHELL = """
[debug]
console = yes
"""
KEY = """\
  <send retrans="500">
    <![CDATA[
      INFO sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[call_number]
      [last_To:]
      Call-ID: [call_id]
      CSeq: {cseq} INFO
      Max-Forwards: 70
      Content-Type: application/dtmf-relay
      Content-Length: [len]

      Signal={key}
      Duration=160
    ]]>
  </send>
  <recv response="200"/>
"""


def wait_for_options(machine: Machine, port: int = PORT, box: str = BOX, here: str = HERE) -> float:
    """Seconds from power-on to the first answer to OPTIONS."""
    while machine.seconds_up() < SECONDS_TO_BOOT:
        if options_answered(port, box=box, here=here):
            return machine.seconds_up()
        machine.check_alive()
    raise SystemExit(f"appliance: no answer to OPTIONS in {SECONDS_TO_BOOT} s; {machine.where()}; "
                     f"the console said:\n{machine.console.text()}")


def call_by_paging(sent: hearing.Speech, uri: str = f"sip:page@{BOX}:{PORT}") -> None:
    hearing.write_wav(WORK / "sent.wav", sent.samples)
    run([WORK / "caller", "call", uri, "--play", WORK / "sent.wav"])
    time.sleep(2.5)  # what is buffered still leaves the card


def call_in_background(sent: hearing.Speech, uri: str = f"sip:page@{BOX}:{PORT}") -> subprocess.Popen:
    hearing.write_wav(WORK / "sent.wav", sent.samples)
    return subprocess.Popen([WORK / "caller", "call", uri, "--play", WORK / "sent.wav"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def call_by_sipp(sent: hearing.Speech) -> None:
    (WORK / "sent.ulaw").write_bytes(hearing.to_ulaw(sent.samples))
    play_scenario("page.xml", {"@FILE@": str(WORK / "sent.ulaw"), "@MS@": str(len(sent.samples) // 8 + 500)})
    time.sleep(2.5)


def dial(keys: str) -> None:
    """A call by somebody who presses these keys and is then hung up on."""
    play_scenario("keys.xml", {"@KEYS@": "".join(KEY.format(cseq=2 + at, key=key) for at, key in enumerate(keys))})


def play_scenario(name: str, words: dict[str, str]) -> None:
    scenario = (OWN / name).read_text()
    for word, text in words.items():
        scenario = scenario.replace(word, text)
    (WORK / name).write_text(scenario)
    run(["sipp", f"{BOX}:{PORT}", "-sf", WORK / name, "-s", "page", "-m", "1", "-i", HERE, "-nostdin",
         "-timeout", "60s", "-timeout_error", "-trace_err", "-error_file", WORK / "sipp.err"])


def run(command: list) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False)
    judge(done.returncode == 0, f"{Path(command[0]).name} ends well", done.stdout[-2000:] + done.stderr[-2000:])


def hears(sent: hearing.Speech, heard: hearing.Sound, what: str) -> None:
    verdict = hearing.compare(sent, heard)
    judge(not verdict.flaws(), f"{what}: {verdict}", "; ".join(verdict.flaws()))
