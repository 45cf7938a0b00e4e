#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest.sh: what runs as init in the booted live system; plays the scene named on the kernel's
# command line, and switches off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -o remount,rw / 2>/dev/null
mount -t proc proc /proc 2>/dev/null
mount -t sysfs sys /sys 2>/dev/null
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmp /tmp
dmesg -n 1
scene=$(sed -n 's/.*livemend.scene=\([^ ]*\).*/\1/p' /proc/cmdline)

report() { # what livemend and the kernel say, side by side
	sync
	echo "root: $(sed -n 's/^\(\/dev\/[^ ]*\) \/ .*/\1/p' /proc/mounts)"
	echo "kernel: $(dmsetup status live-rw)"
	livemend status --json >/tmp/status.json
	echo "status: $?"
	tr -d '\n' </tmp/status.json
	echo
}

sums() { # every file that a merge must carry over
	find /etc /usr/share /home /var /root -type f | sort | xargs sha256sum | sed 's/^/file: /'
}

echo "=== scene begins: $scene"
case $scene in
change)
	echo "changed while it ran" >/etc/state
	head -c 3000000 /dev/urandom >/home/new
	sed -i 's/^1/one /' /usr/share/data/numbers
	head -c 5000000 /dev/urandom >/var/gone
	sync
	rm /var/gone
	report
	livemend merge --yes /run/initramfs/live >/tmp/merge.out 2>&1
	echo "merge: $?"
	sed 's/^/said: /' /tmp/merge.out
	livemend layout
	;;
look)
	report
	;;
*)
	report
	;;
esac
sums
sync
echo "=== scene ends"
mount -o remount,ro / 2>/dev/null
sync
poweroff -f
