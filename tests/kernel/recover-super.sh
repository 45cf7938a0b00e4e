# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: overlays whose root file system has lost its superblock, so that the kernel
# mounts it no more. Nothing is merged as it is; recovered, by both engines, every file is there.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

# hurt TEXT: does that to the merged device
hurt()
{
	case $1 in
	label) printf spoilt | dd of="$dev" bs=1 seek=$((1024 + 120)) conv=notrunc,fsync ;;
	zeroed) dd if=/dev/zero of="$dev" bs=1024 seek=1 count=1 conv=notrunc,fsync ;;
	chunk) dd if=/dev/urandom of="$dev" bs=4096 count=1 conv=notrunc,fsync ;;
	esac 2>/dev/null
	blockdev --flushbufs "$dev"
}

# lost ROOT TEXT
lost()
{
	new_stick "$1" zstd 24576
	attach
	use_stick lost 2
	files=$(file_sums | sha256sum)
	hurt "$2"
	check "$1, $2: the kernel mounts it no more" ! mount -o ro "$dev" /mnt/root
	detach
	cp --sparse=always "$o" /mnt/ill || die "no copy"
	sums=$(sha256sum "$s/LiveOS/squashfs.img" "$o")
	for op in merge compact "grow +8M"; do
		"$livemend" ${op%% *} --yes ${op#"${op%% *}"} "$s" >/mnt/tmp/refused 2>&1
		same "$1, $2: ${op%% *} refuses" 3 $?
	done
	same "$1, $2: and nothing has changed" "$sums" "$(sha256sum "$s/LiveOS/squashfs.img" "$o")"
	for engine in direct kernel; do
		rm -rf "$s/LiveOS/livemend"
		cp --sparse=always /mnt/ill "$o" || die "no copy"
		check "$1, $2, $engine: recover" "$livemend" recover --yes --engine $engine "$s"
		attach
		same "$1, $2, $engine: every file is as it was" "$files" "$(file_sums | sha256sum)"
		check "$1, $2, $engine: e2fsck finds nothing" e2fsck -fn "$dev"
		detach
		same "$1, $2, $engine: the image was not touched" "${sums%% *}" \
			"$(sha256sum "$s/LiveOS/squashfs.img" | cut -d' ' -f1)"
		check "$1, $2, $engine: taken back" "$livemend" resume --undo --yes "$s"
		check "$1, $2, $engine: to the byte" cmp /mnt/ill "$o"
	done
}

# Blocks of 4 KiB: one group, no copy. Blocks of 1 KiB: copies, and the chunk has descriptors, too.
for root in root-4k root-1k; do
	for what in label zeroed chunk; do
		lost $root $what
	done
done
check "recovered" "$livemend" recover --yes "$s"
check "it is merged then" "$livemend" merge --yes "$s"
attach
same "with every file" "$files" "$(file_sums | sha256sum)"
detach
