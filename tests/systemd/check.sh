#!/bin/sh
# check.sh: the installed units in a Debian with a systemd of its own (systemd-nspawn), as make
# systemd-check runs it: SUITE DIRECTORY, where the system is kept for the next time. Needs root
# and debootstrap; ACTIONKIT_DEMAND_SYSTEMD=1 makes what is missing a failure.
set -eu
suite=$1
root=$2
here=$(dirname "$0")
guest_seconds=200

missing()
{
	echo "1..0 # SKIP $1"
	test -z "${ACTIONKIT_DEMAND_SYSTEMD-}" && exit 0
	echo "Bail out! $1"
	exit 1
}

test "$(id -u)" -eq 0 || missing "not root"
for program in debootstrap systemd-nspawn; do
	command -v $program >/dev/null || missing "no $program"
done
# For one made by another suite's libraries the names differ.
case $suite in
bookworm) libraries=libjson-c5,libcurl4,libsqlite3-0,libuuid1,libfcgi0ldbl ;;
*) libraries=libjson-c5,libcurl4t64,libsqlite3-0,libuuid1,libfcgi0t64 ;;
esac
if ! test -e "$root/made"; then
	rm -rf "$root"
	debootstrap --variant=minbase \
	    --include="systemd,systemd-sysv,nginx-light,curl,procps,$libraries" \
	    "$suite" "$root" >"$root.log" 2>&1 || missing "debootstrap failed: $root.log"
	touch "$root/made"
fi

# As "make install" of a build for /usr.
rm -rf "$root/var/lib/actionkit" "$root/root/tap"
mkdir -p "$root/etc/actionkit" "$root/usr/share/actionkit/nginx"
for kind in sysusers tmpfiles; do
	cp "$here/../../packaging/actionkit.$kind" "$root/usr/lib/$kind.d/actionkit.conf"
done
cp "$here/../../packaging/actionkit.socket" "$root/usr/lib/systemd/system/actionkit.socket"
install -m 755 "$top_builddir/actionkit" "$root/usr/bin/actionkit"
sed 's|@bindir@|/usr/bin|g' "$here/../../packaging/actionkit.service.in" \
    >"$root/usr/lib/systemd/system/actionkit.service"
cp "$here/../../packaging/actionkit.conf" "$root/etc/actionkit/actionkit.conf"
for snippet in actionkit actionkit-errors actionkit-location actionkit-upstream; do
	sed -e 's|@SOCKET@|/run/actionkit/fcgi.sock|g' \
	    -e 's|@RUN_DIR@|/usr/share/actionkit/nginx|g' \
	    "$here/../../nginx/$snippet.conf.in" >"$root/usr/share/actionkit/nginx/$snippet.conf"
done
cp "$here/guest.sh" "$root/root/guest.sh"
cat >"$root/etc/nginx/conf.d/actionkit.conf" <<'END'
include /usr/share/actionkit/nginx/actionkit-upstream.conf;
server {
	listen 127.0.0.1:8085;
	include /usr/share/actionkit/nginx/actionkit.conf;
}
END
cat >"$root/etc/systemd/system/guest.service" <<END
[Service]
Type=oneshot
ExecStart=/bin/bash /root/guest.sh
StandardOutput=file:/root/tap
ExecStopPost=/bin/systemctl --no-block poweroff
TimeoutStartSec=$guest_seconds
END
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -sf ../guest.service "$root/etc/systemd/system/multi-user.target.wants/guest.service"
timeout $((guest_seconds + 60)) systemd-nspawn -q --register=no --keep-unit \
    -M "actionkit-$$" -D "$root" -b </dev/null >"$root.log" 2>&1 || :
test -s "$root/root/tap" || missing "no systemd boots here: $root.log"
cat "$root/root/tap"
grep -q '^1\.\.' "$root/root/tap" || { echo "Bail out! it did not come to its end"; exit 1; }
! grep -q '^not ok' "$root/root/tap"
