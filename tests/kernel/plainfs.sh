# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: sticks on file systems that cannot exchange names, or know no flag of
# renameat2(2), which is what NFS, 9p and some FUSE file systems are like. Nothing of that comes out
# in the middle: operations end well, and when they are cut off they are taken up.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"
real=/mnt/real
mkdir -p "$real" "$s" /dev/fd 2>/dev/null
[ -c /dev/fuse ] || mknod /dev/fuse c 10 229 || die "no /dev/fuse"

# plain WAY: $real is at $s now, by way of FUSE
plain()
{
	"$LM_BUILD/tests/kernel/plainfs" "$real" "$s" "$1" >/mnt/tmp/plainfs 2>&1 &
	fs=$!
	i=0
	while [ $i -lt 600 ] && ! mountpoint -q "$s"; do
		i=$((i + 1))
		sleep 0.05
	done
	mountpoint -q "$s" || die "no FUSE: $(cat /mnt/tmp/plainfs)"
}
unplain()
{
	umount "$s" || die "no umount of FUSE"
	wait $fs
}
# The stick is made and held against the kernel where it really lies.
there() { s=$real; o=$real/LiveOS/overlay-TEST-1234-ABCD; }
by_fuse() { s=/mnt/stick; o=$s/LiveOS/overlay-TEST-1234-ABCD; }
resume_or_done() { "$livemend" resume --yes "$s" || [ $? = 3 ]; }
state() { livemend_status >/dev/null; json overlays 0 state; }

for way in refuse ignore; do
	there
	new_stick root-4k xz 16384
	attach
	use_stick $way 2
	files=$(file_sums | sha256sum)
	detach
	by_fuse
	plain $way
	check "flags: $way: the plan says what it will do" \
		sh -c "\"$livemend\" merge --dry-run $s | tr -s ' \\n' ' ' | grep -q 'cannot exchange two names on fuse'"
	check "flags: $way: compact" "$livemend" compact --yes "$s"
	check "flags: $way: merge" "$livemend" merge --yes "$s"
	same "flags: $way: the overlay is empty" empty "$(state)"
	unplain
	there
	attach
	same "flags: $way: every file is as it was" "$files" "$(file_sums | sha256sum)"
	detach
	check "flags: $way: nothing is left over" \
		test -z "$(ls -A "$s/LiveOS" | grep -v -x -e squashfs.img -e livemend -e "${o##*/}")"

	# Cut off once the new image is there: what is found then is taken up.
	new_stick root-4k xz 16384
	attach
	use_stick $way-2 2
	files=$(file_sums | sha256sum)
	detach
	by_fuse
	plain $way
	"$livemend" merge --yes "$s" >/mnt/tmp/cut 2>&1 &
	job=$!
	i=0
	while [ $i -lt 20000 ] && kill -0 $job 2>/dev/null && [ ! -e "$real/LiveOS/livemend.old" ]; do
		i=$((i + 1))
	done
	kill -KILL $job
	wait $job 2>/dev/null
	check "flags: $way: resume, if it did not come to its end" resume_or_done
	unplain
	there
	attach
	same "flags: $way: every file is as it was after a cut" "$files" "$(file_sums | sha256sum)"
	detach
	rm -rf "$real"/LiveOS
done
