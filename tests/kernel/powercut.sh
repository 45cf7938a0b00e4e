# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: a merge on vfat, recorded write by write, and cut off at every flush and in
# between. In every state the stick must give the same system, and resume must mend the rest.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"
logcut=$LM_BUILD/tests/kernel/logcut
most=${POWERCUT_STATES:-160}

mkdir -p "$s"
truncate -s 40M /mnt/medium.img
mkfs.vfat -F 32 -s 1 -n LIVE /mnt/medium.img >/dev/null || die "no vfat"
mount -t vfat -o loop /mnt/medium.img "$s" || die "no mount"
new_stick root-4k xz 4096
attach
use_stick cut 1
detach
view_before=$(export_sum)
image_before=$(sha256sum <"$s/LiveOS/squashfs.img")
cp "$o" /mnt/old-overlay
umount "$s"
cp --sparse=always /mnt/medium.img /mnt/initial.img

# The merge itself, recorded.
truncate -s 200M /mnt/log.img
medium=$(losetup -f --show /mnt/medium.img) && log=$(losetup -f --show /mnt/log.img) ||
	die "no loop"
dmsetup create medium --table "0 $(blockdev --getsz "$medium") log-writes $medium $log" ||
	die "no log-writes"
dmsetup mknodes >/dev/null 2>&1
mount -t vfat /dev/mapper/medium "$s" || die "no mount of the recorded medium"
check "the recorded merge" "$livemend" merge --yes "$s"
umount "$s"
dmsetup remove --retry medium
losetup -d "$medium"
losetup -d "$log"
mount -t vfat -o loop,ro /mnt/medium.img "$s" || die "no mount"
view_after=$(export_sum)
image_after=$(sha256sum <"$s/LiveOS/squashfs.img")
umount "$s"
# The third possibility: the new image under the old overlay.
mkdir -p /mnt/both/LiveOS
mount -t vfat -o loop,ro /mnt/medium.img "$s" && cp "$s/LiveOS/squashfs.img" /mnt/both/LiveOS/
umount "$s"
cp /mnt/old-overlay "/mnt/both/LiveOS/${o##*/}"
view_both=$(s=/mnt/both; export_sum)
rm -r /mnt/both

known_view()
{
	case $(export_sum) in
	"$view_before" | "$view_after" | "$view_both") ;;
	*) return 1 ;;
	esac
}

# One state. The costly look at the view is taken once for each pair of image and overlay.
seen=" "
one_state()
{
	cp --sparse=always /mnt/initial.img /mnt/cut.img
	where=$("$logcut" make /mnt/log.img /mnt/cut.img "$1") || return 1
	mount -t vfat -o loop,ro /mnt/cut.img "$s" || { echo "# $where: no mount"; return 1; }
	image=$(sha256sum <"$s/LiveOS/squashfs.img")
	pair=$image$(sha256sum <"$o")
	good=0
	case $image in
	"$image_before") before=$((before + 1)) ;;
	"$image_after") after=$((after + 1)) ;;
	*) good=1; echo "# $where: squashfs.img is neither the old image nor the new one" ;;
	esac
	case $seen in
	*" ${pair%% *}${pair##*-}"*) ;;
	*)
		if known_view; then
			seen="$seen ${pair%% *}${pair##*-}"
		else
			good=1
			echo "# $where: the stick gives another system"
		fi ;;
	esac
	umount "$s"
	return $good
}

# After resume nothing is left to do, the file system is usable, and the system the same.
resumed()
{
	mount -t vfat -o loop /mnt/cut.img "$s" || return 1
	"$livemend" resume --yes "$s" >/mnt/tmp/resume.out 2>&1
	rc=$?
	good=0
	case $rc in
	0 | 3) ;; # 3: there is nothing to resume
	*) good=1; sed 's/^/#   /' /mnt/tmp/resume.out ;;
	esac
	known_view || { good=1; echo "# $where: after resume ($rc) the stick gives another system"; }
	umount "$s"
	return $good
}

states=$("$logcut" count /mnt/log.img) || die "no log"
step=$(((states + most - 1) / most))
echo "# $states states, every ${step}. is looked at"
n=0 bad=0 unresumed=0 before=0 after=0 looked=0
while [ $n -lt "$states" ]; do
	one_state $n || bad=$((bad + 1))
	looked=$((looked + 1))
	if [ $((looked % 4)) = 0 ]; then
		resumed || unresumed=$((unresumed + 1))
	fi
	n=$((n + step))
done
echo "# $looked looked at: $before with the old image, $after with the new one"
same "in every state the stick is whole" 0 $bad
same "resume mends every state" 0 $unresumed
check "cuts before the exchange were among them" [ $before -gt 0 ]
check "cuts after the exchange were among them" [ $after -gt 0 ]
