# machine.sh: what the checks of an installation share, to be sourced: a Debian of a suite, made
# with debootstrap and kept for the next time, and a machine with a systemd of its own
# (systemd-nspawn) that is a copy of it. ACTIONKIT_DEMAND_SYSTEMD=1 makes what is missing a failure.
set -eu
machine_suite=$1
machine_kept=$2			# made once
machine_root=$machine_kept-machine
machine_here=$(dirname "$0")

missing()
{
	echo "1..0 # SKIP $1"
	test -z "${ACTIONKIT_DEMAND_SYSTEMD-}" && exit 0
	echo "Bail out! $1"
	exit 1
}

# machine_fetch: the suite, with what all machines have. For one of another suite the names differ.
machine_fetch()
{
	test "$(id -u)" -eq 0 || missing "not root"
	for machine_program in debootstrap systemd-nspawn; do
		command -v $machine_program >/dev/null || missing "no $machine_program"
	done
	case $machine_suite in
	bookworm) machine_libraries=libjson-c5,libcurl4,libfcgi0ldbl ;;
	*) machine_libraries=libjson-c5,libcurl4t64,libfcgi0t64 ;;
	esac
	test -e "$machine_kept/made" && return
	rm -rf "$machine_kept"
	debootstrap --variant=minbase --include="systemd,systemd-sysv,nginx-light,curl,procps,\
libsqlite3-0,libuuid1,$machine_libraries" "$machine_suite" "$machine_kept" \
	    >"$machine_kept.log" 2>&1 || missing "debootstrap failed: $machine_kept.log"
	touch "$machine_kept/made"
}

# machine_new: a machine on which nothing was installed yet, with nginx ready for us.
machine_new()
{
	rm -rf "$machine_root" "$machine_root.log"
	cp -a "$machine_kept" "$machine_root"
	cat >"$machine_root/etc/nginx/conf.d/actionkit.conf" <<-'CONF'
	include /usr/share/actionkit/nginx/actionkit-upstream.conf;
	server {
		listen 127.0.0.1:8085;
		include /usr/share/actionkit/nginx/actionkit.conf;
	}
	CONF
}

# machine_run SCRIPT SECONDS: boots it, runs the script there, which prints TAP, and ends it.
machine_run()
{
	cp "$machine_here/guest.sh" "$machine_here/$1" "$machine_root/root/"
	echo poweroff >"$machine_root/root/then"
	cat >"$machine_root/etc/systemd/system/guest.service" <<-UNIT
	[Service]
	Type=oneshot
	ExecStart=/bin/bash /root/$1
	StandardOutput=append:/root/tap
	StandardError=journal
	ExecStopPost=/bin/sh -c 'exec systemctl --no-block \$\$(cat /root/then)'
	TimeoutStartSec=$2
	UNIT
	machine_wants=$machine_root/etc/systemd/system/multi-user.target.wants
	mkdir -p "$machine_wants"
	ln -sf ../guest.service "$machine_wants/guest.service"
	# It says by its status that the machine reboots.
	machine_status=133
	while test $machine_status -eq 133; do
		machine_status=0
		timeout $(($2 + 60)) systemd-nspawn -q --register=no --keep-unit \
		    --private-network -M "actionkit-$$" -D "$machine_root" -b </dev/null \
		    >>"$machine_root.log" 2>&1 || machine_status=$?
	done
	test -s "$machine_root/root/tap" || missing "no systemd boots here: $machine_root.log"
	cat "$machine_root/root/tap"
	grep -q '^1\.\.' "$machine_root/root/tap" ||
	    { echo "Bail out! it did not come to its end"; exit 1; }
	! grep -q '^not ok' "$machine_root/root/tap"
}
