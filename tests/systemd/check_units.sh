#!/bin/sh
# check_units.sh: what make install installs, in a machine of its own, as make systemd-check runs
# it: SUITE DIRECTORY, where the suite is kept. Needs root and debootstrap.
. "$(dirname "$0")/machine.sh"

machine_fetch
machine_new
root=$machine_root

# As "make install" of a build for /usr.
mkdir -p "$root/etc/actionkit" "$root/usr/share/actionkit/nginx"
for kind in sysusers tmpfiles; do
	cp "$top_srcdir/packaging/actionkit.$kind" "$root/usr/lib/$kind.d/actionkit.conf"
done
cp "$top_srcdir/packaging/actionkit.socket" "$root/usr/lib/systemd/system/actionkit.socket"
install -m 755 "$top_builddir/actionkit" "$root/usr/bin/actionkit"
sed 's|@bindir@|/usr/bin|g' "$top_srcdir/packaging/actionkit.service.in" \
    >"$root/usr/lib/systemd/system/actionkit.service"
cp "$top_srcdir/packaging/actionkit.conf" "$root/etc/actionkit/actionkit.conf"
for snippet in actionkit actionkit-errors actionkit-location actionkit-upstream; do
	sed -e 's|@SOCKET@|/run/actionkit/fcgi.sock|g' \
	    -e 's|@RUN_DIR@|/usr/share/actionkit/nginx|g' \
	    "$top_srcdir/nginx/$snippet.conf.in" >"$root/usr/share/actionkit/nginx/$snippet.conf"
done
machine_run guest_units.sh 200
