#!/bin/sh
# From nothing to a proved action: the commands of docs/write-an-action.md, against an installation
# below a prefix of its own.
. "$(dirname "$0")/tap.sh"

# A program without sanitizers cannot use a library with them.
test -z "$AK_INSTRUMENT" || tap_skip_all "the library is instrumented: $AK_INSTRUMENT"
"$top_builddir/libtool" --config | grep -q "^build_libtool_libs=yes" ||
    tap_skip_all "built without the shared library"

root=$tap_dir/root
document=$top_srcdir/docs/write-an-action.md

# Not as a part of the make that runs this test.
install_all()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	    make -C "$top_builddir" install DESTDIR="$root"
}

# section TITLE: what is typed in a section of the document.
section()
{
	sed -n "/^## $1\$/,/^## /p" "$document" |
	    awk '/^```/ { inside = !inside; next } inside && /^\$ / { print substr($0, 3) }'
}

# The commands up to those that only show more, in one shell, as somebody types them.
follow()
{
	(cd "$tap_dir" && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u LD_LIBRARY_PATH \
	    sh -ec "$1")
}

same_as_readme()
{
	awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$top_srcdir/README.md" |
	    diff - "$tap_dir/marker/marker.c"
}

compiles_example()
{
	$CC -Wall -Wextra -Werror $(pkg-config --cflags actionkit) -fsyntax-only \
	    "$root$datadir/actionkit/example.c"
}

# The tests of the new action, of which stop() undoes nothing.
forgetful()
{
	(cd "$tap_dir/marker" &&
	    sed 's/unlink(s->path) == -1/s->path[0] == 0/' marker.c >../forgetful/marker.c &&
	    ! cmp -s marker.c ../forgetful/marker.c &&
	    cp Makefile test_marker.c ../forgetful && cd ../forgetful &&
	    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make test_marker && ./test_marker)
}

# As its first comment says.
tests_example()
{
	(cd "$root$datadir/actionkit" &&
	    ./icon.sh example_icon example.svg >"$tap_dir/icon.c" &&
	    $CC test_example.c example.c "$tap_dir/icon.c" -o "$tap_dir/test_example" \
	    $(pkg-config --cflags --libs actionkit-test) $(pkg-config --cflags --libs check) &&
	    "$tap_dir/test_example")
}

check "make install" install_all
# The installation is where no path of the .pc file points by itself: what a prefix of
# one's own is.
mkdir "$tap_dir/bin"
printf '#!/bin/sh\nexec %s --define-prefix "$@"\n' "$PKG_CONFIG" >"$tap_dir/bin/pkg-config"
chmod +x "$tap_dir/bin/pkg-config"
PKG_CONFIG_PATH=$root$pkgconfigdir
PATH=$tap_dir/bin:$root$bindir:$PATH
TMPDIR=$tap_dir
export PKG_CONFIG_PATH PATH TMPDIR

begin=$(date +%s)
commands=$(section "From nothing to a proved action" | sed '/^\.\//,$d')
check "from nothing to a proved action" follow "$commands"
sed -n 's/^/# /p' "$tap_dir/tap.out" | tail -12
echo "# $(echo "$commands" | wc -l) commands, $(($(date +%s) - begin)) s"
cp "$tap_dir/tap.out" "$tap_dir/followed"
check "it was proved at every system call" \
    grep -Eq '^start\(\) +[0-9]{2,} points, 0 violations$' "$tap_dir/followed"
check "its own tests have run" grep -q '^test_marker: all passed$' "$tap_dir/followed"
mkdir "$tap_dir/forgetful"
check "they find a stop() that undoes nothing" refuses "Assertion" forgetful
check "a directory that is not empty is refused" refuses "is not empty" \
    actionkit new marker --directory "$tap_dir/marker"
for name in Marker 1st -x 'a b' a_b ''; do
	check "the name \"$name\" is refused" refuses "" actionkit new -- "$name"
done
check "an id with a slash is refused" refuses "--id" actionkit new other --id a/b
check "names with a dash, keywords of C and other ids will do" follow \
    'actionkit new int --id com.example.x && make -C int check &&
	actionkit new a-b --directory there && make -C there check'
check "its action is that of the README" same_as_readme
check "make nginx" follow "cd marker && $(section "Behind nginx")"
check "for both blocks" grep -q 'unix:/run/marker/fcgi.sock' "$tap_dir/marker/marker-http.conf"
check "and below its prefix" grep -q '^location /marker/ {' "$tap_dir/marker/marker-server.conf"
check "example.c is installed, and compiles" compiles_example
check "its tests are, too, and pass" tests_example
tap_done
