#!/bin/sh
# Icons from files: what is made of a picture, and what is refused.
. "$(dirname "$0")/tap.sh"

icon()
{
	(cd "$tap_dir" && sh "$top_srcdir/actions/icon.sh" "$@")
}

printf '<svg/>\n' >"$tap_dir/a.svg"
printf '\211PNG\r\n\032\n\000' >"$tap_dir/b.png"
: >"$tap_dir/empty.svg"
cp "$tap_dir/a.svg" "$tap_dir/a.bmp"
head -c 750000 /dev/zero >"$tap_dir/big.png"
head -c 749980 /dev/zero >"$tap_dir/fits.png"

# makes FILE URI: compiles what is made of the file, and compares what it holds.
makes()
{
	icon some_icon "$1" >"$tap_dir/icon.c" || return 1
	cat >"$tap_dir/print.c" <<'END'
#include <stdio.h>

extern const char some_icon[];

int
main(void)
{
	puts(some_icon);
	return 0;
}
END
	$CC -Wall -Wextra -Wpedantic -Werror -o "$tap_dir/print" "$tap_dir/print.c" \
	    "$tap_dir/icon.c" || return 1
	test "$("$tap_dir/print")" = "$2" || { "$tap_dir/print"; return 1; }
}

# The largest that the schema allows is made, and is as long as it says.
fits()
{
	icon some_icon fits.png >"$tap_dir/fits.c" || return 1
	test "$(tail -n +4 "$tap_dir/fits.c" | tr -cd , | wc -c)" -eq 999998
}

check "an SVG" makes a.svg "data:image/svg+xml;base64,PHN2Zy8+Cg=="
check "a PNG" makes b.png "data:image/png;base64,iVBORw0KGgoA"
check "a large one" fits
check "refuses what is too large" refuses "more than 1000000" icon x big.png
check "refuses an empty file" refuses "is empty" icon x empty.svg
check "refuses a missing file" refuses "cannot be read" icon x none.svg
check "refuses other files" refuses "must end in" icon x a.bmp
check "refuses what is no name" refuses "is no name" icon 1x a.svg
check "refuses no file" refuses "usage" icon x
tap_done
