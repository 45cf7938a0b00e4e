# SPDX-License-Identifier: GPL-3.0-or-later
# tap.sh - for tests of a program from outside; sourced
#
#   run WANT ARG...     runs $program with a time limit; output in $out and $err;
#                       not ok when the exit status is not WANT
#   has FILE TEXT       FILE holds the text;  hasnt: it does not
#   ok NAME [COMMAND]   a test: the status of the command, or of what ran before

tap_n=0
tap_failed=0
work=$(mktemp -d) || exit 1
out=$work/out
err=$work/err

ok() {
	tap_status=$?
	tap_name=$1
	shift
	if [ $# -gt 0 ]; then
		"$@"
		tap_status=$?
	fi
	tap_n=$((tap_n + 1))
	if [ "$tap_status" -eq 0 ]; then
		echo "ok $tap_n - $tap_name"
	else
		echo "not ok $tap_n - $tap_name"
		tap_failed=1
		for tap_f in "$out" "$err"; do
			[ ! -s "$tap_f" ] || { echo "# $tap_f:"; head -n 20 "$tap_f" | sed 's/^/#  /'; }
		done
	fi
}

skip() { tap_n=$((tap_n + 1)); echo "ok $tap_n - $1 # SKIP $2"; }

run() {
	tap_want=$1
	shift
	timeout 60 "$program" "$@" >"$out" 2>"$err" </dev/null
	tap_got=$?
	[ "$tap_got" -eq "$tap_want" ] || { echo "# exit status $tap_got, not $tap_want: $*"; return 1; }
}

has() { grep -qF -e "$2" "$1" || { echo "# not in $1: $2"; return 1; }; }
hasnt() { ! grep -qF -e "$2" "$1" || { echo "# in $1: $2"; return 1; }; }
empty() { [ ! -s "$1" ] || { echo "# not empty: $1"; return 1; }; }

# Waits for a state, never for a time that might be enough.
wait_for() {
	tap_i=0
	while ! eval "$1"; do
		tap_i=$((tap_i + 1))
		[ $tap_i -lt 1000 ] || { echo "# never came true: $1"; return 1; }
		sleep 0.01
	done
}

tap_end() {
	echo "1..$tap_n"
	exit $tap_failed
}
