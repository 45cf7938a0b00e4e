# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: stores made by the kernel, compacted; the kernel must find every file as it was,
# and the gauge lower by exactly what was promised.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

allocated() { livemend_status >/dev/null; json overlays 0 allocated_sectors; }
only_stick()
{
	ls -A "$s/LiveOS" | grep -v -x -e squashfs.img -e rootfs.img -e livemend \
		-e "${o##*/}" | grep . && return 1
	! ls -A "$s/LiveOS/livemend" 2>/dev/null | grep -i pending
}

# compacted TEXT [MOUNTOPTIONS]: compacts the stick in $s; its files were to be "$files"
compacted()
{
	before=$(allocated) length=$(stat -c %s "$o")
	base_before=$(cat "$s"/LiveOS/*.img | sha256sum)
	"$livemend" usage --json "$s" >/mnt/tmp/usage.json 2>&1
	wins=$("$jsonget" compact_frees_bytes </mnt/tmp/usage.json)
	wins=$((wins / 512))
	"$livemend" compact --dry-run "$s" >/mnt/tmp/plan.out 2>&1
	says=$(tr '\n' ' ' </mnt/tmp/plan.out | sed -n 's/.*holds [0-9]* sectors  *now, \([0-9]*\)  *afterwards.*/\1/p')
	check "$1: compact" "$livemend" compact --yes "$s"
	after=$(allocated)
	check "$1: there was something to win" test "$after" -lt "$before"
	if [ -n "$says" ]; then
		same "$1: as full as the plan said" "$says" "$after"
		same "$1: as usage said" $((before - wins)) "$after"
	fi
	same "$1: the length is the same" "${3:-$length}" "$(stat -c %s "$o")"
	same "$1: the image was not touched" "$base_before" "$(cat "$s"/LiveOS/*.img | sha256sum)"
	check "$1: nothing is left over" only_stick
	ours=$(livemend_status)
	attach
	same "$1: the kernel's figures are ours" "$(kernel_status)" "$ours"
	same "$1: every file is as it was" "$files" "$(file_sums "${2:-}" | sha256sum)"
	check "$1: e2fsck finds nothing" e2fsck -fn "$dev"
	# And it goes on being used.
	mount "$dev" /mnt/root || die "no root"
	head -c 300000 /dev/urandom >/mnt/root/home/user/afterwards
	sync
	sum=$(sha256sum </mnt/root/home/user/afterwards)
	umount /mnt/root
	check "$1: written to again, e2fsck finds nothing" e2fsck -fn "$dev"
	detach
	attach
	mount -o ro "$dev" /mnt/root || die "no root"
	same "$1: what was written afterwards is there" "$sum" \
		"$(sha256sum </mnt/root/home/user/afterwards)"
	detach
}

# compact_case TEXT ROOT COMP CHUNK
compact_case()
{
	new_stick "$2" "$3" 24576
	attach "$o" PO "$4"
	use_stick "$4" 5
	files=$(file_sums | sha256sum)
	detach
	compacted "$1"
}
compact_case "chunks of 4 KiB" root-4k xz 8
compact_case "chunks of 64 KiB" root-4k zstd 128
compact_case "chunks of 16 KiB, blocks of 1 KiB" root-1k zstd 32
compact_case "bare" root-4k bare 8

# A length at which a full overlay becomes invalid is not kept.
new_stick root-4k xz 262144
attach
use_stick corner 3
files=$(file_sums | sha256sum)
detach
compacted "256 MiB" ro $((256 * 1024 * 1024 - 4096))

# Run into the wall, with the file system mounted, and pulled out.
new_stick root-4k xz 8192
attach
use_stick full 1
mount "$dev" /mnt/root || die "no root"
i=0
while [ $i -lt 400 ]; do
	i=$((i + 1))
	head -c 65536 /dev/urandom >/mnt/root/home/user/fill-$i 2>/dev/null
	sync /mnt/root/home/user/fill-$i 2>/dev/null || break
	sha256sum /mnt/root/home/user/fill-$i >>/mnt/tmp/saved
	# What is deleted is what can be won back.
	[ $i -gt 60 ] || rm /mnt/root/home/user/fill-$i
done
same "full: the kernel says" Overflow "$(kernel_status)"
umount /mnt/root 2>/dev/null
detach
sed -i '1,60d' /mnt/tmp/saved
check "full: compact" "$livemend" compact --yes "$s"
same "full: there is room again" active "$(livemend_status >/dev/null; json overlays 0 state)"
ours=$(livemend_status)
attach
same "full: the kernel's figures are ours" "$(kernel_status)" "$ours"
check "full: e2fsck finds nothing" e2fsck -fn "$dev"
mount "$dev" /mnt/root || die "no root"
check "full: what was saved is there" sha256sum -c --quiet /mnt/tmp/saved
check "full: it can be written to" dd if=/dev/urandom of=/mnt/root/home/user/more bs=64k count=3 conv=fsync
detach

# Pulled out: what the journal holds counts.
new_stick root-4k xz 24576
attach
use_stick dirty 2
mount "$dev" /mnt/root || die "no root"
seq 1 50000 >/mnt/root/home/user/saved && sync /mnt/root/home/user/saved
rm /mnt/root/home/user/new-dirty-1*
echo last >/mnt/root/etc/last && sync /mnt/root/etc/last
dmsetup suspend --nolockfs live-rw
cp --sparse=always "$o" /mnt/dirty
dmsetup resume live-rw
detach
cp --sparse=always /mnt/dirty "$o"
attach /mnt/dirty
files=$(file_sums rw | sha256sum)
detach
rm /mnt/dirty
compacted "dirty" rw

# On the file systems of sticks; then once more in place, with no room for a second overlay.
mkdir -p "$s"
truncate -s 100M /mnt/medium.img
for fs in vfat ext4; do
	case $fs in
	vfat) mkfs.vfat -F 32 -n LIVE /mnt/medium.img >/dev/null ;;
	ext4) mkfs.ext4 -q -F -L LIVE /mnt/medium.img ;;
	esac || die "no $fs"
	mount -t $fs -o loop /mnt/medium.img "$s" || die "no mount of $fs"
	new_stick root-4k xz 16384
	# Real room, as live media creators make it.
	dd if=/dev/zero of="$o" bs=64k count=256 conv=notrunc,fsync 2>/dev/null
	attach
	use_stick $fs 4
	files=$(file_sums | sha256sum)
	detach
	compacted "$fs"
	check "$fs: it was done beside" ! grep -q "in place" /mnt/tmp/plan.out
	attach
	rm -f /mnt/tmp/x
	use_stick $fs-again 2 2>/dev/null
	files=$(file_sums | sha256sum)
	detach
	free=$(df -Pk "$s" | awk 'NR == 2 { print $4 }')
	dd if=/dev/zero of="$s/full" bs=1k count=$((free - 9000)) conv=fsync 2>/dev/null
	compacted "$fs, no room"
	check "$fs, no room: it was done in place" grep -q "in place" /mnt/tmp/plan.out
	umount "$s"
	case $fs in
	vfat) check "$fs: the file system is in order" fsck.vfat -n /mnt/medium.img ;;
	ext4) check "$fs: the file system is in order" e2fsck -fn /mnt/medium.img ;;
	esac
done
mkdir -p "$s"

# In use: refused, and nothing is touched.
new_stick root-4k xz 24576
attach
use_stick busy 1
before=$(sha256sum <"$o")
"$livemend" compact --yes "$s" >/mnt/tmp/busy.out 2>&1
same "in use: refused" 3 $?
same "in use: nothing was changed" "$before" "$(sha256sum <"$o")"
detach
