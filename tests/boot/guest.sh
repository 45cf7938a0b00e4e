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
busy)
	# A writer that never rests, and livemend looks: as root, and as a user who may not ask.
	work() {
		i=0
		mkdir -p /home/busy
		while [ ! -e /tmp/enough ]; do
			i=$((i + 1))
			# What is new takes room in the overlay, which is not to be full before the end.
			if [ $i -le 240 ]; then
				head -c $((i % 23 * 4000)) /usr/share/data/noise >/home/busy/$((i % 30)).new
				mv /home/busy/$((i % 30)).new /home/busy/$((i % 30))
				echo "line $i" >>/home/busy/log
				[ $((i % 4)) != 0 ] || rm -f /home/busy/$((i % 9))
			else
				dd if=/usr/share/data/noise of=/home/busy/again bs=4k skip=$((i % 50)) count=16 conv=notrunc
			fi
			[ $((i % 3)) != 0 ] || sync
		done 2>/dev/null
	}
	# NAME BEFORE OURS AFTER: ours lies between the other two, but for what is on its way
	between() {
		[ "$3" -ge $(($2 - 1024)) ] && [ "$3" -le $(($4 + 1024)) ] ||
			echo "unfit: $1: $3, not from $2 to $4"
	}
	used() { dmsetup status live-rw | cut -d' ' -f4 | cut -d/ -f1; }
	figure() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" /tmp/out.json | head -n "${2:-1}" | tail -n 1; }
	work &
	n=0
	while [ $n -lt 6 ]; do
		n=$((n + 1))
		before=$(used)
		livemend status --json >/tmp/out.json 2>/tmp/err || { echo "failed: status"; cat /tmp/err /tmp/out.json; }
		between used "$before" "$(figure allocated_sectors)" "$(used)"
		# statfs goes to and fro
		ours=$(sed -n '/"root": *{/,/}/s/.*"free_bytes": *\([0-9]*\).*/\1/p' /tmp/out.json | tail -n 1)
		now=$(($(stat -f -c %f /) * 4096))
		[ $((ours - now)) -lt 4000000 ] && [ $((now - ours)) -lt 4000000 ] ||
			echo "unfit: free: $ours, statfs $now"
		livemend usage --json >/tmp/out.json 2>/tmp/err || { echo "failed: usage"; cat /tmp/err /tmp/out.json; }
		between usage "$before" $((($(figure total_bytes) + $(figure tables_bytes)) / 512)) "$(used)"
		sum=$(($(figure files_bytes) + $(figure fsmeta_bytes) + $(figure journal_bytes) + $(figure dead_bytes)))
		[ $sum = "$(figure total_bytes)" ] || echo "unfit: owners: $sum of $(figure total_bytes)"
		grep -q '"exact": *"exact"' /tmp/out.json || echo "unfit: not exact"
		livemend doctor --json >/tmp/out.json 2>/tmp/err || { echo "failed: doctor"; cat /tmp/err /tmp/out.json; }
	done
	echo "looked: $n times, $(used) sectors used"
	echo "nobody:x:65534:65534::/:/bin/sh" >>/etc/passwd
	chmod 1777 /tmp
	n=0
	while [ $n -lt 1 ]; do
		n=$((n + 1))
		for what in status usage doctor; do
			su nobody -c "livemend $what --json" >/tmp/out.json 2>/tmp/err ||
				{ echo "failed: $what of a user"; cat /tmp/err /tmp/out.json; }
		done
	done
	touch /tmp/enough
	wait
	livemend merge --dry-run >/tmp/out 2>&1
	sed 's/^/named: /' /tmp/out
	report
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
