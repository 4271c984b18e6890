#!/bin/sh
# Generates configure. With targets ("./autogen.sh check") it also installs the Debian
# packages that they need and that are missing, configures in the source tree and makes the targets.
# CONFIGURE_FLAGS in the environment are passed to configure.
set -eu
cd "$(dirname "$0")"

# To build it and to run it, and what all other targets need besides.
run_packages='gcc libc6-dev make autoconf automake libtool pkg-config
libfcgi-dev libjson-c-dev libcurl4-openssl-dev libsqlite3-dev uuid-dev nginx-light curl'
test_packages='libarchive-dev check python3 python3-jsonschema python3-yaml sqlite3 openssl
spin strace wrk stress-ng nftables iproute2'
# The same elsewhere.
fedora_run='gcc make autoconf automake libtool pkgconf-pkg-config fcgi-devel json-c-devel
libcurl-devel sqlite-devel libuuid-devel nginx curl'
fedora_test='libarchive-devel check-devel python3 python3-jsonschema python3-pyyaml sqlite openssl
strace stress-ng nftables iproute iproute-tc'
alpine_run='build-base linux-headers autoconf automake libtool pkgconf fcgi-dev json-c-dev
curl-dev sqlite-dev util-linux-dev nginx curl bash'
alpine_test='libarchive-dev check-dev python3 py3-jsonschema py3-yaml sqlite openssl strace
stress-ng nftables iproute2'

# Whether none of the targets needs more than what builds and runs.
only_run()
{
	for target; do
		case $target in
		all | install | run) ;;
		*) return 1 ;;
		esac
	done
}

is_installed()
{
	status=$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) || return 1
	test "$status" = installed
}

# Those of the packages that are missing, each with a space before it. Any nginx will do.
missing_packages()
{
	for package; do
		is_installed "$package" || { test "$package" = nginx-light &&
		    { is_installed nginx || is_installed nginx-core; }; } ||
		    printf ' %s' "$package"
	done
}

install_packages()
{
	packages=$run_packages fedora=$fedora_run alpine=$alpine_run
	if ! only_run "$@"; then
		packages="$packages $test_packages" fedora="$fedora $fedora_test"
		alpine="$alpine $alpine_test"
	fi
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		cat >&2 <<END
autogen.sh: this is not a Debian system. Install the packages, as root:
Fedora: dnf install $(echo $fedora)
Alpine: apk add $(echo $alpine)
(not tried there; configure says what the C library lacks). Elsewhere what these of Debian have:
$(echo $packages)
then run: ./autogen.sh && ./configure && make $*
END
		exit 1
	fi
	missing=$(missing_packages $packages)
	test -n "$missing" || return 0
	as_root=
	if test "$(id -u)" -ne 0; then
		if ! command -v sudo >/dev/null; then
			cat >&2 <<END
autogen.sh: packages are missing, and there is neither root nor sudo to install them. As root:
apt-get update && apt-get install --no-install-recommends$missing
then run: ./autogen.sh $*
END
			exit 1
		fi
		as_root=sudo
	fi
	echo "autogen.sh: installing$missing"
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
