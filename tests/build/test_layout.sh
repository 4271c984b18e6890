#!/bin/sh
# What a compiled program knows of the library is what is recorded in core/layout.txt; where that
# cannot be kept, the library gets a new name, its soname.
. "$(dirname "$0")/tap.sh"

header=$top_srcdir/core/actionkit.h
record=$top_srcdir/core/layout.txt
map=$top_srcdir/core/actionkit.map
changes=$top_srcdir/CHANGES

test "$(getconf LONG_BIT)" = 64 || tap_skip_all "the record is of machines of 64 bits"

layout()
{
	CHANGES=$changes "$PYTHON" "$top_srcdir/tests/build/layout.py" "$@"
}

# changed SCRIPT WORDS: whether the header, changed so, is refused with these words.
changed()
{
	sed "$1" "$header" >"$tap_dir/actionkit.h"
	! cmp -s "$header" "$tap_dir/actionkit.h" || { echo "nothing changed: $1"; return 1; }
	refuses "$2" layout check "$tap_dir/actionkit.h" "$record"
}

# The same, of a version that is in use.
changed_released()
{
	(changes=$tap_dir/CHANGES changed "$@")
}

renamed()
{
	sed "$1" "$header" >"$tap_dir/actionkit.h"
	cp "$record" "$tap_dir/layout.txt" && chmod u+w "$tap_dir/layout.txt" || return 1
	(changes=$tap_dir/CHANGES VERSION_INFO=1:0:0 VERSION=0.2.0 &&
	    export VERSION_INFO VERSION &&
	    layout update "$tap_dir/actionkit.h" "$tap_dir/layout.txt" &&
	    layout check "$tap_dir/actionkit.h" "$tap_dir/layout.txt") || return 1
	grep -q '^libactionkit.so.1 since 0.2.0$' "$tap_dir/layout.txt"
}

# The functions of the header, and of the map.
functions()
{
	tr '\n' ' ' <"$1" | grep -o 'AK_API [^;]*' | grep -o '\<ak_[a-z_0-9]*(' | tr -d '(' | sort
}

mapped()
{
	sed -n 's/^	\(ak_.*\);$/\1/p' "$1" | sort
}

same_functions()
{
	functions "$1" >"$tap_dir/functions"
	mapped "$2" | diff "$tap_dir/functions" -
}

sed '1,/unreleased/s/, unreleased//' "$changes" >"$tap_dir/CHANGES"

check "the layout is the one that is recorded" layout check "$header" "$record"
check "a member that is inserted is noticed" \
    changed 's/^	const char \*technology;/	int more; &/' "make layout"
check "with a version in use it needs a new soname" \
    changed_released 's/^	const char \*technology;/	int more; &/' \
    "ak_action.technology: 40, 8; ak_action.category: 48, 8"
check "a member of the same size that changes places does as well" \
    changed_released '/^	const char \*label;/{N;s/\(.*\)\n\(.*\)/\2\n\1/;}' "-version-info"
check "so does a number" changed_released 's/AK_ATTACK = 1/AK_ATTACK = 2/' "AK_ATTACK: 1"
check "so does a function that has another argument" \
    changed_released 's/\(int ak_save(struct ak_call \*call\))/\1, int how)/' \
    "ak_save: int ak_save(struct ak_call *call)"
check "a function more needs none" \
    changed_released 's/^AK_API int ak_save(/AK_API int ak_more(int x);\n&/' "make layout"
check "a struct that nobody compares is noticed" changed \
    's/^struct ak_call;/&\nstruct ak_more { int x; };/' "ak_more: not in AK_STRUCTS_"
check "with a new soname everything may change" \
    renamed 's/^	const char \*technology;/	int more; &/'
check "every function has a version" same_functions "$header" "$map"
sed '/ak_save;/d' "$map" >"$tap_dir/map"
check "one without is noticed" refuses "ak_save" same_functions "$header" "$tap_dir/map"
tap_done
