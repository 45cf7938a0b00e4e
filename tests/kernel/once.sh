# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: an image file or device that somebody has mounted, attached, or in work is not
# mounted a second time, under whatever name; looking at it stays possible.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

medium=/mnt/medium.img
mkdir -p "$s" /mnt/else
truncate -s 120M $medium
mkfs.ext4 -q -F -L LIVE $medium || die "no file system"
mount -o loop $medium "$s" || die "no mount"
new_stick root-4k xz 16384
attach
use_stick 1 2
detach
umount "$s"
ln $medium /mnt/hard.img
ln -s $medium /mnt/link.img

# refused WORDS ARG...: with exit status 3 and these words, and the file system stays in order
refused()
{
	refused_words=$1
	shift
	refused_rc=0
	timeout 60 "$livemend" "$@" >/mnt/tmp/out 2>&1 || refused_rc=$?
	cat /mnt/tmp/out
	[ $refused_rc = 3 ] && tr -s ' \n' ' ' </mnt/tmp/out | grep -qF "$refused_words"
}
sum() { sha256sum <$medium; }
looks() { timeout 60 "$livemend" status "$1" || [ $? = 1 ]; }

mount -o loop $medium "$s" || die "no mount"
for name in $medium /mnt/hard.img /mnt/link.img; do
	check "mounted: merge of ${name#/mnt/} is refused" refused "it is attached to loop" merge --yes $name
	check "mounted: a plan says so, too" refused "it is attached to loop" merge --dry-run $name
	check "mounted: grow of ${name#/mnt/} is refused" refused "it is attached to loop" grow --yes +1M $name
	check "mounted: looking at ${name#/mnt/} is possible" looks $name
done
umount "$s"
loop=$(losetup -f --show -r $medium) || die "no loop"
check "attached only: merge is refused" refused "it is attached to ${loop#/dev/}" merge --yes /mnt/hard.img
losetup -d "$loop"

# One livemend is stopped in the middle of its work; another one comes. What only looks whether it
# could, as a plan does, holds it for an instant, too, but not for itself alone.
held()
{
	! flock -s -n $medium true
}
before=$(sum)
"$livemend" merge --yes $medium >/mnt/tmp/first 2>&1 &
pid=$!
i=0
while [ $i -lt 3000 ] && ! held; do i=$((i + 1)); done
kill -STOP $pid
check "it is in the middle" held
for name in $medium /mnt/hard.img; do
	check "a second livemend is refused (${name#/mnt/})" refused "another livemend is working" \
		grow --yes +1M $name
	check "so is its plan (${name#/mnt/})" refused "another livemend is working" compact --dry-run $name
	check "looking is possible (${name#/mnt/})" looks $name
done
kill -CONT $pid
rc=0
wait $pid || rc=$?
same "the first one comes to its end" 0 "$rc"
check "the file system is in order" e2fsck -fn $medium
same "it has done something" no "$([ "$(sum)" = "$before" ] && echo yes || echo no)"
check "then it is free again" "$livemend" grow --yes +1M /mnt/link.img
check "no loop device is left" ! sh -c "losetup -j $medium | grep -q ."
check "the file system is in order, still" e2fsck -fn $medium

# A device that is mounted where livemend cannot see it: in another mount namespace.
loop=$(losetup -f --show $medium) || die "no loop"
mkfifo /mnt/go
unshare -m sh -c "mount --make-rprivate / && mount $loop /mnt/else && echo >/mnt/there && read x </mnt/go" &
pid=$!
i=0
while [ $i -lt 3000 ] && [ ! -e /mnt/there ]; do i=$((i + 1)); done
check "a device that is mounted elsewhere: merge is refused" refused "the kernel has it in use" \
	grow --yes +1M "$loop"
echo >/mnt/go
wait $pid
check "then it can be worked on" "$livemend" grow --yes +1M "$loop"
other=$(losetup -f --show "$loop") || die "no loop on a loop"
check "a device with a loop device on it: refused" refused "it is attached to ${other#/dev/}" \
	grow --yes +1M "$loop"
losetup -d "$other"
losetup -d "$loop"
check "the file system is in order at the end" e2fsck -fn $medium

# An old image that the kernel has a loop device on keeps its room when it is removed: where there is
# none for both, it is not removed.
mount -o loop $medium "$s" || die "no mount"
attach
use_stick 3 2
detach
mkdir -p /mnt/work
room=$(df --output=avail -B1 "$s" | tail -n 1)
fallocate -l $((room - (7 << 20))) "$s/filler" || die "no filler"
loop=$(losetup -f --show -r "$s/LiveOS/squashfs.img") || die "no loop"
before=$(sha256sum <"$s/LiveOS/squashfs.img")
check "no room for both, and the kernel has the old one: merge --work is refused" \
	refused "removing it would free nothing" merge --yes --work /mnt/work "$s"
same "the image is there" "$before" "$(sha256sum <"$s/LiveOS/squashfs.img")"
check "nothing is left in the work folder" rmdir /mnt/work
mkdir -p /mnt/work
losetup -d "$loop"
check "without the loop device it is merged" "$livemend" merge --yes --work /mnt/work "$s"
check "nothing is left in the work folder, still" rmdir /mnt/work
umount "$s"
check "the file system is in order after that" e2fsck -fn $medium
