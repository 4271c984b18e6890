#!/bin/sh
# Generates configure. With targets ("./autogen.sh check") it also installs the Debian
# packages that are missing, configures in the source tree and makes the targets.
# CONFIGURE_FLAGS in the environment are passed to configure.
set -eu
cd "$(dirname "$0")"

packages='gcc libc6-dev make autoconf automake libtool pkg-config
libfcgi-dev libjson-c-dev libcurl4-openssl-dev libsqlite3-dev uuid-dev libarchive-dev
check nginx-light python3 python3-jsonschema python3-yaml sqlite3 curl openssl spin strace wrk
stress-ng nftables iproute2'

missing_packages()
{
	for package in $packages; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
		    2>/dev/null) || status=
		test "$status" = installed || printf ' %s' "$package"
	done
}

install_packages()
{
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		cat >&2 <<END
autogen.sh: this is not a Debian system. Install what these packages contain:
$packages
then run: ./autogen.sh && ./configure && make $*
END
		exit 1
	fi
	missing=$(missing_packages)
	test -n "$missing" || return 0
	echo "autogen.sh: installing$missing"
	as_root=
	test "$(id -u)" -eq 0 || as_root=sudo
	$as_root apt-get update
	# Never at the price of a package that is there: better to stop here.
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y \
	    --no-install-recommends --no-remove $missing
}

test $# -eq 0 || install_packages "$@"
mkdir -p m4
autoreconf --force --install
test $# -gt 0 || exit 0
./configure ${CONFIGURE_FLAGS-}
# One more than there are processors: tests wait more than they compute.
exec make -j"$(($(getconf _NPROCESSORS_ONLN) + 1))" "$@"
