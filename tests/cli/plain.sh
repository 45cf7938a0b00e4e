#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# plain.sh - line mode: every screen and every wizard, forwards, back and left again
. "${LM_SRC:?}/tests/cli/tap.sh"
program=${LM_BUILD:?}/livemend
fake=$LM_BUILD/tests/cli/livemend-fake
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
export LM_FAKE_MARK="$work/mark" LM_FAKE_DONE="$work/done"
unset LIVEMEND_DEBUG
esc=$(printf '\033')
cr=$(printf '\r')

# says WANT PROGRAM STICK LINE...: the lines are typed, then the input ends
says() {
	tap_want=$1
	says_program=$2
	says_stick=$3
	shift 3
	printf '%s\n' "$@" | timeout 120 "$says_program" --plain "$says_stick" >"$out" 2>"$err"
	tap_got=$?
	[ "$tap_got" -eq "$tap_want" ] || { echo "# exit status $tap_got, not $tap_want: $*"; return 1; }
	# Nothing is overwritten or painted, and nothing but ASCII is needed.
	hasnt "$out" "$esc" && hasnt "$out" "$cr" && ! LC_ALL=C grep -q '[^ -~]' "$out"
}

# seen N TEXT: so many lines of the output have it
seen() {
	seen_n=$(grep -cF -e "$2" "$out")
	[ "$seen_n" -eq "$1" ] || { echo "# $seen_n times, not $1: $2"; return 1; }
}

# --- the list, and the end of the input
says 0 "$fake" /good 0 && has "$out" "Overlay: LiveOS/overlay-LIVE-1A2B-3C4D, state active" &&
	has "$out" "49 percent in use" && has "$out" "98272/196608 392" && has "$out" "What can be done:"
ok "the status in words, and what can be done"
timeout 60 "$fake" --plain /good </dev/null >"$out" 2>"$err" && seen 1 "What can be done:"
ok "the end of the input ends it"
timeout 60 "$fake" --plain /full </dev/null >"$out" 2>"$err"
[ $? -eq 1 ] && has "$out" "no room for one more chunk"
ok "and with nothing asked the status is the exit status"
says 0 "$fake" /good nonsense 99 -1 "" q && seen 3 "That is none of the choices." && seen 2 "What can be done:"
ok "what is no choice is said to be none"
for name in $("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	[ "$name" = watch ] || has "$out" " $name: " || false
	ok "every command is in the list: $name"
done
says 0 "$fake" /none status merge q && seen 3 "Because: there is none" && has "$out" "merge: not now"
ok "without a stick it says why not"

# --- the screens
says 0 "$fake" /good layout q && has "$out" "1.1.1  rootfs.img: image" && has "$out" "read-only"
ok "layout"
says 0 "$fake" /good usage 1 1 1 u u u q && has "$out" "In /: 4.00 KiB" && has "$out" "In /var: " &&
	has "$out" "There is nothing more in it." && has "$out" "Dead, of files deleted since: 4.00 KiB"
ok "usage is walked through, and left at its top"
says 0 "$fake" /ill doctor 1 9 "" q && has "$out" "ILL: overlay: It belongs to another image." &&
	has "$out" "It means: Files are destroyed." && has "$out" "What helps: Find the right image."
ok "doctor explains a finding"
says 0 "$fake" /good log s "$work/log" q && has "$work/log" "merge: done"
ok "the log is shown and saved"
says 0 "$fake" /good log s "$work/log" q && has "$out" "Writing it failed"
ok "but not over a file that is there"
says 0 "$fake" /good sticks 2 q && has "$out" "1  /good, LIVE" && has "$out" "no room for one more chunk"
ok "another stick is chosen"
says 0 "$fake" /good sticks /none q && has "$out" "Because: there is none"
ok "one that cannot be opened"
says 0 "$fake" /good help 1 s overlay s xyzzy q q && has "$out" "No topic speaks of it." &&
	has "$out" "Topics:"
ok "help: a topic, a search"
for topic in $("$program" --help | sed -n '/^Topics/,$p' | sed '1d;/^$/,$d'); do
	has "$out" "$(head -n 1 "$LM_SRC/help/$topic.txt")" || false
	ok "the topic $topic can be chosen"
done

# --- a wizard: forwards, back, left on every page
rm -f "$work/done"
says 0 "$fake" /good reset "" "" "" "" y q && has "$out" "Page 1 of 5: What" && has "$out" "Page 5 of 5: Start" &&
	has "$out" "[2/2] Write the thing" && has "$out" "The thing is done." && has "$out" '$ check --thing good' &&
	[ -e "$work/done" ]
ok "a plan is read and carried out"
rm -f "$work/done"
for lines in 1 2 3 4; do
	says 0 "$fake" /good reset $(i=1; while [ $i -lt $lines ]; do echo n; i=$((i + 1)); done) q q &&
		has "$out" "Left: nothing was begun." && [ ! -e "$work/done" ]
	ok "left on page $lines"
	says 0 "$fake" /good reset $(i=1; while [ $i -lt $lines ]; do echo n; i=$((i + 1)); done) b q q &&
		[ ! -e "$work/done" ] && { [ $lines = 1 ] || seen 2 "Page $((lines - 1)) of 5"; }
	ok "back from page $lines"
done
for answer in n "" no; do
	says 0 "$fake" /good reset "" "" "" "" "$answer" q && has "$out" "Left: nothing was begun." && [ ! -e "$work/done" ]
	ok "no agreement: '$answer'"
done
says 0 "$fake" /confirm reset "" "" "" "" y q && [ ! -e "$work/done" ]
ok "a yes is not the word"
says 0 "$fake" /confirm reset "" "" "" "" reset q && [ -e "$work/done" ]
ok "the word is"
rm -f "$work/done"
printf 'reset\n\n\n\n\n' | timeout 60 "$fake" --plain /good >"$out" 2>"$err" && [ ! -e "$work/done" ]
ok "the input ends before the agreement: nothing is begun"
says 0 "$fake" /refuse reset q && has "$out" "This cannot be done now." && has "$out" "Because: there is no room" &&
	has "$out" "What helps: Use --work"
ok "a plan that is refused says why"
says 0 "$fake" /ask reset "" "" "" "" y y q && has "$out" "Shall it be repaired?" && [ -e "$work/done" ]
ok "a question in the middle, yes"
rm -f "$work/done"
says 0 "$fake" /ask reset "" "" "" "" y n q && [ ! -e "$work/done" ]
ok "a question in the middle, no"
printf 'reset\n\n\n\n\ny\n' | timeout 60 "$fake" --plain /ask >"$out" 2>"$err" && [ ! -e "$work/done" ]
ok "a question in the middle, and the input at its end: no"
says 0 "$fake" /unchanged reset "" "" "" "" y q && has "$err" "Reading failed: /fake"
ok "a failure that changed nothing"
says 5 "$fake" /resumable reset "" "" "" "" y q && has "$out" "livemend resume"
ok "a failure to be resumed is the exit status"
says 0 "$fake" /good reset h q q && has "$out" "Reset"
ok "a wizard explains itself"

# --- every wizard: its questions, then forwards, back and left
for wizard in "export $work/x.img" "merge 1 -" "compact -" "grow 40M" "recover -" "reset" "resume 1"; do
	# A dash is Enter: what is usual.
	inputs() { printf '%s\n' $wizard | sed 's/^-$//'; }
	name=${wizard%% *}
	rm -f "$work/done"
	{ inputs; printf '\n\n\n\ny\nq\n'; } | timeout 60 "$fake" --plain /good >"$out" 2>"$err" &&
		has "$out" "Page 4 of 5: Safety" && has "$out" "The thing is done." && [ -e "$work/done" ]
	ok "$name: carried out"
	rm -f "$work/done"
	{ inputs; printf '\n\n\nb\nb\nb\nq\nq\n'; } | timeout 60 "$fake" --plain /good >"$out" 2>"$err" &&
		seen 2 "Page 1 of 5: What" && seen 2 "Page 3 of 5: Room" && has "$out" "Left: nothing was begun." && [ ! -e "$work/done" ]
	ok "$name: back to its first page, and left"
	{ inputs; printf '\n\n\n\nn\nq\n'; } | timeout 60 "$fake" --plain /good >"$out" 2>"$err" &&
		has "$out" "Page 5 of 5: Start" && [ ! -e "$work/done" ]
	ok "$name: not agreed to"
done
says 0 "$fake" /good grow lots 0 q && has "$out" "A size is asked for" && says 0 "$fake" /good grow q q
ok "grow: what is no size is asked for again"

# --- a cancel at a safe point
rm -f "$work/mark"
mkfifo "$work/keys"
"$fake" --plain /slow <"$work/keys" >"$out" 2>"$err" &
pid=$!
exec 4>"$work/keys"
printf 'reset\n\n\n\n\ny\n' >&4
wait_for '[ -e "$work/mark" ]' && kill -INT $pid && wait_for 'grep -q "^Stick:" "$out" && [ "$(grep -c ^Stick: "$out")" = 2 ]'
ok "Ctrl-C stops the work, and line mode goes on"
printf 'q\n' >&4
exec 4>&-
wait $pid
ok "and is left afterwards"

# --- a terminal that can do no more than lines
printf 'layout\nq\n' | SHELL=/bin/sh TERM=dumb timeout 60 script -qec "$program $LM_SRC" /dev/null >"$out" 2>&1 || :
has "$out" "line by line" && has "$out" "What can be done:" && has "$out" "not now, no stick is open" && hasnt "$out" "$esc"
ok "TERM=dumb: line mode by itself"

# --- inputs of the wizards
says 0 "$fake" /good export q q && has "$out" "Left: nothing was begun."
ok "export: left at the question for its file"
says 0 "$fake" /good merge 4 2 q q && has "$out" "That is none of the choices." && has "$out" "How to merge:"
ok "merge: a method is chosen, then left"
says 0 "$fake" /good merge "" "" q q && has "$out" "Page 1 of 5"
ok "merge: its plan"
says 0 "$fake" /good resume q && has "$out" "resume: not now, nothing was cut off"
ok "resume: nothing was cut off, says the list"
says 0 "$fake" /good resume 2 q q && has "$out" "Go back to the state before. Possible here."
ok "resume: to finish or to undo"
says 0 "$fake" /refuse merge q q && has "$out" "Not possible: The thing cannot be done. there is no room"
ok "merge: each way says whether it can be gone"

# --- a real stick
s=$work/stick
says 0 "$program" "$work" practice 12 "$s" "" "" "" "" y q && [ -d "$s/LiveOS" ] && has "$out" "The practice stick is ready." &&
	has "$out" "Overlay: LiveOS/overlay-PRACTICE"
ok "practice makes a stick and opens it"
before=$("$program" status --json "$s" | "$LM_BUILD/tests/cli/jsonget" overlays 0 allocated_sectors)
says 0 "$program" "$s" merge 1 "" "" "" "" "" merge q && has "$out" "state empty"
ok "a merge, from its list to its end"
after=$("$program" status --json "$s" | "$LM_BUILD/tests/cli/jsonget" overlays 0 allocated_sectors)
[ "$before" -gt 1000 ] && [ "$after" -lt 100 ]
ok "the overlay was emptied: $before, then $after sectors"
run 0 doctor "$s"
ok "the doctor finds it well"
says 0 "$program" "$s" log q && has "$out" "merge"
ok "its log knows"

# --- a full overlay brought back, with nothing but what is said to go by
f=$work/full
timeout 60 "$program" practice --yes --lesson overflow "$f" >/dev/null 2>&1 || :
says 0 "$program" "$f" q && has "$out" "state full" && has "$out" "What to do: "
ok "a full overlay is said to be full, and what helps"
says 0 "$program" "$f" recover "" "" "" "" "" y q && has "$out" "The overlay can be used again" && has "$out" "state active"
ok "recover brings it back"
run 0 doctor "$f"
ok "and the doctor agrees"
says 0 "$program" "$f" merge 1 "" "" "" "" "" merge q && has "$out" "state empty"
ok "then it can be merged"

# --- lessons
says 0 "$program" "$work" practice 1 "$work/lesson" "" "" "" "" y h l 999 50 29 30 31 32 33 34 35 36 37 q q &&
	has "$out" "Lesson: What an overlay is" && has "$out" "Hint: " && has "$out" "Not yet" && has "$out" "Right: "
ok "a lesson: a hint, a look, wrong answers, the right one"
printf '2\n3\n4\n0\n' | timeout 60 "$program" practice --plain "$work/lesson" >"$out" 2>"$err" &&
	has "$out" "Step 2 of 4" && has "$out" "Not yet" && has "$out" "Go on later"
ok "it is taken up where it was left, and not done is not done"
printf '1\n1\n' | timeout 60 "$program" practice --plain "$work/lesson" >"$out" 2>"$err" &&
	has "$out" "The film is there" && has "$out" "The film is gone" && has "$out" "Step 4 of 4"
ok "what was done is seen on the stick"
dead=$("$program" status --json "$work/lesson" | "$LM_BUILD/tests/cli/jsonget" overlays 0 dead_sectors)
printf '%s KiB\n' $((dead / 2)) | timeout 60 "$program" practice --plain "$work/lesson" >"$out" 2>"$err" &&
	has "$out" "The lesson is over"
ok "to its end"
run 0 practice --lesson gauges "$work/quiet" && has "$out" "livemend practice" && hasnt "$out" "Question:"
ok "without a terminal the stick is made, and no lesson begun"
run 0 practice --yes --lesson gauges "$work/quiet2" && [ -e "$work/quiet2/lesson.txt" ]
ok "nor with --yes"
tap_end
