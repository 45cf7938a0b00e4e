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
wait [1 What]
key End Enter
wait [2 Commands]
key End Enter
wait [3 Room]
key End Enter
wait [4 Safety]
key End Enter
wait [5 Start]'

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
wait [4 Safety]
END

check 'Back at every page, to the dashboard' watch <<END
$to_confirm
key Esc
wait [4 Safety]
key Left
wait [3 Room]
key b
wait [2 Commands]
key Backspace
wait [1 What]
key Left
wait What you can do
END

for page in 1 2 3 4; do
check "Esc on page $page leaves, nothing started" watch <<END
$(echo "$to_confirm" | awk -v p=$page '{ print } $0 ~ "^wait \\[" p { exit }')
key Esc
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
key End Enter Enter Enter Enter
wait cannot be carried out
END

check 'no plan at all' watch:noplan <<END
wait First
key m
wait Reading the overlay failed
wait ddrescue
key Esc
wait What you can do
END

check 'a work folder' watch <<END
wait First
key m
wait [1 What]
key w
wait Work folder
type /mnt/disk
wait /mnt/disk
key Enter
wait [1 What]
END

check 'the cursor follows the selection' watch <<END
wait First
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
at Merge the overlay
key Down Down
at What eats
key Tab
at sdb1
key Down
at squashfs.img
key End
at home.img
key S-Tab
at What eats
END

check 'help is about what has the focus, and nested help comes back' watch <<END
wait First
key Down F1
wait Help:
key F1
wait Help: Keys
key End
wait Glossary
key Esc
wait First
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
wait WATCH
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
wait What can be done here
key Down Down
at Show what eats
key Enter
wait A merge would free
END
echo "1..$n"
