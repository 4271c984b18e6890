# machine.sh: a Debian of a suite, made with debootstrap and kept for the next time, and a machine
# with a systemd of its own (systemd-nspawn) that is a copy of it; to be sourced.
set -eu
machine_suite=$1
machine_kept=$2			# made once
machine_root=$3			# the machine, made anew
machine_here=$(dirname "$0")
machine_has=systemd,systemd-sysv,nginx-light,curl,iproute2,procps

# missing WHAT: why it cannot be tried here.
missing()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# machine_fetch: the suite, with what all machines have.
machine_fetch()
{
	test "$(id -u)" -eq 0 || missing "not root"
	for machine_program in debootstrap systemd-nspawn; do
		command -v $machine_program >/dev/null || missing "no $machine_program"
	done
	test "$(cat "$machine_kept/made" 2>/dev/null)" = $machine_has && return
	rm -rf "$machine_kept"
	mkdir -p "$machine_kept"
	debootstrap --variant=minbase --include=$machine_has "$machine_suite" "$machine_kept" \
	    >"$machine_root.log" 2>&1 || missing "debootstrap failed: $machine_root.log"
	echo $machine_has >"$machine_kept/made"
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
	include /etc/nginx/marker-http[.]conf;
	server {
		listen 127.0.0.1:8087;
		include /etc/nginx/marker-server[.]conf;
	}
	server {
		listen 8086;
		return 204;
	}
	CONF
	# It keeps its journal over a boot, and its scripts ask nobody.
	mkdir -p "$machine_root/var/log/journal"
	echo 'APT::Get::Assume-Yes "true";' >"$machine_root/etc/apt/apt.conf.d/99machine"
}

# machine_run SCRIPT SECONDS: boots it, runs the script there, which prints TAP, and ends it.
machine_run()
{
	cp "$machine_here"/guest*.sh "$machine_root/root/"
	echo poweroff >"$machine_root/root/then"
	cat >"$machine_root/etc/systemd/system/guest.service" <<-UNIT
	[Service]
	Type=oneshot
	Environment=DEBIAN_FRONTEND=noninteractive HOME=/root
	ExecStart=/bin/bash /root/$1
	StandardOutput=append:/root/tap
	StandardError=append:/root/errors
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
