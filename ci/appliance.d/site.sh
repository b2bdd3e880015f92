#!/bin/sh
# The site of wifi.py, inside the emulated machine, beside the box and away from it: a network namespace with the wired port
# and the second of two radios, bridged.
#
#   site build          radios, and the namespace
#   site open NAME      an access point by NAME.conf, in place of the one before
#   site close          none
here=${0%/*}
pid=/run/site.pid
access_point=/run/access-point.pid

build() {
	for module in "$here"/*.ko; do
		insmod "$module"
	done
	unshare -n sleep 2147483647 >/dev/null 2>&1 &
	echo $! >$pid
	until [ "$(readlink "/proc/$!/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
		usleep 100000
	done
	"$here/iw" phy "$(cat /sys/class/net/wlan1/phy80211/name)" set netns $!
	ip link set eth0 netns $!
	within ip link add br0 type bridge
	within ip link set br0 up
	within ip link set eth0 up
	within ip link set eth0 master br0
}

open() {
	close
	within "$here/hostapd" -B -P $access_point "$here/$1.conf"
}

# hostapd takes its file away when it ends.
close() {
	[ ! -e $access_point ] || kill "$(cat $access_point)"
	while [ -e $access_point ]; do
		usleep 100000
	done
}

within() {
	nsenter -t "$(cat $pid)" -n "$@"
}

"$@"
