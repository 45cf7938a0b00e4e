#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# pictures.sh [SHOTS]: makes help/pictures anew from what tests/vt/run.sh has left in SHOTS
# (build/check/vt): the same pixels with a palette, as small as optipng gets them.
set -eu
cd "$(dirname "$0")/../.."
shots=${1:-build/check/vt}
command -v optipng >/dev/null || { echo "optipng is missing (package optipng)" >&2; exit 1; }
mkdir -p help/pictures
for name in dashboard usage wizard progress help; do
	rm -f "help/pictures/$name.png" # optipng would keep the old one beside
	optipng -quiet -o7 -strip all -clobber -out "help/pictures/$name.png" "$shots/$name.png"
done
ls -l help/pictures
