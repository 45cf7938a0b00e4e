#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# e2e.sh - manners on a real terminal (tmux), over the fake core
bin=$(cd "${LM_BUILD:-.}" && pwd)/tests/tui/tui_fake
command -v tmux >/dev/null || { echo "1..0 # SKIP no tmux"; exit 0; }
tmp=$(mktemp -d) || exit 99
export TMUX_TMPDIR="$tmp" # servers of its own, one a start
server=0
tm="tmux -L s$server -f /dev/null"
trap '$tm kill-server 2>/dev/null; rm -rf "$tmp"' EXIT
unset NO_COLOR ESCDELAY LANGUAGE LANG TMUX
export LC_ALL=C.UTF-8
n=0

# until_ok SECONDS COMMAND...: polls
until_ok()
{
	left=$(($1 * 20)); shift
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.05
	done
}
shows() { $tm capture-pane -p 2>/dev/null | grep -qF -- "$1"; }
has_file() { [ -s "$tmp/$1" ]; }
gone() { ! kill -0 "$1" 2>/dev/null; }
result()
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		$tm capture-pane -p 2>/dev/null | sed 's/^/# /'
		cat "$tmp/status" "$tmp/err" 2>/dev/null | sed 's/^/# /'
	fi
}
# start SCENARIO: a shell that runs the program and notes what it leaves behind
start()
{
	$tm kill-server 2>/dev/null
	server=$((server + 1))
	tm="tmux -L s$server -f /dev/null"
	rm -f "$tmp/before" "$tmp/after" "$tmp/status" "$tmp/pid" "$tmp/err"
	cat >"$tmp/run" <<END
stty -g >$tmp/before
sh -c 'echo \$\$ >$tmp/pid; exec $bin $1' 2>$tmp/err
echo \$? >$tmp/status
stty -g >$tmp/after
echo back at the shell
exec cat
END
	$tm new-session -d -x 80 -y 24 "sh $tmp/run"
	until_ok 10 shows "What you can do"
}
ended() { until_ok 5 has_file after && cmp -s "$tmp/before" "$tmp/after" && [ "$(cat "$tmp/status")" = "$1" ]; }
cursor_row() { $tm display -p '#{cursor_y}'; }
follows() { [ "$(cursor_row)" = $(($($tm capture-pane -p | grep -nF -- "$1" | head -1 | cut -d: -f1) - 1)) ]; }

start watch; result $? 'it opens'
$tm send-keys Down; until_ok 5 follows '> c  Compact'; result $? 'the cursor is where the selection is'
$tm send-keys Tab; $tm send-keys Tab; $tm send-keys Down; until_ok 5 follows '> First wall'; result $? 'and goes with it'
$tm send-keys q; ended 0; result $? 'q leaves, the terminal is as it was'

start watch; kill -TERM "$(cat "$tmp/pid")"; ended 143; result $? 'SIGTERM gives the terminal back'

start watch; $tm send-keys F1; until_ok 5 shows 'Help:'; result $? 'F1 explains'
$tm send-keys Escape; until_ok 5 shows 'What you can do'; result $? 'Esc goes back'
$tm send-keys Escape 4; until_ok 5 shows 'Messages of this session'; result $? 'Esc 4 is F4'

start watch:slow
$tm send-keys m; until_ok 5 shows '[1 How]'; until_ok 5 shows yes; $tm send-keys Enter; until_ok 5 shows '[2 What]'
for page in 3 4 5 6; do $tm send-keys End; $tm send-keys Enter; until_ok 5 shows "[$page "; done
$tm send-keys y; until_ok 5 shows 'so far'; result $? 'work begins'
for size in 60x17 30x8 132x43 80x24; do $tm resize-window -x ${size%x*} -y ${size#*x}; done
until_ok 5 shows 'so far'; result $? 'resized while at work'
until_ok 20 shows 'DONE'; result $? 'and it comes to its end'
$tm send-keys Enter; until_ok 5 shows 'What you can do'; $tm send-keys q; ended 0; result $? 'and leaves'

start watch:hold=2
$tm send-keys m; until_ok 5 shows '[1 How]'; until_ok 5 shows yes; $tm send-keys Enter; until_ok 5 shows '[2 What]'
for page in 3 4 5 6; do $tm send-keys End; $tm send-keys Enter; until_ok 5 shows "[$page "; done
$tm send-keys y; until_ok 5 shows 'block 2'
kill -TERM "$(cat "$tmp/pid")"; ended 143; result $? 'SIGTERM at work: cancelled, terminal given back'

start watch; pid=$(cat "$tmp/pid")
$tm kill-server; until_ok 3 gone "$pid"; result $? 'the terminal vanishes: it ends at once'

start watch:hang 2>/dev/null; until_ok 5 shows 'Opening the stick'
$tm send-keys q; until_ok 5 has_file after && cmp -s "$tmp/before" "$tmp/after"
result $? 'a stick that never answers does not hold the screen'

start watch; $tm send-keys C-z; until_ok 3 shows 'What you can do'; kill -CONT "$(cat "$tmp/pid")"
$tm send-keys q; ended 0; result $? 'Ctrl-Z and on again'
echo "1..$n"
