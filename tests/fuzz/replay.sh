#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What is in the corpus of each fuzz target, given to it as this build has it: every input that
# ever broke something is in it. Prints TAP.
set -u
src=${LM_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${LM_BUILD:-$PWD}
export LC_ALL=C.UTF-8

set -- "$src"/tests/fuzz/fuzz_*.c
echo "1..$#"
n=0
failed=0
for t in "$@"; do
	n=$((n + 1))
	t=$(basename "$t" .c)
	if out=$(timeout 120 "$build/tests/fuzz/$t" "$src/tests/fuzz/corpus/${t#fuzz_}" 2>&1 </dev/null); then
		echo "ok $n - $t: $(tail -n 1 <<<"$out") inputs"
	else
		failed=1
		echo "not ok $n - $t"
		tail -n 40 <<<"$out" | sed 's/^/# /'
	fi
done
exit $failed
