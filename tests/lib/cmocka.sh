#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a test program of cmocka's, whose releases before 1.1.8 say "not ok 1 # SKIP" of a test that
# was skipped: a failure to automake, and to everybody who reads TAP.
"$@" | sed -E 's/^not ok ([0-9]+ (.*)?# SKIP)/ok \1/'
exit "${PIPESTATUS[0]}"
