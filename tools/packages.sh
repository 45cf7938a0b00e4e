# SPDX-License-Identifier: GPL-3.0-or-later
# Names of the packages that livemend needs. Sourced by ./run and ./check.

# To build it and run it.
debian_run="build-essential autoconf automake autoconf-archive autopoint gettext pkg-config
 libncurses-dev libdevmapper-dev libblkid-dev libmount-dev libsmartcols-dev
 libext2fs-dev libsquashfs-dev libfuse3-dev libjson-c-dev libudev-dev nettle-dev
 e2fsprogs squashfs-tools fuse3"

# To test it as well.
debian_check="$debian_run libcmocka-dev clang llvm user-mode-linux dmsetup
 tmux mtools dosfstools xorriso fdisk gdisk xz-utils attr procps man-db
 linux-image-cloud-amd64 dracut-core dracut-live busybox-static qemu-system-x86 kmod cpio mandoc"

fedora_run="gcc make autoconf automake autoconf-archive gettext-devel pkgconf-pkg-config
 ncurses-devel device-mapper-devel libblkid-devel libmount-devel
 libsmartcols-devel e2fsprogs-devel squashfs-tools-ng-devel fuse3-devel json-c-devel
 systemd-devel nettle-devel e2fsprogs squashfs-tools fuse3"

fedora_check="$fedora_run libcmocka-devel clang llvm compiler-rt device-mapper tmux mtools
 dosfstools xorriso util-linux gdisk xz attr procps-ng man-db dracut dracut-live busybox
 qemu-system-x86-core mandoc cpio kmod"

say() { printf '%s\n' "$*" >&2; }

# What clang's sanitizers and fuzzer are linked to: a package that is named by clang's version here.
# Empty as long as that is not known.
clang_run_time() {
	{ dpkg-query -W -f 'Depends: ${Depends}\n' clang || apt-cache show --no-all-versions clang; } 2>/dev/null |
		sed -nE 's/^Depends:.*clang-([0-9]+).*/libclang-rt-\1-dev/p' | head -n 1
}

# install_packages WHICH: installs what is missing of $debian_WHICH. On other
# systems it names the packages and leaves the rest to configure.
install_packages() {
	local which=$1 missing="" p list as_root=""
	if ! command -v dpkg-query >/dev/null 2>&1; then
		command -v pkg-config >/dev/null 2>&1 && command -v autoreconf >/dev/null 2>&1 && return 0
		eval "list=\$fedora_$which"
		say "Some packages are missing. On Fedora:"
		say "  sudo dnf install" $list
		return 1
	fi
	eval "list=\$debian_$which"
	[ "$which" != check ] || list="$list $(clang_run_time)"
	for p in $list; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^.i' || missing="$missing $p"
	done
	# fusermount3 goes by it; a minimal system that was never booted has none.
	[ -e /etc/mtab ] || [ "$(id -u)" -ne 0 ] || ln -s ../proc/self/mounts /etc/mtab
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null 2>&1; then
			say "These packages are missing:$missing"
			say "As root: apt-get install$missing"
			return 1
		fi
		as_root=sudo
	fi
	say "Installing:$missing"
	local log
	log=$(mktemp)
	if ! { $as_root apt-get update &&
		{ [ "$which" != check ] || missing="$missing $(clang_run_time)"; } &&
		$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		say "The packages could not be installed; the lines above say why."
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

# build DIR TARGET CONFIGURE-ARGS...: configures in DIR (once for the same arguments), makes TARGET.
build() {
	local dir=$1 target=$2 top
	shift 2
	top=$(pwd)
	mkdir -p "$dir" || return 1
	# One at a time writes into the source folder.
	(
		flock 9
		[ -x configure ] && [ configure -nt configure.ac ] || ./autogen.sh
	) 9>"$dir/../.build-lock" >"$dir/autogen.log" 2>&1 ||
		{ tail -n 20 "$dir/autogen.log" >&2; return 1; }
	if [ ! -f "$dir/Makefile" ] || [ "$(cat "$dir/.args" 2>/dev/null)" != "$*" ]; then
		(cd "$dir" && "$top/configure" "$@") >"$dir/configure.log" 2>&1 ||
			{ tail -n 5 "$dir/configure.log" >&2; return 1; }
		printf '%s' "$*" >"$dir/.args"
	fi
	make -C "$dir" -j"$(nproc)" $target >"$dir/make.log" 2>&1 ||
		{ grep -E -A5 'error|warning|\*\*\*' "$dir/make.log" | head -n 40 >&2; return 1; }
}
