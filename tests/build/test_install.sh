#!/bin/sh
# An extension of somebody else is built against an installation in a directory, and runs.
. "$(dirname "$0")/tap.sh"

# A program without sanitizers cannot use a library with them.
test -z "$AK_INSTRUMENT" || tap_skip_all "the library is instrumented: $AK_INSTRUMENT"
for kind in build_libtool_libs build_old_libs; do
	"$top_builddir/libtool" --config | grep -q "^$kind=yes" ||
	    tap_skip_all "built without the shared or the static library"
done

root=$tap_dir/root
lib=$root$libdir
# The installation is below DESTDIR, where no path of the .pc file points by itself.
PKG_CONFIG_PATH=$root$pkgconfigdir
PKG_CONFIG_SYSROOT_DIR=$root
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS \
    PKG_CONFIG_ALLOW_SYSTEM_LIBS

cat >"$tap_dir/x.c" <<'END'
#include <actionkit.h>

static int
hello_start(struct ak_call *call, void *state)
{
	(void)state;
	ak_message(call, AK_INFO, "Hello");
	return 0;
}

static const struct ak_action hello = {
	.id = "org.example.hello",
	.label = "Hello",
	.version = "1.0.0",
	.description = "Says hello.",
	.kind = AK_OTHER,
	.time_control = AK_INSTANTANEOUS,
	.start = hello_start,
};

int
main(int argc, char **argv)
{
	ak_register(&hello);
	return ak_main(argc, argv);
}
END
sed 's/"Says hello."/""/' "$tap_dir/x.c" >"$tap_dir/wrong.c"
# A program whose own functions are called as some within the library.
cp "$tap_dir/x.c" "$tap_dir/namesake.c"
for name in store_open json_parse log_error call_run; do
	printf 'int %s(void);\nint\n%s(void)\n{\n\treturn 1;\n}\n' $name $name
done >>"$tap_dir/namesake.c"

# Not as a part of the make that runs this test.
install_all()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	    make -C "$top_builddir" install DESTDIR="$root"
}

exists()
{
	for exists_path; do
		test -s "$root$exists_path" || { echo "missing: $exists_path"; return 1; }
	done
}

# exports PATTERN LIBRARY: whether all that it exports matches, and there is something.
exports()
{
	$NM -D --defined-only "$2" | awk '$(NF - 1) != "A" { print $NF }' >"$tap_dir/symbols"
	grep -q '^ak_main' "$tap_dir/symbols" || { echo "no ak_main"; return 1; }
	! grep -Ev "$1" "$tap_dir/symbols"
}

# archived PATTERN LIBRARY: the same of a static one.
archived()
{
	$NM -g --defined-only "$2" | awk 'NF == 3 { print $NF }' >"$tap_dir/symbols"
	grep -q '^ak_main' "$tap_dir/symbols" || { echo "no ak_main"; return 1; }
	! grep -Ev "$1" "$tap_dir/symbols"
}

# build NAME [pkg-config option]: as the manual says, apart from the names.
build()
{
	flags=$($PKG_CONFIG ${2-} --cflags --libs actionkit) || return 1
	(cd "$tap_dir" && $CC "$1.c" $flags -o "$1")
}

# version NAME SCRIPT: a program that is built with the header of another version.
version()
{
	mkdir -p "$tap_dir/$1.d" && cp "$tap_dir/x.c" "$tap_dir/$1.c" &&
	    sed "$2" "$root$includedir/actionkit.h" >"$tap_dir/$1.d/actionkit.h" &&
	    ! cmp -s "$root$includedir/actionkit.h" "$tap_dir/$1.d/actionkit.h" &&
	    (cd "$tap_dir" && $CC -I"$1.d" "$1.c" \
	    $($PKG_CONFIG --cflags --libs actionkit) -o "$1")
}

# refused NAME WORDS ARGUMENT...: whether the program says WORDS, and ends with EX_CONFIG.
refused()
{
	refused_program=$tap_dir/$1
	refused_words=$2
	shift 2
	refuses "$refused_words" "$refused_program" "$@" || return 1
	"$refused_program" "$@" 2>/dev/null
	test $? -eq 78
}

# says WORDS ARGUMENT...: what the program prints.
says()
{
	says_words=$1
	shift
	says_output=$("$tap_dir/x" "$@" 2>&1) || { echo "$says_output"; return 1; }
	case $says_output in
	*"$says_words"*) return 0 ;;
	esac
	echo "no \"$says_words\" in: $says_output"
	return 1
}

serve_test()
{
	"$tap_dir/$1" serve --test --socket "$tap_dir/socket" --state-dir "$tap_dir/state"
}

needs()
{
	ldd "$tap_dir/x" | grep -F libactionkit
}

check "make install" install_all
check "installs what it should" exists "$includedir/actionkit.h" "$bindir/actionkit" \
    "$libdir/libactionkit.so" "$libdir/libactionkit.a" "$pkgconfigdir/actionkit.pc" \
    "$mandir/man1/actionkit.1" "$mandir/man3/actionkit.3" \
    "$datadir/actionkit/nginx/actionkit.conf" \
    "$datadir/actionkit/nginx/actionkit-errors.conf" \
    "$datadir/actionkit/nginx/actionkit-location.conf" \
    "$datadir/actionkit/nginx/actionkit-metrics.conf" \
    "$datadir/actionkit/nginx/actionkit-page.conf" \
    "$datadir/actionkit/nginx/actionkit-page-headers.conf" \
    "$datadir/actionkit/page/index.html" "$datadir/actionkit/page/page.css" \
    "$datadir/actionkit/page/page.js" \
    "$datadir/actionkit/nginx/actionkit-upstream.conf" "$datadir/actionkit/icon.sh" \
    "$datadir/actionkit/example.c" "$datadir/actionkit/test_example.c" \
    "$includedir/actionkit-test.h" "$libdir/libactionkit-test.a" \
    "$pkgconfigdir/actionkit-test.pc" "$mandir/man3/actionkit-test.3" \
    "$datadir/actionkit/examples/steadybit-extension.yaml" \
    "$datadir/bash-completion/completions/actionkit" "$sysconfdir/actionkit/actionkit.conf" \
    "$prefix/lib/systemd/system/actionkit.service" \
    "$prefix/lib/systemd/system/actionkit.socket" \
    "$prefix/lib/sysusers.d/actionkit.conf" "$prefix/lib/tmpfiles.d/actionkit.conf"
# Options that somebody has edited are not overwritten.
keeps_options()
{
	echo 'grace 1m' >"$root$sysconfdir/actionkit/actionkit.conf"
	install_all >/dev/null 2>&1 &&
	    grep -q '^grace 1m$' "$root$sysconfdir/actionkit/actionkit.conf"
}

check "the unit names the program" grep -q "^ExecStart=$bindir/actionkit serve$" \
    "$root$prefix/lib/systemd/system/actionkit.service"
check "the options file is one" "$root$bindir/actionkit" serve --test \
    --options "$root$sysconfdir/actionkit/actionkit.conf" --state-dir "$tap_dir/none" \
    --socket "$tap_dir/socket"
check "an edited options file stays" keeps_options
check "the shared library exports only ak_ symbols" \
    exports '^ak_' "$lib/libactionkit.so"
check "others would be noticed" refuses ak_ exports '^ak_main$' "$lib/libactionkit.so"
check "the static library, too" archived '^ak_' "$lib/libactionkit.a"
check "and that of the kit, but for its clocks" \
    archived '^(ak_.*|clock_gettime|gettimeofday|time)$' "$lib/libactionkit-test.a"
check "others would be noticed there" refuses ak_ archived '^ak_main$' "$lib/libactionkit.a"

LD_LIBRARY_PATH=$lib
export LD_LIBRARY_PATH
mkdir "$tap_dir/state"
check "an extension builds" build x
check "it uses the shared library" needs
check "it has --version" says "$VERSION" --version
check "it has --help" says serve --help
check "serve accepts its action" serve_test x
check "one with a mistake builds" build wrong
check "serve names the mistake" refuses org.example.hello serve_test wrong

# The struct ak_action of another version has a member more, or fewer.
check "a program of a later version builds" version later \
    's/"0\.1\.0"/"0.2.0"/; s/^	const char \*category;.*or NULL.*/&\n	const char *more;/'
check "the library refuses it" refused later \
    "was compiled with actionkit.h 0.2.0, where struct ak_action has" list
check "one of an earlier version builds" version earlier \
    's/"0\.1\.0"/"0.0.9"/; /^	const struct ak_need \*needs;/d'
check "the library refuses it, too" refused earlier \
    "was compiled with actionkit.h 0.0.9, where struct ak_action has" serve --test
check "one of a version with more structs builds" version richer \
    's/"0\.1\.0"/"0.3.0"/; s/item_(ak_exec) /&item_(ak_need) /'
check "the library refuses that" refused richer \
    "was compiled with actionkit.h 0.3.0, which has" list
check "one of another version with the same structs builds" version sister \
    's/"0\.1\.0"/"0.1.9"/'
check "it runs" "$tap_dir/sister" list --help

rm -f "$lib"/libactionkit.so* "$tap_dir/x"
check "an extension builds with the static library" build x --static
check "it needs no shared one" refuses "" needs
check "it has --version too" says "$VERSION" --version
check "serve accepts its action too" serve_test x
check "its own functions may be called as those of the library" build namesake --static
check "serve accepts that action, too" serve_test namesake
tap_done
