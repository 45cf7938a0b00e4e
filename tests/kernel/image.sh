# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: images with one bit flipped, held against the kernel's SquashFS. What it
# refuses is never well for livemend; where it cannot read a file, livemend finds the fault, too.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

imagetool=$LM_BUILD/tests/kernel/imagetool
total=0 total_refused=0
for image in "$UML_WORK"/prepared/small.*; do
	name=${image##*/small.}
	"$imagetool" flips "$image" "${LM_FLIP_STEP:-197}" /mnt/tmp >/mnt/flips 2>&1
	grep -a '^#' /mnt/flips
	figures=$(grep -a '^flips' /mnt/flips)
	case $figures in
	*" missed 0 unseen 0 unlike 0 "*) echo "ok - $name: livemend sees what the kernel refuses ($figures)" ;;
	*) echo "not ok - $name: livemend sees what the kernel refuses ($figures)" ;;
	esac
	set -- $figures
	total=$((total + ${2:-0})) total_refused=$((total_refused + ${4:-0}))
done
echo "# $total bits were flipped, $total_refused of these images the kernel refuses"
check "so many that it means something" test "$total_refused" -gt 3000

# A loop device ends with a whole sector.
cut_off()
{
	cp "$UML_WORK/prepared/small.gzip" /mnt/cut
	used=$(od -An -tu4 -j40 -N4 /mnt/cut | tr -d ' ')
	[ $((used % 512)) != 0 ] || used=$((used + 1))
	truncate -s "$used" /mnt/cut
}
cut_off
check "without its last sector the kernel refuses an image" ! mount -o ro,loop /mnt/cut /mnt/squash

# The same from outside: of one that the kernel refuses nothing is merged, but all can be saved.
flip() { printf "\\$(printf %o $(($(od -An -tu1 -j"$2" -N1 "$1") ^ 16)))" |
	dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }
new_stick root-4k zstd 24576
attach
use_stick flipped 2
detach
good=$(export_sum)
image=$s/LiveOS/squashfs.img
# The index of owners, and the number of them.
index=$(od -An -tu8 -j48 -N8 "$image" | tr -d ' ')
for byte in $((index + 1)) $((index + 6)) 48; do
	cp "$image" /mnt/image
	flip "$image" "$byte"
	[ "$byte" = 48 ] || same "byte $byte: all can be exported" "$good" "$(export_sum)"
	check "byte $byte: the kernel refuses it" ! mount -t squashfs -o ro,loop "$image" /mnt/squash
	"$livemend" doctor "$s" >/mnt/tmp/doctor 2>&1
	same "byte $byte: doctor finds it" 1 $?
	sums=$(sha256sum "$image" "$o")
	"$livemend" merge --yes "$s" >/mnt/tmp/merge 2>&1
	same "byte $byte: merge refuses" 3 $?
	same "byte $byte: and has changed nothing" "$sums" "$(sha256sum "$image" "$o")"
	cp /mnt/image "$image"
done
check "the image as it was is merged" "$livemend" merge --yes "$s"
