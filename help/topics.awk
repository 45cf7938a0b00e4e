# SPDX-License-Identifier: GPL-3.0-or-later
# topics.awk - makes the elements of a C table out of help/NAME.txt files
#
# The first line of a file is the title, the second is empty, the rest the text.

function quoted(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	gsub(/\t/, "\\t", s)
	return "\"" s
}

function wrong(why) {
	print FILENAME ":" FNR ": " why > "/dev/stderr"
	bad = 1
	exit 1
}

FNR == 1 {
	if (NR > 1)
		print "\t},"
	name = FILENAME
	sub(/^.*\//, "", name)
	sub(/\.txt$/, "", name)
	print "\t{\n\t\t" quoted(name) "\", " quoted($0) "\","
	next
}

FNR == 2 {
	if ($0 != "")
		wrong("the second line must be empty")
	next
}

{
	if (length($0) > 76)
		wrong("longer than 76 columns")
	if ($0 ~ /[^ -~]/)
		wrong("not plain ASCII")
	print "\t\t" quoted($0) "\\n\""
}

END {
	if (bad)
		exit 1
	print "\t},"
}
