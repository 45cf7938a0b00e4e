# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: overlays that the real kernel has brought to their end, recovered by both
# engines and by the procedure by hand. What had been synced before is there, whole.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

# by_hand OVERLAY: what the page in the wiki has its reader do
by_hand()
{
	printf '\1' | dd of="$1" bs=1 seek=4 conv=notrunc 2>/dev/null
	truncate -s +5M "$1"
	attach "$1"
	e2fsck -fy "$dev" >/mnt/tmp/hand.log 2>&1
	detach
}

# recovered TEXT: the overlay in /mnt/ill, by both engines, compared with the way by hand
recovered()
{
	rm -f "$o" && cp --sparse=always /mnt/ill /mnt/hand || die "no copy"
	by_hand /mnt/hand
	attach /mnt/hand
	by_hand_sums=$(file_sums | sha256sum)
	detach
	image=$(sha256sum <"$s/LiveOS/squashfs.img")
	for engine in direct kernel; do
		rm -rf "$s/LiveOS/livemend"
		cp --sparse=always /mnt/ill "$o" || die "no copy"
		check "$1, $engine: recover" "$livemend" recover --yes --engine $engine "$s"
		livemend_status >/dev/null
		same "$1, $engine: its state" active "$(json overlays 0 state)"
		check "$1, $engine: no journal is left" sh -c "! ls $s/LiveOS/livemend | grep -i pending"
		figures=$(livemend_status)
		attach
		same "$1, $engine: the kernel takes it, with our figures" "$figures" "$(kernel_status)"
		check "$1, $engine: e2fsck finds nothing" e2fsck -fn "$dev"
		mount -o ro,noload "$dev" /mnt/root
		check "$1, $engine: all that was synced is there" saved_are_there
		umount /mnt/root
		same "$1, $engine: every file as by hand" "$by_hand_sums" "$(file_sums | sha256sum)"
		mount "$dev" /mnt/root
		check "$1, $engine: it can be written to" sh -c \
			'head -c 200000 /dev/urandom >/mnt/root/after && sync /mnt/root/after'
		umount /mnt/root
		detach
		same "$1, $engine: the image was not touched" "$image" "$(sha256sum <"$s/LiveOS/squashfs.img")"
	done
	rm -rf "$s/LiveOS/livemend"
	cp --sparse=always /mnt/ill "$o"
	check "$1: recovered once more" "$livemend" recover --yes "$s"
	check "$1: and taken back" "$livemend" resume --undo --yes "$s"
	check "$1: to the byte" cmp /mnt/ill "$o"
	check "$1: nothing of the kernel engine is left" sh -c '! dmsetup ls | grep -i livemend'
}

# ill TEXT FLAG OVERLAY_KIB CHUNK WORD: filled by the kernel, which then says WORD
ill()
{
	new_stick root-4k xz "$3"
	attach "$o" "$2" "$4"
	fill
	same "$1: the kernel's word" "$5" "$(kernel_status)"
	detach
	cp --sparse=always "$o" /mnt/ill
}

ill "full under PO" PO 8192 8 Overflow
same "full under PO: on disk it is valid" 1 "$(valid_field /mnt/ill)"
recovered "full under PO"

ill "full under P" P 8192 16 Invalid
same "full under P: on disk it is invalid" 0 "$(valid_field /mnt/ill)"
recovered "full under P"

# 2057 chunks of 4 KiB: 1 modulo 257
ill "a corner size under PO" PO 8228 8 Invalid
same "a corner size: on disk it is invalid" 0 "$(valid_field /mnt/ill)"
recovered "a corner size"
"$livemend" status --json "$s" >/mnt/tmp/status.json
check "a corner size: recovered to another" test "$(($(stat -c %s "$o") / 4096 % 257))" = 1
check "a corner size: recover" "$livemend" recover --yes "$s"
check "a corner size: it is none any more" test "$(($(stat -c %s "$o") / 4096 % 257))" != 1

# Invalid, with a file system that is damaged besides: a block of directories is gone.
ill "damaged and invalid" P 8192 8 Invalid
printf '\1' | dd of=/mnt/ill bs=1 seek=4 conv=notrunc 2>/dev/null
truncate -s +1M /mnt/ill
attach /mnt/ill
e2fsck -p "$dev" >/dev/null 2>&1
mount "$dev" /mnt/root && mkdir -p /mnt/root/gone/deep && cp /mnt/root/etc/hostname /mnt/root/gone/lost 2>/dev/null
echo lost >/mnt/root/gone/lost
umount /mnt/root
block=$(debugfs -R 'blocks /gone' "$dev" 2>/dev/null | tr -d ' ')
dd if=/dev/zero of="$dev" bs=4096 seek="$block" count=1 conv=notrunc,fsync 2>/dev/null
detach
printf '\0' | dd of=/mnt/ill bs=1 seek=4 conv=notrunc 2>/dev/null
cp --sparse=always /mnt/ill "$o"
recovered "damaged and invalid"
cp --sparse=always /mnt/ill "$o"
rm -rf "$s/LiveOS/livemend"
"$livemend" recover --yes "$s" >/mnt/tmp/said 2>&1
check "damaged: what was found without a name is said" grep -q 'lost+found' /mnt/tmp/said

# While the kernel has it: refused, and nothing is changed.
ill "full, attached" PO 8192 8 Overflow
attach
sum=$(sha256sum <"$o")
"$livemend" recover --yes "$s" >/mnt/tmp/busy 2>&1
same "attached: refused" 3 $?
same "attached: nothing was changed" "$sum" "$(sha256sum <"$o")"
dd if=/dev/zero of="$dev" bs=4096 count=4000 seek=2000 conv=notrunc,fsync 2>/dev/null
same "attached, and full: the kernel says" Overflow "$(kernel_status)"
check "attached, and full: recover gives it room while it is in use" "$livemend" recover --yes "$s"
figures=$(livemend_status)
same "attached: the kernel has it, with our figures" "$figures" "$(kernel_status)"
check "attached: it can be written to again" \
	dd if=/dev/zero of="$dev" bs=4096 count=100 seek=3000 conv=notrunc,fsync
# The loop device of the overlay is another one now.
losetup -d "$cow" 2>/dev/null
dmsetup remove --retry live-rw && losetup -d "$base" && umount /mnt/squash || die "no end"

# A medium that fails while the overlay is read, and while it is written.
mkdir -p /mnt/flaky
truncate -s 64M /mnt/disk
disk=$(losetup -f --show /mnt/disk)
mke2fs -q -F "$disk"
mount "$disk" /mnt/flaky && mkdir /mnt/flaky/LiveOS &&
	cp "$s/LiveOS/squashfs.img" /mnt/flaky/LiveOS/ && cp /mnt/ill /mnt/flaky/LiveOS/${o##*/} ||
	die "no disk"
umount /mnt/flaky
size=$(blockdev --getsz "$disk")
# faulty TEXT TABLE...: recover on a disk with these faults, then on a good one
faulty()
{
	text=$1
	shift
	cp /mnt/disk /mnt/disk.good
	dmsetup create faulty --table "0 $size linear $disk 0" && dmsetup mknodes
	mount /dev/mapper/faulty /mnt/flaky || die "no mount"
	dmsetup suspend --nolockfs faulty && dmsetup load faulty --table "$*" && dmsetup resume faulty
	[ -z "${after:-}" ] || $after
	echo 3 >/proc/sys/vm/drop_caches
	timeout 60 "$livemend" recover --yes /mnt/flaky >/mnt/tmp/faulty.log 2>&1
	rc=$?
	case $rc in
	0 | 3 | 4 | 5) echo "ok - $text: an outcome of the contract ($rc)" ;;
	*) echo "not ok - $text: exit status $rc"; sed 's/^/#  /' /mnt/tmp/faulty.log ;;
	esac
	[ $rc = 0 ] || check "$text: it says what failed" grep -q -i -e failed -e cannot /mnt/tmp/faulty.log
	umount /mnt/flaky || umount -l /mnt/flaky
	dmsetup remove --retry faulty
	check "$text: nothing is left of the engine" sh -c '! dmsetup ls | grep -i livemend'
	e2fsck -fy "$disk" >/dev/null 2>&1
	mount "$disk" /mnt/flaky
	[ $rc = 0 ] || "$livemend" resume --yes /mnt/flaky >/mnt/tmp/resume.log 2>&1
	"$livemend" recover --yes /mnt/flaky >>/mnt/tmp/resume.log 2>&1
	same "$text: on a good disk it is recovered" 0 $?
	umount /mnt/flaky
	s_was=$s o_was=$o s=/mnt/flaky o=/mnt/flaky/LiveOS/${o##*/}
	mount "$disk" /mnt/flaky
	attach
	mount -o ro,noload "$dev" /mnt/root
	check "$text: then all that was synced is there" saved_are_there
	umount /mnt/root
	detach
	umount /mnt/flaky
	s=$s_was o=$o_was
	cp /mnt/disk.good /mnt/disk
	blockdev --flushbufs "$disk"
}
# The first tables of the overlay lie on sectors that cannot be read.
bad_tables()
{
	for block in 4 5 6 7; do
		where=$(debugfs -R "bmap /LiveOS/${o##*/} $block" "$disk" 2>/dev/null)
		dmsetup message faulty 0 addbadblock $((where * $(stat -f -c %S /mnt/flaky) / 512))
	done
	dmsetup message faulty 0 enable
}
after=bad_tables
faulty "bad sectors" "0 $size dust $disk 0 512"
after=
faulty "reads fail" "0 $size flakey $disk 0 0 60"
faulty "writes fail" "0 $size flakey $disk 0 0 60 1 error_writes"
truncate -s 64M /mnt/none
dmsetup create nothing --table "0 $size error" && dmsetup mknodes
faulty "only writes fail, late" "0 $size delay $disk 0 0 /dev/mapper/nothing 0 1"
dmsetup remove nothing
losetup -d "$disk"
