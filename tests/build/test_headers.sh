#!/bin/sh
# Every header compiles alone, and twice; the public ones also as C++.
. "$(dirname "$0")/tap.sh"

warnings="-Wall -Wextra -Wpedantic -Werror"

compiles()
{
	printf '#include "%s"\n#include "%s"\n' "$1" "$1" |
	    $CC -std=gnu11 -D_GNU_SOURCE $warnings -I"$top_srcdir" -I"$top_srcdir/core" \
	    $DEPS_CFLAGS -x c -fsyntax-only -
}

compiles_strictly()
{
	printf '#include <actionkit-test.h>\n' |
	    $CC -std=c11 $warnings -I"$top_srcdir/core" -I"$top_srcdir/kit" \
	    -x c -fsyntax-only -
}

compiles_as_cxx()
{
	printf '#include <actionkit-test.h>\n' |
	    g++ $warnings -I"$top_srcdir/core" -I"$top_srcdir/kit" \
	    -x c++ -fsyntax-only -
}

# The action of README, with the casts that C++ wants of its handlers.
awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$top_srcdir/README.md" |
    sed 's/= state;/= static_cast<marker_state *>(state);/' >"$tap_dir/marker.cc"
cat >"$tap_dir/fields.cc" <<'END'
#include <actionkit.h>

struct inner {
	bool on;
	double rate;
};

struct outer {
	int64_t number;
	struct inner inner;
	char text[8];
	char json[32];
	AK_TEXT_LIST(4, 16) list;
};

static const struct ak_field inner_fields[] = {
	AK_BOOL(struct inner, on),
	AK_DOUBLE(struct inner, rate),
	AK_FIELDS_END
};

extern const struct ak_field outer_fields[] = {
	AK_INT(struct outer, number),
	AK_STRUCT(struct outer, inner, inner_fields),
	AK_TEXT(struct outer, text),
	AK_JSON(struct outer, json),
	AK_LIST(struct outer, list),
	AK_FIELDS_END
};

extern const struct ak_parameter parameters[] = {
	{ .name = "n", .label = "N", .type = AK_INTEGER, .min = AK_LIMIT(2) },
	AK_PARAMETERS_END
};
END
sed 's/int64_t number;/int number;/' "$tap_dir/fields.cc" >"$tap_dir/wrong.cc"

# A table of C++ is as short as one of C; of what it leaves out C alone does not warn.
table_as_cxx()
{
	$1 -std=c++20 $warnings -Wno-missing-field-initializers -I"$top_srcdir/core" \
	    -fsyntax-only "$tap_dir/$2.cc"
}

cd "$top_srcdir" || exit 99
for header in core/*.h core/*/*.h fcgi/*/*.h cli/*.h kit/*.h; do
	test ! -f "$header" || check "$header alone" compiles "$header"
done
check "the public headers without extensions of the language" compiles_strictly
if command -v g++ >/dev/null; then
	check "the public headers in C++" compiles_as_cxx
else
	skip "the public headers in C++" "no g++"
fi
for compiler in g++ clang++; do
	for name in marker fields wrong; do
		if ! command -v $compiler >/dev/null; then
			skip "$name.cc as C++20" "no $compiler"
		elif test $name = wrong; then
			check "$compiler refuses a member of another type" refuses \
			    "the member has another type" table_as_cxx $compiler $name
		else
			check "$compiler takes $name.cc as C++20" table_as_cxx $compiler $name
		fi
	done
done

echo 'int f(size_t);' >"$tap_dir/broken.h"
check "a header that does not is noticed" refuses size_t compiles "$tap_dir/broken.h"
tap_done
