# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: is the lab itself in order?
. "$LM_SRC/tests/kernel/guest.sh"

has_target() { dmsetup targets | grep -q "^$1 "; }
has_fs() { grep -q -w "$1" /proc/filesystems; }

for target in snapshot snapshot-merge snapshot-origin mirror log-writes; do
	check "the kernel has the dm target $target" has_target $target
done
for fs in squashfs vfat ext4 overlay iso9660 fuse; do
	check "the kernel has the file system $fs" has_fs $fs
done
check "the host's root is read-only" ! touch "$LM_SRC/tests/kernel/must-not-be-there"
check "the work folder can be written" touch "$UML_WORK/lab"
