#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# manners.sh - all kinds of terminals (as far as tmux can play them), over the fake core
. "${LM_SRC:-.}/tests/tui/tmux.sh"

# What the screen says may not depend on the terminal, only its lines on the locale.
compare() { # NAME: same text as the first of that name
	screen >"$tmp/now"
	[ -e "$tmp/same.$1" ] || cp "$tmp/now" "$tmp/same.$1"
	diff "$tmp/same.$1" "$tmp/now" >>"$tmp/err"
}
for locale in C.UTF-8 C; do
	for term in screen xterm xterm-256color tmux linux vt100 vt102 vt220 ansi; do
		if ! infocmp $term >/dev/null 2>&1; then
			n=$((n + 1)); echo "ok $n - $term in $locale # SKIP not in terminfo here"
			continue
		fi
		LM_TERM=$term LM_LOCALE=$locale start watch
		until_ok 10 shows 'dead 98' && until_ok 5 compare $locale && keys j && until_ok 10 follows '> c  Compact'
		result $? "$term in $locale: same text, cursor on the selection"
		keys q; ended 0; result $? "$term in $locale: given back"
	done
done
grep -q '^-------' "$tmp/same.C" && ! grep -q '[^ -~]' "$tmp/same.C"; result $? 'C: nothing but ASCII'
grep -q '──' "$tmp/same.C.UTF-8"; result $? 'C.UTF-8: lines'

# A terminal that terminfo does not know is used as a simple one, or left alone.
for term in nonsense unknown ''; do
	LM_TERM=$term LM_LOCALE=C.UTF-8 start watch; until_ok 10 shows 'dead 98' && until_ok 5 compare C
	result $? "TERM='$term': used, in ASCII"
	keys q; ended 0; result $? "TERM='$term': given back"
done
LM_TERM=dumb launch watch; ended 97; result $? 'TERM=dumb: no screen'
screen | sed -n 1p | grep -q '^back at the shell'; result $? 'TERM=dumb: nothing drawn'

# Colours: none where they are not wanted or not there; the background is never set.
colours() { $tm capture-pane -pe | grep -c "$(printf '\033')\[[0-9;]*3[0-7]"; }
start watch; until_ok 10 shows 'dead 98'; [ "$(colours)" -gt 3 ]; result $? 'colours'
$tm capture-pane -pe | grep "$(printf '\033')\[[0-9;]*4[0-7]" >"$tmp/err"
[ ! -s "$tmp/err" ]; result $? 'the background is the own one of the terminal'
LM_ENV=NO_COLOR=1 start watch; until_ok 10 shows 'dead 98'; [ "$(colours)" = 0 ]; result $? 'NO_COLOR'
LM_ENV=NO_COLOR= start watch; until_ok 10 shows 'dead 98'; [ "$(colours)" -gt 3 ]; result $? 'an empty NO_COLOR is none'
LM_TERM=vt100 start watch; until_ok 10 shows 'dead 98'; [ "$(colours)" = 0 ]; result $? 'vt100 has none'
for ground in '15;0' '0;15'; do
	LM_BEFORE="export COLORFGBG='$ground'" start watch; until_ok 10 shows 'dead 98'
	$tm capture-pane -pe >"$tmp/ground.$ground"; [ "$(colours)" -gt 3 ]; result $? "COLORFGBG=$ground"
done
! cmp -s "$tmp/ground.15;0" "$tmp/ground.0;15"; result $? 'a light background has colours of its own'
tail -n 1 "$tmp/ground.0;15" | grep -q "$(printf '\033')\[[0-9;]*3[0-7]"
[ $? = 1 ]; result $? 'and no pale text'

# Sizes. A serial line has none; what the environment says is for those only.
LM_BEFORE='stty rows 0 cols 0' start watch; until_ok 10 shows 'dead 98'; until_ok 5 compare C.UTF-8
result $? 'a line without a size is 80x24'
keys q; ended 0; result $? 'and given back'
LM_ENV='LINES=50 COLUMNS=120' start watch; until_ok 10 shows 'dead 98'; until_ok 5 compare C.UTF-8
result $? 'LINES and COLUMNS of another terminal do no harm'
LM_BEFORE='stty rows 0 cols 0' LM_ENV='LINES=20 COLUMNS=60' start watch
[ "$(screen | grep -n 'F1 Help' | cut -d: -f1)" = 20 ]; result $? 'but say what a serial line cannot'

# Nothing of others on the screen.
start watch:noise; until_ok 10 shows 'dead 98'; wizard; screen >"$tmp/a"
! grep -q 'NOISE' "$tmp/a"; result $? 'what libraries and children print is not on the screen'
keys Escape; until_ok 10 shows 'What you can do'; keys F4; until_ok 10 shows 'NOISE of a library'
result $? 'it is in the log'
shows 'NOISE of a child' && shows 'NOISE on stdout'; result $? 'all of it'
keys q; until_ok 10 shows 'What you can do'; keys F1; until_ok 10 shows 'Help:'
result $? 'a child that reads does not get the keys'
keys q; until_ok 10 shows 'What you can do'; keys q; ended 0; result $? 'and given back'

# What is left on a terminal without a second screen: the shell goes on in a clean line.
LM_TERM=vt100 start watch; keys q; ended 0; shows 'F10 Quit'; [ $? = 1 ]; result $? 'the last line is clean'
echo "1..$n"
