#!/bin/sh
# configure in the source tree: core/ is a folder, and nothing of the trials is left.
. "$(dirname "$0")/tap.sh"

cd "$tap_dir" && mkdir -p tree/core tree/kit && cd tree || exit 99
(cd "$top_srcdir" && cp -R configure build-aux Makefile.in config.h.in "$tap_dir/tree" &&
    cp core/actionkit.h core/actionkit.pc.in "$tap_dir/tree/core" &&
    cp kit/actionkit-test.h kit/actionkit-test.pc.in "$tap_dir/tree/kit") || exit 99

configures()
{
	# The Makefile is not complete here, so do not run it for the dependencies.
	./configure --disable-dependency-tracking
}

configures_quietly()
{
	! grep "^rm:" "$tap_dir/configure.out"
}

is_tidy()
{
	for left in conftest* confdefs*; do
		test ! -e "$left" || { echo "left: $left"; return 1; }
	done
}

check "configure" configures
cp "$tap_dir/tap.out" "$tap_dir/configure.out"
check "keeps core/" test -f core/actionkit.h
check "does not try to remove it" configures_quietly
check "cleans up" is_tidy
tap_done
