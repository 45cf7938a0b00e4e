#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh BUILD: livemend inside a real dracut live boot, and a stick that it merged booting again.
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
ok "the disk image is read without mounting it" "$livemend" status "$disk"
boot_undisk "$disk" "$stick"
ok "it is merged" "$livemend" merge --yes "$stick"
ok "the merged overlay is empty" eval '"$livemend" status --json "$stick" | grep -q "\"state\": *\"empty\""'
boot_disk "$stick" "$disk"
ok "it boots again" boot_run "$disk" look 200
ok "every file is there with its content" same_files change look
ok "and the overlay has room again" empty_enough look
echo "1..$n"
