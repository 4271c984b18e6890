#!/bin/sh
# deb.sh: builds the Debian packages of TREE, which is that of a tarball, beside it.
# usage: deb.sh TREE
set -eu
cd "$1"

for program in dpkg-buildpackage dh; do
	command -v $program >/dev/null && continue
	echo "deb.sh: no $program: apt-get install dpkg-dev debhelper" >&2
	exit 1
done
version=$(sed -n 's/^AC_INIT(\[actionkit-fcgi\], \[\(.*\)\])$/\1/p' configure.ac)
maintainer=$(sed -n 's/^Maintainer: //p' packaging/debian/control)
cp -R packaging/debian debian
cp LICENSE debian/copyright
cat >debian/changelog <<END
actionkit-fcgi ($version) unstable; urgency=medium

  * What is new is in CHANGES.

 -- $maintainer  $(date -R -r CHANGES)
END
# Nothing of the make that runs this.
unset MAKEFLAGS MFLAGS MAKELEVEL
dpkg-buildpackage --jobs=auto -us -uc -b
! command -v lintian >/dev/null ||
    lintian --allow-root --fail-on error,warning ../actionkit-fcgi_"${version}"_*.changes
