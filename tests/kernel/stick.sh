# SPDX-License-Identifier: GPL-3.0-or-later
# stick.sh - sticks in the guest, and what the kernel makes of them; read after guest.sh
# The stick of the moment is the folder $s, its overlay $o; the kernel's device is $dev.
livemend=$LM_BUILD/livemend
jsonget=$LM_BUILD/tests/cli/jsonget
s=/mnt/stick o=/mnt/stick/LiveOS/overlay-TEST-1234-ABCD dev=/dev/mapper/live-rw
mkdir -p /mnt/squash /mnt/root /mnt/tmp

# new_stick ROOT COMP OVERLAY_KIB: from what prepare.sh made; COMP "bare" for none.
new_stick()
{
	mkdir -p "$s/LiveOS"
	rm -rf "$s/LiveOS"/*
	case $2 in
	bare) cp --sparse=always "$UML_WORK/prepared/$1.img" "$s/LiveOS/rootfs.img" ;;
	*) cp "$UML_WORK/prepared/$1.$2" "$s/LiveOS/squashfs.img" ;;
	esac || die "no stick"
	truncate -s "$3K" "$o" || die "no overlay"
}

# attach [OVERLAY [P|PO [CHUNK]]]: as dracut does it
attach()
{
	if [ -e "$s/LiveOS/squashfs.img" ]; then
		mount -t squashfs -o ro,loop "$s/LiveOS/squashfs.img" /mnt/squash || die "no SquashFS"
		base=$(losetup -r -f --show /mnt/squash/LiveOS/rootfs.img)
	else
		base=$(losetup -r -f --show "$s/LiveOS/rootfs.img")
	fi || die "no base"
	sectors=$(blockdev --getsz "$base")
	cow=$(losetup -f --show "${1:-$o}") || die "no overlay"
	dmsetup create live-rw --table "0 $sectors snapshot $base $cow ${2:-PO} ${3:-8}" ||
		die "no snapshot"
	dmsetup mknodes >/dev/null 2>&1
}

# What the kernel says of it: "allocated/total metadata", or a word.
kernel_status()
{
	dmsetup status live-rw | cut -d' ' -f4-
}

detach()
{
	! mountpoint -q /mnt/root || umount /mnt/root || die "no umount"
	dmsetup remove --retry live-rw || die "no removal"
	losetup -d "$cow" && losetup -d "$base" || die "no end of loops"
	! mountpoint -q /mnt/squash || umount /mnt/squash || die "no umount of the SquashFS"
}

# The same three figures, or the word, from livemend.
livemend_status()
{
	"$livemend" status --json "$s" >/mnt/tmp/status.json 2>/mnt/tmp/status.err
	case $(json overlays 0 state) in
	active | empty | full)
		echo "$(json overlays 0 allocated_sectors)/$(json overlays 0 total_sectors)" \
			"$(json overlays 0 metadata_sectors)" ;;
	overflow) echo Overflow ;;
	invalid) echo Invalid ;;
	*) cat /mnt/tmp/status.err /mnt/tmp/status.json ;;
	esac
}
json() { "$jsonget" "$@" </mnt/tmp/status.json; }

device_sum() { blockdev --flushbufs "$dev" && sha256sum <"$dev"; }
export_sum()
{
	rm -f /mnt/tmp/export.img
	"$livemend" export --yes /mnt/tmp/export.img "$s" >/mnt/tmp/export.out 2>&1 &&
		sha256sum </mnt/tmp/export.img || cat /mnt/tmp/export.out
	rm -f /mnt/tmp/export.img
}

# Every file of the root as mounted, by content.
file_sums()
{
	mount -o "${1:-ro,noload}" "$dev" /mnt/root || return 1
	(cd /mnt/root && find . -type f -exec sha256sum {} + | sort -k2
	 find . -printf '%p %y %m %l\n' | sort)
	umount /mnt/root
}

# use_stick SEED MEGABYTES: files changed, added and deleted through the kernel
use_stick()
{
	mount "$dev" /mnt/root || die "no root"
	rm /mnt/root/home/user/noise-1* /mnt/root/home/user/list-2*
	i=0
	while [ $i -lt $(($2 * 4)) ]; do
		i=$((i + 1))
		head -c 262144 /dev/urandom >"/mnt/root/home/user/new-$1-$i"
	done
	seq 1 30000 >>/mnt/root/home/user/list-33
	echo changed >/mnt/root/etc/hostname
	dd if=/dev/urandom of=/mnt/root/home/user/noise-39 bs=1000 seek=7 count=31 conv=notrunc \
		2>/dev/null
	sync
	rm /mnt/root/home/user/new-"$1"-*3
	ln -s hostname /mnt/root/etc/link
	umount /mnt/root
}

# fill: writes files until the kernel refuses; those that were synced are in /mnt/saved.
fill()
{
	: >/mnt/saved
	mount "$dev" /mnt/root || die "no root"
	rm -f /mnt/root/home/user/noise-1*
	i=0
	while [ $i -lt 400 ]; do
		i=$((i + 1))
		head -c $((60000 + i * 100)) /dev/urandom >/mnt/file
		cp /mnt/file "/mnt/root/home/user/saved-$i" 2>/dev/null || break
		sync "/mnt/root/home/user/saved-$i" 2>/dev/null || break
		echo "$(sha256sum </mnt/file | cut -d' ' -f1)  home/user/saved-$i" >>/mnt/saved
	done
	umount /mnt/root
	[ -s /mnt/saved ] || die "nothing was saved"
}
saved_are_there() { (cd /mnt/root && sha256sum -c --quiet /mnt/saved); }
valid_field() { od -An -tu4 -j4 -N4 "$1" | tr -d ' '; }
