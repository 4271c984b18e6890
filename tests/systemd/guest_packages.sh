#!/bin/bash
# guest_packages.sh: the packages, from their installation to their purge, with attacks at work,
# and in the middle a machine that dies. /packages/this is this version, /packages/next a later one
# with another schema.
. /root/guest.sh
data=/srv/data

# installed NAME [OPTION]: those packages.
installed()
{
	apt-get install ${2-} /packages/"$1"/actionkit_*.deb /packages/"$1"/libactionkit0_*.deb
}

install_first()
{
	begun=$(now)
	installed this && systemctl restart nginx && await answers &&
	    systemctl is-enabled actionkit.socket actionkit.service &&
	    figure "answers after $(since "$begun") s"
}

marker()
{
	/packages/marker nginx --socket /run/marker.sock --prefix /marker --name marker \
	    --block "$1" >"/etc/nginx/marker-$1.conf"
}

# The action of the README, compiled elsewhere, with the library that is installed here.
own_action()
{
	mkdir /srv/marker && systemd-run --unit=marker -p Type=notify /packages/marker serve \
	    --socket /run/marker.sock --socket-group www-data --state-dir /srv/marker/state &&
	    marker http && marker server && systemctl reload nginx &&
	    await curl -sf -o /dev/null $url_own/health/readiness &&
	    chmod 1777 /srv/marker && runuser -u agent -- /packages/marker run org.example.marker \
		--set directory=/srv/marker --set duration=1s --url $url_own &&
	    systemctl stop marker
}

has_file()
{
	ls -A $data | grep -q '^\.ak-fill-'
}

fill()
{
	begin fill fill-disk --set path=$data --set size=5
}

kill_both()
{
	silence
	systemctl kill --kill-whom=all -s KILL actionkit
}

if ! test -e /root/rebooted_at; then
	echo "TAP version 13"
	useradd --system agent
	check "install" install_first
	check "a program with an action of its own, and the library" own_action
	. /root/guest_unit.sh
	. /root/guest_upgrade.sh

	pause
	step "SIGKILL of server and agent" 0 ends $silence_seconds restarted kill_both
	# For fill-disk.
	mkdir -p $data
	chown actionkit $data
	drop_in data ReadWritePaths=$data
	systemctl daemon-reload
	check "a drop-in, and QUIT" \
	    restarted systemctl kill --kill-whom=main -s QUIT actionkit
	fill
	check "a disk is filled" await has_file
	now >/root/rebooted_at
	echo reboot >/root/then
	sync
	# As when the power goes.
	systemctl reboot --force --force
	exit
fi

echo poweroff >/root/then
begun=$(cat /root/rebooted_at)
check "the machine died: it serves again" within 60 answers
row "the machine dies" "$(since "$begun") s" - - - ""
check "the disk is emptied" within 60 refuses has_file
. /root/guest_removal.sh
finish
