# SPDX-License-Identifier: GPL-3.0-or-later
# topics.awk - makes the elements of a C table out of help/NAME.txt files
#
# The first line of a file is the title, the second is empty, the rest the text.
# Title and paragraphs are each marked for translation.

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

function end_paragraph() {
	if (open)
		print ")"
	open = 0
}

FNR == 1 {
	if (NR > 1) {
		end_paragraph()
		print "\t\t, NULL } },"
	}
	name = FILENAME
	sub(/^.*\//, "", name)
	sub(/\.txt$/, "", name)
	print "\t{ " quoted(name) "\", N_(" quoted($0) "\"), (const char *const[]){"
	next
}

FNR == 2 {
	if ($0 != "")
		wrong("the second line must be empty")
	next
}

$0 == "" {
	if (!open)
		wrong("two empty lines")
	end_paragraph()
	print "\t\t,"
	next
}

{
	if (length($0) > 76)
		wrong("longer than 76 columns")
	if ($0 ~ /[^ -~]/)
		wrong("not plain ASCII")
	print (open ? "\t\t" : "\t\tN_(") quoted($0) "\\n\""
	open = 1
}

END {
	if (bad)
		exit 1
	end_paragraph()
	print "\t\t, NULL } },"
}
