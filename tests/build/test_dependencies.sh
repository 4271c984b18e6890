#!/bin/sh
# Dependencies point one way: actions -> core, fcgi -> core, cli -> fcgi and core.
. "$(dirname "$0")/tap.sh"

of_core='["<](fcgi/|cli/|actions/|fcgiapp|fcgi_|fcgios)'
of_fcgi='["<](cli/|actions/)'
# By their own path the headers of core/ could be had with <> too.
of_actions='("|<(config\.h|core/|fcgi/|cli/|actions/))'

# keeps PATTERN FILE...: whether no #include in the files matches.
keeps()
{
	keeps_pattern=$1
	shift
	test -f "$1" || return 1
	! grep -EnH "^[[:space:]]*#[[:space:]]*include[[:space:]]*$keeps_pattern" "$@"
}

cd "$top_srcdir" || exit 99
check "core includes nothing of fcgi, cli and actions, and no FastCGI" \
    keeps "$of_core" core/*.[ch]
check "fcgi includes nothing of cli and actions" keeps "$of_fcgi" fcgi/*.[ch]
check "actions include <actionkit.h> and the system's headers only" \
    keeps "$of_actions" actions/*.c
check "the extension of the tests does so too" keeps "$of_actions" tests/e2e/*.c

printf '#include <stdio.h>\n#  include "fcgi/reply.h"\n' >"$tap_dir/core.c"
printf '#include <fcgiapp.h>\n' >"$tap_dir/server.c"
printf '#include "cli/main.h"\n' >"$tap_dir/fcgi.c"
printf '#include <core/err.h>\n' >"$tap_dir/action.c"
check "fcgi in core is noticed" refuses core.c:2 keeps "$of_core" "$tap_dir/core.c"
check "FastCGI in core is noticed" refuses server.c:1 keeps "$of_core" "$tap_dir/server.c"
check "cli in fcgi is noticed" refuses fcgi.c:1 keeps "$of_fcgi" "$tap_dir/fcgi.c"
check "core in an action is noticed" \
    refuses action.c:1 keeps "$of_actions" "$tap_dir/action.c"
tap_done
