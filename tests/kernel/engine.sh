# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: the kernel engine, and that nothing of it is ever left behind.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"
dmtool=$LM_BUILD/tests/kernel/dmtool

# What the kernel has attached and mounted.
traces() { dmsetup ls; losetup -a; cat /proc/self/mountinfo; ls /dev/mapper; ls -d /dev/.livemend* 2>&1; }

# begin HOW: attaches the stick, $view is the device; tell LINE: a line for it, the answer is shown.
begin()
{
	rm -f /mnt/tmp/in /mnt/tmp/out
	mkfifo /mnt/tmp/in /mnt/tmp/out
	"$dmtool" attach "$1" "$s" </mnt/tmp/in >/mnt/tmp/out 2>/mnt/tmp/log &
	tool=$!
	exec 3>/mnt/tmp/in 4</mnt/tmp/out
	read -r view sectors chunk <&4 || view=nothing
}
tell() { echo "$1" >&3 && read -r answer <&4 && echo "$answer"; }
end()
{
	exec 3>&- 4<&-
	wait "$tool"
}

new_stick root-4k xz 16384
attach
use_stick engine 3
want=$(device_sum)
figures=$(kernel_status)
files=$(file_sums | sha256sum)
detach
before=$(traces)
check "the kernel engine is possible here" "$dmtool" engine mirror snapshot-merge
overlay_before=$(sha256sum <"$o")

begin ro
check "attached: $view" test -b "$view"
same "read-only: the device is what the kernel made of the stick before" "$want" "$(sha256sum <"$view")"
same "read-only: status" "$figures" "$(tell status)"
same "read-only: e2fsck finds nothing" "e2fsck 0" "$(tell 'e2fsck check')"
check "a second attach is refused" sh -c "\"$dmtool\" attach ro $s </dev/null | grep -q '^error 3 -16 .*already'"
end
same "read-only: nothing is left" "$before" "$(traces)"
same "read-only: not a bit of the overlay has changed" "$overlay_before" "$(sha256sum <"$o")"
