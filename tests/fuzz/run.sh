#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/fuzz/run.sh [SECONDS]: fuzzes every target, SECONDS (60) in all, each from its committed
# corpus and with sanitizers. Prints TAP. An input that breaks something is left in the build
# directory ($LM_FUZZ_BUILD, or build/fuzz), beside the log.
set -u
cd "$(dirname "$0")/../.." || exit 1
src=$PWD
seconds=${1:-60}
build=${LM_FUZZ_BUILD:-$src/build/fuzz}
targets="cow"
export LC_ALL=C.UTF-8
unset MAKEFLAGS

# shellcheck disable=SC2086
set -- $targets
echo "1..$#"
if ! command -v clang >/dev/null; then
	for t in "$@"; do
		n=$((${n:-0} + 1))
		echo "ok $n - fuzz_$t # SKIP clang is not installed"
	done
	exit 0
fi

prepare() {
	[ -x "$src/configure" ] || "$src/autogen.sh" || return 1
	cd "$build" || return 1
	[ -f Makefile ] || "$src/configure" --enable-fuzzing CC=clang --disable-nls \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
		LDFLAGS='-fsanitize=address,undefined' || return 1
	# shellcheck disable=SC2086
	make -j2 $(printf 'tests/fuzz/fuzz_%s ' $targets)
}

mkdir -p "$build/logs" || exit 1
if ! prepare >"$build/logs/build.log" 2>&1; then
	tail -n 30 "$build/logs/build.log" | sed 's/^/# /'
	echo "Bail out! The fuzz targets cannot be built."
	exit 1
fi

each=$((seconds / $#))
[ $each -gt 0 ] || each=1
failed=0
n=0
for t in "$@"; do
	n=$((n + 1))
	work=$build/corpus-$t
	log=$build/logs/$t.log
	mkdir -p "$work" "$build/found-$t"
	# What is found new goes into the work directory, the committed corpus is only read.
	if timeout -k 10 $((each + 60)) "$build/tests/fuzz/fuzz_$t" -max_total_time=$each -timeout=20 \
		-rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
		-artifact_prefix="$build/found-$t/" "$work" "$src/tests/fuzz/corpus/$t" \
		>"$log" 2>&1 </dev/null; then
		echo "ok $n - fuzz_$t, $(awk '/number_of_executed_units/ {print $2}' "$log") inputs in $each s"
	else
		failed=1
		echo "not ok $n - fuzz_$t"
		grep -vE '^#[0-9]' "$log" | tail -n 60 | sed 's/^/# /'
	fi
done
exit $failed
