# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: every state a store can be in, made by the kernel; livemend must say the same.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

# agree TEXT: figures while attached and after, and the whole merged device
agree()
{
	same "$1: attached, status is the kernel's" "$(kernel_status)" "$(livemend_status)"
	same "$1: livemend knows what it is attached as" live-rw "$(json overlays 0 attached_as)"
	sum=$(device_sum)
	detach
	attach
	figures=$(kernel_status)
	detach
	same "$1: detached, status is the kernel's" "$figures" "$(livemend_status)"
	same "$1: it is a store of that chunk size" "$2" "$(json overlays 0 chunk_sectors)"
	same "$1: export is the kernel's device" "$sum" "$(export_sum)"
}

for chunk in 8 16 32 128; do
	new_stick root-4k bare 24576
	attach "$o" PO $chunk
	agree "chunk $chunk, new" $chunk
	attach
	use_stick $chunk 6
	agree "chunk $chunk, used" $chunk
done

new_stick root-4k bare 24576
same "never attached: empty" empty "$(livemend_status >/dev/null; json overlays 0 state)"

for comp in xz zstd gzip lz4; do
	new_stick root-4k $comp 12288
	attach
	use_stick $comp 2
	agree "in SquashFS, $comp" 8
done
new_stick root-1k xz 12288
attach
use_stick 1k 2
agree "blocks of 1 KiB in chunks of 4" 8

# Full, under PO: Overflow while attached; nothing on disk says so afterwards.
new_stick root-4k bare 2048
attach
dd if=/dev/urandom of="$dev" bs=64k count=64 seek=100 2>/dev/null
sync
same "full under PO: Overflow" Overflow "$(kernel_status)"
same "full under PO: livemend says overflow" Overflow "$(livemend_status)"
detach
attach
figures=$(kernel_status) sum=$(device_sum)
detach
same "full, detached: figures" "$figures" "$(livemend_status)"
same "full, detached: full" full "$(json overlays 0 state)"
same "full, detached: export" "$sum" "$(export_sum)"

# Full, under P: invalid, for good.
new_stick root-4k bare 2048
attach "$o" P
dd if=/dev/urandom of="$dev" bs=64k count=64 seek=100 2>/dev/null
sync
same "full under P: Invalid" Invalid "$(kernel_status)"
same "full under P: livemend says invalid" Invalid "$(livemend_status)"
detach
same "full under P, detached" Invalid "$(livemend_status)"

# 256 MiB in chunks of 4 KiB: when the last chunk completes the last area, there is none to follow.
rm -rf "$s/LiveOS"/*
truncate -s 300M "$s/LiveOS/rootfs.img"
truncate -s 256M "$o"
attach
dd if=/dev/zero of="$dev" bs=1M count=200 2>/dev/null
sync
same "256 MiB, before the end" "$(kernel_status)" "$(livemend_status)"
dd if=/dev/zero of="$dev" bs=1M seek=200 count=60 2>/dev/null
sync
same "256 MiB, to the end: Invalid even under PO" Invalid "$(kernel_status)"
same "256 MiB: livemend says invalid" Invalid "$(livemend_status)"
detach
same "256 MiB, detached" Invalid "$(livemend_status)"
rm -rf "$s/LiveOS"/*
