#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# golden.sh - screens over the fake core, held against tests/golden/tui
#
# LM_UPDATE=1 writes them anew: then look at the difference before committing it.
src=${LM_SRC:-.}
bin=${LM_BUILD:-.}/tests/tui/tui_fake
golden=$src/tests/golden/tui
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset NO_COLOR ESCDELAY LANGUAGE LANG
export TERM=linux TZ=UTC

# script, scenario
screens='dash-watch watch
dash-full full
dash-invalid invalid
dash-interrupted interrupted
dash-nooverlay nooverlay
dash-openerror openerror
wizard-watch watch
run-hold watch:hold=2
views-watch watch'

n=0
set -f
echo "$screens" | { while read -r script scenario; do
	for size in 80x24 60x20 132x43; do
		for locale in C C.UTF-8; do
			n=$((n + 1))
			name=$script.$size.$locale
			COLUMNS=${size%x*} LINES=${size#*x} LC_ALL=$locale timeout 30 "$bin" \
				--script "$src/tests/tui/keys/$script.keys" \
				--dump "$tmp/$name" "$scenario" 2>"$tmp/err"
			rc=$?
			[ -z "$LM_UPDATE" ] || cp "$tmp/$name" "$golden/$name"
			if [ $rc = 0 ] && diff -u "$golden/$name" "$tmp/$name" >"$tmp/diff"; then
				echo "ok $n - $name"
			else
				echo "not ok $n - $name"
				echo "# exit status $rc"
				sed 's/^/# /' "$tmp/err" "$tmp/diff"
			fi
		done
	done
done
echo "1..$n"; }
