# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: overlays recovered where they lie on a real medium: made longer on FAT, on a
# stick that is full, and sparse on a stick that ran full below it.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

mkdir -p "$s"
# medium FSTYPE
medium()
{
	rm -f /mnt/medium.img
	truncate -s 120M /mnt/medium.img
	case $1 in
	vfat) mkfs.vfat -F 32 -n LIVE /mnt/medium.img >/dev/null ;;
	ext4) mkfs.ext4 -q -F -m 0 -L LIVE /mnt/medium.img ;;
	esac || die "no $1"
	mount -t "$1" -o loop /mnt/medium.img "$s" || die "no mount of $1"
}

# leave KIB: fills the stick but for that
leave()
{
	free=$(($(stat -f -c '%a * %S' "$s") / 1024))
	head -c "$(((free - $1) * 1024))" /dev/zero >"$s/junk" 2>/dev/null
	sync "$s/junk" || die "no junk"
}

# whole TEXT: the overlay holds all that was synced, and can be written to
whole()
{
	livemend_status >/dev/null
	same "$1: its state" active "$(json overlays 0 state)"
	attach
	check "$1: e2fsck finds nothing" e2fsck -fn "$dev"
	mount "$dev" /mnt/root
	check "$1: all that was synced is there" saved_are_there
	check "$1: it can be written to" sh -c 'echo more >/mnt/root/more && sync /mnt/root/more'
	umount /mnt/root
	detach
}

for fs in vfat ext4; do
	medium $fs
	new_stick root-4k xz 8192
	attach "$o" P 8
	fill
	same "$fs: the kernel's word" Invalid "$(kernel_status)"
	detach
	cp "$o" /mnt/ill
	check "$fs: recover" "$livemend" recover --yes "$s"
	check "$fs: it is longer" test "$(stat -c %s "$o")" -gt "$((8192 * 1024))"
	umount "$s"
	case $fs in
	vfat) check "$fs: the file system is in order" fsck.vfat -n /mnt/medium.img ;;
	ext4) check "$fs: the file system is in order" e2fsck -fn /mnt/medium.img ;;
	esac
	mount -t $fs -o loop /mnt/medium.img "$s" || die "no mount of $fs"
	check "$fs: taken back" "$livemend" resume --undo --yes "$s"
	check "$fs: to the byte" cmp /mnt/ill "$o"

	rm -rf "$s/LiveOS/livemend"
	leave 3072
	check "$fs, 3 MiB free: recover" "$livemend" recover --yes "$s"
	whole "$fs, 3 MiB free"
	cp /mnt/ill "$s/LiveOS/copy" 2>/dev/null
	rm -f "$s/junk" "$s/LiveOS/copy"
	rm -rf "$s/LiveOS/livemend"
	cp /mnt/ill "$o"
	leave 0
	"$livemend" recover --yes "$s" >/mnt/tmp/said 2>&1
	same "$fs, nothing free: refused" 3 $?
	check "$fs, nothing free: nothing was changed" cmp /mnt/ill "$o"
	umount "$s"
done

# The stick has 6 MiB for an overlay that calls itself 64 MiB long.
medium ext4
new_stick root-4k xz 65536
leave 6144
attach "$o" PO 8
fill
same "sparse: the kernel's word, even under PO" Invalid "$(kernel_status)"
detach
rm -f "$s/junk"
leave 4096
check "sparse: recover" "$livemend" recover --yes "$s"
rm -f "$s/junk"
whole "sparse"
umount "$s"
