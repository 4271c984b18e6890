#!/bin/sh
# What a file includes it uses.
. "$(dirname "$0")/tap.sh"

includes="$PYTHON $top_srcdir/tests/build/includes.py"

# planted TEXT: includes in a tree with one header of its own, and one file, with this text.
planted()
{
	rm -rf "$tap_dir/tree" && mkdir -p "$tap_dir/tree/core/base" &&
	    cat >"$tap_dir/tree/core/base/lamp.h" <<'END' && printf '%s\n' "$@" \
	    >"$tap_dir/tree/core/base/user.c" && $includes "$tap_dir/tree" $CC
#include <stdarg.h>
#define LAMP_MAX 3
enum lamp_colour { LAMP_RED = 1, LAMP_BLUE };
struct lamp {
	int watts;
};
typedef int (*lamp_switch)(struct lamp *lamp);
extern const struct lamp lamps[];
struct lamp *lamp_find(const char *name, va_list more) __attribute__((nonnull(1)));
static inline int
lamp_watts(const struct lamp *lamp)
{
	int sum = lamp->watts;

	return sum;
}
END
}

check "every file uses what it includes" $includes "$top_srcdir" $CC $DEPS_CFLAGS
for name in LAMP_MAX lamp_colour LAMP_RED LAMP_BLUE "struct lamp" lamp_switch lamps lamp_find \
    lamp_watts; do
	check "$name is something of its header" \
	    planted '#include "core/base/lamp.h"' "void *x = &$name;"
done
for code in 'int watts;' 'int sum, name, more;' '/* lamp_find() */' 'char *x = "lamp_find";' \
    'va_list x;'; do
	check "$code is nothing of it" \
	    refuses 'core/base/user.c: nothing of "core/base/lamp.h" is used' \
	    planted '#include "core/base/lamp.h"' "$code"
done
for line in '<errno.h> return errno == EINTR;' '<limits.h> char x[PATH_MAX];' \
    '<stdint.h> int64_t x;' '<stdio.h> snprintf(x);' '<stdlib.h> free(x);' \
    '<string.h> strlen(x);' '<time.h> struct timespec x;'; do
	header=${line%% *}
	check "$header: ${line#* }" planted "# include $header" "${line#* }"
	check "$header unused is noticed" refuses "user.c: nothing of $header is used" \
	    planted "# include $header" 'int read(int close, struct call *state);'
done
check "a header that is not there is noticed" refuses "core/base/none.h" \
    planted '#include "core/base/none.h"'
mkdir "$tap_dir/nothing"
check "a tree without files is noticed" refuses "nothing to look at" \
    $includes "$tap_dir/nothing" $CC
tap_done
