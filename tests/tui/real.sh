#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# real.sh - the screens over the real core, on a practice stick: all threads at once
build=$(cd "${LM_BUILD:-.}" && pwd)
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset NO_COLOR ESCDELAY LANGUAGE LANG
export TERM=linux LC_ALL=C COLUMNS=80 LINES=24 LM_PATIENCE="${LM_PATIENCE:-60}"
n=0 limit=
# check NAME [STATUS] < script
check()
{
	n=$((n + 1))
	cat >"$tmp/keys"
	(ulimit -f "${limit:-unlimited}"; exec timeout 300 "$build/tests/tui/tui_real" --script "$tmp/keys" --dump "$tmp/dump" "$tmp/stick" \
		>"$tmp/err" 2>&1)
	rc=$?
	if [ $rc = "${2:-0}" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# exit status $rc"
		sed 's/^/# /' "$tmp/dump" "$tmp/err" | head -n 200
	fi
}
"$build/livemend" practice --yes "$tmp/stick" >"$tmp/err" 2>&1 || {
	echo "not ok 1 - a practice stick"
	sed 's/^/# /' "$tmp/err"
	exit 1
}
check 'every screen, one after the other' <<'END'
wait First wall
wait dead
key u
wait A merge (m) would free
key Esc d
wait ok
key Esc F4
wait Messages of this session
key Esc F2
wait Another
key Esc t
wait squashfs.img
key Esc F1
wait Help:
END
check 'left while everything is being read' <<'END'
now u
now Esc
now d
now Esc
now F2
now Esc
now F5
END
check 'a merge that is cancelled' <<'END'
wait First wall
key m
wait [1 How]
wait yes
key Enter
wait [2 What]
key End Enter
wait [3 Com
key End Enter
wait [4 Room]
key End Enter
wait [5 Saf
key End Enter
wait [6 Start]
type merge
key Enter
wait  now 
now c
wait Cancel?
now y
gone Cancel?
wait How it is now
key Enter
wait What you can do
END
# No file may become longer than 1 MiB: writing the new image fails in the middle.
sum() { cat "$tmp"/stick/LiveOS/*.img "$tmp"/stick/LiveOS/overlay-* | cksum; }
before=$(sum)
trap '' XFSZ
limit=2048 # blocks of 512 bytes
check 'a merge whose writing fails: it is told, and all is as before' <<'END'
wait First wall
key m
wait [1 How]
wait yes
key Enter
wait [2 What]
key End Enter End Enter End Enter End Enter
wait type the word  merge
type merge
key Enter
wait FAILED: everything is as before
wait File too large
key Enter
wait What you can do
END
limit=
n=$((n + 1))
if [ "$before" = "$(sum)" ] && [ ! -e "$tmp/stick/LiveOS/livemend/PENDING.txt" ]; then
	echo "ok $n - image and overlay are what they were"
else
	echo "not ok $n - image and overlay are what they were"
	ls -l "$tmp"/stick/LiveOS "$tmp"/stick/LiveOS/livemend | sed 's/^/# /'
fi
check 'a merge to its end, and the usage of what is left' <<'END'
wait First wall
key m
wait [1 How]
wait yes
key Enter
wait [2 What]
key End Enter
wait [3 Com
key End Enter
wait [4 Room]
key End Enter
wait [5 Saf
key End Enter
wait [6 Start]
type merge
key Enter
wait  now 
wait DONE
key Enter
wait What you can do
wait empty
END
echo "1..$n"
