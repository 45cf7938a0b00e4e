#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# jobs.sh - plans, questions, cancels, exit statuses and lost output, on fake sticks
. "${LM_SRC:?}/tests/cli/tap.sh"
program=${LM_BUILD:?}/tests/cli/livemend-fake
trap 'rm -rf "$work"' EXIT
export LM_FAKE_MARK="$work/mark" LM_FAKE_DONE="$work/done"
unset LIVEMEND_DEBUG
esc=$(printf '\033')

# On a terminal: script(1) makes one. What is typed comes from standard input.
on_terminal() {
	tap_want=$1
	shift
	SHELL=/bin/sh TERM=linux timeout 60 script -qec "$program $*" /dev/null >"$out" 2>"$err"
	tap_got=$?
	[ "$tap_got" -eq "$tap_want" ] || { echo "# exit status $tap_got, not $tap_want: $*"; return 1; }
}

# --- looking
run 0 status /good && has "$out" "LiveOS/overlay-LIVE-1A2B-3C4D" && has "$out" "98272/196608 392" &&
	has "$out" "HEALTHY" && empty "$err"
ok "status shows the kernel's figures"
run 1 status /full && has "$out" "no room for one more chunk"
ok "status of a full overlay needs attention"
run 0 layout /good && has "$out" "squashfs.img" && has "$out" "rootfs.img"
ok "layout is a tree"
run 1 doctor /ill && has "$out" "another image" && has "$out" "Find the right image"
ok "doctor is ill"
run 0 doctor /good && has "$out" "All is well"
ok "doctor is well"
run 0 usage --depth 1 /good && has "$out" "var/" && hasnt "$out" "log/" && has "$out" "8.00 KiB"
ok "usage is cut at the depth"
run 0 --no-color --plain layout /good && ! LC_ALL=C grep -q '[^ -~]' "$out"
ok "plain is ASCII"

run 0 / && has "$out" "98272/196608" && has "$err" "livemend --help"
ok "without a terminal the status stands in for the full screen"
run 0 --plain / && has "$out" "98272/196608" && empty "$err"
ok "and so when asked"
on_terminal 0 / </dev/null && has "$out" "98272/196608"
ok "and so on a terminal that cannot"

# --- errors
run 3 status /none && empty "$out" && has "$err" "livemend: No live stick was found: ?[2Jevil" &&
	has "$err" "  there is none" && has "$err" "  Name a stick" && hasnt "$err" "$esc"
ok "an error has its four parts, and no escape sequence"
run 3 status --json /none && empty "$err" && has "$out" '"why": "there is none"' && hasnt "$out" "$esc"
ok "the same as JSON on standard output"
run 3 --engine kernel status /good && has "$err" "takes root"
ok "the kernel engine is refused in the words of the core"
run 1 watch --once /full && has "$out" "overlay: FULL or unusable (full)"
ok "watch --once of a full overlay needs attention"
run 0 watch --once /good && empty "$out" && empty "$err"
ok "watch --once is silent where all is well"
run 1 watch --once --at 10 --json /good && has "$out" '"wall": "overlay"' &&
	[ "$(grep -vc '^{.*}$' "$out")" -eq 0 ]
ok "watch --once --json"
run 3 watch /none && has "$err" "No live stick was found"
ok "watch without a stick"
run 2 status --nonsense && [ "$(wc -l <"$err")" -le 2 ] && empty "$out"
ok "wrong usage is a line"

# --- plans
run 0 merge --dry-run /good && has "$out" "Write the thing" && has "$out" '$ check --thing good' &&
	has "$out" "nothing was changed" && [ ! -e "$work/done" ]
ok "a dry run shows the plan and does nothing"
run 3 merge --dry-run /refuse && has "$err" "there is no room" && has "$out" "Write the thing"
ok "a plan that is refused says why"
run 3 merge --yes /refuse && has "$err" "Use --work" && [ ! -e "$work/done" ]
ok "a plan that is refused is not run"
run 3 merge /good && has "$err" "--yes" && [ ! -e "$work/done" ]
ok "without a terminal and --yes nothing is begun"
run 3 merge --json /good && has "$out" '"error"' && [ ! -e "$work/done" ]
ok "with --json and without --yes nothing is begun"
run 2 merge --yes && has "$err" "No live stick was found" && has "$err" "Name a stick" &&
	[ ! -e "$work/done" ]
ok "without a stick, and on no live system, it is said what to give"
export LM_FAKE_BOOTED=1
run 3 merge && has "$out" "No stick was named: this is the running system's own, Fake (good)." &&
	has "$err" "--yes" && [ ! -e "$work/done" ]
ok "without a stick the running system's is named, and nothing is begun without an answer"
run 0 merge --dry-run && has "$out" "the running system's own" && [ ! -e "$work/done" ]
ok "a dry run names it, too"
echo n | on_terminal 130 merge && has "$out" "No stick was named" && [ ! -e "$work/done" ]
ok "on a terminal it is asked about"
echo y | on_terminal 0 merge && [ -e "$work/done" ] && rm "$work/done"
ok "and done after a yes"
run 0 merge --yes && has "$out" "No stick was named" && [ -e "$work/done" ] && rm "$work/done"
ok "with --yes it is taken as meant"
run 0 merge --json --yes && hasnt "$out" "No stick was named" && rm "$work/done"
ok "JSON stays JSON"
run 0 merge --yes /good && hasnt "$out" "No stick was named" && rm "$work/done"
ok "what was named is not named again"
unset LM_FAKE_BOOTED
run 0 export "$work/x" /good && [ -e "$work/done" ] && rm "$work/done" && run 0 practice good &&
	[ -e "$work/done" ] && rm "$work/done"
ok "what only makes new files needs no agreement"
run 0 resume /nothing
ok "what writes nothing needs none"
rm -f "$work/done"
run 0 merge --yes /good && has "$out" "[2/2] Write the thing" && has "$out" "The thing is done." &&
	[ -e "$work/done" ]
ok "a plan is run"
rm -f "$work/done"
run 4 merge --yes /unchanged && has "$err" "Reading failed: /fake" && has "$err" "Try another stick" &&
	has "$out" "as it was before"
ok "a failure that changed nothing"
[ "$(cat "$out" "$err" | grep -c 'Try another stick')" -eq 1 ]
ok "help is given once"
run 5 merge --yes /resumable && has "$out" "livemend resume"
ok "a failure to be resumed"
run 0 merge --yes --json /good && has "$out" '"outcome": "done"' && has "$out" '"progress"' &&
	[ "$(grep -vc '^{.*}$' "$out")" -eq 0 ] && [ "$("$LM_BUILD/tests/cli/jsonget" result outcome <"$out")" = done ]
ok "JSON lines, the result last"
rm -f "$work/done"

# --- questions
run 0 merge --yes /ask && has "$out" "Shall it be repaired?"
ok "--yes answers a question with yes"
rm -f "$work/done"
printf 'y\n' | on_terminal 0 merge /good && has "$out" "The thing is done." && [ -e "$work/done" ]
ok "yes on a terminal"
rm -f "$work/done"
printf 'n\n' | on_terminal 130 merge /good && has "$out" "Nothing was changed" && [ ! -e "$work/done" ]
ok "no on a terminal"
printf '\n' | on_terminal 130 merge /good && [ ! -e "$work/done" ]
ok "Enter alone is no"
printf 'y\n' | on_terminal 130 reset /confirm && [ ! -e "$work/done" ]
ok "a yes is not the word"
printf 'reset\n' | on_terminal 0 reset /confirm && [ -e "$work/done" ]
ok "the word is"
rm -f "$work/done"
printf 'y\ny\n' | on_terminal 0 merge /ask && [ -e "$work/done" ]
ok "a question in the middle, yes"
rm -f "$work/done"
printf 'y\nn\n' | on_terminal 3 merge /ask && [ ! -e "$work/done" ]
ok "a question in the middle, no"
printf 'y\n' | on_terminal 0 merge --no-color /good && hasnt "$out" "$esc["
ok "no colours on a terminal when asked"
printf 'y\n' | NO_COLOR=1 on_terminal 0 merge /good && hasnt "$out" "$esc["
ok "no colours with NO_COLOR"
rm -f "$work/done"

# --- signals
for signal in INT TERM HUP; do
	rm -f "$work/mark"
	# Not by timeout(1), which would make the signal its own; nor in the background of a
	# shell without job control, which has SIGINT ignored.
	env --default-signal=INT "$program" merge --yes /slow >"$out" 2>"$err" </dev/null &
	pid=$!
	wait_for '[ -e "$work/mark" ]' && kill -$signal $pid
	wait $pid
	[ $? -eq 130 ] && has "$out" "as it was before" && [ ! -e "$work/done" ]
	ok "SIG$signal stops a job at a safe point"
done
rm -f "$work/mark"
env --default-signal=INT "$program" doctor /slow >"$out" 2>"$err" </dev/null &
pid=$!
wait_for '[ -e "$work/mark" ]' && kill -INT $pid
wait $pid
[ $? -eq 130 ] && empty "$out" && has "$err" "Stopped"
ok "SIGINT stops a long look"
rm -f "$work/mark"
( trap '' HUP; exec "$program" merge --yes /good ) >"$out" 2>"$err" </dev/null &
pid=$!
wait_for '[ -e "$work/mark" ]' && kill -HUP $pid
wait $pid
[ $? -eq 0 ] && [ -e "$work/done" ]
ok "nohup is respected"
rm -f "$work/done"

# --- output that goes nowhere
( "$program" merge --yes /good 2>"$err"; echo $? >"$work/status" ) | true
wait_for '[ -s "$work/status" ]' && [ "$(cat "$work/status")" -eq 0 ] && [ -e "$work/done" ]
ok "a reader that goes away does not end a job"
rm -f "$work/done"
if [ -w /dev/full ]; then
	"$program" merge --yes /good >/dev/full 2>"$err" </dev/null
	[ $? -eq 0 ] && [ -e "$work/done" ] && has "$err" "Writing the output failed"
	ok "a full disk under the output does not end a job"
	"$program" status --json /good >/dev/full 2>"$err" </dev/null
	[ $? -eq 4 ] && has "$err" "Writing the output failed"
	ok "lost output of a look is a failure"
else
	skip "output to a full disk" "no /dev/full"
fi
"$program" merge --yes /good >&- 2>&- <&-
[ $? -eq 0 ] && [ -e "$work/done" ]
ok "closed standard descriptors"

tap_end
