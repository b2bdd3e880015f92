"""A telephone system on the wire: Kamailio as registrar and proxy, outside of the box."""

import subprocess
from pathlib import Path

from network import HERE, asked
from verdict import wait_until

PORT = 5080
# Whoever is registered there proves it with this (ci/interop/kamailio.cfg).
USER, PASSWORD = "501", "secret"


class Kamailio:
    def __init__(self, folder: Path, address: str = HERE) -> None:
        self._folder, self._address = folder, address
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "Kamailio":
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "kamailio.cfg"
        config.write_text(Path("ci/interop/kamailio.cfg").read_text().replace("ADDRESS", f"{self._address}:{PORT}"))
        self._process = subprocess.Popen(
            ["kamailio", "-DD", "-E", "-Y", "/tmp", "-P", "/tmp/kamailio.pid", "-f", config],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(self._folder / "kamailio.log").open("w"))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def wait_for(self, user: str, seconds: float) -> float:
        """The seconds until somebody is registered as `user`."""
        waited = wait_until(lambda: is_registered(user, self._address), seconds, every=0.1)
        if waited is None:
            raise SystemExit(f"appliance: {user} is not registered after {seconds} s")
        return waited


def is_registered(user: str, at: str) -> bool:
    """Whether the proxy passes OPTIONS on to somebody who answers: a 200 is never its own."""
    return asked(f"sip:{user}@{at}:{PORT}", (at, PORT), seconds=0.5)
