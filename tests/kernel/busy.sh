# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest: the root is mounted from the snapshot and written to all the time, and livemend
# looks at it: as root, who may ask the kernel, and as somebody who may not.
. "$LM_SRC/tests/kernel/guest.sh"
. "$LM_SRC/tests/kernel/stick.sh"

# Makes, appends to, renames and deletes files, until told to end.
writer()
{
	mkdir -p /mnt/root/home/user/busy
	i=0
	while [ ! -e /mnt/tmp/enough ]; do
		i=$((i + 1))
		f=/mnt/root/home/user/busy/f-$((i % 40))
		head -c $((i % 37 * 3000)) /dev/urandom >"$f"
		seq 1 300 >>/mnt/root/home/user/busy/log
		mv "$f" "$f.moved"
		[ $((i % 3)) != 0 ] || rm -f /mnt/root/home/user/busy/f-*$((i % 7)).moved
		[ $((i % 5)) != 0 ] || sync "$f.moved" 2>/dev/null
		[ $((i % 100)) != 0 ] || : >/mnt/root/home/user/busy/log
	done 2>/dev/null
}
begin() { rm -f /mnt/tmp/enough; writer & pid=$!; }
end() { touch /mnt/tmp/enough; wait $pid; }

# A user who may read the stick, as all may, and nothing else.
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
field() { "$jsonget" "$@" </mnt/tmp/out.json; }

# look WHO TIMES: status, usage and doctor; what ended badly, or does not add up, is printed
look()
{
	n=0
	while [ $n -lt $2 ]; do
		n=$((n + 1))
		before=$(kernel_status) free_before=$(stat -f -c %f /mnt/root)
		$1 timeout 60 "$livemend" status --json "$s" >/mnt/tmp/out.json 2>/mnt/tmp/err ||
			{ echo "status: $?"; cat /mnt/tmp/err /mnt/tmp/out.json; }
		after=$(kernel_status) free_after=$(stat -f -c %f /mnt/root)
		[ "$(field root state)" = dirty ] && [ "$(field root mounted)" = true ] &&
			[ "$(field overlays 0 state)" = active ] || cat /mnt/tmp/out.json
		between "used" "${before%%/*}" "$(field overlays 0 allocated_sectors)" "${after%%/*}" 512
		between "free" "$free_before" $(($(field root free_bytes) / 4096)) "$free_after" 400
		dead=$(field overlays 0 dead_sectors)
		exact=$(field root exact)
		$1 timeout 60 "$livemend" usage --json "$s" >/mnt/tmp/out.json 2>/mnt/tmp/err ||
			{ echo "usage: $?"; cat /mnt/tmp/err /mnt/tmp/out.json; }
		[ "$(field exact)" = "$exact" ] || echo "exact: $exact and $(field exact)"
		sum=$(($(field files_bytes) + $(field fsmeta_bytes) + $(field journal_bytes) +
			$(field dead_bytes)))
		[ $sum = "$(field total_bytes)" ] || echo "owners: $sum of $(field total_bytes)"
		after=$(kernel_status)
		between "usage" "${before%%/*}" \
			$((($(field total_bytes) + $(field tables_bytes)) / 512)) "${after%%/*}" 512
		between "dead" "$dead" $(($(field dead_bytes) / 512)) "$dead" 8192
		$1 timeout 60 "$livemend" doctor --json "$s" >/mnt/tmp/out.json 2>/mnt/tmp/err ||
			{ echo "doctor: $?"; cat /mnt/tmp/err /mnt/tmp/out.json; }
	done
}
# between WHAT A X B MARGIN: X lies between A and B, whichever is the larger, give or take MARGIN
between()
{
	low=$2 high=$4
	[ "$low" -le "$high" ] || { low=$4 high=$2; }
	[ "$3" -ge $((low - $5)) ] && [ "$3" -le $((high + $5)) ] ||
		echo "$1: $3 is not between $2 and $4"
}
nothing() { "$@" >/mnt/tmp/nothing 2>&1; cat /mnt/tmp/nothing; [ ! -s /mnt/tmp/nothing ]; }

for root in root-4k root-1k; do
	new_stick $root xz 32768
	chmod 755 "$s" "$s/LiveOS"
	chmod 644 "$s/LiveOS"/*
	attach
	use_stick $root 3
	mount "$dev" /mnt/root || die "no root"
	if [ $root = root-4k ]; then
		begin
		check "under load, as root: nothing fails, and all adds up" nothing look "" 8
		same "as root it is exact" exact "$exact"
		chmod 755 /mnt/root
		check "under load, as a user: nothing fails, and all adds up" nothing look nobody 4
		same "a user is told exactly what is free" free "$exact"
		chmod 700 /mnt/root
		check "under load, without the kernel: nothing fails, and all adds up" \
			nothing look nobody 6
		same "then it is about that" about "$exact"
		nobody "$livemend" usage "$s" >/mnt/tmp/usage.txt 2>&1
		check "and that is said" grep -q "the kernel could not be asked" /mnt/tmp/usage.txt
		chmod 755 /mnt/root
		end
		rm -rf /mnt/root/home/user/busy
	fi

	# ---- nobody writes: to the block
	sync
	usage() { "$livemend" usage --plain --depth 9 "$s"; }
	files() { grep -E '(new-|noise-|list-|hostname)' | sed "s/^[^a-z]*//; s/  *[0-9]*%.*//" | sort; }
	before=$(kernel_status)
	usage >/mnt/tmp/mounted.txt || die "no usage"
	usage >/mnt/tmp/again.txt || die "no usage"
	same "$root: looking changes nothing" "$before" "$(kernel_status)"
	same "$root: twice the same" "$(sha256sum </mnt/tmp/mounted.txt)" "$(sha256sum </mnt/tmp/again.txt)"
	mkdir -p /mnt/root/deep/down
	head -c 300000 /dev/urandom >/mnt/root/deep/down/hidden
	mknod /mnt/root/deep/node b 7 200
	mkfifo /mnt/root/deep/fifo
	exec 7>/mnt/root/deep/open
	head -c 500000 /dev/urandom >&7
	sync
	rm /mnt/root/deep/open
	sync
	# What is not opened keeps its writer waiting.
	(echo >/mnt/root/deep/fifo; touch /mnt/tmp/fifo-was-opened) &
	fifo=$!
	mount -t tmpfs none /mnt/root/deep/down || die "no tmpfs"
	usage >/mnt/tmp/mounted.txt || die "no usage"
	umount /mnt/root/deep/down
	check "$root: what lies under a mount is found" grep -q "hidden .*29[0-9] KiB" /mnt/tmp/mounted.txt
	check "$root: what is deleted and open is named" grep -q "deleted, still open.* 49[0-9] KiB" \
		/mnt/tmp/mounted.txt
	check "$root: no pipe was opened" ! test -e /mnt/tmp/fifo-was-opened
	kill $fifo
	wait $fifo 2>/dev/null
	check "$root: nothing is without a name but what is set aside" ! grep -q "without a name.*[0-9][0-9] [KMG]iB" \
		/mnt/tmp/mounted.txt
	exec 7>&-
	rm -r /mnt/root/deep
	sync
	usage >/mnt/tmp/mounted.txt || die "no usage"
	detach
	usage >/mnt/tmp/rest.txt || die "no usage"
	same "$root: files hold what they hold at rest" "$(files </mnt/tmp/rest.txt)" \
		"$(files </mnt/tmp/mounted.txt)"
done
