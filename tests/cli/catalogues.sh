#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# catalogues.sh - every text is marked for translation and, in each language, translated
. "${LM_SRC:?}/tests/cli/tap.sh"
trap 'rm -rf "$work"' EXIT
program=${LM_BUILD:?}/livemend
po=$LM_SRC/po

# A file with marked texts that the list does not name would never be translated.
(cd "$LM_SRC" && grep -lE '(^|[^A-Za-z0-9_])(N?_|ngettext)\(' core/*/*.[ch] core/*/*.def core/*/*/*.[ch] core/*.c cli/*.[ch] \
	tui/*.[ch] tui/*.def | sort) >"$work/marked"
grep -v '^#' "$po/POTFILES.in" | grep . | sort >"$work/listed"
diff "$work/marked" "$work/listed" >"$out" 2>&1
ok "POTFILES.in lists the files with texts"

(cd "$LM_SRC" && xgettext --keyword=_ --keyword=N_ --from-code=UTF-8 --language=C -o "$work/pot" \
	--directory=. --directory="$LM_BUILD" --files-from=po/POTFILES.in help/topics.inc) \
	>"$out" 2>&1
ok "the texts can be extracted"

for lang in $(grep -v '^#' "$po/LINGUAS"); do
	msgmerge -q -N -o "$work/$lang.po" "$po/$lang.po" "$work/pot" >"$out" 2>&1
	ok "$lang: the catalogue fits the texts"
	msgfmt -c -o "$work/$lang.mo" "$work/$lang.po" >"$out" 2>&1
	ok "$lang: formats and newlines are those of the original"
	{ msgattrib --untranslated --no-obsolete "$work/$lang.po"
	  msgattrib --only-fuzzy --no-obsolete "$work/$lang.po"; } >"$out" 2>&1
	empty "$out"
	ok "$lang: nothing is left untranslated"
	# Lines of help are shown as they are: 76 columns, and none of them a surprise.
	msgattrib --no-obsolete --no-wrap "$work/$lang.po" | LC_ALL=C awk '
		# Only of texts that are laid out by hand, and so within a screen in the original.
		function end() {
			if (longest > 78 && original <= 78) print longest ": " line
			longest = original = 0
		}
		/^msgid "/ { end(); id = 1 } /^msgstr/ { id = 0 }
		/^"/ && /\\n"$/ {
			t = $0; sub(/^"/, "", t); sub(/\\n"$/, "", t); gsub(/\\"/, "\"", t)
			gsub(/[\200-\277]/, "", t)
			if (id && length(t) > original) original = length(t)
			if (!id && length(t) > longest) { longest = length(t); line = t }
		}
		END { end() }' >"$out"
	empty "$out"
	ok "$lang: no line is wider than a screen"
done

# As ./run does it: the catalogues where the program in the build tree looks for them.
localedir=$(sed -n 's|^localedir = ||p' "$LM_BUILD/po/Makefile")
case $localedir in
"$LM_BUILD"/*)
	make -C "$LM_BUILD/po" install >"$out" 2>&1
	ok "the catalogues can be installed"
	for lang in $(grep -v '^#' "$po/LINGUAS"); do
		LANGUAGE=$lang LC_ALL=C.UTF-8 "$program" --help >"$out" 2>"$err" &&
			LC_ALL=C "$program" --help >"$work/english" 2>&1 &&
			[ "$(diff "$work/english" "$out" | grep -c '^>')" -gt 20 ]
		ok "$lang: the program speaks it"
	done
	;;
*) skip "the program speaks the languages" "configured without --localedir in the build tree" ;;
esac
tap_end
