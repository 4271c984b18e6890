#!/bin/sh
# check_packages.sh: installs, upgrades and removes the packages in a machine of its own, as
# make package-check runs it: SUITE DIRECTORY, where the suite and what builds for it are kept. It
# needs root and debootstrap. packages/source is the tree that is built.
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
	    "$@" >>"$machine_kept.log" 2>&1 </dev/null
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
	    in_suite "$workshop" apt-get install -y --no-install-recommends ccache dpkg-dev &&
	    in_suite "$workshop" apt-get build-dep -y --no-install-recommends /build/control; } ||
	    missing "no packages to build with: $machine_kept.log"
	cp "$source/packaging/debian/control" "$workshop/made"
}

# build NAME: the tree in the workshop, into /packages/NAME of the machine. Both are built in the
# same place, so that most of the second comes from ccache.
build()
{
	if ! in_suite "$workshop" sh /build/tree/packaging/deb.sh /build/tree; then
		tail -n 40 "$machine_kept.log"
		echo "Bail out! the packages of $1 version do not build"
		exit 1
	fi
	mkdir -p "$machine_root/packages/$1"
	mv "$workshop"/build/*.deb "$machine_root/packages/$1/"
	rm -rf "$workshop/build/tree"
}

machine_fetch
fetch_workshop
machine_new
rm -rf "$workshop/build"
mkdir "$workshop/build"
cp -a "$source" "$workshop/build/tree"
build this

# The next version, with a migration more.
cp -a "$source" "$workshop/build/tree"
(
	cd "$workshop/build/tree"
	next=migrations/$(printf '%04d' $(($(ls migrations/*.sql | wc -l) + 1)))_next.sql
	echo 'ALTER TABLE executions ADD COLUMN next INTEGER;' >"$next"
	sed -i "s|^EXTRA_DIST += \$(MIGRATIONS)|MIGRATIONS += $next\n&|" migrations/local.mk
	sed -i 's/^\(AC_INIT(\[actionkit-fcgi\], \[[0-9.]*\)/\1+next/' configure.ac
)
build next

# What they need, so that the machine can do without a network.
{ in_suite "$machine_root" apt-get update &&
    in_suite "$machine_root" sh -c 'apt-get install -y --download-only \
	--no-install-recommends /packages/next/actionkit_*.deb'; } ||
    missing "no packages to install: $machine_kept.log"
machine_run guest_packages.sh 300
