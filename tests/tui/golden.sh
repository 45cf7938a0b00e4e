#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# golden.sh - every screen over the fake core, held against tests/golden/tui
#
# A screen joins by a file of keys in tests/tui/keys (see tui/script.h), whose first line
# is "# scenario WORDS" for tests/tui/fake_core.c, and where the program ends with another
# exit status than 0 the second "# status N". Each is played in
#   {80x24, 80x25, 60x20, 132x43} x {C, C.UTF-8} x {linux, vt100} x {colours, none}
# and the eight dumps of one size are folded into one file, where what is the same in all
# of them is there once (fold.awk).
#
#   LM_UPDATE=1 golden.sh       writes them anew: then look at the difference in git
#   LM_ONLY='dash-*' golden.sh  these scripts only; LM_SIZES='80x24 60x20' these sizes only
src=${LM_SRC:-.}
bin=${LM_BUILD:-.}/tests/tui/tui_fake
golden=$src/tests/golden/tui
# With sanitizers it is their findings that count, and one size has them all.
[ -z "$LM_SANITIZED" ] || LM_SIZES=${LM_SIZES:-80x24}
sizes=${LM_SIZES:-80x24 80x25 60x20 132x43}

# one NAME SIZE DIR: plays and folds; DIR/NAME.SIZE is the result, and .said what went wrong
one()
{
	name=$1 size=$2 out=$3
	keys=$src/tests/tui/keys/$name.keys
	scenario=$(sed -n '1s/^# scenario //p' "$keys")
	status=$(sed -n '2s/^# status //p' "$keys")
	dir=$out/$name.$size.d
	mkdir "$dir" || return
	for locale in C C.UTF-8; do
		for term in linux vt100; do
			for look in color none; do
				dump=$dir/$locale.$term.$look
				no=
				[ $look = color ] || no=1
				COLUMNS=${size%x*} LINES=${size#*x} LC_ALL=$locale TERM=$term NO_COLOR=$no \
					timeout 60 "$bin" --script "$keys" --dump "$dump" "$scenario" \
					2>"$dir/err"
				rc=$?
				[ $rc = ${status:-0} ] && continue
				echo "$locale $term $look: exit status $rc" >>"$out/$name.$size.said"
				grep -A 60 '^== IN VAIN' "$dump" >>"$out/$name.$size.said"
				cat "$dir/err" >>"$out/$name.$size.said"
			done
		done
	done
	awk -f "$src/tests/tui/fold.awk" "$dir"/C.linux.* "$dir"/C.vt100.* "$dir"/C.UTF-8.* \
		>"$out/$name.$size"
	rm -r "$dir"
}
if [ "$1" = --one ]; then
	one "$2" "$3" "$4"
	exit
fi

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset NO_COLOR ESCDELAY LANGUAGE LANG
export TZ=UTC LM_SRC="$src" LM_BUILD="${LM_BUILD:-.}"
for keys in "$src"/tests/tui/keys/${LM_ONLY:-*}.keys; do
	keys=${keys##*/}
	for size in $sizes; do
		echo "${keys%.keys} $size $tmp"
	done
done >"$tmp/list"
xargs -n 3 -P 2 sh "$0" --one <"$tmp/list"

n=0
while read -r name size _; do
	n=$((n + 1))
	new=$tmp/$name.$size
	[ -z "$LM_UPDATE" ] || [ -s "$new.said" ] || cp "$new" "$golden/$name.$size"
	# That they look right is shown without sanitizers: those are slow enough for what comes by
	# itself (a stick that goes away, a report) to come at another moment.
	if [ ! -s "$new.said" ] &&
		{ diff -u "$golden/$name.$size" "$new" >"$tmp/diff" || [ -n "$LM_SANITIZED" ]; }; then
		echo "ok $n - $name.$size"
	else
		echo "not ok $n - $name.$size"
		cat "$new.said" "$tmp/diff" 2>/dev/null | head -n 200 | sed 's/^/# /'
	fi
done <"$tmp/list"
# What is left of screens that are no more would be looked at by nobody.
if [ -z "$LM_ONLY$LM_SIZES" ]; then
	n=$((n + 1))
	left=
	for file in "$golden"/*; do
		[ -e "$tmp/${file##*/}" ] && continue
		[ -z "$LM_UPDATE" ] || rm "$file"
		left="$left ${file##*/}"
	done
	[ -z "$left" ] || [ -n "$LM_UPDATE" ] && echo "ok $n - no golden file without its script" ||
		echo "not ok $n - golden files without a script:$left"
fi
echo "1..$n"
