#!/bin/bash
# guest.sh: runs in the container, when its systemd has started everything: the installed units,
# with an attack at work. It prints TAP; nothing of it is cut by what is in the middle.

url=http://127.0.0.1:8085
count=0

# check TITLE COMMAND...
check()
{
	check_title=$1
	shift
	count=$((count + 1))
	if check_said=$("$@" 2>&1); then
		echo "ok $count - $check_title"
	else
		echo "not ok $count - $check_title"
		echo "$check_said" | sed 's/^/# /'
	fi
}

# await COMMAND...: at most 20 s.
await()
{
	for await_try in $(seq 200); do
		"$@" && return
		sleep 0.1
	done
	echo "after 20 s not yet: $*"
	return 1
}

answers()
{
	curl -sf -o /dev/null $url/health/readiness
}

state_is()
{
	grep -q "^State:.$1" "/proc/$victim/status"
}

main_pid()
{
	systemctl show -P MainPID actionkit
}

replaced()
{
	test "$(main_pid)" != "$1" && answers
}

responders_are()
{
	test "$(pgrep -c ak-responder)" -eq "$1"
}

generation_is()
{
	journalctl -u actionkit --no-pager | grep -q "serving on .*, generation $1\$"
}

refuses()
{
	! "$@"
}

nothing_refused()
{
	sort /root/codes | uniq -c
	test -s /root/codes && ! grep -vq '^200$' /root/codes
}

exposure()
{
	systemd-analyze security actionkit.service | tail -1
	systemd-analyze security --threshold=25 actionkit.service >/dev/null
}

check "the units begin" systemctl enable --now actionkit.socket actionkit.service
check "nginx begins" systemctl restart nginx
check "it answers" await answers
check "hardened to 2.5" exposure

sleep 1000 &
victim=$!
runuser -u actionkit -- actionkit run org.actionkit.pause-process --set pid=$victim \
    --set duration=10m --url $url >/root/run 2>&1 &
check "an attack begins" await state_is T
(while :; do curl -s -o /dev/null -w '%{http_code}\n' $url/health/liveness; done) >/root/codes &
load=$!

check "reload" systemctl reload actionkit
check "the next generation serves" await generation_is 2
options=/etc/actionkit/actionkit.conf
cp $options /root/options
echo 'respnders 3' >>$options
check "reload with a mistake fails" refuses systemctl reload actionkit
check "the log names file and line" grep -q "$options:$(wc -l <$options): respnders" \
    <(journalctl -u actionkit --no-pager)
(cat /root/options; echo 'responders 3') >$options
check "reload with another option" systemctl reload actionkit
check "it counts" await responders_are 3
check "the attack goes on" state_is T

pid=$(main_pid)
systemctl kill --kill-whom=main -s QUIT actionkit
check "QUIT: it is started again" await replaced "$pid"
check "the attack goes on after QUIT" state_is T
pid=$(main_pid)
systemctl kill --kill-whom=all -s KILL actionkit
check "SIGKILL of all: it is started again" await replaced "$pid"
check "the attack goes on after SIGKILL" state_is T

check "restart" systemctl restart actionkit
check "it stops the attack first" state_is S
kill $load
wait $load 2>/dev/null
check "no request was refused in all of this" nothing_refused
check "stop of the socket" systemctl stop actionkit.socket
check "stops the service" refuses systemctl is-active actionkit.service
echo "1..$count"
