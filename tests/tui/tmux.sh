# SPDX-License-Identifier: GPL-3.0-or-later
# tmux.sh - a real terminal for the program over the fake core. Sourced.
#
#   start SCENARIO       in a shell that notes what it leaves behind; waits for the dashboard
#                        LM_TERM, LM_LOCALE, LM_ENV (assignments), LM_BEFORE (a command) apply
#   keys KEY...          as tmux names them
#   shows TEXT           does the screen show it?
#   until_ok S COMMAND   polls for at most S seconds
#   ended STATUS         it has ended with that, and the terminal's modes are as before
#   follows TEXT         the hardware cursor is in the first row with the text
#   result STATUS NAME   one line of TAP
command -v tmux >/dev/null || {
	[ -z "$CI" ] || { echo "not ok 1 - there is no tmux"; exit 1; }
	echo "1..0 # SKIP no tmux"
	exit 0
}
bin=$(cd "${LM_BUILD:-.}" && pwd)/tests/tui/tui_fake
tmp=$(mktemp -d) || exit 99
export TMUX_TMPDIR="$tmp" # servers of its own, one a start
server=0
tm="tmux -L s$server -f /dev/null"
trap '$tm kill-server 2>/dev/null; rm -rf "$tmp"' EXIT
unset NO_COLOR COLORFGBG ESCDELAY LANGUAGE LANG TMUX LINES COLUMNS
export SHELL=/bin/sh # that of some users lets nobody in
export LC_ALL=C.UTF-8
n=0

until_ok()
{
	left=$(($1 * 20)); shift
	until "$@"; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.05
	done
}
screen() { $tm capture-pane -p 2>/dev/null; }
shows() { screen | grep -qF -- "$1"; }
lacks() { ! shows "$1"; }
keys() { $tm send-keys "$@"; }
has_file() { [ -s "$tmp/$1" ]; }
pid() { cat "$tmp/pid"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
result()
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		screen | sed 's/^/# /'
		cat "$tmp/status" "$tmp/err" 2>/dev/null | sed 's/^/# /'
	fi
}
new_server()
{
	$tm kill-server 2>/dev/null
	server=$((server + 1))
	tm="tmux -L s$server -f /dev/null"
	rm -f "$tmp"/before "$tmp"/after "$tmp"/status "$tmp"/pid "$tmp"/err
}
launch()
{
	new_server
	cat >"$tmp/run" <<END
${LM_BEFORE:-:}
stty -g >$tmp/before
export LC_ALL=${LM_LOCALE:-C.UTF-8}
${LM_TERM+TERM=$LM_TERM}
sh -c 'echo \$\$ >$tmp/pid; exec env ${LM_ENV:-A=} $bin $1' 2>$tmp/err
echo \$? >$tmp/status
stty -g >$tmp/after
echo back at the shell
exec cat
END
	$tm new-session -d -x "${2:-80}" -y "${3:-24}" "sh $tmp/run"
}
start()
{
	launch "$@"
	until_ok 15 shows "What you can do" && until_ok 15 lacks "Opening the stick"
}
ended()
{
	until_ok 10 has_file after && cmp "$tmp/before" "$tmp/after" >>"$tmp/err" &&
		[ "$(cat "$tmp/status")" = "$1" ] && until_ok 5 shows "back at the shell"
}
cursor_row() { $tm display -p '#{cursor_y}'; }
follows() { [ "$(cursor_row)" = $(($(screen | grep -nF -- "$1" | head -n 1 | cut -d: -f1) - 1)) ]; }
# The pages of a merge from the dashboard on, and its work.
wizard() { keys m; until_ok 10 shows '[1 How]' && until_ok 10 shows yes; }
work()
{
	wizard || return
	keys Enter
	until_ok 10 shows '[2 What]' || return
	for page in 3 4 5 6; do
		keys End
		keys Enter
		until_ok 10 shows "[$page " || return
	done
	keys y
	until_ok 10 shows ' now '
}
