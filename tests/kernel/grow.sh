# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: overlays made larger, detached, and while the kernel uses them and a program
# writes; then the kernel must go on writing beyond the old end.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

length() { stat -c %s "$o"; }
total() { kernel_status | sed 's|.*/\([0-9]*\) .*|\1|'; }
used() { kernel_status | sed 's|/.*||'; }

# Writes files and notes each that was saved, until told to end, or until nothing can be saved.
writer()
{
	i=0
	while [ ! -e /mnt/tmp/enough ]; do
		i=$((i + 1))
		head -c 131072 /dev/urandom >/mnt/root/home/user/w-$i || break
		sync /mnt/root/home/user/w-$i || break
		sha256sum /mnt/root/home/user/w-$i >>/mnt/tmp/saved
	done 2>/dev/null
}

mkdir -p "$s"
truncate -s 120M /mnt/medium.img
for fs in vfat ext4; do
	case $fs in
	vfat) mkfs.vfat -F 32 -n LIVE /mnt/medium.img >/dev/null ;;
	ext4) mkfs.ext4 -q -F -L LIVE /mnt/medium.img ;;
	esac || die "no $fs"
	mount -t $fs -o loop /mnt/medium.img "$s" || die "no mount of $fs"
	new_stick root-4k xz 8192
	attach
	use_stick $fs 1
	files=$(file_sums | sha256sum)
	detach

	# ---- detached
	check "$fs: grow" "$livemend" grow --yes +2M "$s"
	same "$fs: it is 10 MiB long" 10485760 "$(length)"
	check "$fs: all of it is really there" test "$(($(stat -c %b "$o") * 512))" -ge 10485760
	attach
	same "$fs: the kernel's figures are ours" "$(kernel_status)" "$(livemend_status)"
	same "$fs: the kernel has the new size" $((10 * 2048)) "$(total)"
	same "$fs: every file is as it was" "$files" "$(file_sums | sha256sum)"

	# ---- in use, mounted, and written to
	rm -f /mnt/tmp/saved /mnt/tmp/enough
	mount "$dev" /mnt/root || die "no root"
	writer &
	pid=$!
	while [ "$(cat /mnt/tmp/saved 2>/dev/null | wc -l)" -lt 3 ]; do sleep 0.05; done
	"$livemend" grow --yes 22M "$s" >/mnt/tmp/grow.out 2>&1
	same "$fs, in use: grow" 0 $?
	same "$fs, in use: the kernel has the new size at once" $((22 * 2048)) "$(total)"
	n=0
	while [ "$(used)" -lt $((11 * 2048)) ] && [ $n -lt 600 ] && kill -0 $pid 2>/dev/null; do
		n=$((n + 1))
		sleep 0.1
	done
	touch /mnt/tmp/enough
	wait $pid
	check "$fs, in use: it goes on beyond the old end" test "$(used)" -gt $((10 * 2048))
	umount /mnt/root || die "no umount"
	check "$fs, in use: e2fsck finds nothing" e2fsck -fn "$dev"
	check "$fs, in use: smaller is refused" ! "$livemend" grow --yes 4M "$s"
	detach
	attach
	same "$fs: attached again, the kernel's figures are ours" "$(kernel_status)" "$(livemend_status)"
	mount -o ro "$dev" /mnt/root || die "no root"
	check "$fs: what was saved is there" sha256sum -c --quiet /mnt/tmp/saved
	detach

	# ---- read-only stick, and too little room
	attach
	mkdir -p /mnt/view
	mount --bind "$s" /mnt/view && mount -o remount,bind,ro /mnt/view || die "no bind"
	"$livemend" grow --yes +1M /mnt/view >/mnt/tmp/ro.out 2>&1
	same "$fs, read-only stick: refused" 3 $?
	check "$fs, read-only stick: says what helps" grep -q remount,rw /mnt/tmp/ro.out
	umount /mnt/view
	before=$(length)
	"$livemend" grow --yes 900M "$s" >/mnt/tmp/room.out 2>&1
	same "$fs, no room: refused" 3 $?
	check "$fs, no room: says what is possible" grep -q "is possible" /mnt/tmp/room.out
	same "$fs, no room: nothing was changed" "$before" "$(length)"
	if [ $fs = vfat ]; then
		"$livemend" grow --yes 4G "$s" >/mnt/tmp/limit.out 2>&1
		same "$fs, 4 GiB: refused" 3 $?
		check "$fs, 4 GiB: says why" grep -q "4 GiB less one byte" /mnt/tmp/limit.out
	fi

	# ---- stopped in the middle
	"$livemend" grow --yes +50M "$s" >/mnt/tmp/stop.out 2>&1 &
	pid=$!
	n=0
	while [ "$(length)" = "$before" ] && [ $n -lt 500 ]; do n=$((n + 1)); sleep 0.01; done
	kill -TERM $pid 2>/dev/null
	wait $pid
	rc=$?
	case $rc in
	130) same "$fs: stopped, the old length is back" "$before" "$(length)" ;;
	*) same "$fs: it was over before it could be stopped" $((before + 50 * 1048576)) "$(length)" ;;
	esac
	detach
	umount "$s"
	case $fs in
	vfat) check "$fs: the file system is in order" fsck.vfat -n /mnt/medium.img ;;
	ext4) check "$fs: the file system is in order" e2fsck -fn /mnt/medium.img ;;
	esac
done
mkdir -p "$s"

# A full overlay, detached, has room again; a length at which it would become invalid is avoided.
new_stick root-4k xz 8192
attach
mount "$dev" /mnt/root || die "no root"
rm -f /mnt/tmp/saved /mnt/tmp/enough
writer
same "full: the kernel says" Overflow "$(kernel_status)"
"$livemend" grow --dry-run +1M "$s" >/mnt/tmp/over.out 2>&1
check "full, in use: the plan says that it must be restarted" grep -q restarted /mnt/tmp/over.out
umount /mnt/root 2>/dev/null
detach
check "full: grow" "$livemend" grow --yes 256M "$s"
same "256 MiB is avoided" $((256 * 1048576 + 4096)) "$(length)"
attach
same "full: the kernel's figures are ours" "$(kernel_status)" "$(livemend_status)"
mount "$dev" /mnt/root || die "no root"
check "full: what was saved is there" sha256sum -c --quiet /mnt/tmp/saved
check "full: it can be written to" dd if=/dev/urandom of=/mnt/root/home/user/more bs=64k count=30 conv=fsync
detach
