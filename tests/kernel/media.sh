# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: merges on real file systems of sticks, where the names are exchanged.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

mkdir -p "$s"
truncate -s 120M /mnt/medium.img
for fs in vfat ext4; do
	case $fs in
	vfat) mkfs.vfat -F 32 -n LIVE /mnt/medium.img >/dev/null ;;
	ext4) mkfs.ext4 -q -F -L LIVE /mnt/medium.img ;;
	esac || die "no $fs"
	mount -t $fs -o loop /mnt/medium.img "$s" || die "no mount of $fs"
	new_stick root-4k xz 16384
	attach
	use_stick $fs 3
	files=$(file_sums | sha256sum)
	detach
	cp "$o" /mnt/old-overlay
	same "$fs: livemend names the file system" $fs \
		"$(livemend_status >/dev/null; json stick fstype)"
	check "$fs: merge" "$livemend" merge --yes "$s"
	umount "$s"
	case $fs in
	vfat) check "$fs: the file system is in order" fsck.vfat -n /mnt/medium.img ;;
	ext4) check "$fs: the file system is in order" e2fsck -fn /mnt/medium.img ;;
	esac
	mount -t $fs -o loop /mnt/medium.img "$s" || die "no mount of $fs"
	attach
	same "$fs: every file is as it was" "$files" "$(file_sums | sha256sum)"
	check "$fs: e2fsck finds nothing" e2fsck -fn "$dev"
	detach
	attach /mnt/old-overlay
	same "$fs: so it is under the old overlay" "$files" "$(file_sums | sha256sum)"
	detach
	same "$fs: one image" 1 "$(find "$s/LiveOS" -size +1000k ! -name 'overlay-*' | wc -l)"
	umount "$s"
done
