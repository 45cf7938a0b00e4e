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

keep() { # PATH BYTES: a file that is told only when the stick has it
	head -c "$2" /dev/urandom >/tmp/new
	dd if=/tmp/new of="$1" bs=64k conv=fsync 2>/dev/null || return 1
	echo "saved: $(sha256sum </tmp/new | cut -d' ' -f1)  $1"
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
grow)
	# More room while it runs, and then more than the old overlay could have taken.
	head -c 2000000 /dev/urandom >/home/before
	sync
	livemend grow --yes +16M /run/initramfs/live >/tmp/grow.out 2>&1
	echo "grow: $?"
	sed 's/^/said: /' /tmp/grow.out
	report
	i=0
	while [ $i -lt 36 ]; do
		i=$((i + 1))
		keep /home/past-$i 1000000 || echo "past: $i could not be written"
	done
	echo "after: $(dmsetup status live-rw)"
	;;
fill)
	i=0
	while [ $i -lt 200 ]; do
		i=$((i + 1))
		keep /home/full-$i 300000 || break
	done
	echo "files: $i"
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
