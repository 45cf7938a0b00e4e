#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# lessons.sh - a lesson on the full screen of a real terminal (tmux), on a real practice stick,
# as a user without rights
. "${LM_SRC:-.}/tests/tui/tmux.sh"
program=$(cd "${LM_BUILD:-.}" && pwd)/livemend

figure() { LC_ALL=C "$program" status --json "$tmp/home/stick" | "${LM_BUILD:-.}/tests/cli/jsonget" overlays 0 "$1"; }

# Root need not, and must not be needed.
mkdir "$tmp/home"
as=
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$tmp"
	chown 65534:65534 "$tmp/home"
	as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	# Nobody need be able to look into the folder where it was built.
	cp "$program" "$tmp/livemend"
	program=$tmp/livemend
fi
begin()
{
	new_server
	cat >"$tmp/run" <<END
cd $tmp/home
$as $program practice --lesson $1 stick
echo "status \$?"
exec cat
END
	$tm new-session -d -x 80 -y 24 "sh $tmp/run"
}
begin overlay
until_ok 90 shows 'Step 1 of 4'; result $? 'practice --lesson makes the stick and begins'
keys n; until_ok 5 shows 'Hint: '; result $? 'a hint'
keys End Enter; until_ok 5 shows '> '; keys 9 9 Enter; until_ok 10 shows 'Not yet'; result $? 'a wrong answer'
keys Enter
percent=$(figure used_percent)
keys End Enter; until_ok 5 shows '> '; keys "${percent%%.*}" Enter; until_ok 10 shows 'Right'; result $? 'the right one'
keys Enter; until_ok 5 shows 'Step 2 of 4'; result $? 'the next step'
keys v; until_ok 10 shows 'Not yet'; result $? 'what is not done is not done'
keys Enter; keys End Enter; until_ok 20 shows 'The film is there'; result $? 'it is done, and seen on the stick'
keys Enter; until_ok 5 shows 'Step 3 of 4'; keys End Enter; until_ok 20 shows 'The film is gone'; result $? 'and undone'
keys Enter; until_ok 5 shows 'Step 4 of 4'
keys u; until_ok 20 shows 'What eats'; keys Escape; until_ok 5 shows 'Lesson:'; result $? 'a look at the stick on the way'
dead=$(figure dead_sectors)
keys End Enter; until_ok 5 shows '> '; keys "$((dead / 2)) KiB" Enter; until_ok 10 shows 'Right'; result $? 'the last answer'
keys Enter; until_ok 5 shows 'The lesson is over'; result $? 'the end of the lesson'
keys Escape; until_ok 5 shows 'What you can do'; keys q; until_ok 5 shows 'status 0'; result $? 'and of the program'

# With nothing but the screen to go by: a full overlay, and the wizard from the lesson and back.
rm -rf "$tmp/home/stick"
begin overflow
until_ok 90 shows 'Step 1 of 4'
keys End Enter; until_ok 5 shows '> '; keys full Enter; until_ok 10 shows 'Right'; keys Enter
until_ok 5 shows 'Step 2 of 4'
df=$(LC_ALL=C "$program" status --json "$tmp/home/stick" | "${LM_BUILD:-.}/tests/cli/jsonget" root free_bytes)
keys End Enter; until_ok 5 shows '> '; keys "$((df / 1048576)) MiB" Enter; until_ok 10 shows 'Right'; keys Enter
until_ok 5 shows 'Step 3 of 4'; result $? 'a full overlay, and what df says of it'
keys End Enter; until_ok 10 shows '[1 How]'; until_ok 20 shows yes; result $? 'Enter opens the wizard that recovers'
keys Enter; until_ok 10 shows '[2 What]'
for page in 3 4 5 6; do keys End; keys Enter; until_ok 5 shows "[$page "; done
keys y; until_ok 60 shows 'DONE'; result $? 'it recovers'
keys Enter; until_ok 20 shows 'Step 4 of 4'; result $? 'its end is the next step of the lesson'
keys Enter; keys End Enter; until_ok 20 shows 'it lies in the overlay'; keys Enter
until_ok 5 shows 'The lesson is over'; result $? 'and the stick takes changes again'
echo "1..$n"
