#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/fuzz/run.sh [HOURS [TARGET...]]: fuzzes the targets (all of them), each from its committed
# corpus, with sanitizers and with bounds for memory and time. Prints TAP.
#
# Without HOURS each target has 20 s, and ends with its first find. With HOURS (0.5 is half an
# hour) that is how long all of them take together; a target goes on after a find, and how many
# inputs it was given and what was found is appended to tests/fuzz/RESULTS ($LM_FUZZ_RESULTS).
#
# As many run at a time as there are processors ($LM_FUZZ_JOBS). An input that breaks something is
# left in the build directory ($LM_FUZZ_BUILD, or build/fuzz), in found-TARGET. It is tried again by
# "tests/fuzz/fuzz_TARGET FILE" there, or in any other build; mended, it goes into the corpus.
set -u
cd "$(dirname "$0")/../.." || exit 1
src=$PWD
hours=${1:-}
[ $# -gt 0 ] && shift
build=${LM_FUZZ_BUILD:-$src/build/fuzz}
results=${LM_FUZZ_RESULTS:-$src/tests/fuzz/RESULTS}
jobs=${LM_FUZZ_JOBS:-$(nproc)}
all="boot cow dm ext fat image iso journal json keys pair redo"
most_finds=10
commit=$(git rev-parse --short=10 HEAD 2>/dev/null || echo -)
export LC_ALL=C.UTF-8
unset MAKEFLAGS
# Freed memory is not kept for long, so that the bound for memory is one for the program.
export ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1

[ $# -gt 0 ] || set -- $all
for t in "$@"; do
	[ -f "tests/fuzz/fuzz_$t.c" ] || { echo "There is no fuzz target $t. There are: $all" >&2; exit 2; }
done
if [ -n "$hours" ]; then
	each=$(awk -v h="$hours" -v n=$# -v j="$jobs" 'BEGIN {
		if (h !~ /^[0-9]+(\.[0-9]+)?$/ || h + 0 == 0) exit 1
		if (j > n) j = n
		s = h * 3600 * j / n; printf "%d", s < 1 ? 1 : s }') || {
		echo "Usage: tests/fuzz/run.sh [HOURS [TARGET...]]" >&2
		exit 2
	}
else
	each=20
	most_finds=1
fi

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
	[ -f Makefile ] || "$src/configure" --enable-fuzzing CC="${LM_FUZZ_CC:-clang}" --disable-nls \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
		LDFLAGS='-fsanitize=address,undefined' || return 1
	# shellcheck disable=SC2046
	make -j2 help/topics.inc && make -j2 $(printf 'tests/fuzz/fuzz_%s ' "$@")
}

mkdir -p "$build/logs" || exit 1
if ! (prepare "$@") >"$build/logs/build.log" 2>&1; then
	tail -n 30 "$build/logs/build.log" | sed 's/^/# /'
	echo "Bail out! The fuzz targets cannot be built."
	exit 1
fi

# of LOG: executions, edges covered.
figures() {
	awk '/^stat::number_of_executed_units/ { n += $2 }
	     match($0, /cov: [0-9]+/) { cov = substr($0, RSTART + 5, RLENGTH - 5) }
	     END { print n + 0, cov + 0 }' "$1"
}

# fuzz TARGET NUMBER: leaves its line of TAP in logs/TARGET.tap, one for RESULTS in TARGET.result.
fuzz() {
	local t=$1 n=$2 log=$build/logs/$1.log found=$build/found-$1 began=$SECONDS finds=0 left rc=0
	local before runs cov names="" f
	mkdir -p "$build/corpus-$t" "$found"
	before=$(mktemp)
	ls "$found" >"$before"
	: >"$log"
	while left=$((each - (SECONDS - began))) && [ $left -gt 0 ] && [ $finds -lt $most_finds ]; do
		# What is found new goes into the work directory, the committed corpus is only read.
		timeout -k 10 $((left + 90)) "$build/tests/fuzz/fuzz_$t" -max_total_time=$left \
			-timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=256 -max_len=65536 \
			-len_control=10 -print_final_stats=1 -artifact_prefix="$found/" \
			"$build/corpus-$t" "$src/tests/fuzz/corpus/$t" >>"$log" 2>&1 </dev/null
		rc=$?
		[ $rc -eq 0 ] || finds=$((finds + 1))
	done
	for f in $(ls "$found" | comm -13 "$before" -); do
		# Inputs that are merely slow are told of, and are no find.
		case $f in
		slow-unit-*) ;;
		*) names="$names${names:+,}$f" ;;
		esac
	done
	rm -f "$before"
	read -r runs cov < <(figures "$log")
	printf '%s  %-10s %-8s %7d %12d %8d %6d %7d  %s\n' "$(date -u +%Y-%m-%dT%H:%MZ)" \
		"$commit" "$t" $((SECONDS - began)) "$runs" \
		$((runs / (SECONDS - began + (SECONDS == began)))) "$cov" "$finds" \
		"${names:--}" >"$build/logs/$t.result"
	if [ $finds -eq 0 ]; then
		echo "ok $n - fuzz_$t, $runs inputs in $((SECONDS - began)) s" >"$build/logs/$t.tap"
	else
		{ echo "not ok $n - fuzz_$t, $runs inputs, $finds finds: $names"
		  grep -vE '^#[0-9]' "$log" | tail -n 60 | sed 's/^/# /'; } >"$build/logs/$t.tap"
	fi
}

n=0
for t in "$@"; do
	n=$((n + 1))
	rm -f "$build/logs/$t.tap" "$build/logs/$t.result"
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n
	done
	fuzz "$t" $n &
done
wait
failed=0
n=0
for t in "$@"; do
	n=$((n + 1))
	cat "$build/logs/$t.tap" 2>/dev/null || echo "not ok $n - fuzz_$t did not come to its end"
	grep -q '^ok' "$build/logs/$t.tap" 2>/dev/null || failed=1
	[ -z "$hours" ] || cat "$build/logs/$t.result" >>"$results"
done
exit $failed
