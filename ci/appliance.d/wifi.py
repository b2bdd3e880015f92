"""Wi-Fi: an access point inside the emulated machine, on the second of two radios that its kernel makes up (mac80211_hwsim),
between the box and the wire to this test. The box has no other way out. The access point and its tools are on a disk that
the test brings: no card has them."""

import lzma
import shutil
import subprocess
from pathlib import Path

from card import Card
from machine import Machine, Parts
from network import BOX, USUAL_PORT, options_answered
from pages import SECONDS_TO_BOOT, SHELL
from verdict import WORK, check, figure, wait_until

SSID = "Büro"
PASSWORD = 'grüße "1" #'
SETTINGS = f"[network]\nwifi-ssid = {SSID}\nwifi-password = {PASSWORD}\nwifi-country = DE\n{SHELL}"
SECONDS_TO_JOIN = 90
SITE, BOARD = Path("/arm64-site"), Path("/arm64")
# The radios, what they encrypt with, and what makes one network of radio and wire.
MODULES = ["mac80211_hwsim", "ccm", "ctr", "bridge"]
ACCESS_POINT = f"""\
interface=wlan1
bridge=br0
driver=nl80211
ssid2={SSID.encode().hex()}
hw_mode=g
channel=1
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_passphrase="""


def joins_a_wireless_network(card: Card) -> None:
    """A network with odd letters in name and password: not there, with another password, closed to the box, open
    to it, gone."""
    card.edit_settings(SETTINGS)
    with Machine(card, WORK / "wifi", Parts(disk=disk_of_the_site(WORK / "site"))) as machine:
        # The box never hears of the wire, which is to be the site's.
        machine.pull_cable()
        machine.console.wait_for("a shell, for [debug] console", SECONDS_TO_BOOT)
        says(machine, "NO_ADAPTER", "without an adapter")
        machine.console.run("mount -t squashfs -o ro /dev/vda /root && sh /root/site build")
        machine.put_cable_back()
        says(machine, "NETWORK_NOT_FOUND", "while the network is not there")
        machine.console.run("sh /root/site open other")
        says(machine, "WRONG_KEY", "where another password holds")
        check(wait_until(lambda: "wifi-password is wrong" in card.status(), 90) is not None, "and so does the status file", card.status())
        check("wifi-password is wrong" in machine.console.text(), "its console names what is wrong", machine.console.text())
        check(not options_answered(USUAL_PORT), "nobody reaches it")
        machine.console.run("sh /root/site open closed")
        says(machine, "REFUSED", "where only others may come")
        machine.console.run("sh /root/site open right")
        waited = wait_until(lambda: options_answered(USUAL_PORT), SECONDS_TO_JOIN)
        check(waited is not None, "where its password holds it joins, and answers at its address by DHCP", machine.console.text())
        figure(f"right password to answering over Wi-Fi {waited:.1f} s")
        says(machine, "JOINED", "then")
        check(wait_until(lambda: f"Address: {BOX}," in card.status(), 60) is not None, "the status file has its address", card.status())
        machine.console.run("sh /root/site close")
        says(machine, "NETWORK_NOT_FOUND", "when the network is gone")


def says(machine: Machine, word: str, when: str) -> None:
    said = wait_until(lambda: machine.console.run("cat /run/network/wifi") == word, SECONDS_TO_JOIN, every=0.5)
    check(said is not None, f"{when} it says {word}", machine.console.text())


def disk_of_the_site(folder: Path) -> Path:
    """A squashfs with access point, tools, modules in the order in which they are loaded, and the script."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("hostapd", "iw"):
        shutil.copy(SITE / "usr/sbin" / name, folder)
    for number, module in enumerate(modules()):
        (folder / f"{number:02}.ko").write_bytes(lzma.decompress(module.read_bytes()))
    shutil.copy(Path(__file__).parent / "site.sh", folder / "site")
    for name, rest in [("right", PASSWORD), ("other", "another password"), ("closed", f"{PASSWORD}\nmacaddr_acl=1")]:
        (folder / f"{name}.conf").write_text(f"{ACCESS_POINT}{rest}\n")
    disk = folder.with_suffix(".squashfs")
    subprocess.run(["mksquashfs", folder, disk, "-noappend", "-quiet", "-no-progress", "-all-root"], check=True, stdout=subprocess.DEVNULL)
    return disk


def modules() -> list[Path]:
    """Each after those that it needs."""
    kernel = next((BOARD / "lib/modules").iterdir()).name
    said = subprocess.run(["modprobe", "-d", BOARD, "-S", kernel, "--show-depends", "-a", *MODULES],
                          capture_output=True, text=True, check=True).stdout
    files = [line.split()[1] for line in said.splitlines() if line.startswith("insmod ")]
    return [Path(file) for file in dict.fromkeys(files)]
