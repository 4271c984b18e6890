#!/bin/sh
# Lines of at most 100 columns, no blanks at their ends, an end of line at the end of a file.
. "$(dirname "$0")/tap.sh"

style="$PYTHON $top_srcdir/tests/build/style.py"

# planted NAME TEXT: style in a tree with one such file; TEXT is a format of printf.
planted()
{
	rm -rf "$tap_dir/tree" && mkdir -p "$tap_dir/tree/core/base" &&
	    printf '%s\n' 'int a;' >"$tap_dir/tree/core/base/a.c" &&
	    printf "$2" >"$tap_dir/tree/core/base/$1" && $style "$tap_dir/tree"
}

x50=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
check "every file keeps the rules" $style "$top_srcdir"
check "100 columns are fine" planted b.h "\t/* ${x50}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxä */\n"
for name in b.c b.h b.sh b.py b.mk b.ac b.am b.sql; do
	check "101 columns in $name are noticed" refuses "core/base/$name:2: 101 columns" \
	    planted $name "x\n\t${x50}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxä\n"
done
check "blanks at the end are noticed" refuses "b.c:1: blanks" planted b.c 'int b; \n'
check "a tab at the end is noticed" refuses "b.c:2: blanks" planted b.c 'int b;\n\t\n}\n'
check "no end of line is noticed" refuses "b.c:1: no end of line" planted b.c 'int b;'
check "an empty last line is noticed" refuses "b.c:2: an empty line" planted b.c 'int b;\n\n'
check "what the build writes is left alone" planted b.c '/* Made by b.sh. */ \n'
mkdir "$tap_dir/nothing"
check "a tree without files is noticed" refuses "nothing to look at" \
    $style "$tap_dir/nothing"
tap_done
