#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/fuzz/seeds.sh [DIR]: makes the seeds of the fuzz targets anew, in DIR/TARGET (DIR is
# tests/fuzz/corpus). What is there besides (what the fuzzer found, and was mended) stays.
# Needs a build with "make tests/fuzz/pack" done: $LM_BUILD, or build/fuzz.
set -eu
cd "$(dirname "$0")/../.."
corpus=${1:-$PWD/tests/fuzz/corpus}
pack=${LM_BUILD:-$PWD/build/fuzz}/tests/fuzz/pack
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=1700000000 MTOOLS_SKIP_CHECK=1
export PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$corpus"/{boot,dm,ext,fat,image,iso,journal,json,keys,pair,redo}

# file PATH TEXT...: one file of a folder (fuzz.h), each TEXT a line.
file() { printf '@@@ %s\n' "$1"; shift; [ $# -eq 0 ] || printf '%b\n' "$@"; }
# le WIDTH NUMBER...: little-endian.
le() {
	local width=$1 n i
	shift
	for n; do
		for ((i = 0; i < width; i++)); do printf '%b' "\\x$(printf %02x $((n >> 8 * i & 255)))"; done
	done
}
fill() { head -c "$1" /dev/zero | tr '\0' "$2"; }

# ---- a stick's tree, for the file systems ----
tree=$tmp/tree
mkdir -p "$tree/LiveOS" "$tree/isolinux" "$tree/a directory/deeper"
fill 1200 s >"$tree/LiveOS/squashfs.img"
fill 700 o >"$tree/LiveOS/overlay-LIVE-1A2B-3C4D"
echo "default linux" >"$tree/isolinux/isolinux.cfg"
echo "a name that is longer than eight and three" >"$tree/a directory/deeper/Größe und Länge, ein langer Name.text"

# ---- FAT ----
fat() { # NAME KIB OPTIONS
	truncate -s 0 "$tmp/fat" && truncate -s "$2K" "$tmp/fat"
	# shellcheck disable=SC2086
	mkfs.vfat $3 -i 1A2B3C4D -n LIVE "$tmp/fat" >/dev/null
	mcopy -i "$tmp/fat" -sQ "$tree"/* ::
	"$pack" "$tmp/fat" >"$corpus/fat/$1"
}
fat fat12 160 "-F 12 -s 1"
fat fat16 4300 "-F 16 -s 1"
fat fat32 34000 "-F 32 -s 1"
fat fat12-4k 640 "-F 12 -S 4096 -s 1"

# ---- ISO 9660 ----
iso() { # NAME OPTIONS
	# shellcheck disable=SC2086
	xorriso -as mkisofs -quiet -V LIVE $2 -o "$tmp/iso" "$tree" 2>/dev/null
	"$pack" "$tmp/iso" >"$corpus/iso/$1"
}
iso plain "--norock -no-pad"
iso rock "-R -no-pad"
iso joliet "--norock -J -no-pad"

# ---- SquashFS ----
root=$tmp/root
mkdir -p "$root/LiveOS"
{ fill 4096 a; head -c 8192 /dev/zero; fill 4096 b; fill 1500 c; } >"$root/LiveOS/rootfs.img"
ln -s rootfs.img "$root/LiveOS/link"
fill 600 x >"$root/LiveOS/other"
squash() { # NAME OPTIONS
	rm -f "$tmp/sq"
	# shellcheck disable=SC2086
	env -u SOURCE_DATE_EPOCH mksquashfs "$root" "$tmp/sq" -nopad -noappend -quiet -no-progress -all-root -b 4096 \
		-mkfs-time 0 -all-time 0 -processors 1 $2 >/dev/null
	cp "$tmp/sq" "$corpus/image/$1"
}
raw="-noI -noId -noD -noF -noX"
squash raw "$raw"
squash raw-fragment "$raw -always-use-fragments"
squash raw-no-fragments "$raw -no-fragments -no-exports"
squash gzip "-no-xattrs"
squash xz "-comp xz -Xbcj x86"
squash zstd "-comp zstd"
squash lz4 "-comp lz4"
setfattr -n user.test -v value "$root/LiveOS/other" 2>/dev/null && squash xattr "$raw -xattrs"
rm -rf "$root/LiveOS" && fill 100 t >"$root/file"
squash tree "$raw"

# ---- ext2, 3, 4 ----
ext() { # NAME KIB OPTIONS [COMMANDS: what the overlay changed]
	local copy=
	truncate -s 0 "$tmp/ext" && truncate -s "$2K" "$tmp/ext"
	# shellcheck disable=SC2086
	mkfs.ext4 -q -F -U 12345678-1234-1234-1234-123456789abc -E hash_seed=12345678-1234-1234-1234-123456789abc,root_owner=0:0,lazy_itable_init=0$4 \
		-L LIVE -N 16 $3 "$tmp/ext" 2>/dev/null
	debugfs -w "$tmp/ext" >/dev/null 2>&1 <<-END
		mkdir etc
		write $tree/LiveOS/squashfs.img etc/passwd
		write $tree/LiveOS/overlay-LIVE-1A2B-3C4D file
		symlink link /etc/passwd
		symlink long /$(fill 80 l)
		mkdir gone
	END
	cp "$tmp/ext" "$tmp/ext.base"
	if [ -n "${5:-}" ]; then
		copy=$tmp/ext.base
		printf '%b\n' "$5" | debugfs -w "$tmp/ext" >/dev/null 2>&1
	fi
	if [ -n "$copy" ]; then
		"$pack" "$tmp/ext.base" "$tmp/ext" >"$corpus/ext/$1"
	else
		"$pack" "$tmp/ext" >"$corpus/ext/$1"
	fi
}
plain="-O ^metadata_csum,^has_journal,^resize_inode,^64bit -m 0 -b 1024"
ext plain 128 "$plain" ""
ext changed 128 "$plain" "" "rm file\nrmdir gone\nwrite $tree/isolinux/isolinux.cfg new"
ext ext2 128 "-O none,filetype,sparse_super -b 1024" ""
ext checksums 128 "-O ^has_journal,^resize_inode -b 1024" "" "mkdir new"
ext inline 128 "-O ^metadata_csum,^has_journal,^resize_inode,inline_data -I 256 -b 1024" ""
ext bigalloc 1024 "-O ^metadata_csum,^has_journal,^resize_inode,bigalloc,extent -C 16384 -b 1024" ""
ext groups 512 "$plain -g 256" ""
ext journal 4096 "-O ^metadata_csum,^resize_inode -J size=1 -b 1024" "" "feature needs_recovery\nset_super_value state 0"
ext blocks-4k 512 "-O ^has_journal,^resize_inode,^metadata_csum -b 4096" ""
ext errors 128 "$plain" "" "set_super_value state 2"
# Found: bitmaps that begin behind block 1, more blocks free than there are.
ext first-block 128 "$plain" "" "set_super_value first_data_block 129"
ext free-blocks 128 "$plain" "" "set_super_value free_blocks_count 4000000000"

# ---- boot configurations ----
syslinux='default vesamenu.c32\ntimeout 100\nmenu title Live\nappend common\nlabel linux\n  menu label ^Start\n  menu default\n  kernel vmlinuz\n  append initrd=initrd.img root=live:LABEL=LIVE rd.live.image rd.live.overlay=LABEL=LIVE:/LiveOS/overlay-LIVE-1A2B-3C4D quiet\nlabel check\n  text help\n   words\n  endtext\n  append -\ninclude more.cfg\nontimeout check rd.live.check'
grub='set default="1"\nset timeout=5\nif [ "$grub_platform" = "efi" ]; then\n  set x=a\nelse\n  set x=b\nfi\nfunction load { insmod gzio }\nsearch --set=root -l LIVE\nmenuentry "Start ${x}" --class fedora --id start {\n  linux /images/vmlinuz root=live:UUID=1A2B-3C4D rd.live.image \\\n    rd.live.overlay=UUID=1A2B-3C4D rd.live.overlay.reset\n  initrd /images/initrd.img\n}\nsubmenu "More" {\n  menuentry '"'quoted'"' { linuxefi /vmlinuz "root=live:CDLABEL=LIVE" rd.live.ram=1; }\n  source ${prefix}/other.cfg\n}'
entries='title Live\nversion 6.1\nsort-key live\nlinux /vmlinuz\noptions root=live:LABEL=LIVE rd.live.image\noptions rd.live.overlay=/dev/sdc1 rd.live.overlay.overlayfs'
overlays() { file LiveOS/squashfs.img; file LiveOS/overlay-LIVE-1A2B-3C4D x; }
{ file isolinux/isolinux.cfg "$syslinux"; file isolinux/more.cfg 'label more\nappend root=live:LABEL=LIVE rd.live.image toram overlay=off'; overlays; } >"$corpus/boot/syslinux"
{ file EFI/BOOT/grub.cfg "$grub"; file EFI/BOOT/other.cfg 'menuentry x { linux /v rd.live.image }'; overlays; } >"$corpus/boot/grub"
{ file loader/entries/live.conf "$entries"; file loader/loader.conf 'default live*' 'timeout 3'; file loader/entries/b.conf 'options=x'; overlays; } >"$corpus/boot/entries"
{ file isolinux/isolinux.cfg "$syslinux"; file boot/grub2/grub.cfg "$grub"; file loader/entries/live.conf "$entries"; overlays; } >"$corpus/boot/all"
{ file boot/grub/grub.cfg 'source grub.cfg\nset a="$a$a"\nset b="$a$b$a"\nsource (hd0,1)/boot/grub/grub.cfg\nmenuentry "$b$a" { linux $a "$b" }'; } >"$corpus/boot/itself"
{ file syslinux/syslinux.cfg 'DEFAULT vmlinuz root=live:/dev/disk/by-label/A\\\\x20B rd.live.dir=Other rd.live.squashimg=x.img rd.live.overlay=LABEL=B:auto'; file Other/x.img; } >"$corpus/boot/command"
# Found: an entry that cannot be read.
{ file loader/entries/a.conf 'title \0'; file loader/entries/b.conf "$entries"; overlays; } >"$corpus/boot/unreadable"

# ---- the record of pairs ----
pair() { printf '%b\n' "overlay: $1" "image-sha256: $(fill 64 0)" "image-bytes: 4096" "root-bytes: 1048576" "root-uuid: 09080700000000000000000000000000"; }
{ echo "livemend pairing 2"; pair overlay-LIVE-1A2B; pair 'overlay-%C3%A4%20%25%0A%1B'; echo "sha256: 0"; } >"$corpus/pair/two"
{ echo "livemend pairing 2"; pair overlay; pair overlay; echo "sha256: 00000000"; } >"$corpus/pair/twice"
{ echo "livemend pairing 2"; echo "sha256: "; } >"$corpus/pair/none"
{ echo "livemend pairing 3"; pair overlay; echo "sha256: 1"; } >"$corpus/pair/newer"
{ echo "livemend pairing 2"; pair "$(fill 1020 n)"; pair overlay; echo "sha256: 1"; } >"$corpus/pair/long"
# Found: half of a pair, which could not be written again.
{ echo "livemend pairing 2"; echo "overlay: half"; pair overlay; echo "sha256: 1"; } >"$corpus/pair/half"

# ---- the record of an operation ----
id=$(fill 64 a)
rule='---- below this line: for the program, do not edit ----'
pending() { # SEQUENCE OP PHASE
	printf '%s\n' "livemend: an operation on this stick is not finished" "" "$rule" "journal: 2" \
		"sequence: $1" "op: $2" "method: rewrite" "phase: $3" "base: LiveOS/squashfs.img" \
		"overlay: LiveOS/overlay-LIVE-1A2B-3C4D" "work: /mnt/%25 work" "old-bytes: 4096" \
		"old-hash: $id" "new-bytes: 8192" "new-hash: $id" "overlay-bytes: 1048576" \
		"overlay-hash: $id"
}
slot() { printf '@@@ LiveOS/livemend/%s\n' "$1"; }
{ slot PENDING.txt+; pending 7 merge ready; slot PENDING.bak+; pending 8 merge replaced; slot journal.txt; printf '2026-11-21 10:00:00Z  Merged.\n\033[2Jcut off'; } >"$corpus/journal/both"
{ slot PENDING.txt+; pending 1 recover applying; } >"$corpus/journal/recover"
{ slot PENDING.bak+; pending 18446744073709551615 compact building; slot PENDING.txt; pending 3 grow building; } >"$corpus/journal/largest"
{ slot PENDING.txt+; pending 5 reset resetting | sed 's/journal: 2/journal: 3/'; } >"$corpus/journal/newer"
{ slot PENDING.txt+; printf '%s\njournal: 2\nsequence: 4\nop: merge\nphase: %%4\nx: %%00\n' "$rule"; } >"$corpus/journal/bad"
{ slot journal.txt; printf '\303\244\n\n\0\200\n'; } >"$corpus/journal/log"

# ---- undo files ----
redo() { # FLAGS OLD NEW STORE ENTRIES(offset length rank)...
	local flags=$1 old=$2 new=$3 store=$4 n
	shift 4
	n=$(($# / 3))
	le 1 "$flags"
	printf 'LMREDO2\n'
	le 8 "$old" "$new" $n 0
	le 4 "$store" 1 1
	head -c 12 /dev/zero
	local -a e=("$@")
	for ((i = 0; i < $#; i += 3)); do le 8 "${e[i]}"; le 4 "${e[i + 1]}" "${e[i + 2]}"; done
	for ((i = 0; i < $#; i += 3)); do fill "${e[i + 1]}" o; fill "${e[i + 1]}" n; done
}
redo 3 4096 8192 0 0 512 0 1024 512 1 4096 1024 4 >"$corpus/redo/three"
redo 23 8192 8192 1 0 512 3 512 1024 1 >"$corpus/redo/store"
redo 3 512 1024 0 0 512 0 256 512 1 >"$corpus/redo/overlapping"
redo 3 512 512 0 >"$corpus/redo/none"
redo 0 512 512 0 0 16 1 >"$corpus/redo/no-sum"

# ---- status lines of targets ----
printf '%s\n' "snapshot 98272/196608 392" "snapshot Overflow" "snapshot-merge Merge failed" "linear " "snapshot 7:0 7:1 PO 8" "snapshot 7:0 7:1 P 8" >"$corpus/dm/snapshot"
printf '%s\n' "mirror 2 7:0 253:1 100/256 1 AA 1 core" "mirror 2 7:0 7:1 256/256 1 AD 3 disk 7:2 A" >"$corpus/dm/mirror"
printf '%s\n' "thin-pool 0 20/512 3/128 - rw no_discard_passdown queue_if_no_space - 1024" "thin 2048 4095" "thin 0 -" "thin-pool Fail" "error " >"$corpus/dm/thin"
printf '%s\n' "snapshot 18446744073709551616/1 1" "mirror 9 1:1" "mirror 1 4096:1 1/1 1 A 1 core" >"$corpus/dm/large"

# ---- JSON ----
{ overlays; file LiveOS/home.img x; file 'LiveOS/overlay-\033[2J"\\\377' x; file isolinux/isolinux.cfg "$syslinux"; file label 'LI"VE\\\001\377'; file uuid '</script>'; file given '/mnt/\342\200\256x'; file texts 'usr/lib/a' 'usr/lib/b' 'usr' '"quoted" \\ back' '\377\376' '\303\244\360\237\230\200' 'tab\there'; } >"$corpus/json/hostile"
{ file LiveOS/rootfs.img x; file 'LiveOS/overlay-\303\050' x; file texts a/b/c/d/e a/b x; file LiveOS/livemend/PENDING.txt x; } >"$corpus/json/bare"
{ file texts "$(fill 700 t)" "$(printf '\303\244%.0s' {1..300})"; file nothing; } >"$corpus/json/long"
# Found: a number with more digits than there was room for (the last 8 bytes are one).
{ file texts x; printf '\377\377\377\377\377\377\357\177'; } >"$corpus/json/large"

# ---- keys ----
printf '0\033[A\033OP\033[1;5C\033[15~q\t\r\177\033\0331\033[[A' >"$corpus/keys/xterm"
printf '1\033[[A\033[[E\033[17~\303\244\360\237\230\200\033' >"$corpus/keys/linux"
printf '2\033OA\033[999999999999999999999999999999999999999999;1~\033[\033O\033[\001' >"$corpus/keys/vt100"
printf '0Up F10 C-c F999999999999 S-Tab \303\244 Space \377' >"$corpus/keys/names"

# Found: a byte that is no character took what followed; characters beyond Unicode were our keys.
printf '0\377b\033OA\303b\303\303\244\360\237' >"$corpus/keys/no-character"
printf '1\364\220\200\201\365\217\217\217q' >"$corpus/keys/beyond"
