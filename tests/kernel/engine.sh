# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: the kernel engine, and that nothing of it is ever left behind.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"
dmtool=$LM_BUILD/tests/kernel/dmtool

# What the kernel has attached and mounted.
traces() { dmsetup ls; losetup -a; cat /proc/self/mountinfo; ls /dev/mapper; ls -d /dev/.livemend* 2>&1; }

gone()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(traces)" = "$before" ] && return
		sleep 0.1
	done
	traces
	return 1
}

# begin HOW: attaches the stick, $view is the device; tell LINE: a line for it, the answer is shown.
begin()
{
	rm -f /mnt/tmp/to /mnt/tmp/from
	mkfifo /mnt/tmp/to /mnt/tmp/from
	"$dmtool" attach "$1" "$s" </mnt/tmp/to >/mnt/tmp/from 2>/mnt/tmp/log &
	tool=$!
	exec 3>/mnt/tmp/to 4</mnt/tmp/from
	read -r view sectors chunk <&4 || view=nothing
}
tell() { echo "$1" >&3 && read -r answer <&4 && echo "$answer"; }
end()
{
	exec 3>&- 4<&-
	wait "$tool"
}

new_stick root-4k xz 16384
attach
use_stick engine 3
want=$(device_sum)
figures=$(kernel_status)
files=$(file_sums | sha256sum)
detach
before=$(traces)
check "the kernel engine is possible here" "$dmtool" engine mirror snapshot-merge
overlay_before=$(sha256sum <"$o")

begin ro
check "attached: $view" test -b "$view"
same "read-only: the device is what the kernel made of the stick before" "$want" "$(sha256sum <"$view")"
same "read-only: status" "$figures" "$(tell status)"
same "read-only: e2fsck finds nothing" "e2fsck 0" "$(tell 'e2fsck check')"
check "a second attach, for writing, is refused" \
	sh -c "\"$dmtool\" attach rw $s </dev/null | grep -q '^error 3 -16 .*already'"
same "a second one that only reads shows the same" "$view" \
	"$("$dmtool" attach ro "$s" </dev/null | sed "s|^/dev/dm-[0-9]* $sectors $chunk\$|$view|")"
end
same "read-only: nothing is left" "$before" "$(traces)"
same "read-only: not a bit of the overlay has changed" "$overlay_before" "$(sha256sum <"$o")"

# ---------------------------------------------------------------- for writing
begin rw
same "for writing: the device is the same" "$want" "$(sha256sum <"$view")"
same "for writing: something is written" written "$(tell "write 20971520 1048576")"
same "for writing: e2fsck preens" "e2fsck 0" "$(tell 'e2fsck preen')"
grown=$(tell status)
wrote=$(sha256sum <"$view")
check "closed" end
same "for writing: nothing is left" "$before" "$(traces)"
check "for writing: the figures have changed" ! test "$figures" = "$grown"
same "for writing: what was written is in the overlay" "$wrote" "$(export_sum)"
attach
same "for writing: the kernel says so, too" "$wrote" "$(device_sum)"
same "for writing: status" "$grown" "$(kernel_status)"
check "what others have attached is refused" \
	sh -c "\"$dmtool\" attach rw $s </dev/null | grep -q '^error 3 -16 .*already'"
detach

# ------------------------------------------------------------ the commands on it
by_kernel() { "$livemend" --engine kernel "$@" 2>&1; }
by_kernel status --json "$s" >/mnt/tmp/status.json
same "status --engine kernel: the kernel's figures" "$grown" \
	"$(json overlays 0 allocated_sectors)/$(json overlays 0 total_sectors) $(json overlays 0 metadata_sectors)"
check "doctor --engine kernel: e2fsck looked at it" \
	sh -c "\"$livemend\" doctor --engine kernel --json $s | grep -q '\"fs-check\"'"
mv /dev/fuse /dev/no-fuse
check "doctor without FUSE has the kernel show the file system to e2fsck" \
	sh -c "\"$livemend\" doctor --json $s | grep -q '\"fs-check\"'"
check "where that is not wanted, either, a copy serves" \
	sh -c "\"$livemend\" doctor --engine direct --json $s | grep -q '\"fs-check\"'"
mv /dev/no-fuse /dev/fuse
rm -f /mnt/tmp/export.img
check "export --engine kernel" by_kernel export --yes /mnt/tmp/export.img "$s"
same "export --engine kernel: the same bits" "$wrote" "$(sha256sum </mnt/tmp/export.img)"
rm -f /mnt/tmp/export.img
check "merge by rewriting is done without it, which is said" \
	sh -c "\"$livemend\" merge --engine kernel --yes $s 2>&1 | grep -q 'user space only'"
same "the commands: nothing is left" "$before" "$(traces)"
attach
dmsetup create mirror-of --table "0 $sectors mirror core 1 8192 2 $dev 0 $base 0 1 handle_errors" 2>/dev/null
"$livemend" layout "$s" >/mnt/tmp/layout
check "layout: a snapshot" grep -q "live-rw .*dm snapshot" /mnt/tmp/layout
check "layout: a mirror, and how far it is" grep -q "mirror-of .*dm mirror [0-9]*%" /mnt/tmp/layout
dmsetup remove --retry mirror-of
detach
new_stick root-4k xz 256
attach
dd if=/dev/urandom of="$dev" bs=64k count=8 oflag=direct 2>/dev/null
same "the kernel says Overflow" Overflow "$(kernel_status)"
same "livemend says it at once" Overflow "$(livemend_status)"
"$livemend" layout "$s" >/mnt/tmp/layout
check "so does layout" grep -q "dm snapshot Overflow" /mnt/tmp/layout
detach
new_stick root-4k xz 16384
attach
use_stick again 3
figures=$(kernel_status)
want=$(device_sum)
detach

# ----------------------------------------------------- grown while it is in use
begin rw
truncate -s 20M "$o"
same "grown while in use" "grown 40960" "$(tell grown)"
same "the kernel's total is the new one" 40960 "$(tell status | sed 's|.*/\(.*\) .*|\1|')"
end
attach
truncate -s 24M "$o"
same "grown while in use by others" 49152 "$("$dmtool" resize "${cow#/dev/}" "$o")"
same "the total there" 49152 "$(kernel_status | sed 's|.*/\(.*\) .*|\1|')"
check "another file behind it is refused" \
	sh -c "\"$dmtool\" resize ${cow#/dev/} $s/LiveOS/squashfs.img | grep -q '^error'"
detach

# ------------------------------------- full while it is in use, and given more room
cp "$o" /mnt/kept-overlay
new_stick root-4k xz 1024
before=$(traces)
attach
check "an overlay that takes more is left alone" \
	sh -c "\"$dmtool\" renew live-rw $o | grep -q '^error 3 -114'"
mount -o errors=continue "$dev" /mnt/root || die "no root"
echo kept >/mnt/root/home/user/kept && sync
dd if=/dev/urandom of=/mnt/root/home/user/much bs=64k count=64 conv=fsync 2>/dev/null
same "full while it is mounted" Overflow "$(kernel_status)"
truncate -s 16M "$o"
"$dmtool" resize "${cow#/dev/}" "$o" >/dev/null
same "its file alone being larger is no help" Overflow "$(kernel_status)"
check "another file is refused" \
	sh -c "\"$dmtool\" renew live-rw $s/LiveOS/squashfs.img | grep -q '^error 3 -116'"
"$dmtool" renew live-rw "$o" >/mnt/tmp/renewed
check "given more room" grep -q "^[0-9]*/32768 [0-9]*$" /mnt/tmp/renewed
same "and the kernel says so" 32768 "$(kernel_status | sed 's|.*/\(.*\) .*|\1|')"
check "the old loop device has gone" ! losetup "$cow"
umount /mnt/root
e2fsck -fy "$dev" >/dev/null 2>&1
check "e2fsck finds nothing after it has repaired" e2fsck -fn "$dev"
mount "$dev" /mnt/root || die "no root"
same "what was saved before is there" kept "$(cat /mnt/root/home/user/kept)"
check "and more can be written" \
	dd if=/dev/urandom of=/mnt/root/home/user/more bs=64k count=64 conv=fsync
umount /mnt/root
unplug()
{
	dmsetup remove --retry live-rw
	losetup -d "$base"
	umount /mnt/squash
}
unplug
check "given room: nothing is left" gone
new_stick root-4k xz 1024
attach
dd if=/dev/urandom of="$dev" bs=64k count=64 oflag=direct 2>/dev/null
same "full while it is in use" Overflow "$(kernel_status)"
want=$(device_sum)
check "grow" "$livemend" grow --yes 16M "$s"
same "grow: the kernel goes on with it" 32768 "$(kernel_status | sed 's|.*/\(.*\) .*|\1|')"
same "grow: what it held is there" "$want" "$(device_sum)"
check "grow: it can be written to" dd if=/dev/urandom of="$dev" bs=64k count=64 oflag=direct
unplug
rm -rf "$s/LiveOS/livemend"
check "grown: nothing is left" gone
new_stick root-4k xz 16384
cp /mnt/kept-overlay "$o"

# ------------------------------------------------------------- ended by force
begin rw
tell "write 20971520 4096" >/dev/null
kill -TERM "$tool"
wait "$tool"
same "SIGTERM: nothing is left" "$before" "$(traces)"
exec 3>&- 4<&-
begin rw
kill -KILL "$tool"
wait "$tool"
exec 3>&- 4<&-
check "SIGKILL: everything goes by itself" gone
"$dmtool" leave "$s" >/mnt/tmp/left 2>/dev/null
check "what stays behind is there" sh -c "dmsetup ls | grep -q -- -over"
same "three devices, one on the other" 3 "$(dmsetup ls | grep -c livemend)"
# Whoever looks takes nothing away that is not theirs, and is not taken in by it.
"$livemend" status --json "$s" >/mnt/tmp/looked 2>&1
"$livemend" doctor "$s" >/dev/null 2>&1
"$livemend" layout "$s" >/dev/null 2>&1
check "looking: the overlay is not in use for that" grep -q '"attached": *false' /mnt/tmp/looked
same "looking takes nothing away" 3 "$(dmsetup ls | grep -c livemend)"
check "planning is not in its way" "$livemend" grow --dry-run +1M "$s"
same "planning takes nothing away" 3 "$(dmsetup ls | grep -c livemend)"
check "the start of an operation" "$livemend" export --yes /mnt/tmp/left.img "$s"
check "the start of an operation clears it" gone
rm -f /mnt/tmp/left.img
"$dmtool" leave "$s" >/mnt/tmp/left 2>/dev/null
# The lowest goes with its last user, which is the one above.
same "the next start clears it" "cleared 2" "$("$dmtool" clear)"
check "SIGKILL: nothing is left after that" gone

# ------------------------------------------ every request to the kernel may fail
every_failure()
{
	n=0
	while n=$((n + 1)); do
		DMTOOL_FAIL=$n timeout 20 "$dmtool" attach rw "$s" </dev/null >/mnt/tmp/out 2>&1
		rc=$?
		! grep -q '^there were' /mnt/tmp/out || break
		# Where it is no error, it was something that is better with than without.
		[ $rc = 0 ] || grep -q '^error [345] -' /mnt/tmp/out ||
			{ echo "request $n: status $rc"; cat /mnt/tmp/out; return 1; }
		gone || { echo "after request $n"; return 1; }
	done
	[ $n -gt 15 ] || { echo "only $n requests"; return 1; }
}
sum=$(sha256sum <"$o")
check "whichever request to the kernel fails, nothing is left" every_failure
same "and nothing was written" "$sum" "$(sha256sum <"$o")"

# ------------------------------------------------- what is not given to the kernel
# refused TEXT CODE WORDS [HOW]: exit status and reason of a refusal
refused()
{
	"$dmtool" attach "${4:-rw}" "$s" </dev/null >/mnt/tmp/refused 2>/dev/null
	check "refused: $1" sh -c "cat /mnt/tmp/refused; grep -q '^error 3 $2 .*$3' /mnt/tmp/refused"
	same "refused: $1: nothing is left" "$before" "$(traces)"
}
printf '\000' | dd of="$o" bs=1 seek=4 conv=notrunc 2>/dev/null
refused "a store that is marked invalid" -117 "marked it invalid"
printf '\001' | dd of="$o" bs=1 seek=4 conv=notrunc 2>/dev/null
printf '\000\000\040\000' | dd of="$o" bs=1 seek=12 conv=notrunc 2>/dev/null
refused "chunks of 1 GiB" -117 "impossible chunk size"
printf '\010\000\000\000' | dd of="$o" bs=1 seek=12 conv=notrunc 2>/dev/null
mv "$s/LiveOS/squashfs.img" /mnt/right.img
cp "$UML_WORK/prepared/root-1k.xz" "$s/LiveOS/squashfs.img"
refused "the wrong base" -117 "the overlay"
mv /mnt/right.img "$s/LiveOS/squashfs.img"
check "put right, it is taken again" "$dmtool" attach rw "$s" </dev/null

# ------------------------------------------------------- other layouts, full stores
new_stick root-4k bare 256
empty=$(sha256sum <"$o")
begin ro
same "a new overlay, read-only: the base alone" "$(sha256sum <"$s/LiveOS/rootfs.img")" \
	"$(sha256sum <"$view")"
end
same "nothing was written to it" "$empty" "$(sha256sum <"$o")"
begin rw
same "bare: written" written "$(tell "write 4096 65536")"
same "bare: too much is an error" error "$(tell "write 1048576 1048576" | cut -d' ' -f1)"
same "it has overflowed" overflow "$(tell status)"
same "in words" "dm snapshot Overflow: snapshot" "$("$dmtool" status "$(dmsetup ls | cut -f1)")"
same "e2fsck has no room, which is said" error "$(tell 'e2fsck repair' | cut -d' ' -f1)"
end
same "bare: nothing is left" "$before" "$(traces)"
same "the base is untouched" "$(sha256sum <"$UML_WORK/prepared/root-4k.img")" \
	"$(sha256sum <"$s/LiveOS/rootfs.img")"

truncate -s 120M /mnt/medium.img
mkfs.vfat -F 32 -n LIVE /mnt/medium.img >/dev/null
mount -t vfat -o loop /mnt/medium.img "$s" || die "no FAT"
new_stick root-4k xz 16384
attach
use_stick fat 3
want=$(device_sum)
detach
before=$(traces)
begin rw
same "on FAT: the device is what it was" "$want" "$(sha256sum <"$view")"
tell "write 8192 300000" >/dev/null
wrote=$(sha256sum <"$view")
end
same "on FAT: nothing is left" "$before" "$(traces)"
same "on FAT: what was written is in the overlay" "$wrote" "$(export_sum)"
umount "$s"

# -------------------------------------------------------------- a failing medium
mkfs.ext4 -q -F /mnt/medium.img
medium=$(losetup -f --show /mnt/medium.img)
length=$(blockdev --getsz "$medium")
dmsetup create medium --table "0 $length linear $medium 0"
dmsetup mknodes
mount -t ext4 -o errors=continue /dev/mapper/medium "$s" || die "no ext4"
new_stick root-4k xz 16384
attach
use_stick faults 3
want=$(device_sum)
detach
sync
before=$(traces)
begin rw
same "a table is put in the place of another" swapped \
	"$("$dmtool" swap medium flakey "$medium 0 0 10 1 error_writes")"
same "the device is no other for that" "$want" "$(sha256sum <"$view")"
same "a write that fails is an error" error "$(tell "write 0 4194304" | cut -d' ' -f1)"
check "so is the end" ! end
same "a failing medium: nothing is left" "$before" "$(traces)"
umount "$s"
same "and put back" swapped "$("$dmtool" swap medium linear "$medium 0")"
check "a table that makes no sense is refused" \
	sh -c "\"$dmtool\" swap medium linear nonsense | grep -q '^error'"
check "and the old one goes on" dd if=/dev/mapper/medium of=/dev/null bs=1M count=1 \
	iflag=direct
e2fsck -fp /mnt/medium.img >/dev/null
mount -t ext4 /dev/mapper/medium "$s" || die "no ext4"
"$dmtool" swap medium error "" >/dev/null
echo 3 >/proc/sys/vm/drop_caches
"$dmtool" attach rw "$s" </dev/null >/mnt/tmp/refused 2>&1
check "a medium that is gone: an error" grep -q '^error' /mnt/tmp/refused
same "a medium that is gone: nothing is left" "$before" "$(traces)"
umount "$s"
dmsetup remove --retry medium
losetup -d "$medium"
rm /mnt/medium.img

# ------------------------------------------------------------- mirror and merge
before=$(traces)
from=$UML_WORK/prepared/root-4k.img to=/mnt/to.img
copy_to() { rm -f "$to" && truncate -s 40M "$to"; }
copy_to
same "mirror" "done AA" "$("$dmtool" mirror "$from" "$to" 8192)"
check "mirror: the same bits" cmp "$from" "$to"
copy_to
truncate -s 1M /mnt/log.img
same "mirror with a log on a device" "done AA" "$("$dmtool" mirror "$from" "$to" 1024 /mnt/log.img)"
check "mirror with a log: the same bits" cmp "$from" "$to"
# The log says that all is done: nothing is copied a second time.
copy_to
same "again with that log" "done AA" "$("$dmtool" mirror "$from" "$to" 1024 /mnt/log.img)"
check "the log was heeded" ! cmp -s "$from" "$to"
bad=$(losetup -f --show -r "$from")
sectors=$(blockdev --getsz "$bad")
printf '%s\n' "0 40000 linear $bad 0" "40000 8 error" "40008 $((sectors - 40008)) linear $bad 40008" |
	dmsetup create bad
dmsetup mknodes
copy_to
check "mirror of a medium with a bad sector fails, and says so" \
	sh -c "\"$dmtool\" mirror /dev/mapper/bad $to 8192 | grep -q '^failed [^A]A'"
dmsetup remove --retry bad
losetup -d "$bad"
rm -f /dev/mapper/bad

new_stick root-4k bare 16384
attach
use_stick merge 3
want=$(device_sum)
detach
cp "$s/LiveOS/rootfs.img" "$to"
cp "$o" /mnt/cow.img
broken=$(losetup -f --show "$to")
dmsetup create broken --table "0 $(blockdev --getsz "$broken") flakey $broken 0 0 10 1 error_writes"
dmsetup mknodes
same "a merge that fails" "failed merge-failed" \
	"$("$dmtool" merge /dev/mapper/broken /mnt/cow.img 8)"
dmsetup remove --retry broken
losetup -d "$broken"
rm -f /dev/mapper/broken
same "a merge" "done 16/32768 16" "$("$dmtool" merge "$to" /mnt/cow.img 8)"
same "merge: the base is what the device was" "$want" "$(sha256sum <"$to")"
same "mirror and merge: nothing is left" "$before" "$(traces)"

# ----------------------------------------------------------- the targets' words
truncate -s 4M /mnt/meta.img
truncate -s 32M /mnt/data.img
meta=$(losetup -f --show /mnt/meta.img) data=$(losetup -f --show /mnt/data.img)
dmsetup create pool --table "0 65536 thin-pool $meta $data 128 0"
dmsetup mknodes
dmsetup message pool 0 create_thin 0
dmsetup create thin --table "0 65536 thin /dev/mapper/pool 0"
dmsetup mknodes
same "thin-pool" "dm thin-pool 0%: thin-pool" "$("$dmtool" status pool)"
same "thin" "dm thin: thin" "$("$dmtool" status thin)"
dd if=/dev/zero of=/dev/mapper/thin bs=1M count=16 conv=fsync 2>/dev/null
same "thin-pool, half full" "dm thin-pool 50%: thin-pool" "$("$dmtool" status pool)"
dmsetup remove --retry thin
dmsetup remove --retry pool
dmsetup create origin --table "0 8192 snapshot-origin $data"
same "snapshot-origin" "dm snapshot-origin: snapshot-origin" "$("$dmtool" status origin)"
dmsetup remove --retry origin
check "a device that is not there: an error" sh -c "\"$dmtool\" status origin | grep -q '^error'"
losetup -d "$meta"
losetup -d "$data"

# ------------------------------------------------------- without nodes, with udev
new_stick root-4k xz 16384
attach
use_stick udev 1
want=$(device_sum)
detach
static_dev()
{
	unshare -m sh -c 'mount -t tmpfs none /dev && mkdir /dev/mapper &&
		mknod /dev/null c 1 3 && mknod /dev/loop-control c 10 237 &&
		mknod /dev/mapper/control c 10 "$(awk "\$2 == \"device-mapper\" { print \$1 }" /proc/misc)" &&
		"$0" attach rw "$1" && ls -A /dev | grep -v -x -e null -e loop-control -e mapper' \
		"$dmtool" "$s" </dev/null >/mnt/tmp/out 2>&1
	cat /mnt/tmp/out
	[ "$(sed 's|[0-9][0-9]*|N|g' /mnt/tmp/out)" = "/proc/N/fd/N N N" ]
}
check "a static /dev without nodes for all that" static_dev
check "static /dev: nothing is left" gone

semaphores() { awk 'NR > 1' /proc/sysvipc/sem; }
unset DM_DISABLE_UDEV
udevd=/lib/systemd/systemd-udevd
[ -x $udevd ] || udevd=/usr/lib/systemd/systemd-udevd
if [ -x $udevd ] && $udevd --daemon >/dev/null 2>&1 && udevadm settle -t 20; then
	before=$(traces)
	begin rw
	same "with udev: the device is what it was" "$want" "$(sha256sum <"$view")"
	udevadm info "$view" >/mnt/tmp/udev
	check "udev knows to leave it alone" grep -q "DM_UDEV_DISABLE_OTHER_RULES_FLAG=1" /mnt/tmp/udev
	check "it did not look into it" ! grep -q ID_FS_TYPE /mnt/tmp/udev
	check "udev's own link is there" test -b "/dev/mapper/$(dmsetup info -c --noheadings -o name "$view")"
	check "closed, with udev" end
	udevadm settle -t 20
	check "with udev: nothing is left" gone
	check "with udev: no semaphore is left" test -z "$(semaphores)"
	pid=$(pidof systemd-udevd)
	kill -STOP $pid
	begin rw
	same "udev hangs: the device is what it was" "$want" "$(sha256sum <"$view")"
	check "closed, though udev hangs" end
	check "udev hangs: no semaphore is left" test -z "$(semaphores)"
	kill -CONT $pid
	udevadm settle -t 20
	check "udev hung: nothing is left" gone
	kill $pid
else
	echo "# no udev here"
fi
