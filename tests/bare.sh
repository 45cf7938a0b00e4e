#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/bare.sh BUILD [TEST...]: the unit suite for those who may less than root on a machine with
# FUSE: root where there is no FUSE, and an ordinary user with it and without, in a tree of another's.
# Of it, what can differ there. BUILD is where the tree was built. TAP, as automake shows it.
set -u
build=$(cd "${1:?usage: tests/bare.sh BUILD [TEST...]}" && pwd) || exit 1
shift
cd "$(dirname "$0")/.." || exit 1
LC_ALL=C.UTF-8
export LC_ALL
bare_limit=600 jobs=2 nobody=65534

# Where it does not matter who asks: pure computing, or over stand-ins for the core.
same_for_all='/test_(cow|image|stick_image|cli|fs|cmd|base|lesson|dm_targets|crash)[^/]*$|/(golden|behave|lint|catalogues|man)\.sh$'
# What ends up in FUSE, or goes another way without it.
with_fuse='/test_(view_fuse|doctor|recover|plan_ops|methods|practice|child|fsck)$|/(sticks|lessons|real|e2e)\.sh$'

tests=${*:-$(make -s -C "$build" list-tests)}
tests=$(tr ' ' '\n' <<<"$tests")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# A copy that everybody can read, and only its owner write.
chmod 755 "$work" && mkdir -p "$work/src" "$work/src/build" || exit 1
tar -c --exclude=./build --exclude=./.git . | tar -x -C "$work/src" || exit 1
tar -c -C "$build" --exclude='*.o' --exclude='*.a' --exclude=.deps --exclude='*.log' . |
	tar -x -C "$work/src/build" || exit 1
chmod -R a+rX,go-w "$work/src" || exit 1
export LM_SRC=$work/src LM_BUILD=$work/src/build CMOCKA_MESSAGE_OUTPUT=TAP
unset LANGUAGE NO_COLOR

# one TEST: its TAP on standard output
one() {
	local run="$LM_BUILD/$1" home rc
	[[ $1 != *.sh ]] || run=$LM_SRC/$1
	home=$(mktemp -d) && chmod 755 "$home" && cd "$LM_BUILD" || exit 1
	HOME=$home TMPDIR=$home timeout -k 10 $bare_limit "$run" 2>&1 </dev/null
	rc=$?
	chmod -R u+rwX "$home"
	rm -rf "$home"
	echo "# status $rc"
}
export -f one
export bare_limit

# shown WHO TEST: the TAP of one test, named, its failures with what was said before them
shown() {
	awk -v who="$1" -v test="$2" '
		function result(word, text) { print word ": " who ": " test " " text; seen++ }
		/^1\.\.0/ { sub(/^1\.\.0[ #]*/, ""); result("SKIP", $0); planned = 0; next }
		/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0; next }
		/^(not )?ok .*# *[Ss][Kk][Ii][Pp]/ { sub(/^(not )?ok +/, ""); result("SKIP", $0); said = ""; next }
		/^ok / { sub(/^ok +/, ""); result("PASS", $0); said = ""; next }
		/^not ok / { sub(/^not ok +/, ""); result("FAIL", $0); failed++; printf "%s", said; said = ""; next }
		/^# status / { status = $3; next }
		{ said = said "  " $0 "\n"; if (failed) print "  " $0 }
		END {
			if (planned != "" && seen < planned) result("ERROR", "- " seen " of " planned " tests were run")
			else if (status != 0 && !failed) result("ERROR", "- it ended with status " status)
			else if (!seen) result("ERROR", "- it ran no test")
		}'
}
export -f shown

# changed COMMAND...: with another /dev/fuse than the machine's, in a mount namespace of its own.
# $fuse: "MODE MINOR" of it. 229 is FUSE; behind 255 there is nothing, as without the module.
changed() {
	unshare -m --propagation private bash -c '
		[ -e /dev/fuse ] || exec "$@"
		mode=${fuse% *} minor=${fuse#* }
		mount -t tmpfs tmpfs "$work/dev" && mknod "$work/dev/fuse" c 10 "$minor" &&
			chmod "$mode" "$work/dev/fuse" && mount --bind "$work/dev/fuse" /dev/fuse || exit 125
		exec "$@"' changed "$@"
}
ordinary() { setpriv --reuid=$nobody --regid=$nobody --clear-groups "$@"; }
export -f changed ordinary
export work nobody

# all WHO FUSE PATTERN [HOW]: the tests that match, with that /dev/fuse, by "ordinary" users
all() {
	export who=$1 fuse=$2 how=${4:-env}
	grep -E -- "$3" <<<"$tests" | grep -vE -- "$same_for_all" | xargs -P $jobs -I{} bash -c '
		changed bash -c "$how bash -c \"one {}\"" | shown "$who" {}'
}

skipped() { echo "SKIP: $1: $2"; }
mkdir "$work/dev" "$work/tmp" && chmod 1777 "$work/tmp" || exit 1
export TMPDIR=$work/tmp
if [ "$(id -u)" -ne 0 ]; then
	skipped "another user, another /dev/fuse" "this is not root"
elif ! fuse="600 255" changed true 2>/dev/null; then
	skipped "another user, another /dev/fuse" "mount namespaces or device nodes are not allowed here"
else
	all "root, no FUSE" "600 255" "$with_fuse"
	all "user, /dev/fuse 0600" "600 229" . ordinary
	if [ ! -e /dev/fuse ]; then
		skipped "user, /dev/fuse 0666" "there is no /dev/fuse"
	else
		all "user, /dev/fuse 0666" "666 229" "$with_fuse" ordinary
	fi
fi
