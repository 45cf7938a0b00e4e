#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh BUILD: livemend inside a real dracut live boot; sticks that it merged, made larger while they
# ran, and recovered, booting again.
set -u
build=$(cd "${1:?usage: run.sh BUILD}" && pwd) || exit 1
cd "$(dirname "$0")/../.." || exit 1
. tests/boot/lab.sh
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
		tail -n 30 "$lab/said" | sed 's/^/# /'
	fi
}

lab=$(mktemp -d)
trap 'rm -rf "$lab"' EXIT
if ! why=$(boot_need); then
	[ -n "${CI:-}" ] && { echo "not ok 1 - the boot lab: $why"; exit 1; }
	echo "ok 1 - the boot lab # SKIP $why"
	exit 0
fi
boot_need >/dev/null

# field NAME: a figure out of the guest's status --json
field() { sed -n "s/.*\"$2\": *\"*\\([^\",}]*\\).*/\\1/p" "$1" | head -n 1; }

same_figures() { # the guest's program and kernel agree to the sector
	local kernel ours
	kernel=$(sed -n 's/^kernel: .* snapshot \(.*\)$/\1/p' "$lab/$1.out")
	ours="$(field "$lab/$1.out" allocated_sectors)/$(field "$lab/$1.out" total_sectors)"
	ours="$ours $(field "$lab/$1.out" metadata_sectors)"
	echo "kernel: $kernel"
	echo "livemend: $ours"
	[ -n "$kernel" ] && [ "$kernel" = "$ours" ]
}

same_files() { # OLD NEW: scenes with the same files in them
	grep '^file: ' "$lab/$1.out" >"$lab/a"
	grep '^file: ' "$lab/$2.out" >"$lab/b"
	[ -s "$lab/a" ] && diff "$lab/a" "$lab/b"
}

says() { grep -q -- "$2" "$lab/$1.out" || { cat "$lab/$1.out"; false; }; }

empty_enough() { # nothing but what mounting the root writes: under 2 MiB
	local used
	used=$(sed -n 's/^kernel: .* snapshot \([0-9]*\)\/.*/\1/p' "$lab/$1.out")
	echo "allocated: $used sectors"
	[ -n "$used" ] && [ "$used" -lt 4096 ]
}

disk=$lab/disk.img
stick=$lab/stick
ok "a live system is made" eval 'boot_initrd && boot_root "$livemend" && boot_stick "$stick" &&
	boot_disk "$stick" "$disk"'
ok "it boots and changes files" boot_run "$disk" change 200
ok "its root is the snapshot" says change '^root: /dev/mapper/live-rw'
ok "livemend in it says what the kernel says" same_figures change
ok "it knows the booted stick and its overlay" says change "\"booted\": *true.*\"$overlay\|\"booted\": *true.*LiveOS\\\\*/$overlay"
ok "it sees that the overlay is attached" says change '"attached_as": *"live-rw"'
ok "it refuses to merge under the running system" says change '^merge: 3'
ok "under load it is looked at" boot_run "$disk" busy 400
ok "status, usage and doctor ran six times each" says busy '^looked: 6 times'
ok "none of them failed" eval '! says busy "^failed: "'
ok "and what they say fits the kernel's figures" eval '! says busy "^unfit: "'
ok "without STICK the running system's is named" says busy "^named: No stick was named"
ok "the disk image is read without mounting it" "$livemend" status "$disk"
boot_undisk "$disk" "$stick"
ok "it is merged" "$livemend" merge --yes "$stick"
ok "the merged overlay is empty" eval '"$livemend" status --json "$stick" | grep -q "\"state\": *\"empty\""'
boot_disk "$stick" "$disk"
ok "it boots again" boot_run "$disk" look 200
ok "every file is there with its content" same_files busy look
ok "and the overlay has room again" empty_enough look

# Made larger while it runs, filled to the last chunk, recovered: from a full overlay, and from one
# that is marked invalid besides, as a kernel without the flag O does it.
saved_are_there() { # SCENE WHERE: what was told to be saved is there, whole
	grep '^saved: ' "$lab/$1.out" | sed 's/^saved: //' | sort -k2 >"$lab/a"
	grep '^file: ' "$lab/$2.out" | sed 's/^file: //' | sort -k2 >"$lab/b"
	[ -s "$lab/a" ] && ! comm -23 <(sort "$lab/a") <(sort "$lab/b") | grep .
}

overlay_state() { # STICK STATE
	"$livemend" status --json "$1" | grep "\"state\": *\"$2\""
}

boot_stick "$stick" >/dev/null 2>&1 && boot_disk "$stick" "$disk"
ok "another stick boots, and its overlay is made larger" boot_run "$disk" grow 300
ok "growing while it runs is done" says grow '^grow: 0'
ok "the kernel has the new size, and livemend the kernel's figures" same_figures grow
ok "it is 16 MiB more" says grow '^kernel: .*/98304 '
ok "more is written than the old one could take" says grow '^after: .* snapshot [7-9][0-9]*/98304 '
ok "nothing of that failed" eval '! says grow "^past: "'
ok "the next boot fills it" boot_run "$disk" fill 300
ok "all that was saved before is there" saved_are_there grow fill
ok "the kernel says Overflow" says fill '^kernel: .* snapshot Overflow'
ok "and so does livemend" says fill '"state": *"overflow"'
boot_undisk "$disk" "$stick"
rm -rf "$lab/invalid" && cp -r "$stick" "$lab/invalid"
printf '\0' | dd of="$lab/invalid/LiveOS/$overlay" bs=1 seek=4 conv=notrunc 2>/dev/null
ok "outside it is full" overlay_state "$stick" full
ok "it is recovered" "$livemend" recover --yes "$stick"
ok "it is usable again" overlay_state "$stick" active
boot_disk "$stick" "$disk"
ok "it boots again" boot_run "$disk" recovered 200
ok "all that was saved while there was room is there" saved_are_there grow recovered
ok "and all that was saved until it was full" saved_are_there fill recovered
ok "its overlay has room again" says recovered '"state": *"active"'
ok "the same stick, marked invalid" overlay_state "$lab/invalid" invalid
ok "it is recovered, too" "$livemend" recover --yes "$lab/invalid"
boot_disk "$lab/invalid" "$disk"
ok "and boots" boot_run "$disk" valid-again 200
ok "with all that was saved" saved_are_there fill valid-again
ok "and with room" says valid-again '"state": *"active"'
echo "1..$n"
