#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh BUILD [SHOTS]: livemend on a real text VT: a kernel in QEMU, the program on /dev/tty1
# with TERM=linux, keys from a real keyboard controller, the screen read from /dev/vcsa1.
# Pictures and texts of what was seen are left in SHOTS (build/check/vt).
set -u
build=$(cd "${1:?usage: run.sh BUILD [SHOTS]}" && pwd) || exit 1
cd "$(dirname "$0")/../.." || exit 1
mkdir -p "${2:-build/check/vt}" && shots=$(cd "${2:-build/check/vt}" && pwd) || exit 1
. tests/boot/lab.sh
. tests/vt/lab.sh
livemend=$build/livemend
n=0
ok() { # DESCRIPTION COMMAND...
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >"$lab/said" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		tail -n 60 "$lab/said" | sed 's/^/# /'
	fi
}

lab=$(mktemp -d)
trap 'vt_stop; rm -rf "$lab"' EXIT
if ! why=$(vt_need); then
	[ -n "${CI:-}" ] && { echo "not ok 1 - the VT lab: $why"; exit 1; }
	echo "ok 1 - the VT lab # SKIP $why"
	exit 0
fi
vt_need >/dev/null
rm -f "$shots"/*.png "$shots"/*.txt

make_disk() { # a FAT stick with a practice system on it
	rm -rf "$lab/stick" "$lab/disk"
	"$livemend" practice --yes "$lab/stick" >/dev/null &&
		truncate -s 128M "$lab/disk" &&
		mkfs.vfat -F 32 -n PRACTICE -i A07FC1E2 "$lab/disk" >/dev/null &&
		mcopy -s -i "$lab/disk" "$lab/stick"/* :: && cp --sparse=always "$lab/disk" "$lab/other"
}

# A screen that is whole: 25 rows of glyphs that the console font has, the key bar in the
# last one, the cursor on the line in focus.
whole() { # NAME of the shot
	local screen=$shots/$1.txt row
	cat "$screen"
	! grep -q '#?' "$screen" || { echo "a glyph that the console lacks"; return 1; }
	sed -n 25p "$screen" | grep -qE '(F1 |Enter |Esc )' || { echo "no key bar in row 25"; return 1; }
}

focus() { # NAME PATTERN: the row with the cursor matches it
	local row
	row=$(sed -n 's/^cursor \([0-9]*\),.*/\1/p' "$shots/$1.txt")
	sed -n "$((row + 1))p" "$shots/$1.txt" | grep -q -- "$2" ||
		{ cat "$shots/$1.txt"; echo "the cursor is in row $row"; return 1; }
}

looks() { # NAME PATTERN: the lines of looks match, or with a ! before it do not
	case $2 in
	!*) ! sed -n '/^cursor/,$p' "$shots/$1.txt" | grep -E '^ ?[0-9]+ ' | sed 's/^...//' | grep -q -- "${2#!}" ;;
	*) sed -n '/^cursor/,$p' "$shots/$1.txt" | grep -E '^ ?[0-9]+ ' | sed 's/^...//' | grep -q -- "$2" ;;
	esac || { cat "$shots/$1.txt"; return 1; }
}

start() { # LANG ARGS...: the program, until its dashboard stands
	vt_do "program $*" && vt_wait 30 "What you can do" && vt_wait 30 "First wall"
}

left() { # STATUS: the program has ended with it, the terminal is as it was
	local until=$((SECONDS + 20))
	until [ -n "$(vt_do 'cat /lab/after 2>/dev/null')" ]; do
		[ $SECONDS -lt $until ] || { echo "it has not ended"; cat "$lab/screen"; return 1; }
	done
	vt_do 'cat /lab/left /lab/err'
	[ "$(vt_do 'cat /lab/left')" = "$1" ] && vt_do 'cat /lab/before /lab/after; cmp /lab/before /lab/after'
}

# seen NAME SECONDS TEXT [KEY...]: presses the keys; the text comes up; keeps the picture
seen() {
	local name=$1 seconds=$2 text=$3
	shift 3
	vt_key "$@"
	vt_wait "$seconds" "$text" && vt_shot "$name" && whole "$name"
}

wizard_to_its_end() { # from page 1 to the last one, each read to its end
	local page
	vt_key ret
	vt_wait 10 "\\[2 What" || return
	for page in 3 4 5 6; do
		vt_key end ret
		vt_wait 10 "\\[$page " || return
	done
}

agree() { # on the last page: y, or the word that it asks for
	local word
	vt_screen
	word=$(sed -n 's/.*type the word  *\([a-z]*\) .*/\1/p' "$lab/screen")
	vt_key $(sed 's/./& /g' <<<"${word:-y}") ${word:+ret}
}

foreground() {
	local until=$((SECONDS + 10))
	until [ "$(vt_do 'cat /sys/class/tty/tty0/active')" = "$1" ]; do
		[ $SECONDS -lt $until ] || return 1
	done
}

# A message of the kernel, printed over the screen.
kernel_message() {
	vt_do 'dmesg -n 7; echo "<3>usb 1-1: a message of the kernel" >/dev/kmsg'
}
repaired() { # NAME: the screen is again as it was in that shot
	local until=$((SECONDS + 15))
	until vt_screen && diff "$shots/$1.txt" "$lab/screen"; do
		[ $SECONDS -lt $until ] || return 1
	done
}

ok "a stick and a machine are made" eval 'make_disk && vt_initramfs "$livemend"'
ok "the machine starts" vt_start 240 "$lab/disk" "$lab/other"
ok "livemend opens on tty1" start C.UTF-8 /dev/vda
ok "the dashboard" seen dashboard 10 "First wall" down down
ok "the cursor is on the selection" focus dashboard '^>'
ok "lines are drawn as lines" eval 'vt_shows "────"'
ok "colours are the console's" looks dashboard '[gcmr]'
ok "usage" seen usage 20 "A merge (m) would free" u
ok "the cursor is on the selection" focus usage '>'
ok "Esc goes back" seen back 10 "What you can do" esc
ok "F1 of a real keyboard is help" seen help 10 "Help:" f1
ok "Esc and the digit 4 is F4" eval 'vt_key esc && vt_wait 10 "What you can do" && vt_key esc 4 &&
	vt_wait 10 "Log" && vt_key esc && vt_wait 10 "What you can do"'
ok "another VT and back: the picture is the same" eval 'vt_shot before && vt_do : ">" /dev/tty2 && vt_key alt-f2 &&
	foreground tty2 && vt_key alt-f1 && foreground tty1 && repaired before'
ok "Ctrl-L mends what was written over it" eval 'vt_do "printf \"\033[5;1Hrubbish\" >/dev/tty1" &&
	vt_shows rubbish && vt_key ctrl-l && repaired before'
ok "the kernel writes its messages over the screen" eval 'vt_do "kill -STOP \$(pidof livemend)" &&
	kernel_message && vt_wait 10 "of the kernel"'
ok "stopped and continued, it is mended" eval 'vt_do "kill -CONT \$(pidof livemend)" && repaired before'
ok "a message of the kernel does not stay on the screen" eval 'kernel_message && repaired before'
vt_do 'dmesg -n 1'
ok "Ctrl-Z where there is no shell to come back to does not stop it" eval 'vt_key ctrl-z &&
	vt_key f1 && vt_wait 10 Help: && vt_key esc && vt_wait 10 "What you can do"'
ok "merge: the wizard" seen wizard 30 "yes" m
ok "its pages" wizard_to_its_end
ok "the last page: what must be typed, or No, has the cursor" eval 'vt_shot agree && whole agree &&
	focus agree "^>"'
agree
ok "merge: progress" seen progress 60 "Step [3-7]/7.* [2-9][0-9]%"
ok "merge: the end" seen end 120 "DONE"
ok "and back" seen merged 20 "What you can do" ret
ok "F10 leaves, the terminal is as it was" eval 'vt_key f10; left 0'
ok "on LANG=C" start C /dev/vda
ok "lines are drawn in ASCII" eval 'vt_shot ascii && whole ascii && grep -q "^------" "$shots/ascii.txt" &&
	! grep -q "q" <(sed -n 2p "$shots/ascii.txt")'
ok "SIGTERM gives the terminal back" eval 'vt_do "kill -TERM \$(pidof livemend)"; left 143'
ok "without colour" eval 'vt_do "LM_WITH=NO_COLOR=1 program C.UTF-8 /dev/vda"; vt_wait 20 "First wall" && vt_shot mono && whole mono'
ok "there is none" looks mono '![a-zA-Z]'
ok "q leaves" eval 'vt_key q; left 0'
ok "the last line is clean" eval 'vt_screen && [ -z "$(sed -n 25p "$lab/screen")" ]'
# Nothing but the stick can be written: as on a rescue system that came up read-only.
ok "a read-only root without /tmp and /run" eval 'vt_do "umount /tmp; mount -o remount,ro / &&
	! touch /tmp/x /run/x /x 2>/lab/x" && vt_do "cat /lab/x"'
ok "livemend opens there" start C.UTF-8 /dev/vdb
ok "and checks the stick" eval 'vt_key d && vt_wait 60 "worst first" && vt_wait 60 "ok  *Root file system" &&
	vt_shot doctor && whole doctor && vt_key esc'
ok "and merges" eval 'vt_key m && vt_wait 30 "yes" && wizard_to_its_end && agree &&
	vt_wait 120 DONE && vt_key ret && vt_wait 20 "What you can do"'
ok "and ends" eval 'vt_key q; left 0'
vt_stop
echo "1..$n"
