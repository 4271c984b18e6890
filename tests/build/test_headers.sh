#!/bin/sh
# Every header compiles alone, and twice; the public one also as C++.
. "$(dirname "$0")/tap.sh"

warnings="-Wall -Wextra -Wpedantic -Werror"

compiles()
{
	printf '#include "%s"\n#include "%s"\n' "$1" "$1" |
	    $CC -std=gnu11 -D_GNU_SOURCE $warnings -I"$top_srcdir" $DEPS_CFLAGS \
	    -x c -fsyntax-only -
}

compiles_strictly()
{
	printf '#include <actionkit.h>\n' |
	    $CC -std=c11 $warnings -I"$top_srcdir/core" -x c -fsyntax-only -
}

compiles_as_cxx()
{
	printf '#include <actionkit.h>\n' |
	    g++ $warnings -I"$top_srcdir/core" -x c++ -fsyntax-only -
}

cd "$top_srcdir" || exit 99
for header in core/*.h core/*/*.h fcgi/*/*.h cli/*.h; do
	test ! -f "$header" || check "$header alone" compiles "$header"
done
check "the public header without extensions of the language" compiles_strictly
if command -v g++ >/dev/null; then
	check "the public header in C++" compiles_as_cxx
else
	skip "the public header in C++" "no g++"
fi

echo 'int f(size_t);' >"$tap_dir/broken.h"
check "a header that does not is noticed" refuses size_t compiles "$tap_dir/broken.h"
tap_done
