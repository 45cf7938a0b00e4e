# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: merges on vfat, recorded write by write, and cut off at every flush and in
# between. In every state the stick must give the same system, and resume must mend the rest.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"
logcut=$LM_BUILD/tests/kernel/logcut


livemend_merge() { "$livemend" merge --yes "$s"; }

# What must not be done on vfat, though it is what one does elsewhere: for the oracle to see.
rename_over()
{
	cp "$image" "$image.new" && echo merged >>"$image.new" &&
		sync "$image.new" "$s/LiveOS" && mv "$image.new" "$image" && sync "$s/LiveOS"
}

# record COMP MIB COMMAND: a stick on vfat of that size, and a log of COMMAND, write by write
record()
{
	rm -f /mnt/medium.img /mnt/initial.img /mnt/log.img /mnt/cut.img
	truncate -s "$2M" /mnt/medium.img
	mkfs.vfat -F 32 -s 1 -n LIVE /mnt/medium.img >/dev/null || die "no vfat"
	mount -t vfat -o loop /mnt/medium.img "$s" || die "no mount"
	new_stick root-4k "$1" 4096
	image=$(find "$s/LiveOS" -name '*s.img')
	attach
	use_stick cut 1
	detach
	view_before=$(export_sum)
	image_before=$(sha256sum <"$image")
	cp "$o" /mnt/old-overlay
	umount "$s"
	cp --sparse=always /mnt/medium.img /mnt/initial.img

	truncate -s 200M /mnt/log.img
	medium=$(losetup -f --show /mnt/medium.img) && log=$(losetup -f --show /mnt/log.img) ||
		die "no loop"
	dmsetup create medium \
		--table "0 $(blockdev --getsz "$medium") log-writes $medium $log" || die "no log-writes"
	dmsetup mknodes >/dev/null 2>&1
	mount -t vfat /dev/mapper/medium "$s" || die "no mount of the recorded medium"
	check "$1: recorded: $3" "$3"
	umount "$s"
	dmsetup remove --retry medium
	losetup -d "$medium"
	losetup -d "$log"

	mount -t vfat -o loop /mnt/medium.img "$s" || die "no mount"
	view_after=$(export_sum)
	image_after=$(sha256sum <"$image")
	# The third possibility: the new image under the old overlay.
	cp /mnt/old-overlay "$o"
	view_both=$(export_sum)
	umount "$s"
}

known_view()
{
	case $(export_sum) in
	"$view_before" | "$view_after" | "$view_both") ;;
	*) return 1 ;;
	esac
}

# one_state N COMP. The costly look at the view is taken once for each pair of image and overlay.
one_state()
{
	cp --sparse=always /mnt/initial.img /mnt/cut.img
	where=$("$logcut" make /mnt/log.img /mnt/cut.img "$1") || return 1
	mount -t vfat -o loop,ro /mnt/cut.img "$s" || { echo "# $where: no mount"; return 1; }
	now=$(sha256sum <"$image")
	pair=$now$(sha256sum <"$o")
	good=0
	case $now$2 in
	"$image_before$2") before=$((before + 1)) ;;
	"$image_after$2") after=$((after + 1)) ;;
	*bare) ;; # written in place; the view counts
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

# After resume nothing is left to do, the file system is usable, and the system the same. A cut
# within a write of FAT itself can leave a folder at which the kernel makes the stick read-only;
# then livemend says to run fsck.vfat and resume again, and that must mend it.
resumed()
{
	mount -t vfat -o loop /mnt/cut.img "$s" || return 1
	"$livemend" resume --yes "$s" >/mnt/tmp/resume.out 2>&1
	rc=$?
	if [ $rc = 5 ] && grep -q 'fsck.vfat -a' /mnt/tmp/resume.out; then
		echo "# $where: FAT itself was hurt; fsck.vfat, and again"
		known_view || echo "# $where: another system before fsck.vfat"
		umount "$s"
		fsck.vfat -a /mnt/cut.img >/mnt/tmp/fsck.out 2>&1
		mount -t vfat -o loop /mnt/cut.img "$s" || return 1
		"$livemend" resume --yes "$s" >/mnt/tmp/resume.out 2>&1
		rc=$?
	fi
	good=0
	case $rc in
	0 | 3) ;; # 3: there is nothing to resume
	*) good=1; sed 's/^/#   /' /mnt/tmp/resume.out ;;
	esac
	known_view || { good=1; echo "# $where: after resume ($rc) the stick gives another system"; }
	umount "$s"
	return $good
}

# cut_off COMP STATES: so many of the states, evenly spread
cut_off()
{
	states=$("$logcut" count /mnt/log.img) || die "no log"
	step=$(((states + $2 - 1) / $2))
	n=0 bad=0 unresumed=0 before=0 after=0 looked=0 seen=" "
	while [ $n -lt "$states" ]; do
		one_state $n "$1" || bad=$((bad + 1))
		looked=$((looked + 1))
		if [ $((looked % 4)) = 0 ]; then
			resumed || unresumed=$((unresumed + 1))
		fi
		n=$((n + step))
	done
	echo "# $1: $states states, $looked looked at: $before with the old image, $after with the" \
		"new one"
}

# powercut COMP MIB STATES
powercut()
{
	record "$1" "$2" livemend_merge
	cut_off "$1" "$3"
	same "$1: in every state the stick is whole" 0 $bad
	same "$1: resume mends every state" 0 $unresumed
	check "$1: cuts before the end were among them" [ $before -gt 0 ]
	check "$1: cuts after it were among them" [ $after -gt 0 ]
}

mkdir -p "$s"
record xz 40 rename_over
cut_off xz 16 >/mnt/tmp/control.out 2>&1
check "that renaming over the image breaks it is seen" [ $bad -gt 0 ]
powercut xz 40 "${POWERCUT_STATES:-120}"
powercut bare 60 "${POWERCUT_STATES:-40}"
