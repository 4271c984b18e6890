# guest_removal.sh: removal and purge, after a boot; a part of guest_packages.sh.

removed()
{
	ps -u actionkit -o pid,args
	! test -e /usr/bin/actionkit && ! pgrep -u actionkit
}

purged()
{
	ls -d /var/lib/actionkit /run/actionkit /etc/actionkit/actionkit.conf
	! test -e /var/lib/actionkit && ! test -e /run/actionkit &&
	    ! test -e /etc/actionkit/actionkit.conf && ! getent passwd actionkit
}

# leave_in_service PID: in each hierarchy of cgroups that there is.
leave_in_service()
{
	for mount in /sys/fs/cgroup{,/systemd,/unified}; do
		procs=$mount/system.slice/actionkit.service/cgroup.procs
		test ! -e "$procs" || echo "$1" >"$procs" || return
	done
	grep actionkit.service "/proc/$1/cgroup"
}

# What stop() removes cannot be removed.
fill
check "a disk is filled" await has_file
chown root $data
check "while something cannot be undone it is not removed" \
    refused_with 'not removed, as this is still in effect' apt-get remove actionkit
check "and it serves" await answers
check "the server ends with that" systemctl stop actionkit.socket
check "its reapers go on" pgrep -u actionkit ak-reaper
chown actionkit $data
check "until it is undone" await refuses has_file
check "remove" apt-get remove actionkit
check "nothing is left of it" removed
check "but its state" test -s /var/lib/actionkit/actionkit.db

check "install again" installed next
check "it answers" await answers
pause
# As what code of an action may leave in the service.
setpriv --reuid actionkit --regid actionkit --clear-groups sleep 3142 &
check "a process is left in the service" leave_in_service $!
step "remove" 60 ends 10 apt-get remove actionkit
check "nothing is left of it but its state" removed
check "so an older one is refused" \
    refused_with 'schema version .*, this version knows' installed this --allow-downgrades
check "purge" apt-get purge actionkit
check "neither state nor user is left" purged
check "now an older one is installed" installed this --allow-downgrades
check "and answers" await answers
