#!/bin/sh
# Dependencies point one way: actions -> core; fcgi -> core; cli and kit -> fcgi and core; and in
# core and fcgi from room to room.
. "$(dirname "$0")/tap.sh"

# The rooms, the highest first: each may include those behind it, and the public header.
core_rooms='view keeper reaper calls worker store config action base'
fcgi_rooms='server http'

of_core='["<](fcgi/|cli/|kit/|actions/|fcgiapp|fcgi_|fcgios)'
of_fcgi='["<](cli/|kit/|actions/)'
of_kit='["<](cli/|actions/)'
# What HTTP and its server are is fcgi's; that core fetches files from URLs is not meant.
of_http='sys/un\.h|sockaddr_un|FCGI|[Ff]ast[Cc][Gg][Ii]|HTTP_[A-Z]|Content-(Type|Length)'
of_http="$of_http|Content-Disposition"
# By their own path the headers of core/ could be had with <> too.
of_actions='("([^a]|a[^c])|<(config\.h|core/|fcgi/|cli/|actions/))'
# But for what its files share.
of_extension='("([^t]|t[^e])|<(config\.h|core/|fcgi/|cli/|actions/))'

# keeps PATTERN FILE...: whether no #include in the files matches.
keeps()
{
	keeps_pattern=$1
	shift
	test -f "$1" || return 1
	! grep -EnH "^[[:space:]]*#[[:space:]]*include[[:space:]]*$keeps_pattern" "$@"
}

# lacks PATTERN FILE...: whether no line of the files matches.
lacks()
{
	lacks_pattern=$1
	shift
	test -f "$1" || return 1
	! grep -EnH "$lacks_pattern" "$@"
}

# keeps_ranks FOLDER ROOM...: whether no room includes one before it, and all are named.
keeps_ranks()
{
	ranks_folder=$1
	shift
	ranks_above=
	ranks_kept=0
	for ranks_room; do
		test -z "$ranks_above" ||
		    keeps "[\"<]$ranks_folder/($ranks_above)/" \
		    "$ranks_folder/$ranks_room"/*.[ch] || ranks_kept=1
		ranks_above=$ranks_above${ranks_above:+|}$ranks_room
	done
	for ranks_path in "$ranks_folder"/*/; do
		case " $* " in
		*" $(basename "$ranks_path") "*) ;;
		*) test -z "$(ls "$ranks_path"*.[ch] 2>/dev/null)" ||
			{ echo "no rank: $ranks_path"; ranks_kept=1; } ;;
		esac
	done
	return $ranks_kept
}

# planted LINE: keeps_ranks in a tree with one include that runs up.
planted()
{
	(cd "$tap_dir" && rm -rf core && mkdir -p core/store core/base &&
	    echo '#include "core/base/err.h"' >core/store/lock.c &&
	    printf '#include "core/actionkit.h"\n%s\n' "$1" >core/base/err.h &&
	    keeps_ranks core store base)
}

# unranked: keeps_ranks in a tree with a room that nobody named.
unranked()
{
	(cd "$tap_dir" && rm -rf core && mkdir -p core/base core/attic &&
	    : >core/base/err.h && : >core/attic/old.c && keeps_ranks core base)
}

cd "$top_srcdir" || exit 99
check "core includes nothing of fcgi, cli and actions, and no FastCGI" \
    keeps "$of_core" core/*.h core/*/*.[ch]
check "core knows nothing of HTTP" lacks "$of_http" core/*.h core/*/*.[ch]
check "fcgi includes nothing of cli, kit and actions" keeps "$of_fcgi" fcgi/*/*.[ch]
check "kit includes nothing of cli and actions" keeps "$of_kit" kit/*.[ch]
check "the rooms of core include downwards" keeps_ranks core $core_rooms
check "the rooms of fcgi include downwards" keeps_ranks fcgi $fcgi_rooms
check "actions include <actionkit.h>, the system's headers and what actions share" \
    keeps "$of_actions" actions/*.[ch]
check "the extension of the tests does so too" \
    keeps "$of_extension" tests/e2e/*.[ch]

printf '#include <stdio.h>\n#  include "fcgi/http/reply.h"\n' >"$tap_dir/core.c"
printf '#include <fcgiapp.h>\n' >"$tap_dir/server.c"
printf '#include "cli/main.h"\n' >"$tap_dir/fcgi.c"
printf '#include <core/base/err.h>\n' >"$tap_dir/action.c"
check "fcgi in core is noticed" refuses core.c:2 keeps "$of_core" "$tap_dir/core.c"
check "FastCGI in core is noticed" refuses server.c:1 keeps "$of_core" "$tap_dir/server.c"
printf '\n#include <sys/un.h>\n' >"$tap_dir/socket.c"
printf 'const char *name = "HTTP_REQUEST_ID";\n' >"$tap_dir/parameter.c"
check "a socket's address in core is noticed" \
    refuses socket.c:2 lacks "$of_http" "$tap_dir/socket.c"
check "a FastCGI parameter in core is noticed" \
    refuses parameter.c:1 lacks "$of_http" "$tap_dir/parameter.c"
check "cli in fcgi is noticed" refuses fcgi.c:1 keeps "$of_fcgi" "$tap_dir/fcgi.c"
check "core in an action is noticed" \
    refuses action.c:1 keeps "$of_actions" "$tap_dir/action.c"
check "rooms that include downwards are fine" planted ''
check "an include that runs up is noticed" \
    refuses core/base/err.h:2 planted '#include "core/store/lock.h"'
check "a room without a rank is noticed" refuses "no rank: core/attic" unranked

names()
{
	$NM -g --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u
}

# shares_none OBJECT...: whether none defines what the library defines as well. A program has one of
# them only, and the linker says nothing.
shares_none()
{
	names "$@" >"$tap_dir/actions"
	# Not the object that is made of all of them: its names are hidden.
	names $(find "$top_builddir/core" "$top_builddir/fcgi" "$top_builddir/cli" \
	    "$top_builddir/kit" -name '*.o' \
	    -path '*/.libs/lib*') >"$tap_dir/library"
	test -s "$tap_dir/actions" && test -s "$tap_dir/library" || { echo "no names"; return 1; }
	comm -12 "$tap_dir/actions" "$tap_dir/library" >"$tap_dir/both"
	sed 's/^/twice: /' "$tap_dir/both"
	test ! -s "$tap_dir/both"
}

check "actions and the library define nothing of one name" \
    shares_none "$top_builddir"/actions/*.o
echo 'int json_member(void); int json_member(void) { return 0; }' >"$tap_dir/namesake.c"
$CC -c "$tap_dir/namesake.c" -o "$tap_dir/namesake.o"
check "what does is noticed" refuses "twice: json_member" shares_none "$tap_dir/namesake.o"
tap_done
