#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# prepare.sh DIR: what the guests work on, made outside of them because it is faster there: root
# images root-4k.img and root-1k.img (ext4, 40 MiB), packed as root-4k.COMP and root-1k.COMP; and
# small.NAME, images with all that SquashFS knows, to be damaged.
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

mkdir -p small/LiveOS small/many
{ head -c 20000 /dev/urandom
  head -c 60000 /dev/zero
  seq 1 9000; } >small/LiveOS/rootfs.img
seq 1 2000 >small/LiveOS/osmin
echo short >small/LiveOS/short
ln small/LiveOS/short small/hard-link
ln -s LiveOS/rootfs.img small/soft-link
mkfifo small/fifo
# So long that the directory has an index.
n=0
while [ $n -lt 50 ]; do
	n=$((n + 1))
	echo $n >"small/many/$(printf '%0200d' $n)"
done
setfattr -n user.livemend -v kept small/LiveOS/short
setfattr -n user.root -v "and this" small/LiveOS/rootfs.img
setfattr -n user.dir -v "$(seq 1 200)" small/LiveOS
squash_small()
{
	name=$1
	shift
	mksquashfs small "small.$name" -noappend -no-progress -quiet "$@" >/dev/null
}
squash_small gzip -comp gzip -b 16K
squash_small xz -comp xz -b 64K
squash_small xz-options -comp xz -b 32K -Xdict-size 16K
squash_small zstd -comp zstd -b 128K
squash_small lz4 -comp lz4 -b 32K
squash_small raw -comp zstd -noI -noD -noF -noX
squash_small bare -comp gzip -no-exports -no-xattrs -no-fragments
rm -rf small
