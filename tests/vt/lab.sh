# SPDX-License-Identifier: GPL-3.0-or-later
# lab.sh: a machine with a text VT in QEMU. Sourced after tests/boot/lab.sh; $lab is a
# scratch folder, $shots one for pictures.
#
#   vt_need                     0 when the lab can run here, else says what is missing
#   vt_initramfs PROGRAM        makes $lab/vt.cpio
#   vt_start LIMIT DISK...      starts it; they are /dev/vda and so on, slow enough to watch
#   vt_do COMMAND...            runs a shell command (one line) in the guest, prints what it says
#   vt_key KEY...               presses keys, as QEMU's sendkey names them
#   vt_screen                   what /dev/vcsa1 shows, as UTF-8 lines; cursor in $cursor
#   vt_wait SECONDS PATTERN     waits until the screen shows it
#   vt_shot NAME                leaves $shots/NAME.png and NAME.txt
#   vt_stop

vt_need() {
	local tool
	for tool in qemu-system-x86_64 mkfs.vfat mcopy mksquashfs mkfs.ext4 e2fsck busybox cpio modprobe; do
		command -v $tool >/dev/null || { echo "$tool is missing"; return 1; }
	done
	kernel=$(ls -d /boot/vmlinuz-*-cloud-amd64 2>/dev/null | sort -V | tail -n 1)
	[ -r "$kernel" ] || { echo "no kernel (linux-image-cloud-amd64)"; return 1; }
}

vt_initramfs() {
	local root=$lab/vt tool module path release=${kernel#*vmlinuz-}
	rm -rf "$root"
	mkdir -p "$root"/{bin,sbin,dev,proc,sys,etc,usr/bin,usr/sbin,usr/share/terminfo/l,lib/modules} \
		"$root/usr/lib/locale" || return
	cp "$(command -v busybox)" "$root/bin/busybox"
	for tool in $("$root/bin/busybox" --list); do
		[ "$tool" = busybox ] || ln -s busybox "$root/bin/$tool"
	done
	copy_program "$1" "$root"
	for tool in e2fsck fusermount3 mksquashfs mkfs.ext4; do
		copy_program "$(command -v $tool)" "$root"
	done
	for path in /lib /usr/share /etc; do
		[ ! -e $path/terminfo/l/linux ] || cp $path/terminfo/l/linux "$root/usr/share/terminfo/l/"
	done
	cp -r /usr/lib/locale/C.utf8 "$root/usr/lib/locale/" || return
	for module in virtio_pci virtio_blk vfat nls_cp437 nls_ascii nls_iso8859-1 nls_utf8 fuse loop \
		dm-mod dm-snapshot squashfs; do
		modprobe -S "$release" --show-depends "$module" | while read -r _ path _; do
			cp "$path" "$root/lib/modules/" && echo "${path##*/}"
		done
	done | awk '!seen[$0]++' >"$root/lib/modules/order"
	echo root:x:0:0:root:/:/bin/sh >"$root/etc/passwd"
	ln -s /proc/mounts "$root/etc/mtab"
	cp tests/vt/init.sh "$root/init"
	chmod +x "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$lab/vt.cpio"
}

vt_start() {
	local fifo limit=$1 disk drives=()
	shift
	for disk in "$@"; do
		drives+=(-drive "file=$disk,format=raw,if=virtio,throttling.bps-write=1500000")
	done
	rm -f "$lab"/mon.* "$lab"/com.*
	for fifo in mon.in mon.out com.in com.out; do
		mkfifo "$lab/$fifo" || return
	done
	timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 512 \
		-kernel "$kernel" -initrd "$lab/vt.cpio" \
		-append "console=tty0 quiet loglevel=1 panic=-1 rdinit=/init" \
		"${drives[@]}" -vga std -display none -monitor pipe:"$lab/mon" -serial pipe:"$lab/com" -no-reboot \
		</dev/null >"$lab/qemu.log" 2>&1 &
	qemu=$!
	exec 5<>"$lab/mon.in" 6<>"$lab/mon.out" 7<>"$lab/com.in" 8<>"$lab/com.out"
	cat <&6 >"$lab/monitor.log" &
	drain=$!
	vt_answer 60 >/dev/null
}

# Reads from the serial line until the line that ends an answer; its status.
vt_answer() {
	local line
	while IFS= read -r -t "$1" -u 8 line; do
		line=${line%$'\r'}
		case $line in
		"=== ready") return 0 ;;
		"=== "*) return "${line#=== }" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	return 124
}

vt_do() {
	printf '%s\n' "${*//$'\n'/ }" >&7
	vt_answer 30
}

vt_key() {
	local key
	for key in "$@"; do
		echo "sendkey $key" >&5
	done
}

# Text mode has 256 glyphs, by the order of CP437; any but those the program uses is shown as "#?".
vt_screen() {
	vt_do 'od -An -v -tu1 /dev/vcsa1' | awk '
		BEGIN {
			split("196 ─ 179 │ 218 ┌ 191 ┐ 192 └ 217 ┘ 195 ├ 24 ↑ 25 ↓", pair, " ")
			for (i = 1; i in pair; i += 2)
				glyph[pair[i]] = pair[i + 1]
		}
		{ for (i = 1; i <= NF; i++) byte[n++] = $i }
		END {
			rows = byte[0]; cols = byte[1]
			for (y = 0; y < rows; y++) {
				line = ""
				for (x = 0; x < cols; x++) {
					c = byte[4 + 2 * (y * cols + x)]
					line = line (c == 0 ? " " : c >= 32 && c < 127 ? sprintf("%c", c) : c in glyph ? glyph[c] : "#?")
				}
				sub(/ +$/, "", line)
				print line
			}
			print "cursor " byte[3] "," byte[2]
			# The looks: a letter an attribute, for those that are not the usual grey on black.
			for (y = 0; y < rows; y++) {
				line = ""
				for (x = 0; x < cols; x++) {
					a = byte[5 + 2 * (y * cols + x)]
					line = line (a == 7 ? "." : a == 112 ? "#" : a == 15 ? "*" : substr("kbgcrmywKBGCRMYW", a % 16 + 1, 1))
				}
				sub(/\.+$/, "", line)
				if (line != "") printf "%2d %s\n", y, line
			}
		}' >"$lab/screen"
}

# vt_shows PATTERN: a basic regular expression
vt_shows() { vt_screen && grep -q -- "$1" "$lab/screen"; }

vt_wait() {
	local until=$((SECONDS + $1))
	until vt_shows "$2"; do
		if [ $SECONDS -ge $until ]; then
			echo "not shown within $1 s: $2"
			cat "$lab/screen"
			return 1
		fi
	done
}

vt_shot() {
	vt_screen || return
	cp "$lab/screen" "$shots/$1.txt"
	rm -f "$shots/$1.png"
	echo "screendump $shots/$1.png -f png" >&5
	local until=$((SECONDS + 10))
	# The picture is complete when its last chunk is there.
	until [ "$(tail -c 8 "$shots/$1.png" 2>/dev/null | head -c 4)" = IEND ]; do
		[ $SECONDS -lt $until ] || { echo "no picture"; return 1; }
	done
}

vt_stop() {
	[ -n "${qemu:-}" ] || return 0
	echo quit >&5
	wait "$qemu" 2>/dev/null
	kill "$drain" 2>/dev/null
	exec 5>&- 6>&- 7>&- 8>&-
	qemu=
}
