#!/bin/sh
# Searches for inputs that break the fuzz targets, with clang's libFuzzer: FUZZ_TARGETS,
# each for FUZZ_SECONDS, beginning with its corpus and with what earlier runs have kept.
# Prints the figures last; exits with 1 if something was found.
#
# fuzz.sh build CFLAGS LIBS SOURCE...: builds all targets. Both run in the build tree.
set -u

out=tests/fuzz/clang
clang=${CLANG:-clang}
# Nothing waits for anything: seconds for one input mean that it hangs.
input_timeout_s=10
memory_mb=2048
input_max_bytes=16384

instrument='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined'

fail()
{
	echo "make fuzz: $*" >&2
	exit 1
}

need_clang()
{
	grep -q '^#define ENABLE_COVERAGE' config.h &&
		fail "a tree with --enable-coverage is made for gcc: configure another"
	command -v "$clang" >/dev/null ||
		fail "needs clang (Debian: apt-get install clang libclang-rt-dev)"
	echo 'int LLVMFuzzerTestOneInput(const char *, unsigned long);
	    int LLVMFuzzerTestOneInput(const char *a, unsigned long b) { return !a && b; }' |
	    "$clang" -fsanitize=fuzzer,address -x c -o "$out/probe" - 2>"$out/probe.log" ||
		fail "$clang has no libFuzzer (Debian: apt-get install libclang-rt-dev): $(
		    cat "$out/probe.log")"
}

# Where a source is: in the source tree, or made in the build tree.
find_source()
{
	if [ -f "$1" ]; then
		echo "$1"
	else
		echo "$top_srcdir/$1"
	fi
}

build()
{
	build_cflags="-g -O1 -std=gnu11 -DHAVE_CONFIG_H -I. -Iinclude -I$top_srcdir $1"
	build_libs=$2
	shift 2
	rm -rf "$out/objects"
	mkdir -p "$out/objects"
	echo "building the fuzz targets with $clang"
	for build_source; do
		case $build_source in *.h) continue ;; esac
		build_object=$out/objects/$(echo "$build_source" | tr / _).o
		"$clang" $build_cflags $instrument -c -o "$build_object" \
		    "$(find_source "$build_source")" || fail "$build_source: not compiled"
	done
	for build_target in json multipart records reply request; do
		build_own=$top_srcdir/tests/fuzz/$build_target.c
		test "$build_target" != request ||
			build_own="$build_own $top_srcdir/tests/fuzz/exchange.c
			    $top_srcdir/tests/fuzz/stub.c"
		# Time and the network of a run are the target's.
		build_wrap=
		test "$build_target" != reply ||
			build_wrap="-Wl,--wrap=clock_boot_ms,--wrap=clock_sleep_ms,--wrap=http_call"
		"$clang" $build_cflags $build_wrap -fsanitize=fuzzer,address,undefined \
		    -fno-sanitize-recover=undefined -o "$out/$build_target" $build_own \
		    "$out"/objects/*.o $build_libs || fail "$build_target: not linked"
	done
}

# run TARGET: adds to executions and findings.
run()
{
	mkdir -p "$out/corpus-$1" "$out/found-$1"
	echo "fuzzing $1 for $seconds s, log in $PWD/$out/$1.log"
	# Standard error is the log of what is fuzzed: nobody reads that.
	TMPDIR=$work "$out/$1" -max_total_time="$seconds" -timeout=$input_timeout_s \
	    -rss_limit_mb=$memory_mb -max_len=$input_max_bytes -close_fd_mask=2 \
	    -dict="$top_srcdir/tests/fuzz/$1.dict" -artifact_prefix="$out/found-$1/" \
	    -print_final_stats=1 "$out/corpus-$1" "$top_srcdir/tests/fuzz/corpus/$1" \
	    >"$out/$1.log" 2>&1
	run_status=$?
	run_count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$1.log")
	run_found=0
	if [ $run_status -ne 0 ]; then
		run_found=1
		tail -n 60 "$out/$1.log"
	fi
	findings=$((findings + run_found))
	executions=$((executions + ${run_count:-0}))
	figures="$figures$1: ${run_count:-0} executions in $seconds s, $run_found findings
"
}

targets=${FUZZ_TARGETS:-json multipart records reply request}
seconds=${FUZZ_SECONDS:-60}
mkdir -p "$out" || exit
if [ "${1-}" = build ]; then
	shift
	need_clang
	build "$@"
	exit
fi

# State directories in memory, where there is room for that.
work=$(mktemp -d /dev/shm/ak-fuzz-XXXXXX 2>/dev/null ||
    mktemp -d "${TMPDIR:-/tmp}/ak-fuzz-XXXXXX") || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
executions=0
findings=0
figures=
for target in $targets; do
	run "$target"
done
printf '%s' "$figures"
echo "$executions executions, $findings findings"
[ $findings -eq 0 ]
