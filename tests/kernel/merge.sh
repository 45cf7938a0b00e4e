# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: after a merge the kernel must find every file as it was, on the new image with
# an empty overlay, and with the old overlay laid over the new image as well.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

# merged TEXT: merges the stick in $s; its files were to be "$files", its overlay is kept as it was
merged()
{
	cp --sparse=always "$o" /mnt/old-overlay || die "no copy of the overlay"
	check "$1: merge" "$livemend" merge --yes "$s"
	same "$1: the overlay is empty" empty "$(livemend_status >/dev/null; json overlays 0 state)"
	check "$1: nothing is left over" only_stick
	attach
	kernel_figures=$(kernel_status)
	same "$1: the kernel finds no exception" "${kernel_figures##* }" "${kernel_figures%%/*}"
	same "$1: every file is as it was" "$files" "$(file_sums | sha256sum)"
	check "$1: e2fsck finds nothing" e2fsck -fn "$dev"
	detach
	attach /mnt/old-overlay
	same "$1: so it is under the old overlay" "$files" "$(file_sums "${2:-}" | sha256sum)"
	check "$1: e2fsck finds nothing there" e2fsck -fn "$dev"
	detach
	rm /mnt/old-overlay
}

needs_recovery() { dumpe2fs -h "$dev" | grep needs_recovery; }

# No old image, no half-made new one: only the image, the overlay, and livemend's own record.
only_stick()
{
	ls -A "$s/LiveOS" | grep -v -x -e squashfs.img -e rootfs.img -e livemend \
		-e "${o##*/}" | grep . && return 1
	! ls -A "$s/LiveOS/livemend" 2>/dev/null | grep -i pending
}

# merge_case TEXT ROOT COMP CHUNK
merge_case()
{
	new_stick "$2" "$3" 24576
	attach "$o" PO "$4"
	use_stick "$4" 4
	files=$(file_sums | sha256sum)
	detach
	merged "$1"
}

merge_case "xz, several areas" root-4k xz 8
merge_case "zstd, blocks of 1 KiB" root-1k zstd 16
merge_case "gzip" root-4k gzip 32
merge_case "lz4" root-4k lz4 128
merge_case "bare" root-4k bare 8
merge_case "bare, blocks of 1 KiB" root-1k bare 32

# A second merge of the same stick, with the image that livemend wrote as the old one.
new_stick root-4k xz 24576
attach
use_stick first 2
detach
check "merged once" "$livemend" merge --yes "$s"
attach
mount "$dev" /mnt/root && rm /mnt/root/home/user/new-first-1 && seq 9999 >/mnt/root/home/user/again
umount /mnt/root
files=$(file_sums | sha256sum)
detach
merged "merged twice"

# While the kernel uses the overlay nothing must be touched.
new_stick root-4k xz 24576
attach
use_stick busy 1
before=$(sha256sum "$s/LiveOS/squashfs.img" "$o")
"$livemend" merge --yes "$s" >/mnt/tmp/busy.out 2>&1
same "in use: refused" 3 $?
same "in use: nothing was changed" "$before" "$(sha256sum "$s/LiveOS/squashfs.img" "$o")"
detach

# Pulled out: the store of a mounted file system, at an instant between two writes.
dirty_case()
{
	new_stick root-4k "$1" 24576
	attach
	use_stick dirty 2
	mount "$dev" /mnt/root || die "no root"
	seq 1 50000 >/mnt/root/home/user/saved && sync /mnt/root/home/user/saved
	echo last >/mnt/root/etc/last && sync /mnt/root/etc/last
	dmsetup suspend --nolockfs live-rw
	cp --sparse=always "$o" /mnt/dirty
	dmsetup resume live-rw
	detach
	cp --sparse=always /mnt/dirty "$o"
	# What the kernel makes of it by itself, on a copy:
	attach /mnt/dirty
	check "dirty, $1: there is a journal to replay" needs_recovery
	files=$(file_sums rw | sha256sum)
	detach
	rm /mnt/dirty
	merged "dirty, $1" rw
}
dirty_case xz
dirty_case bare
