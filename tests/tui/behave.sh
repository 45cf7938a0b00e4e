#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# behave.sh - what the wizard and the keys do, over the fake core
bin=${LM_BUILD:-.}/tests/tui/tui_fake
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset NO_COLOR ESCDELAY LANGUAGE LANG
export TERM=linux LC_ALL=C COLUMNS=80 LINES=24
n=0
to_confirm='wait First
key m
wait [1 How]
wait yes
key Enter
wait [2 What]
key End Enter
wait [3 Commands]
key End Enter
wait [4 Room]
key End Enter
wait [5 Safety]
key End Enter
wait [6 Start]'

# check NAME SCENARIO [STATUS] < script: the script goes through, exit status as given
check()
{
	n=$((n + 1))
	cat >"$tmp/keys"
	timeout 30 "$bin" --script "$tmp/keys" --dump "$tmp/dump" "$2" 2>"$tmp/err"
	rc=$?
	if [ $rc = "${3:-0}" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# exit status $rc"
		sed 's/^/# /' "$tmp/dump" "$tmp/err"
	fi
}

check 'merge to its end; the dashboard is read afresh' watch <<END
$to_confirm
key y
wait DONE
wait All changes are in the image
key F4
wait Messages of this session
key Esc
wait DONE
key Enter
wait empty
wait = dead 0 B
END

check 'No is the default: Enter on the last page starts nothing' watch <<END
$to_confirm
wait > [No, go back]
key Enter
wait [5 Safety]
END

check 'Back at every page, to the dashboard' watch <<END
$to_confirm
key Esc
wait [5 Safety]
key Left
wait [4 Room]
key b
wait [3 Commands]
key Backspace
wait [2 What]
key Esc
wait [1 How]
key Esc
wait What you can do
END

for page in 1 2 3 4 5; do
check "q on page $page leaves, nothing started" watch <<END
$(echo "$to_confirm" | awk -v p=$page '{ print } $0 ~ "^wait \\[" p { exit }')
key q
wait What you can do
END
done

for step in 1 2 3 4 5; do
check "failure in step $step is told, and what helps" watch:fail=$step $([ $step -gt 3 ] && echo 5) <<END
$to_confirm
key y
wait Writing failed
wait Try another port
wait $([ $step -gt 3 ] && echo 'STOPPED half-way' || echo 'FAILED: everything is as before')
key Enter
wait What you can do
END

check "cancel in step $step" watch:hold=$step <<END
$to_confirm
key y
wait block 2 of 4
at >
key c
wait Cancel?
wait > [No, go on]
key Enter
gone Cancel?
wait block 2 of 4
key c y
wait CANCELLED
key Enter
wait What you can do
END

check "a question in step $step: the default is no" watch:ask=$step <<END
$to_confirm
key y
wait e2fsck
wait > [No]
at [No]
key Enter
wait FAILED
END

check "a question in step $step: yes goes on" watch:ask=$step <<END
$to_confirm
key y
wait e2fsck
key Right
at [Yes]
key Enter
wait DONE
END
done

check 'a step that must not be interrupted: cancel is heard, and waits' watch:critical=4 <<END
$to_confirm
key y
wait must not be interrupted
key C-z
wait block 2 of 4
key c y
wait CANCELLED
END

check 'flushing is said' watch:flush=2 <<END
$to_confirm
key y
wait Flushing
key c y
wait CANCELLED
END

check 'the end of the program cancels the work first' watch:hold=2 <<END
$to_confirm
key y
wait block 2 of 4
lost
END

check 'a typed word: only the word starts' watch:word <<END
$to_confirm
wait type the word  forget
key Enter
wait nothing was started
type forge
key Enter
wait nothing was started
type t
key Enter
wait DONE
END

check 'a plan that is refused says why, and cannot be started' watch:refuse <<END
wait First
key m
wait There is no room
wait 400 MiB are free
key Enter
wait [2 What]
wait There is no room
key End Enter End Enter End Enter End Enter
wait cannot be carried out
END

check 'no plan at all' watch:noplan <<END
wait First
key m
wait Reading the overlay failed
wait ddrescue
key Enter
wait There is no plan
key Esc
wait [1 How]
key Esc
wait What you can do
END

check 'a work folder' watch <<END
wait First
key m
wait [1 How]
key Down
wait A work folder is needed
key w
wait Work folder
type /mnt/disk
wait /mnt/disk
key Enter
wait [1 How]
gone A work folder is needed
key Enter
wait [2 What]
key w
wait /mnt/disk
key Esc
wait [2 What]
END

check 'the cursor follows the selection' watch <<END
wait dead 98
at Merge into
key Tab Tab
at WATCH
key Down
at First wall
key Down
at Overlay
key Down
at Root fs
key j
at Inodes
key k
at Root fs
key Tab
at Merge into the image
key Down Down
at Grow
key Tab
at sdb1
key Down
at squashfs.img
key End
at home.img
key S-Tab
at Grow
END

check 'help is about what has the focus, and nested help comes back' watch <<END
wait First
key F1
wait Help: Merging
key F1
wait Help: Keys
key End
wait Esc 1 is F1
key a
wait all topics
key Down Enter
wait Help: The overlay
key n
wait Help: The first wall
key b
wait Help: The overlay
key Esc
wait all topics
key /
gone zzz
key Esc Esc
wait First
END

check 'a search in the help' watch <<END
wait First
key F1
wait Help:
key /
wait Search the help
key Enter
wait Type something first
type lost+found
key Enter
wait It stands nowhere
key Esc
wait Help:
key /
type SPARSE
key Enter
wait export
key Down
at export
key Enter
wait Help: Exporting
wait sparse
END

check 'the first frame does not wait for the stick' watch:slowopen <<END
wait Opening the stick
wait First
END

check 'a stick that does not open can be tried again, and another chosen' openerror <<END
wait This is no live stick
key F5
wait This is no live stick
key F2
wait RESCUE
key Down Enter
wait The overlay is 83 % full
END

check 'another stick by its path' healthy <<END
wait First
key s
wait RESCUE
key End
at Another
key Enter
wait Open a stick
key Backspace
type full
key Enter
wait FULL
END

check 'sticks appear and vanish in the list' watch:plug <<END
now F2
wait RESCUE
wait /dev/sdz1
wait HEALTHY
gone /dev/sdz1
END

check 'the stick that is open vanishes, and comes back' watch:vanish <<END
wait First
now u
wait The stick is gone
wait GONE
key Enter Esc
wait The stick is gone
key m
wait No stick is open
key Esc
wait WATCH
END

check 'a stick that does not answer: another one can be opened' watch:hang <<END
wait Opening the stick
wait has not answered
now F2
wait RESCUE
now Down Enter
wait The overlay is 83 % full
END

check 'everything is at hand on every screen' watch <<END
wait First
key u
wait var
key d
wait WARNING
key o
wait 2026-11-20
key t
wait squashfs.img
key F9
wait What can be done
wait Recover: make it usable (nothing to mend)
key r
wait nothing to recover
key Esc F9 c
wait Rewrite the overlay
key F9 s
wait RESCUE
key Esc
wait Rewrite the overlay
key F9 g
wait How large
key q
wait squashfs.img
END

check 'the doctor knows the key' watch <<END
wait First
key d
wait Key:
wait m  Merge
key Down
wait c  Compact
key Enter
wait Rewrite the overlay
key q
wait What helps
key D
wait WARNING
END

check 'the log is saved, and nothing is overwritten' watch <<END
wait First
key o
wait 2026-11-20
key w
wait Save the log
key C-u
type $tmp/saved.log
key Enter
wait Saved to
key w C-u
type $tmp/saved.log
key Enter
wait Not saved
wait Choose another name
END
n=$((n + 1))
if grep -q 'merge: done' "$tmp/saved.log"; then
	echo "ok $n - the saved log is the log"
else
	echo "not ok $n - the saved log is the log"
fi

check 'a size that is typed' watch <<END
wait First
key g
wait yes
key End
at Another size
key Enter
type much
key Enter
wait That is no size
key Enter
type 2.5G
key Enter
wait 2.50 GiB
at as typed
key Enter
wait [2 What]
key Esc
at as typed
key Up Up
wait On FAT a file holds at most 4 GiB
END

check 'what is in use is looked at again and again' watch:booted:growing <<END
wait 87%
key F1
wait Help:
key Esc
wait 89%
END

check 'any size' watch:hold=2 <<END
wait First
size 40x10
wait Overlay
size 39x9
wait Too small
size 20x3
wait Too small
size 200x60
wait What you can do
size 60x17
wait WATCH
$to_confirm
key y
wait block 2
size 30x5
wait Work goes on
size 60x17
wait block 2
END

check 'escape sequences in a label are harmless' watch:escapes <<END
wait LI?[31mVE
END

check 'a key that does nothing says so' watch <<END
wait First
key Z
wait This key does nothing here
END

check 'a command from the menu' watch <<END
wait First
key F9
wait What can be done
at Merge
key Down Down Down
at What eats
key Enter
wait A merge (m) would free
END
# Every wizard: to its end, back at every page, cancelled, failing.
for wizard in r:invalid:6 g:watch:6 c:watch:5 x:watch:5 i:interrupted:6; do
	key=${wizard%%:*} last=${wizard##*:}
	scenario=${wizard#*:} scenario=${scenario%:*}
	start="wait dead
key $key
$([ $last = 6 ] && echo 'wait yes
key Enter')
wait What]"
	go="$start
$(page=$((last - 3)); while [ $page -le $last ]; do echo "key End Enter
wait [$page "; page=$((page + 1)); done)"
	yes='key y'
	[ $key != x ] || yes='type forget
key Enter'
	[ $key != r ] || go=$(echo "$go" | sed 's/^wait dead$/wait INVALID/')
	check "$key: to its end" $scenario <<END
$go
$yes
wait DONE
key Enter
wait What you can do
END
	check "$key: back at every page" $scenario <<END
$go
key Esc
wait [$((last - 1)) Safety]
key Esc
wait Room]
key Esc
wait Commands]
key Esc
wait What]
key Esc
$([ $last = 6 ] && echo 'wait [1 How]
key Esc')
wait What you can do
END
	for step in 1 2 3 4 5; do
		check "$key: cancelled in step $step" $scenario:hold=$step <<END
$go
$yes
wait block 2 of 4
key c y
wait CANCELLED
key Enter
wait What you can do
END
		check "$key: failing in step $step" $scenario:fail=$step $([ $step -gt 3 ] && echo 5) <<END
$go
$yes
wait Writing failed
key Enter
wait What you can do
END
	done
done
echo "1..$n"
