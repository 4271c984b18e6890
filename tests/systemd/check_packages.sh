#!/bin/sh
# check_packages.sh: installs, upgrades and removes the packages in a machine of its own, as
# make package-check runs it: SUITE DIRECTORY MACHINE; in the directory the suite and what builds
# for it are kept. It needs root and debootstrap. packages/source is the tree that is built.
. "$(dirname "$0")/machine.sh"
workshop=$machine_kept-build
source=$top_builddir/packages/source

# in_suite ROOT COMMAND...: its output is in the log.
in_suite()
{
	in_suite_root=$1
	shift
	chroot "$in_suite_root" env -i DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
	    PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin CCACHE_DIR=/var/cache/ccache \
	    DEB_BUILD_OPTIONS=noautodbgsym \
	    "$@" >>"$machine_root.log" 2>&1 </dev/null
}

# timed WHAT COMMAND...
timed()
{
	timed_what=$1 timed_begun=$(date +%s)
	shift
	"$@"
	echo "# $timed_what: $(($(date +%s) - timed_begun)) s"
}

# What builds for the suite: again when other packages are needed for that.
fetch_workshop()
{
	cmp -s "$source/packaging/debian/control" "$workshop/made" && return
	rm -rf "$workshop"
	cp -a "$machine_kept" "$workshop"
	mkdir -p "$workshop/build/control/debian"
	cp "$source/packaging/debian/control" "$workshop/build/control/debian/"
	{ in_suite "$workshop" apt-get update &&
	    in_suite "$workshop" apt-get install -y --no-install-recommends \
		ccache dpkg-dev lintian &&
	    in_suite "$workshop" apt-get build-dep -y --no-install-recommends /build/control; } ||
	    missing "no packages to build with: $machine_root.log"
	cp "$source/packaging/debian/control" "$workshop/made"
}

failed()
{
	tail -n 40 "$machine_root.log"
	echo "Bail out! $1"
	exit 1
}

# build NAME: the tree in the workshop, into /packages/NAME of the machine. Both are built in the
# same place, so that most of the second comes from ccache.
build()
{
	in_suite "$workshop" sh /build/tree/packaging/deb.sh /build/tree ||
	    failed "the packages of $1 version do not build"
	mkdir -p "$machine_root/packages/$1"
	mv "$workshop"/build/*.deb "$machine_root/packages/$1/"
	rm -rf "$workshop/build/tree"
}

# The next version, with a migration more.
make_next()
{
	cp -a "$source" "$workshop/build/tree"
	cd "$workshop/build/tree"
	next=migrations/$(printf '%04d' $(($(ls migrations/*.sql | wc -l) + 1)))_next.sql
	echo 'ALTER TABLE executions ADD COLUMN next INTEGER;' >"$next"
	sed -i "s|^EXTRA_DIST += \$(MIGRATIONS)|MIGRATIONS += $next\n&|" migrations/local.mk
	sed -i 's/^\(AC_INIT(\[actionkit-fcgi\], \[[0-9.]*\)/\1+next/' configure.ac
	cd - >/dev/null
}

# The action of the README, as its reader compiles it with libactionkit-dev; the machine has the
# library only. And the example that is to be copied.
compile_action()
{
	mkdir "$workshop/build/action"
	cp "$machine_root"/packages/this/libactionkit*.deb "$workshop/build/action/"
	awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$source/README.md" \
	    >"$workshop/build/action/marker.c"
	compile_with=$(sed -n 's/^\$ \(cc -o marker .*\)/\1/p' "$source/README.md")
	in_suite "$workshop" sh -exc "cd /build/action
		dpkg -i ./*.deb
		$compile_with
		cc -Wall -Wextra -Werror -fsyntax-only \$(pkg-config --cflags actionkit) \
		    /usr/share/actionkit/example.c
		dpkg -P libactionkit-dev libactionkit0" ||
	    failed "an action does not compile with libactionkit-dev"
	cp "$workshop/build/action/marker" "$machine_root/packages/"
}

# What they need, so that the machine can do without a network.
fetch_needed()
{
	{ in_suite "$machine_root" apt-get update && in_suite "$machine_root" \
	    sh -c 'apt-get install --download-only /packages/next/actionkit_*.deb'; } ||
	    missing "no packages to install: $machine_root.log"
}

timed "the suite" machine_fetch
machine_new
timed "what builds for it" fetch_workshop
rm -rf "$workshop/build"
mkdir "$workshop/build"
cp -a "$source" "$workshop/build/tree"
timed "the packages of this version" build this
timed "an action with libactionkit-dev" compile_action
make_next
timed "the packages of the next version" build next
timed "what they need" fetch_needed
cp "$source/docs/operate.md" "$machine_root/root/"
timed "the machine" machine_run guest_packages.sh 600
rm -rf "$machine_root"
