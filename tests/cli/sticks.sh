#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# sticks.sh - the program on practice sticks, and on what is none or no longer one
. "${LM_SRC:?}/tests/cli/tap.sh"
program=${LM_BUILD:?}/livemend
jsonget=$LM_BUILD/tests/cli/jsonget
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
unset LIVEMEND_DEBUG
esc=$(printf '\033')
s=$work/stick

# Every name, kind, size, time and content in a folder.
picture() {
	(cd "$1" && find . -printf '%p %y %s %T@\n' | sort && find . -type f -exec sha256sum {} + | sort) |
		sha256sum
}

# is WANT KEY...: the value at KEY... of the JSON in $out
is() {
	is_want=$1
	shift
	is_got=$("$jsonget" "$@" <"$out") || { echo "# no $* in the JSON"; return 1; }
	[ "$is_got" = "$is_want" ] || { echo "# $*: $is_got, not $is_want"; return 1; }
}

# same COMMAND...: which leaves the stick as it is
same() {
	same_before=$(picture "$s")
	"$@" || return 1
	[ "$(picture "$s")" = "$same_before" ] || { echo "# the stick was changed"; return 1; }
}

# any of the statuses: one_of "3 4" ARG...
one_of() {
	one_of_want=$1
	shift
	timeout 60 "$program" "$@" >"$out" 2>"$err" </dev/null
	one_of_got=$?
	case " $one_of_want " in *" $one_of_got "*) ;; *)
		echo "# exit status $one_of_got, none of $one_of_want: $*"
		return 1 ;;
	esac
}

# --- a practice stick
run 0 practice --dry-run "$s" && [ ! -e "$s" ]
ok "practice --dry-run makes nothing"
run 0 practice "$s" && [ -d "$s/LiveOS" ]
ok "practice makes a stick"
[ -d "$s/LiveOS" ] || { tap_end; }
same one_of "0 1" status "$s" && has "$out" "dm-snapshot"
ok "status"
same one_of "0 1" status --json "$s" && is dm-snapshot overlays 0 kind && is active overlays 0 state &&
	is squashfs base container && is false stick booted && is null home
ok "status --json"
same run 0 layout "$s" && has "$out" "squashfs.img" && has "$out" "rootfs.img"
ok "layout"
same run 0 layout --json "$s" && "$jsonget" layout 0 name <"$out" >/dev/null
ok "layout --json"
# Without what is free on the disk: others write to that.
no_sizes() { sed 's/[0-9.]* *[KMGT]iB//g; s/ *[0-9]* %//g' "$@"; }
# Too few files can be open: that is said, and nothing of a stick that is as good as before.
few() {
	timeout 60 "$program" "$@" "$s" >"$work/enough.full" 2>&1 </dev/null
	few_want=$?
	no_sizes "$work/enough.full" >"$work/enough"
	for few_n in 5 6 7 8 10 14 20 26; do
		timeout 60 sh -c 'ulimit -n "$0" && exec "$@"' $few_n "$program" "$@" "$s" >"$out" \
			2>"$err" </dev/null
		few_got=$?
		if [ $few_got -ne 4 ]; then
			[ $few_got -eq $few_want ] && cat "$out" "$err" | no_sizes | diff - "$work/enough" &&
				continue
			echo "# $few_n files: exit status $few_got, not $few_want: $*"
			return 1
		fi
		has "$err" "Too many open files" && has "$err" "Nothing is wrong with the stick" &&
			hasnt "$err" damaged && empty "$out" || { echo "# $few_n files: $*"; return 1; }
	done
}
for c in status doctor usage layout "merge --dry-run" "compact --dry-run" "resume --dry-run" \
	"recover --dry-run"; do
	few $c
	ok "$c with too few open files says so"
done
same one_of "0 1" doctor "$s"
ok "doctor"
(export TMPDIR="$s/LiveOS" && same one_of "0 1" doctor "$s")
ok "doctor makes nothing on the stick, wherever TMPDIR is"
same one_of "0 1" doctor --json --deep "$s" && "$jsonget" findings 0 id <"$out" >/dev/null
ok "doctor --json --deep"
same run 0 usage --depth 3 "$s" && has "$out" "A merge would free"
ok "usage"
same run 0 usage --json "$s" && is / tree name
ok "usage --json"
same run 0 export --dry-run "$work/x.img" "$s" && [ ! -e "$work/x.img" ]
ok "export --dry-run"
same run 0 export "$work/x.img" "$s" && [ -s "$work/x.img" ]
ok "export"
same one_of "3 4" export --yes "$work/x.img" "$s"
ok "export does not overwrite"
same run 0 merge --dry-run "$s" && has "$out" "nothing was changed"
ok "merge --dry-run"
same run 0 merge --dry-run --json "$s" && is true plan possible && is merge plan operation
ok "merge --dry-run --json"
same run 0 reset --dry-run "$s" && hasnt "$out" "What is lost: nothing."
ok "reset --dry-run"
same one_of "0 3" resume --dry-run "$s"
ok "resume --dry-run with nothing to resume"
same run 3 merge "$s" && has "$err" "--yes"
ok "merge without agreement is refused"
same run 3 merge --engine kernel --yes "$s"
ok "the kernel engine is refused"

# --- what is in the way is found before anything is done
# in_way WORDS COMMAND...: refused, with the words, and nothing is changed; WORDS also say what helps
in_way() {
	in_way_words=$1
	shift
	same run 3 "$@" && has "$err" "$in_way_words" && has "$err" "move it elsewhere or delete it"
}
mkfifo "$s/LiveOS/livemend"
in_way "keeps its journal in a folder" merge --yes "$s" && in_way "keeps its journal" merge --dry-run "$s" &&
	in_way "keeps its journal" compact --yes "$s" && in_way "keeps its journal" grow --yes +4M "$s" &&
	in_way "keeps its journal" reset --yes "$s" && one_of "0 1" status "$s" && one_of "0 1" doctor "$s"
ok "a pipe where the journal's folder is to be"
rm "$s/LiveOS/livemend"
mkdir -p "$s/LiveOS/livemend/journal.txt"
in_way "livemend writes a file of this name" merge --yes "$s" && one_of "0 1" status "$s"
ok "a folder for a journal"
rm -r "$s/LiveOS/livemend"
mkdir "$s/LiveOS/livemend"
echo mine >"$work/mine"
ln "$work/mine" "$s/LiveOS/livemend/journal.txt"
in_way "has another" merge --yes "$s" && [ "$(cat "$work/mine")" = mine ]
ok "a journal with another name"
mv "$s/LiveOS/livemend/journal.txt" "$s/LiveOS/livemend/PENDING.bak"
same run 3 merge --yes "$s" && same run 3 resume --yes "$s" && has "$err" "has another" &&
	[ "$(cat "$work/mine")" = mine ]
ok "a note with another name"
rm -r "$s/LiveOS/livemend"
echo other >"$s/LiveOS/livemend.old"
same run 3 merge --yes "$s" && has "$err" "something in the way" && has "$err" "livemend.old"
ok "a name that the exchange needs"
rm "$s/LiveOS/livemend.old"
mkdir "$work/w"
ln -s "$work" "$work/w/livemend"
in_way "keeps its journal" merge --yes --work "$work/w" "$s"
ok "a link in the work folder"
rm "$work/w/livemend"
ln -s "$work/mine" "$work/w/livemend-0123456789ab.new"
in_way "livemend-0123456789ab.new" merge --yes --work "$work/w" "$s" && [ "$(cat "$work/mine")" = mine ]
ok "a link under the name of a new image"
rm -r "$work/w"

# --- sticks that have come to harm, before they are mended
damage() { rm -rf "$work/d"; cp -a "$s" "$work/d"; }
damage
image=$(find "$work/d/LiveOS" -name '*.img' | head -n 1)
truncate -s 4096 "$image"
one_of "1 3 4" status "$work/d" && cat "$out" "$err" >"$work/all" && has "$work/all" "squashfs.img"
ok "status of a truncated image says where"
one_of "1 3 4" doctor --json "$work/d" && "$jsonget" <"$out" >/dev/null
ok "doctor of a truncated image"
one_of "3 4" merge --yes "$work/d"
ok "merge of a truncated image is refused"
damage
overlay=$(find "$work/d/LiveOS" -name 'overlay-*' -type f | head -n 1)
printf 'no snapshot here' | dd of="$overlay" conv=notrunc 2>/dev/null
run 1 status --json "$work/d" && is damaged overlays 0 state
ok "status of a broken header"
is null overlays 0 allocated_sectors && is null overlays 0 total_sectors && is null overlays 0 used_percent &&
	run 1 status "$work/d" && has "$out" "how full is not known" && hasnt "$out" "sectors"
ok "a broken header: no figures"
damage
printf '\377\377\377\377\377\377\377\017' |
	dd of="$overlay" bs=1 seek=$((4096 + 8)) conv=notrunc 2>/dev/null
run 1 status --json "$work/d" && is damaged overlays 0 state && is null overlays 0 allocated_sectors &&
	is null overlays 0 used_percent && is null first_wall && run 1 status "$work/d" &&
	has "$out" "how full is not known" && hasnt "$out" "sectors" && run 0 layout --json "$work/d" &&
	one_of "1" usage --json "$work/d"
ok "a table that points nowhere: no figures"
run 1 doctor "$work/d"
ok "doctor of a broken header"
one_of "3 4" merge --yes "$work/d"
ok "merge with a broken header is refused"
damage
rm "$overlay"
one_of "0 1" status "$work/d"
ok "status without an overlay"
one_of "3 4" merge --yes "$work/d"
ok "merge without an overlay is refused"
damage
rm "$image"
one_of "1 3 4" status "$work/d"
ok "status without an image"
# An ordinary user, who need not be able to look into the folder where this was built.
damage
user= mine=$program
chmod 0 "$work/d"
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$work"
	mine=$work/livemend
	cp "$program" "$mine"
	user="setpriv --reuid=65534 --regid=65534 --clear-groups"
fi
timeout 60 $user "$mine" status "$work/d" >"$out" 2>"$err" </dev/null
case $? in 3 | 4) has "$err" "ermission denied" ;; *) false ;; esac
ok "no permission"
chmod 755 "$work/d"
[ -z "$user" ] || chown -R 65534 "$work/d"
timeout 60 $user "$mine" merge --yes "$work/d" >"$out" 2>"$err" </dev/null
ok "merge as an ordinary user"
mkdir "$work/LiveOS${esc}[2J${esc}]0;evil"
one_of "3" status "$work/LiveOS${esc}[2J${esc}]0;evil" && hasnt "$err" "$esc" && hasnt "$out" "$esc"
ok "a name with escape sequences is harmless"

# --- what is no stick
run 3 status "$work/nowhere" && has "$err" "$work/nowhere"
ok "no such file"
mkdir "$work/empty"
run 3 status "$work/empty" && has "$err" "$work/empty"
ok "an empty folder"
run 3 status /dev/null
ok "a character device"
echo text >"$work/text"
run 3 status "$work/text" && has "$err" "$work/text"
ok "a text file"
run 3 status --json "$work/text" && empty "$err" && is 3 error exit_status
ok "a text file, as JSON"

# --- a label that means harm, on a disk image
if mkfs.ext4 -q -F -L "$(printf 'E\033[2J\033]0;x\a')" -d "$s" "$work/disk.img" 512M >/dev/null 2>&1; then
	timeout 60 "$program" status "$work/disk.img" >"$out" 2>"$err" </dev/null
	[ $? -le 4 ] && hasnt "$out" "$esc" && hasnt "$err" "$esc"
	ok "a label with escape sequences is harmless"
	timeout 60 "$program" layout --json "$work/disk.img" >"$out" 2>"$err" </dev/null
	"$jsonget" <"$out" >/dev/null && hasnt "$out" "$esc"
	ok "and so in JSON"
else
	skip "a label with escape sequences" "mkfs.ext4 -d is missing"
	skip "and so in JSON" "mkfs.ext4 -d is missing"
fi

# --- mending
# Whose the old files are, and who may read them, holds for the new ones, whatever the umask.
chmod 640 "$s/LiveOS/squashfs.img"
touch -d 2001-02-03 "$s/LiveOS/squashfs.img"
[ "$(id -u)" -ne 0 ] || chown 4242:2424 "$s/LiveOS/squashfs.img"
owner=$(stat -c '%a %u %g %Y' "$s/LiveOS/squashfs.img")
inode=$(stat -c %i "$s/LiveOS/squashfs.img")
umask 0
run 0 merge --yes --json "$s" && is done result outcome
ok "merge"
umask 022
[ "$(stat -c '%a %u %g %Y' "$s/LiveOS/squashfs.img")" = "$owner" ] &&
	[ "$(stat -c %i "$s/LiveOS/squashfs.img")" != "$inode" ]
ok "the new image has the owner, mode and time of the old one"
[ -z "$(find "$s/LiveOS/livemend" -type f ! -perm 644)" ]
ok "the journal is for all to read"
one_of "0" status --json "$s" && is empty overlays 0 state
ok "the overlay is empty then"
run 0 export --yes "$work/y.img" "$s" && [ "$(stat -c %s "$work/x.img")" = "$(stat -c %s "$work/y.img")" ]
ok "the merged image has the size it had"
one_of "0 3" merge --yes "$s"
ok "merge again"
one_of "0 3" resume --yes "$s"
ok "nothing to resume"
run 0 reset --yes "$s"
ok "reset"

# --- compacting, growing, and being warned
n=$work/narrow
"$program" practice --yes --lesson nearly-full "$n" >"$out" 2>"$err" </dev/null
LC_ALL=C.UTF-8 "$program" watch --every 1 "$n" >"$work/watch" 2>&1 </dev/null &
pid=$!
wait_for 'grep -q "overlay: 9[0-9]% used" "$work/watch"'
ok "watch: the overlay is nearly full"
chmod 600 "$n"/LiveOS/overlay-*
[ "$(id -u)" -ne 0 ] || chown 4242:2424 "$n"/LiveOS/overlay-*
owner=$(stat -c '%a %u %g %Y' "$n"/LiveOS/overlay-*)
run 0 compact --yes --json "$n" && is done result outcome
ok "compact"
[ "$(stat -c '%a %u %g %Y' "$n"/LiveOS/overlay-*)" = "$owner" ]
ok "the new overlay has the owner, mode and time of the old one"
run 0 export --yes "$work/z.img" "$n" && [ "$(stat -c %a "$work/z.img")" = 600 ]
ok "what not all may read, not all may read in the copy"
rm -f "$work/z.img"
run 0 grow --yes +24M "$n" && has "$out" "it is 48.0 MiB now"
ok "grow"
wait_for 'grep -q "overlay: below 80% again" "$work/watch"'
ok "watch: it is no more"
kill -TERM $pid && wait $pid
ok "watch ends on SIGTERM, and well"
run 3 grow --yes 1M "$n" && has "$err" "cannot be made smaller"
ok "an overlay is not made smaller"
d=$work/dead
"$program" practice --yes --lesson dead-heavy "$d" >"$out" 2>"$err" </dev/null
run 0 usage --json "$d"
wins=$("$jsonget" compact_frees_bytes <"$out")
run 0 status --json "$d"
was=$("$jsonget" overlays 0 allocated_sectors <"$out")
run 0 compact --yes "$d" && run 0 status --json "$d" && is $((was - wins / 512)) overlays 0 allocated_sectors
ok "compact wins what usage said"
run 0 compact --yes "$d" && has "$out" "nothing to win"
ok "compact again"

# --- lessons
for lesson in $("$program" practice --help | sed -n '/^Lessons:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'); do
	one_of "0" practice --yes --lesson "$lesson" "$work/l-$lesson" &&
		one_of "0 1" status "$work/l-$lesson" && one_of "0 1" doctor "$work/l-$lesson" &&
		one_of "0 1" usage "$work/l-$lesson"
	ok "lesson $lesson"
done
tap_end
