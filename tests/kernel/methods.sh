# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: merge --method mirror and snapshot-merge. The kernel must find every file as it
# was, as after the shell procedures that they stand for; faults leave everything as before, a cut
# is taken up; and nothing of ours is left in the kernel or in the work folder.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"
work=/mnt/work
mkdir -p $work /mnt/pack /mnt/other

traces() { dmsetup ls; losetup -a; cat /proc/self/mountinfo; ls /dev/mapper; }
nothing_left()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(traces)" = "$no_trace" ] && return
		sleep 0.2
	done
	traces
	return 1
}
empty_dir() { [ -z "$(ls -A "$1")" ] || { ls -lA "$1"; return 1; }; }
sums() { sha256sum "$s"/LiveOS/*.img "$o"; }

# used ROOT COMP: a stick that was used; its files are $files
used()
{
	new_stick "$1" "$2" 24576
	attach
	use_stick "${3:-m}" 3
	files=$(file_sums | sha256sum)
	detach
	cp --sparse=always "$o" /mnt/old-overlay
	no_trace=$(traces)
}

# proved TEXT: after a merge
proved()
{
	same "$1: the overlay is empty" empty "$(livemend_status >/dev/null; json overlays 0 state)"
	check "$1: the work folder is empty again" empty_dir $work
	check "$1: nothing is left in the kernel" nothing_left
	check "$1: only image, overlay and record are left" \
		test -z "$(ls -A "$s/LiveOS" | grep -v -x -e squashfs.img -e rootfs.img -e livemend \
			-e "${o##*/}")"
	attach
	same "$1: every file is as it was" "$files" "$(file_sums | sha256sum)"
	check "$1: e2fsck finds nothing" e2fsck -fn "$dev"
	detach
	attach /mnt/old-overlay
	same "$1: so it is under the old overlay" "$files" "$(file_sums | sha256sum)"
	detach
}

# by METHOD [OPTION]...
by() { method=$1; shift; "$livemend" merge --method "$method" --work $work --yes "$@" "$s"; }

for method in mirror snapshot-merge; do
	used root-4k zstd
	check "$method, zstd: merge" by $method
	proved "$method, zstd"
	used root-1k bare
	check "$method, bare: merge" by $method
	proved "$method, bare"
done

# ------------------------------------------------- all of the container, and its options
others()
{
	mount -t squashfs -o ro,loop "$s/LiveOS/squashfs.img" /mnt/other || return 1
	(cd /mnt/other && find . -printf '%p %y %m %U %G %n %T@ %l\n' | sort
	 find . -type f ! -name rootfs.img -exec sha256sum {} + | sort
	 getfattr -R -d -m - . 2>/dev/null)
	umount /mnt/other
}
packed_how() { unsquashfs -s "$1" | grep -v -i -e 'size' -e 'creation' -e 'found a valid' -e bytes; }
new_stick root-4k bare 24576
rm -rf /mnt/pack && mkdir -p /mnt/pack/LiveOS /mnt/pack/dir/deep
mv "$s/LiveOS/rootfs.img" /mnt/pack/LiveOS/rootfs.img
seq 1 5000 >/mnt/pack/dir/list && ln /mnt/pack/dir/list /mnt/pack/dir/deep/hard
ln -s ../dir/list /mnt/pack/LiveOS/link && mknod /mnt/pack/dir/null c 1 3
mkfifo -m 620 /mnt/pack/dir/fifo && chown 1000:100 /mnt/pack/dir/deep /mnt/pack/dir/fifo
chmod 600 /mnt/pack/LiveOS/rootfs.img && head -c 300000 /dev/urandom >/mnt/pack/other.bin
mksquashfs /mnt/pack "$s/LiveOS/squashfs.img" -comp gzip -b 64K -Xcompression-level 3 -no-exports \
	-no-fragments -noappend -no-progress >/dev/null || die "no image"
attach
use_stick others 2
files=$(file_sums | sha256sum)
detach
cp --sparse=always "$o" /mnt/old-overlay
others_before=$(others) how_before=$(packed_how "$s/LiveOS/squashfs.img")
no_trace=$(traces)
check "others: merge" by mirror
same "others: all other files in the container are as they were" "$others_before" "$(others)"
same "others: it is packed in the same way" "$how_before" "$(packed_how "$s/LiveOS/squashfs.img")"
proved others
rm -rf /mnt/pack

# ------------------------------------------------------------ the procedures of the wiki
# As the pages tell it, in other words: a copy of the snapshot by a mirror of 32-sector regions, or
# a copy of the root image that the overlay is merged into; mended, packed, overlay emptied.
by_hand()
{
	mkdir -p /mnt/hand/LiveOS
	mount -t squashfs -o ro,loop "$s/LiveOS/squashfs.img" /mnt/squash
	hand_size=$(($(stat -c %s /mnt/squash/LiveOS/rootfs.img) / 512))
	if [ "$1" = mirror ]; then
		truncate -s $((hand_size * 512)) /mnt/hand/LiveOS/rootfs.img
		hand_base=$(losetup -r -f --show /mnt/squash/LiveOS/rootfs.img)
		hand_cow=$(losetup -r -f --show "$o")
	else
		cp /mnt/squash/LiveOS/rootfs.img /mnt/hand/LiveOS/rootfs.img
		cp --sparse=always "$o" /mnt/hand-overlay
		hand_cow=$(losetup -f --show /mnt/hand-overlay)
	fi
	hand_copy=$(losetup -f --show /mnt/hand/LiveOS/rootfs.img)
	if [ "$1" = mirror ]; then
		dmsetup create ori --readonly \
			--table "0 $hand_size snapshot $hand_base $hand_cow P 8"
		dmsetup mknodes >/dev/null 2>&1
		dmsetup create mir --table \
			"0 $hand_size mirror core 2 32 sync 2 /dev/mapper/ori 0 $hand_copy 0"
		until dmsetup status mir | grep -q " \([0-9]*\)/\1 "; do sleep 0.1; done
		dmsetup remove --retry mir
		dmsetup remove --retry ori
		losetup -d "$hand_base"
	else
		dmsetup create merged --table "0 $hand_size snapshot-merge $hand_copy $hand_cow P 8"
		until dmsetup status merged | grep -q " \([0-9]*\)/[0-9]* \1$"; do sleep 0.1; done
		dmsetup remove --retry merged
	fi
	losetup -d "$hand_copy" && losetup -d "$hand_cow"
	umount /mnt/squash
	e2fsck -fy /mnt/hand/LiveOS/rootfs.img >/dev/null 2>&1
	mksquashfs /mnt/hand "$s/LiveOS/hand.img" -comp lz4 -noappend -no-progress >/dev/null
	mv "$s/LiveOS/hand.img" "$s/LiveOS/squashfs.img"
	dd if=/dev/zero of="$o" bs=64k count=1 conv=notrunc 2>/dev/null
	rm -rf /mnt/hand /mnt/hand-overlay
}
for method in mirror snapshot-merge; do
	used root-4k lz4 hand
	by_hand $method
	attach
	same "by hand, $method: every file is as it was, as by livemend" "$files" \
		"$(file_sums | sha256sum)"
	detach
done

# ------------------------------------------------------------------------ no room for both
used root-4k lz4 small
mkdir -p /mnt/keep && mv "$s/LiveOS" /mnt/keep/
need=$(($(du -sk /mnt/keep/LiveOS | cut -f1) + 4096))
mount -t tmpfs -o size=${need}k tmpfs "$s" || die "no small stick"
cp -r --sparse=always /mnt/keep/LiveOS "$s/"
no_trace=$(traces)
check "small stick: it goes by the work folder" \
	sh -c "\"$livemend\" merge --method mirror --work $work --dry-run $s | grep -q OLD.img"
check "small stick: merge" by mirror
proved "small stick"
umount "$s"
rm -rf /mnt/keep

# --------------------------------------------------------------------------- not shut down
used root-4k lz4 dirty
attach
mount "$dev" /mnt/root || die "no root"
seq 1 50000 >/mnt/root/home/user/saved && sync /mnt/root/home/user/saved
dmsetup suspend --nolockfs live-rw
cp --sparse=always "$o" /mnt/dirty
dmsetup resume live-rw
detach
cp --sparse=always /mnt/dirty "$o"
attach /mnt/dirty
files=$(file_sums rw | sha256sum)
detach
rm /mnt/dirty
check "dirty: merge, with e2fsck through the kernel" by mirror
attach
same "dirty: every file is there" "$files" "$(file_sums | sha256sum)"
detach

# ------------------------------------------------------------------------------- refusals
# refused TEXT WORDS COMMAND...
refused()
{
	refused_text=$1 refused_words=$2
	shift 2
	before=$(sums)
	"$@" >/mnt/tmp/refused 2>&1
	same "refused: $refused_text" 3 $?
	check "refused: $refused_text: says why" grep -q "$refused_words" /mnt/tmp/refused
	same "refused: $refused_text: nothing was changed" "$before" "$(sums)"
	check "refused: $refused_text: nothing is left" nothing_left
}
used root-4k lz4 refused
refused "without a work folder" "work folder" "$livemend" merge --method mirror --yes "$s"
refused "with the direct engine" "device-mapper" by mirror --engine direct
mkdir -p /mnt/tight
mount -t tmpfs -o size=30m tmpfs /mnt/tight || die "no small folder"
no_trace=$(traces)
refused "a work folder that is too small" "room" \
	"$livemend" merge --method mirror --work /mnt/tight --yes "$s"
umount /mnt/tight
printf '#!/bin/sh\necho "mksquashfs version 4.7.2 (2025/08/18)"\n' >/mnt/bad-mksquashfs
chmod +x /mnt/bad-mksquashfs
mount --bind /mnt/bad-mksquashfs /usr/bin/mksquashfs || die "no bind"
no_trace=$(traces)
refused "a mksquashfs that damages sparse files" "4.7.2 loses data of sparse files" by mirror
umount /usr/bin/mksquashfs
attach
no_trace=$(traces)
refused "an overlay that is in use" "uses it" by mirror
detach

# in_background METHOD; until_true COMMAND: waits for a state of it
in_background()
{
	"$livemend" merge --method "$1" --work $work --yes "$s" >/mnt/tmp/background 2>&1 &
	job=$!
}
until_true()
{
	for _ in $(seq 600); do
		sh -c "$1" >/dev/null 2>&1 && return
		kill -0 "$job" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}

# --------------------------------------------------------------------------------- faults
# The work folder on a disk whose far part takes no writes: the copy lies there.
used root-4k lz4 fault
truncate -s 200M /mnt/disk.img
disk=$(losetup -f --show /mnt/disk.img)
dmsetup create disk --table "0 409600 linear $disk 0" && dmsetup mknodes >/dev/null 2>&1
mkfs.ext4 -q -F -O ^has_journal,^flex_bg,^sparse_super2 -E lazy_itable_init=0 /dev/mapper/disk
mount /dev/mapper/disk $work || die "no work folder"
# What is free in the first groups is taken, so that the copy lands further on.
fallocate -l 100M $work/filler
dmsetup suspend disk
dmsetup load disk --table "0 16384 linear $disk 0
16384 393216 flakey $disk 16384 0 100 1 error_writes"
dmsetup resume disk
no_trace=$(traces)
before=$(sums)
timeout 100 "$livemend" merge --method mirror --work $work --yes "$s" >/mnt/tmp/fault 2>&1
same "write errors in the work folder: failed, and everything is as before" 4 $?
check "write errors in the work folder: says so" grep -q -i -e "could not be written" -e "failed" \
	/mnt/tmp/fault
same "write errors in the work folder: the stick is untouched" "$before" "$(sums)"
check "write errors in the work folder: nothing is left in the kernel" nothing_left

# The same disk breaks while the kernel merges the copies; slow before that, so as to be in time.
disk_is()
{
	dmsetup suspend --nolockfs disk && dmsetup load disk --table "$1" && dmsetup resume disk
}
disk_is "0 409600 linear $disk 0"
rm -f $work/filler
sync
disk_is "0 409600 delay $disk 0 0 $disk 0 10"
in_background snapshot-merge
check "broken while merging: it comes there" until_true "dmsetup ls | grep -q -e -merge"
disk_is "0 16384 linear $disk 0
16384 393216 flakey $disk 16384 0 100 1 error_writes"
wait "$job"
same "broken while merging: failed, and everything is as before" 4 $?
check "broken while merging: says what the kernel says" grep -q "Merge failed" /mnt/tmp/background
same "broken while merging: the stick is untouched" "$before" "$(sums)"
check "broken while merging: nothing is left in the kernel" nothing_left
check "broken while merging: nothing is left in the work folder" \
	test -z "$(ls $work | grep livemend)"
disk_is "0 409600 linear $disk 0"
umount $work
dmsetup remove --retry disk
losetup -d "$disk"
rm /mnt/disk.img

# The disk of the work folder becomes full while the image is being packed.
mount -t tmpfs -o size=80m tmpfs $work || die "no work folder"
used root-4k xz full
before=$(sums)
in_background mirror
check "full: it comes to packing" until_true "ls -d $work/*.tree/mnt"
same "nobody else can look where the content of the image is" 700 "$(stat -c %a $work/*.tree)"
head -c 90000000 /dev/zero >$work/filler 2>/dev/null
wait "$job"
same "full: failed, and everything is as before" 4 $?
rm $work/filler
check "full: the work folder is empty again" empty_dir $work
same "full: the stick is untouched" "$before" "$(sums)"
check "full: nothing is left in the kernel" nothing_left
umount $work

# ----------------------------------------------------------------------------- cut off
# cut METHOD STATE TEXT: SIGKILL as soon as STATE is true
cut()
{
	used root-4k xz cut
	before=$(sums)
	in_background "$1"
	check "$3: it comes there" until_true "$2"
	kill -KILL "$job"
	wait "$job" 2>/dev/null
	check "$3: the kernel's part goes by itself" nothing_left
	check "$3: doctor tells of it" sh -c "\"$livemend\" doctor $s | grep -q 'livemend resume'"
}
# undone TEXT: resume takes back what was begun
undone()
{
	check "$1: resume" "$livemend" resume --yes "$s"
	same "$1: everything is as before" "$before" "$(sums)"
	check "$1: the work folder is empty" empty_dir $work
}
cut mirror "ls $work/*.tree/root" "mirror cut while copying"
undone "mirror cut while copying"
cut mirror "ls $work/*.tree/new" "mirror cut while packing"
undone "mirror cut while packing"
check "mirror after two cuts: merge" by mirror
proved "mirror after two cuts"
cut snapshot-merge "ls $work/*.tree/root && ! grep -q merging $s/LiveOS/livemend/PENDING*" \
	"snapshot-merge cut while copying"
undone "snapshot-merge cut while copying"
# A slow disk, so that the kernel's merge can be caught at work.
truncate -s 300M /mnt/disk.img
disk=$(losetup -f --show /mnt/disk.img)
dmsetup create disk --table "0 614400 linear $disk 0" && dmsetup mknodes >/dev/null 2>&1
mkfs.ext4 -q -F /dev/mapper/disk && mount /dev/mapper/disk $work && rmdir $work/lost+found ||
	die "no slow work folder"
slower()
{
	dmsetup suspend --nolockfs disk && dmsetup load disk --table "0 614400 $1" &&
		dmsetup resume disk
}
slower "delay $disk 0 0 $disk 0 10"
cut snapshot-merge "dmsetup ls | grep -q -e -merge" "snapshot-merge cut while merging"
slower "linear $disk 0"
check "snapshot-merge cut while merging: the journal says how far it came" \
	grep -q "phase: merging" "$s/LiveOS/livemend/PENDING.txt" "$s/LiveOS/livemend/PENDING.bak"
check "snapshot-merge cut while merging: resume" "$livemend" resume --yes "$s"
proved "snapshot-merge cut while merging"
umount $work
dmsetup remove --retry disk
losetup -d "$disk"
rm /mnt/disk.img
cut snapshot-merge "ls $work/*.tree/new" "snapshot-merge cut while packing"
check "snapshot-merge cut while packing: resume" "$livemend" resume --yes "$s"
proved "snapshot-merge cut while packing"
cut snapshot-merge "ls $work/*.tree/new" "snapshot-merge cut, and given up"
check "snapshot-merge cut, and given up: resume --undo" "$livemend" resume --undo --yes "$s"
same "snapshot-merge cut, and given up: everything is as before" "$before" "$(sums)"
check "snapshot-merge cut, and given up: the work folder is empty" empty_dir $work

# --------------------------------------- a running system that only reads the overlay
# As rd.live.overlay.readonly has it: live-ro is image and overlay, live-rw what is in memory.
quiet_up()
{
	mount -t squashfs -o ro,loop "$s/LiveOS/squashfs.img" /mnt/squash || die "no SquashFS"
	base=$(losetup -r -f --show /mnt/squash/LiveOS/rootfs.img)
	cow=$(losetup -r -f --show "$o")
	truncate -s 16M /mnt/memory && memory=$(losetup -f --show /mnt/memory)
	sectors=$(blockdev --getsz "$base")
	dmsetup create --readonly live-ro --table "0 $sectors snapshot $base $cow P 8" &&
		dmsetup mknodes >/dev/null 2>&1
	dmsetup create live-rw --table "0 $sectors snapshot /dev/mapper/live-ro $memory PO 8" &&
		dmsetup mknodes >/dev/null 2>&1
	mount "$dev" /mnt/root && echo gone >/mnt/root/etc/of-this-session && sync || die "no root"
}
quiet_down()
{
	umount /mnt/root && dmsetup remove --retry live-rw && dmsetup remove --retry live-ro &&
		losetup -d "$memory" && losetup -d "$cow" && losetup -d "$base" &&
		umount /mnt/squash && rm /mnt/memory
}
running() { echo 3 >/proc/sys/vm/drop_caches; find /mnt/root -xdev -type f -exec sha256sum {} + | sha256sum; }
for method in rewrite mirror; do
	used root-4k lz4 quiet
	quiet_up
	before=$(running)
	[ $method = rewrite ] && option= || option="--work $work"
	check "only read, $method: the plan says what is not merged" sh -c \
		"\"$livemend\" merge --method $method $option --dry-run $s | grep -q 'in memory'"
	mkdir -p /mnt/fake
	printf '#!/bin/sh\necho "$*" >/mnt/tmp/shutdown.args\n' >/mnt/fake/shutdown &&
		chmod +x /mnt/fake/shutdown
	rm -f /mnt/tmp/shutdown.args
	[ $method = rewrite ] && reboot=--reboot || reboot=
	# Where it is looked for: in place of the system's own, if there is one.
	shutdown=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v shutdown) &&
		shutdown=$(readlink -f "$shutdown") && fake=/mnt/fake/shutdown ||
		{ shutdown=/usr/local/sbin fake=/mnt/fake; }
	mount --bind $fake "$shutdown" || die "no bind"
	check "only read, $method: merge" \
		"$livemend" merge --method $method $option $reboot --yes "$s"
	if [ $method = rewrite ]; then
		check "only read: a restart is scheduled, as was asked for" \
			grep -q -e "-r +1" /mnt/tmp/shutdown.args
	else
		check "only read: no restart that nobody asked for" ! test -e /mnt/tmp/shutdown.args
	fi
	umount "$shutdown"
	same "only read, $method: the running system sees what it saw" "$before" "$(running)"
	quiet_down
	attach
	same "only read, $method: the next boot has every file" "$files" "$(file_sums | sha256sum)"
	check "only read, $method: e2fsck finds nothing" e2fsck -fn "$dev"
	detach
done
used root-4k bare quiet
refused "a restart where nothing runs" "nothing to restart" "$livemend" merge --reboot --yes "$s"
attach
no_trace=$(traces)
refused "an overlay that is written to, with the quiet way named" "readonly" \
	"$livemend" merge --yes "$s"
detach
