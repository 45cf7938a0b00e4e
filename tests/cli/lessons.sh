#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# lessons.sh - each lesson in line mode from its beginning to its end, by a user without rights
#
# Answers come from the JSON of the same stick. What is not done is tried first: "not yet".
. "${LM_SRC:?}/tests/cli/tap.sh"
program=${LM_BUILD:?}/livemend
jsonget=$LM_BUILD/tests/cli/jsonget
trap 'rm -rf "$work"' EXIT
unset LIVEMEND_DEBUG
as=
if [ "$(id -u)" = 0 ]; then
	chown 65534:65534 "$work"
	chmod 755 "$work"
	as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	# Nobody need be able to look into the folder where it was built.
	cp "$program" "$work/livemend"
	program=$work/livemend
fi
export HOME="$work" TMPDIR="$work"

s=
lesson() {
	s=$work/$1
	timeout 120 $as "$program" practice --yes --lesson "$1" "$s" </dev/null >"$out" 2>"$err"
}
# say LINE...: the lesson is gone on with, by these lines
say() {
	printf '%s\n' "$@" | timeout 120 $as "$program" practice --plain "$s" >"$out" 2>"$err" && empty "$err"
}
of() {
	of_what=$1
	shift
	$as "$program" "$of_what" --json "$s" 2>/dev/null | "$jsonget" "$@"
}
sectors() { echo "$(($(of status overlays 0 "$1") / 2)) KiB"; }
bytes() { echo "$(($(of "$@") / 1024)) KiB"; }
percent() { of status overlays 0 used_percent | cut -d. -f1; }
# step N NAME: that one is asked for at the end of the output
at() { tail -n 60 "$out" | grep -qF "Step $1 of " || { echo "# not at step $1"; return 1; }; }
over() { has "$out" "The lesson is over"; }
# answers ANSWER: a wrong one, none, then this one
answers() { say 98765 "" what h "$1" && has "$out" "Not yet" && has "$out" "Hint: " && hasnt "$out" "Error:"; }
# works: checks what is not done, then does it
works() { say 2 1 && has "$out" "Not yet" && hasnt "$out" "Error:"; }
# plans WORD: the same with a plan; first it is left, then carried out
plans() { say 2 1 q 1 "" "" "" "" "$1" && has "$out" "Not yet" && has "$out" "Left: nothing was begun."; }

lesson overlay && answers "$(percent)" && at 2 && works && at 3 && works && at 4 && answers "$(sectors dead_sectors)" && over
ok "overlay"

lesson gauges && answers "$(percent)" && at 2 &&
	answers "$((($(of status overlays 0 total_sectors) - $(of status overlays 0 allocated_sectors)) / 2)) KiB" && at 3 &&
	answers "$(bytes status root free_bytes)" && at 4 && answers overlay && at 5 &&
	answers "$(sectors dead_sectors)" && over
ok "gauges"

lesson merge && answers "$(bytes usage merge_frees_bytes)" && at 2 && plans merge && at 3 && answers "$(percent)" &&
	at 4 && works && over
ok "merge"

lesson compact && answers "$(sectors dead_sectors)" && at 2 && plans y && at 3 &&
	answers "$(percent)" && over
ok "compact"

lesson sizes && answers 8159 && at 2 && say 250 260 && has "$out" "Not yet" && answers "256 MiB" && at 3 &&
	answers 4095 && at 4 && answers "32 KiB" && at 5 && plans y && over
ok "sizes"

lesson home && answers home && at 2 && works && at 3 && works && at 4 && works && at 5 && works &&
	at 6 && plans y && over
ok "home"

lesson merge-again 2>/dev/null
[ ! -d "$work/merge-again" ]
ok "there is no such lesson"

for name in overflow invalid; do
	word=full
	[ $name = overflow ] || word=invalid
	second=0
	lesson $name
	[ $name = invalid ] || second=$(bytes status root free_bytes)
	answers $word && at 2 && answers "$second" && at 3 && plans y && at 4 && works && over
	ok "$name"
done
tap_end
