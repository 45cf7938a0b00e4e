# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: livemend and the kernel write to one store by turns, and both see the same.
. "$LM_SRC/tests/kernel/guest.sh"

tool=$LM_BUILD/tests/kernel/cowtool
base_sectors=16387
cd /mnt/tmp || die "no work folder"
# Stores are made on junk: nothing in it may be taken for a table.
dd if=/dev/urandom of=junk bs=512 count=30011 2>/dev/null
dd if=junk of=base bs=512 count=$base_sectors 2>/dev/null
base=$(losetup -r -f --show base) || die "no loop device"

attach() {
	cow=$(losetup -f --show "$1") || die "no loop device"
	dmsetup create "$2" --table "0 $base_sectors snapshot $base $cow PO $3" || die "no snapshot"
	dmsetup mknodes >/dev/null 2>&1
	blockdev --flushbufs "$cow"
}
detach() {
	sync
	blockdev --flushbufs "/dev/mapper/$1"
	kernel_status=$(dmsetup status "$1" | cut -d' ' -f4-)
	dmsetup remove "$1" || die "no removal"
	losetup -d "$cow"
}
# both_same TEXT: the store as it is, seen by both
both_same() {
	rm -f ours
	check "$1: livemend reads the store" "$tool" export base store ours
	attach store both "$c"
	check "$1: the merged view is the kernel's" cmp ours /dev/mapper/both
	detach both
	same "$1: the figures are the kernel's" "$kernel_status" "$("$tool" status store)"
}
kernel_writes() {
	attach store both "$c"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		dd if=/dev/urandom of=/dev/mapper/both bs=512 count=$((i * 5)) \
			seek=$(((i * 1237 + $1 * 7919) % (base_sectors - 100))) conv=notrunc \
			2>/dev/null || die "the kernel does not write"
	done
	detach both
}

for c in 1 8 16 32 128; do
	cp junk store
	check "chunk $c: an empty store is made" "$tool" format store "$c"
	both_same "chunk $c, empty"
	check "chunk $c: livemend writes" "$tool" write base store 150 "$c"
	both_same "chunk $c, written by livemend"
	kernel_writes 1
	both_same "chunk $c, then by the kernel"
	check "chunk $c: livemend writes again" "$tool" write base store 150 "5$c"
	kernel_writes 2
	both_same "chunk $c, by turns"
done

# a new store whose header livemend makes
c=8
cp junk store
dd if=/dev/zero of=store bs=512 count=1 conv=notrunc 2>/dev/null
check "a zero header: livemend writes" "$tool" write base store 60 9
both_same "a zero header, written by livemend"
