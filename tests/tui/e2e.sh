#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# e2e.sh - keys, sizes and signals on a real terminal (tmux), over the fake core
. "${LM_SRC:-.}/tests/tui/tmux.sh"

start watch; result $? 'it opens'
keys Down; until_ok 10 follows '> c  Compact'; result $? 'the cursor is where the selection is'
keys Tab; keys Tab; keys Down; until_ok 10 follows '> First wall'; result $? 'and goes with it'
keys q; ended 0; result $? 'q leaves, the terminal is as it was'

start watch; keys F1; until_ok 10 shows 'Help:'; result $? 'F1 explains'
keys Escape; until_ok 10 shows 'What you can do'; result $? 'Esc goes back'
keys Escape 4; until_ok 10 shows 'Messages of this session'; result $? 'Esc 4 is F4'
keys q; until_ok 10 shows 'What you can do'
keys Escape; until_ok 10 shows 'This key does nothing'; keys 4; until_ok 10 shows 'Messages of this session'
result $? 'Esc and then, slowly, 4 is F4 as well'
keys q; until_ok 10 shows 'What you can do'; keys 4; until_ok 10 shows 'This key does nothing'
result $? '4 alone is not'
wizard; $tm send-keys -l "$(printf '\033[25;7~')"; until_ok 10 shows 'This key does nothing'; a=$?
shows '[1 How]' && [ $a = 0 ]; result $? 'an unknown key is not taken for Esc and letters'
$tm send-keys -l "$(printf '\033[11~')"; until_ok 10 shows 'Help:'; result $? "another terminal's F1 is F1"
$tm send-keys -l "$(printf '\033[[A')"; until_ok 10 shows 'Help: Keys'; result $? "and the console's"
keys C-l; until_ok 10 shows 'Help: Keys'; result $? 'Ctrl-L'

start watch:slow; work; result $? 'work begins'
for size in 60x17 30x8 132x43 1x1 80x24; do $tm resize-window -x ${size%x*} -y ${size#*x}; done
until_ok 10 shows 'so far'; result $? 'resized while at work'
until_ok 30 shows 'DONE'; result $? 'and it comes to its end'
keys Enter; until_ok 10 shows 'What you can do'; keys q; ended 0; result $? 'and leaves'

# The signal, what it is sent to, the status afterwards.
for sig in TERM:143 INT:130 QUIT:131 HUP:129; do
	start watch; kill -${sig%:*} "$(pid)"; ended ${sig#*:}
	result $? "SIG${sig%:*} gives the terminal back"
	start watch:hold=2; work; until_ok 10 shows 'block 2'; kill -${sig%:*} "$(pid)"; ended ${sig#*:}
	result $? "SIG${sig%:*} at work: cancelled, terminal given back"
done

start watch; at=$(pid); $tm kill-server; until_ok 5 gone "$at"; result $? 'the terminal vanishes: it ends at once'
start watch:slow; work; at=$(pid); $tm kill-server; until_ok 10 gone "$at"
result $? 'the terminal vanishes at work: it ends when that is safe'
start watch:critical=2; work; until_ok 10 shows 'block 2'; at=$(pid); $tm kill-server; until_ok 10 gone "$at"
result $? 'and in a step that must not be interrupted'

launch watch:hang; until_ok 10 shows 'Opening the stick'; keys q
until_ok 10 has_file after && cmp -s "$tmp/before" "$tmp/after"
result $? 'a stick that never answers does not hold the screen'

if [ -z "$LM_SANITIZED" ]; then
	for sig in SEGV:139 ABRT:134; do
		start watch; kill -${sig%:*} "$(pid)"; ended ${sig#*:}
		result $? "a crash (SIG${sig%:*}) gives the terminal back"
	done
fi

# Job control, with a shell that has it.
interactive()
{
	new_server
	$tm new-session -d -x 80 -y 24 "env PS1='READY ' sh -i"
	until_ok 10 shows 'READY'
	keys "stty -g >$tmp/before; TERM=${2:-screen}" Enter
	until_ok 10 has_file before
	keys "$1" Enter
	until_ok 10 shows 'What you can do'
}
at_the_shell()
{
	until_ok 10 shows 'topped' || return
	keys "clear; stty -g >$tmp/after" Enter
	until_ok 10 has_file after && cmp "$tmp/before" "$tmp/after"
}
for term in screen vt100; do
	interactive "$bin watch" $term; keys C-z; at_the_shell
	result $? "Ctrl-Z on $term: the shell has the terminal back"
	keys fg Enter; until_ok 10 shows 'What you can do' && keys F1 && until_ok 10 shows 'Help:'
	result $? 'fg: it goes on'
	keys C-z; until_ok 10 shows 'topped'; $tm resize-window -x 100 -y 30; keys fg Enter
	until_ok 10 shows 'Help:' && [ "$(screen | grep -n 'Esc Back' | cut -d: -f1)" = 30 ]
	result $? 'resized meanwhile'
done
interactive "sh -c '$bin watch; true'"; keys C-z; at_the_shell; result $? 'Ctrl-Z stops a script that waits for it, too'
keys fg Enter; until_ok 10 shows 'What you can do'; result $? 'and both go on'
keys q; until_ok 10 shows 'READY'
rm -f "$tmp/after"; keys "stty -g >$tmp/after" Enter; until_ok 10 has_file after && cmp -s "$tmp/before" "$tmp/after"
result $? 'and leave the terminal as it was'

start watch; keys C-z; keys F1; until_ok 10 shows 'Help:'; result $? 'Ctrl-Z without a shell to come back to: it goes on'
kill -STOP "$(pid)"; kill -CONT "$(pid)"; keys Escape; until_ok 10 shows 'What you can do'
keys q; ended 0; result $? 'stopped and continued from outside'
start watch:hold=2; work; until_ok 10 shows 'block 2'; keys C-z; until_ok 10 shows 'Not now'
result $? 'Ctrl-Z at work is refused'
echo "1..$n"
