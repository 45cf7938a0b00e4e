#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# prepare.sh DIR: what the guests work on, made outside of them because it is faster there: root
# images root-4k.img and root-1k.img (ext4, 40 MiB), packed as root-4k.COMP and root-1k.COMP.
set -eu
dir=$1
mkdir -p "$dir/tree/etc" "$dir/tree/home/user" "$dir/tree/usr/share" "$dir/pack/LiveOS"
cd "$dir"
cp -r /usr/share/common-licenses /usr/share/misc tree/usr/share/ 2>/dev/null || :
n=0
while [ $n -lt 40 ]; do
	n=$((n + 1))
	head -c $((n * 3000)) /dev/urandom >"tree/home/user/noise-$n"
	seq $((n * 1000)) $((n * 1900)) >"tree/home/user/list-$n"
done
cp "$(command -v bash)" tree/usr/
for block in 4 1; do
	truncate -s 40M pack/LiveOS/rootfs.img
	PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F -b $((block * 1024)) -J size=4 -d tree \
		-E root_owner=0:0 pack/LiveOS/rootfs.img
	cp --sparse=always pack/LiveOS/rootfs.img "root-${block}k.img"
	for comp in xz zstd gzip lz4; do
		[ $block = 4 ] || case $comp in gzip | lz4) continue ;; esac
		mksquashfs pack "root-${block}k.$comp" -comp $comp -b 128K -noappend -all-root \
			-no-progress >/dev/null
	done
	rm pack/LiveOS/rootfs.img
done
rm -rf tree pack
