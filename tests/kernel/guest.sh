# SPDX-License-Identifier: GPL-3.0-or-later
# guest.sh - what the scripts of tests/kernel share; runs in the guest, in /mnt (a tmpfs)
set -u

# check TEXT COMMAND...: a test; what the command prints is shown where it fails.
check()
{
	check_text=$1
	shift
	check_want=0
	if [ "$1" = ! ]; then
		check_want=1
		shift
	fi
	check_rc=0
	"$@" >/mnt/tmp/check.out 2>&1 || check_rc=1
	if [ "$check_rc" = "$check_want" ]; then
		echo "ok - $check_text"
	else
		echo "not ok - $check_text"
		echo "# $*"
		sed 's/^/#   /' /mnt/tmp/check.out | tail -n 20
	fi
}

# same TEXT A B: a test that two words are equal, and not empty.
same()
{
	if [ -n "$2" ] && [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "#   '$2'"
		echo "#   '$3'"
	fi
}

die()
{
	echo "# $*"
	exit 1
}
