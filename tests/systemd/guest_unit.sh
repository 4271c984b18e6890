# guest_unit.sh: the unit, as it is shipped and with drop-ins, with attacks and workers at work; a
# part of guest_packages.sh.

exposure()
{
	exposure_said=$(systemd-analyze security --no-pager actionkit.service | tail -1)
	echo "$exposure_said"
	figure "${exposure_said##*: }"
	systemd-analyze security --threshold=25 actionkit.service >/dev/null
}

# A neighbour, whom an attack on the network cuts off.
neighbour()
{
	ip netns add there
	ip link add near type veth peer name far netns there
	ip address add 10.77.0.1/24 dev near
	ip link set near up
	ip -n there address add 10.77.0.2/24 dev far
	ip -n there link set far up
	await reaches
}

reaches()
{
	ip netns exec there curl -s -m 1 -o /dev/null http://10.77.0.1:8086/
}

workers()
{
	runs 'sleep 3141' && runs stress-ng
}

drop_in()
{
	mkdir -p /etc/systemd/system/actionkit.service.d
	printf '[Service]\n%s\n' "$2" >"/etc/systemd/system/actionkit.service.d/$1.conf"
}

# As an operator gives the unit what attacks on the network need.
give_network()
{
	documented "Capabilities by action" 1 's|/usr/local|/usr|'
}

check "the unit is hardened to 2.5" exposure
check "its watchdog waits for a minute" test "$(systemctl show -P WatchdogUSec actionkit)" = 1min
check "systemd is told numbers" await status_is "8 responders, 0 active, 0 failing"
check "an action is refused what the unit has not, and told what that is" \
    refused_with 'network-blackhole needs CAP_NET_ADMIN, which this process has not' \
    run network-blackhole --set duration=1s

pause
cat >>$options <<'END'
responders 6
shutdown-timeout 3s
enable-action all
enable-action org.actionkit.run-script
END
step "reload, with other options" 0 goes_on systemctl reload actionkit
check "they count" await status_is "6 responders, 1 active, 0 failing"
step "reload, with a mistake: refused, with its line" 0 goes_on wrong_option

printf '#!/bin/sh\nexec sleep 3141\n' >/srv/script
begin script run-script --file file=/srv/script
check "a guarded action with a worker" await runs 'sleep 3141'
begin stress stress-cpu --set cpuLoad=1 --set workers=1
check "one that runs stress-ng" await runs stress-ng
check "systemd is told of them" await status_is "6 responders, 3 active, 0 failing"

# Not to wait for a minute.
drop_in watchdog WatchdogSec=4
step "drop-ins and QUIT, as documented" 0 goes_on restarted give_network
check "the workers go on" workers
check "there is a neighbour" neighbour
begin network network-blackhole
check "an attack on the network cuts him off" await refuses reaches
check "all is stopped by hand" runuser -u actionkit -- actionkit stop --all --reason enough
check "he is reached again" reaches
check "nothing is paused" state_is S
check "no worker is left" refuses workers

pause
begin script run-script --file file=/srv/script
begin stress stress-cpu --set cpuLoad=1 --set workers=1
check "workers again" await workers
log_mark
step "SIGSTOP of the supervisor: the watchdog" 0 \
    goes_on restarted systemctl kill --kill-whom=main -s STOP actionkit
check "it was systemd" log_has_new 'Watchdog timeout'
check "the workers go on after that" workers
step "SIGKILL of all" 0 goes_on restarted systemctl kill --kill-whom=all -s KILL actionkit
check "executions whose worker died are over" await status_is "6 responders, 1 active, 0 failing"

step "restart" 0 ends 5 systemctl restart actionkit
pause
begun=$(now)
check "stop of the socket" systemctl stop actionkit.socket
check "stops the service" refuses systemctl is-active actionkit.service
check "ends the attack" within 10 state_is S
check "and leaves no process" refuses pgrep -u actionkit
check "both begin again" systemctl start actionkit.socket actionkit.service
