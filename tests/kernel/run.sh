#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/kernel/run.sh [--list] [BUILD [PART]]: holds livemend against the device-mapper and the file systems
# of a real kernel, in User-Mode Linux guests; without root. BUILD is where the tree was built.
# PART is "direct" (what livemend reads and writes itself), "engine" (what it has the kernel do),
# "methods" (ways to merge, and the procedures by hand) or "space" (compact and grow), which can run
# side by side; without it, all. TAP; with --list, the names of the scripts only.
set -u
cd "$(dirname "$0")/../.." || exit 1
LM_SRC=$(pwd)
list=
if [ "${1:-}" = --list ]; then
	list=yes
	shift
fi
LM_BUILD=$(cd "${1:-${LM_BUILD:-.}}" && pwd) || exit 1
export LM_SRC LM_BUILD
# What the guests need, before the first of them.
lab()
{
	make -s -C "$LM_BUILD" kernel-lab >&2 || {
		echo "Bail out! the programs of the kernel lab cannot be built"
		exit 1
	}
	. "$LM_SRC/tests/lib/uml.sh"
	uml_need
	UML_WORK=$(mktemp -d "${TMPDIR:-/tmp}/livemend-kernel.XXXXXX") || exit 1
	trap 'uml_end; rm -rf "$UML_WORK"' EXIT
	trap 'exit 130' INT TERM HUP
	"$LM_SRC/tests/kernel/prepare.sh" "$UML_WORK/prepared" >&2 || {
		echo "Bail out! no root images"
		exit 1
	}
}

n=0 failed=0
# Passes on the guest's TAP lines, numbered anew.
tap()
{
	while IFS= read -r line; do
		case $line in
		"ok - "*) n=$((n + 1)); echo "ok $n - ${line#ok - }" ;;
		"not ok - "*) n=$((n + 1)) failed=1; echo "not ok $n - ${line#not ok - }" ;;
		*) echo "$line" ;;
		esac
	done
	echo "$n $failed" >"$UML_WORK/count"
}

# guest SCRIPT SECONDS: one guest; that it came to its end is a test, too.
guest()
{
	if [ -n "$list" ]; then
		echo "tests/kernel/$1"
		return
	fi
	{
		rc=0
		uml_run "tests/kernel/$1" "$2" || rc=$?
		[ "$rc" = 0 ] && echo "ok - $1 ended well" || echo "not ok - $1 ended with status $rc"
	} 2>&1 | tap
	read -r n failed <"$UML_WORK/count"
}

part=${2:-all}
case $part in
all | direct | engine | methods | space) ;;
*) echo "Bail out! no such part: $part"; exit 1 ;;
esac
[ -n "$list" ] || lab
case $part in
direct | all)
	guest lab.sh 60
	guest store.sh 120
	guest status.sh 180
	guest busy.sh 240
	guest merge.sh 240
	guest media.sh 120
	guest once.sh 180
	guest plainfs.sh 240
	guest image.sh 300
	guest powercut.sh 240
	;;
esac
case $part in
engine | all)
	guest engine.sh 210
	guest recover.sh 300
	guest recover-media.sh 180
	guest recover-super.sh 420
	;;
esac
case $part in
methods | all)
	guest methods.sh 900
	;;
esac
case $part in
space | all)
	guest compact.sh 420
	guest grow.sh 300
	;;
esac
[ -n "$list" ] || echo "1..$n"
exit "$failed"
