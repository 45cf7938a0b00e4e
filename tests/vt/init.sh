#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# init.sh: init of the guest. Does what comes line by line over the serial line, and says
# "=== N" with its exit status N when that is done.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /run /tmp /mnt /lab
mount -t tmpfs tmp /tmp
mount -t tmpfs lab /lab
for module in $(cat /lib/modules/order); do
	insmod "/lib/modules/$module" 2>/dev/null
done
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty -echo -onlcr <&0

# program LANG ARGS...: livemend on the first text VT; what is left behind is in /lab/left
program() {
	lang=$1
	shift
	rm -f /lab/left /lab/before /lab/after
	printf '\033[2J\033[H' >/dev/tty1
	LM_LANG=$lang setsid -c sh -c '
		exec <>/dev/tty1 >&0
		stty sane; stty -g >/lab/before
		env -i PATH="$PATH" HOME=/ TERM=linux LANG=$LM_LANG ${LM_WITH:-} livemend "$@" 2>/lab/err
		echo $? >/lab/left; stty -g >/lab/after' - "$@" <>/dev/tty1 >/dev/tty1 2>&1 &
}

echo "=== ready"
while read -r line; do
	eval "$line"
	echo "=== $?"
done
