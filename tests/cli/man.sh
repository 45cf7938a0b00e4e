#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# man.sh - the man page is sound troff
. "${LM_SRC:?}/tests/cli/tap.sh"
trap 'rm -rf "$work"' EXIT
page=$LM_SRC/help/livemend.8

if command -v groff >/dev/null 2>&1; then
	groff -mdoc -Tascii -P-cbou -ww -rLL=78n "$page" >"$out" 2>"$err" && empty "$err" && has "$out" "LIVEMEND(8)"
	ok "groff has nothing to say"
else
	skip "groff" "it is not installed"
fi
if command -v mandoc >/dev/null 2>&1; then
	mandoc -T lint -W warning "$page" >"$out" 2>&1 && empty "$out"
	ok "mandoc has nothing to say"
else
	skip "mandoc" "it is not installed"
fi
tap_end
