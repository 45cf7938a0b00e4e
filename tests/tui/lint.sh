#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# lint.sh - every command has help, a key, a form in line mode and a place in the man page;
# every view has a topic
src=${LM_SRC:-.}
build=${LM_BUILD:-.}
bin=$build/tests/tui/tui_fake
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset LANGUAGE LANG
export LC_ALL=C
n=0

# Commands of the contract that this version does not have yet are not asked for.
is_later() { "$build/livemend" "$1" 2>&1 | grep -q 'not in this version'; }

# result NAME: ok where $tmp/wrong is empty
result()
{
	n=$((n + 1))
	if [ -s "$tmp/wrong" ]; then
		echo "not ok $n - $1"
		sed 's/^/# /' "$tmp/wrong"
	else
		echo "ok $n - $1"
	fi
	: >"$tmp/wrong"
}
: >"$tmp/wrong"

"$bin" --commands >"$tmp/commands" && "$bin" --topics >"$tmp/topics" && [ -s "$tmp/commands" ] ||
	echo "there is no table" >"$tmp/wrong"
awk -F'\t' '$2 == "-" || $2 == "" || $3 == "-" || $3 == ""' "$tmp/commands" >>"$tmp/wrong"
result 'every command has a key and a sentence of help'

awk -F'\t' '
{
	contexts = $1
	for (bit = 1; bit <= 2048; bit *= 2) {
		if (int(contexts / bit) % 2 == 0)
			continue
		n = split($2, keys, " ")
		for (i = 1; i <= n; i++) {
			if ((bit, keys[i]) in seen)
				print keys[i] " in context " bit ": \"" $3 "\" and \"" seen[bit, keys[i]] "\""
			seen[bit, keys[i]] = $3
		}
	}
}' "$tmp/commands" >>"$tmp/wrong"
result 'no key means two things in one place'

awk -F'\t' '$2 ~ /(^| )F[0-9]+( |$)/ {
	n = split($2, keys, " ")
	for (i = 1; i <= n; i++)
		if (keys[i] !~ /^F[0-9]+$/)
			next
	if ($1 % 4096 != 2048 && $3 !~ /asks for/)
		print
}' "$tmp/commands" >>"$tmp/wrong"
result 'no command depends on a function key'

awk -F'\t' '$4 != "-" { print $5 }' "$tmp/commands" | sort -u | while read -r topic; do
	grep -qx "$topic" "$tmp/topics" || is_later "$topic" || echo "there is no topic $topic"
done >"$tmp/wrong"
result 'what livemend can do has a topic each'

# The words of line mode: what its own list says.
echo q | timeout 60 "$build/livemend" --plain /nowhere >"$tmp/plain" 2>/dev/null
awk -F'\t' '$4 != "-" { print $6 }' "$tmp/commands" | sort -u | while read -r line; do
	grep -q "[^a-z]$line[^a-z]" "$tmp/plain" || is_later "$line" || echo "line mode does not know \"$line\""
done >"$tmp/wrong"
result 'what livemend can do can be done in line mode'

awk '/^\.Sh THE SCREEN/ { on = 1; next } /^\.Sh/ { on = 0 } on' "$src/help/livemend.8" >"$tmp/screen"
awk -F'\t' '$4 != "-" { print $2 }' "$tmp/commands" | while read -r keys; do
	for key in $keys; do
		[ "$key" = h ] && continue
		grep -q "^\.It Cm.* \(\\\\&\)\{0,1\}$key\( \|$\)" "$tmp/screen" || echo "no $key ($keys)"
	done
done >"$tmp/wrong"
result 'the man page has all keys of what livemend can do'

"$build/livemend" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | while read -r name; do
	grep -q "^\.It Cm $name" "$src/help/livemend.8" || echo "the man page has no $name"
	grep -qx "$name" "$tmp/topics" || case $name in status | watch) ;; *) echo "no topic $name" ;; esac
done >"$tmp/wrong"
result 'every command of the line has its place in the man page, and a topic'

for file in "$src"/tui/*.c; do
	awk -v file="${file##*/}" '
		/^static const struct view_ops/ { name = $5; topic = 0 }
		name && /\.topic =/ { topic = 1 }
		name && /^};/ { if (!topic) print file ": " name " has no topic"; name = "" }' "$file"
	# What the functions that name topics return.
	awk '/^static const char \*[a-z_]*topic[a-z_]*\(/ { on = 1 } on && /return "/ {
		gsub(/.*return "|".*/, ""); print } /^}/ { on = 0 }' "$file" >"$tmp/named"
	while read -r topic; do
		grep -qx "$topic" "$tmp/topics" || echo "${file##*/}: there is no topic $topic"
	done <"$tmp/named"
done >"$tmp/wrong"
result 'every view has a topic, and it is there'

# What there is, and what it needs and does, is in one table: whoever shows it goes by that.
sed -n 's/^OP(\([A-Z]*\),.*/LM_OP_\1/p' "$src/core/ops/op.def" >"$tmp/ops"
[ -s "$tmp/ops" ] || echo "there is no table of operations" >"$tmp/wrong"
grep -nwF -f "$tmp/ops" "$src"/cli/*.[ch] "$src"/tui/*.[ch] "$src"/tui/*.def "$src"/core/report/*.[ch] \
	>>"$tmp/wrong"
result 'no front end names an operation'
echo "1..$n"
