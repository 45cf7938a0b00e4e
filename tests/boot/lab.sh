# SPDX-License-Identifier: GPL-3.0-or-later
# lab.sh: a real dracut live system in QEMU. Sourced; $lab is a scratch folder.
#
#   boot_need                    0 when the lab can run here, else says what is missing
#   boot_initrd                  makes $lab/initrd.img with dmsquash-live
#   boot_root PROGRAM            makes $lab/root: busybox, dmsetup, PROGRAM, and tests/boot/guest.sh
#   boot_stick DIR               makes a stick's folder with that root: DIR/LiveOS/...
#   boot_disk DIR DISK           makes a FAT32 disk image labelled LIVE of the folder
#   boot_undisk DISK DIR         the other way round
#   boot_run DISK SCENE LIMIT    boots it; what the guest printed is in $lab/SCENE.out

uuid=1A2B-3C4D
overlay=overlay-LIVE-$uuid

boot_need() {
	local tool
	for tool in dracut qemu-system-x86_64 mksquashfs mkfs.vfat mcopy mkfs.ext4 dmsetup busybox; do
		command -v $tool >/dev/null || { echo "$tool is missing"; return 1; }
	done
	[ "$(id -u)" -eq 0 ] || { echo "dracut needs root"; return 1; }
	kernel=$(ls -d /boot/vmlinuz-*-cloud-amd64 2>/dev/null | sort -V | tail -n 1)
	[ -r "$kernel" ] || { echo "no kernel (linux-image-cloud-amd64)"; return 1; }
	[ -d /usr/lib/dracut/modules.d/90dmsquash-live ] || { echo "dracut-live is missing"; return 1; }
}

boot_initrd() {
	dracut --no-hostonly --force --kver "${kernel#*vmlinuz-}" --no-early-microcode \
		--add "dmsquash-live dm" \
		--omit "systemd plymouth lvm crypt btrfs mdraid multipath i18n network nvdimm" \
		--add-drivers "virtio_blk virtio_pci dm-snapshot squashfs loop ext4 vfat overlay \
			nls_cp437 nls_ascii nls_iso8859_1 nls_utf8" \
		--filesystems "ext4 vfat squashfs" "$lab/initrd.img" >"$lab/dracut.log" 2>&1
}

# copy_program PROGRAM ROOT: with the libraries it is linked to.
copy_program() {
	local lib
	install -D "$1" "$2/usr/sbin/${1##*/}"
	ldd "$1" | grep -o '/[^ ]*' | while read -r lib; do
		[ -e "$2/$lib" ] || install -D "$lib" "$2/$lib"
	done
}

boot_root() {
	local root=$lab/root tool
	rm -rf "$root"
	mkdir -p "$root"/{bin,sbin,etc,dev,proc,sys,run,tmp,root,home,var/log,usr/bin,usr/sbin,usr/lib,mnt}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for tool in $("$root/bin/busybox" --list); do
		[ "$tool" = busybox ] || ln -s busybox "$root/bin/$tool"
	done
	rm -f "$root/bin/init" "$root/bin/sh"
	ln -s busybox "$root/bin/sh"
	copy_program "$(command -v dmsetup)" "$root"
	copy_program "$1" "$root"
	cp tests/boot/guest.sh "$root/sbin/init"
	chmod +x "$root/sbin/init"
	# Content whose fate can be followed over merges and boots.
	mkdir -p "$root/usr/share/data"
	seq 1 300000 >"$root/usr/share/data/numbers"
	head -c 4000000 /dev/urandom >"$root/usr/share/data/noise"
	echo "as it was made" >"$root/etc/state"
}

boot_stick() {
	rm -rf "$1" "$lab/image"
	mkdir -p "$1/LiveOS" "$lab/image/LiveOS"
	mkfs.ext4 -q -F -L root -b 4096 -d "$lab/root" "$lab/image/LiveOS/rootfs.img" 96M &&
		mksquashfs "$lab/image" "$1/LiveOS/squashfs.img" -comp xz -no-progress >/dev/null &&
		truncate -s $((32 * 1024 * 1024)) "$1/LiveOS/$overlay"
}

boot_disk() {
	rm -f "$2"
	truncate -s 256M "$2"
	mkfs.vfat -F 32 -n LIVE -i ${uuid/-/} "$2" >/dev/null &&
		mcopy -s -i "$2" "$1/LiveOS" ::
}

boot_undisk() {
	rm -rf "$2"
	mkdir -p "$2"
	mcopy -s -n -i "$1" ::LiveOS "$2/"
}

boot_run() {
	local disk=$1 scene=$2 limit=$3
	timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 1024 \
		-kernel "$kernel" -initrd "$lab/initrd.img" \
		-append "console=ttyS0 root=live:LABEL=LIVE rd.live.image rd.live.overlay=LABEL=LIVE \
			rw init=/sbin/init panic=-1 quiet livemend.scene=$scene" \
		-drive file="$disk",format=raw,if=virtio -nographic -no-reboot \
		</dev/null 2>&1 | tr -d '\r' >"$lab/$scene.log"
	sed -n '/^=== scene begins/,/^=== scene ends/p' "$lab/$scene.log" >"$lab/$scene.out"
	grep -q '^=== scene ends' "$lab/$scene.out"
}
