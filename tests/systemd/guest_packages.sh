#!/bin/bash
# guest_packages.sh: the packages, from their installation to their purge, with attacks at work,
# and in the middle a machine that dies. /packages/this is this version, /packages/next a later one
# with another schema.
. /root/guest.sh
data=/srv/data
# Four intervals of 5 s, and what is left of one.
silence_seconds=25

# apt ARGUMENT...: what it says is kept.
apt()
{
	DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends "$@" 2>&1 |
	    tee /root/apt
	return "${PIPESTATUS[0]}"
}

# installed NAME [OPTION]: those packages.
installed()
{
	apt install ${2-} /packages/"$1"/actionkit_*.deb /packages/"$1"/libactionkit0_*.deb
}

install_first()
{
	begun=$(now)
	installed this && systemctl restart nginx && await answers &&
	    systemctl is-enabled actionkit.socket actionkit.service &&
	    figure "answers after $(since "$begun") s"
}

upgrade()
{
	begun=$(now)
	installed next && figure "took $(since "$begun") s"
}

refused_with()
{
	refused_words=$1
	shift
	! "$@" && grep -- "$refused_words" /root/apt
}

program()
{
	dpkg-query -W -f '${Status} ${Version} ' actionkit
	md5sum /usr/bin/actionkit
}

same_program()
{
	program
	test "$(program)" = "$before"
}

# within SECONDS COMMAND...: since $begun; the command is awaited.
within()
{
	within_limit=$1
	shift
	await "$@" || return
	within_took=$(since "$begun")
	figure "after $within_took s"
	at_most "$within_limit" "$within_took"
}

has_file()
{
	ls -A $data | grep -q '^\.ak-fill-'
}

fill()
{
	runuser -u actionkit -- actionkit run org.actionkit.fill-disk --set path=$data \
	    --set size=5 --set duration=10m --url $url >/root/run 2>&1 &
	agent=$!
}

removed()
{
	! test -e /usr/bin/actionkit && ! pgrep ak-
}

purged()
{
	ls -d /var/lib/actionkit /run/actionkit /etc/actionkit/actionkit.conf
	! test -e /var/lib/actionkit && ! test -e /run/actionkit &&
	    ! test -e /etc/actionkit/actionkit.conf && ! getent passwd actionkit
}

if ! test -e /root/rebooted_at; then
	check "install" install_first
	# For fill-disk.
	mkdir -p $data /etc/systemd/system/actionkit.service.d
	chown actionkit $data
	printf '[Service]\nReadWritePaths=%s\n' $data \
	    >/etc/systemd/system/actionkit.service.d/data.conf
	echo 'shutdown-timeout 3s' >>$options
	check "a drop-in and an option" systemctl daemon-reload
	check "restart with both" systemctl restart actionkit

	pause
	check "an attack begins" await state_is T
	load_begin
	check "upgrade" upgrade
	check "the next version serves" await log_has 'actionkit .*+next, schema'
	check "and it is the second generation" await generation_is 2
	load_end
	check "upgrade: requests" nothing_refused
	check "the attack goes on" state_is T
	check "its agent, too" kill -0 $agent

	check "a wrong option is refused, with its line" wrong_option
	check "nothing has changed" state_is T

	load_begin
	begun=$(now)
	check "restart by socket" systemctl restart actionkit
	check "it stops the attack first" within 5 state_is S
	load_end
	check "restart: requests" nothing_refused

	pause
	check "another attack" await state_is T
	kill -KILL $agent $(pgrep -P $agent)
	systemctl kill --kill-whom=all -s KILL actionkit
	begun=$(now)
	check "agent and server are killed: it serves again" within 10 answers
	check "the attack ends" within $silence_seconds state_is S

	pause
	check "another attack" await state_is T
	before=$(program)
	load_begin
	check "a downgrade below the schema is refused" \
	    refused_with 'schema version .*, this version knows' installed this --allow-downgrades
	check "the program is the same" same_program
	load_end
	check "downgrade: requests" nothing_refused
	check "the attack goes on" state_is T

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
check "the disk is emptied" within 60 refuses has_file

# What stop() removes cannot be removed.
fill
check "a disk is filled" await has_file
chown root $data
check "while something cannot be undone it is not removed" \
    refused_with 'not removed, as this is still in effect' apt remove actionkit
check "and it serves" await answers
chown actionkit $data
check "until it is undone" await refuses has_file

pause
check "another attack" await state_is T
begun=$(now)
check "remove" apt remove actionkit
check "the attack ends" within 10 state_is S
check "nothing is left of it" removed
check "but its state" test -s /var/lib/actionkit/actionkit.db
check "so an older one is refused" \
    refused_with 'schema version .*, this version knows' installed this
check "purge" apt purge actionkit
check "neither state nor user is left" purged
check "now an older one is installed" installed this --allow-downgrades
check "and answers" await answers
echo "1..$count"
