# SPDX-License-Identifier: GPL-3.0-or-later
# fold.awk - the dumps of one script in all variants, folded into one
#
# usage: awk -f fold.awk DUMP...   each DUMP a file .../LOCALE.TERM.COLOURS
#
# A line that is the same in all variants is there once, behind three blanks.
# Others are there once for each of their forms, behind the variants that have it:
#   C: U:   the locale: C, C.UTF-8
#   c: m:   with colours (linux), without (linux with NO_COLOR, vt100)
#   else the variants' numbers, in the order of the arguments, from 1
FNR == 1 {
	variant++
	part = FILENAME
	sub(/.*\//, "", part)
	utf8[variant] = part ~ /UTF-8/
	color[variant] = part ~ /linux\.color$/
	title = ""
}
/^== / { title = $0; section = "a"; row = 0 }
/^-- looks/ { section = "b"; row = 0; next }
/^-- cursor/ { section = "c"; row = 0 }
{
	# The looks carry their row's number, and rows without any are not there.
	at = section == "b" ? substr($0, 1, 2) + 0 : row++
	key = sprintf("%s\001%s\001%03d", title, section, at)
	if (!(title in titles)) {
		titles[title] = ++n_titles
		in_order[n_titles] = title
	}
	if (at >= rows[title, section])
		rows[title, section] = at + 1
	line[key, variant] = $0
}

function label(set,    v, all_utf8, all_c, all_color, all_mono, n_utf8, n_color, n) {
	all_utf8 = all_c = all_color = all_mono = 1
	for (v = 1; v <= variant; v++) {
		n_utf8 += utf8[v]
		n_color += color[v]
		if (index(set, "," v ",") == 0)
			continue
		n++
		if (utf8[v]) all_c = 0; else all_utf8 = 0
		if (color[v]) all_mono = 0; else all_color = 0
	}
	if (n == variant) return "   "
	if (all_utf8 && n == n_utf8) return "U: "
	if (all_c && n == variant - n_utf8) return "C: "
	if (all_color && n == n_color) return "c: "
	if (all_mono && n == variant - n_color) return "m: "
	gsub(/,,/, ",", set)
	return substr(set, 2, length(set) - 2) ": "
}

function fold(key, skip_blank,    v, w, set, text) {
	for (v = 1; v <= variant; v++) {
		text = line[key, v]
		for (w = 1; w < v && line[key, w] != text; w++)
			;
		if (w < v || (text == "" && skip_blank))
			continue
		set = ""
		for (w = v; w <= variant; w++)
			if (line[key, w] == text)
				set = set "," w ","
		text = label(set) text
		sub(/ +$/, "", text)
		print text
	}
}

END {
	split("a b c", sections, " ")
	for (t = 1; t <= n_titles; t++)
		for (s = 1; s <= 3; s++) {
			title = in_order[t]
			section = sections[s]
			if (section == "b")
				print "-- looks"
			for (at = 0; at < rows[title, section]; at++)
				fold(sprintf("%s\001%s\001%03d", title, section, at), section == "b")
		}
}
