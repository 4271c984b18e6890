# guest.sh: what the scripts in a machine share, to be sourced by them. They print TAP; nothing of
# it is cut by what is in the middle.

url=http://127.0.0.1:8085
options=/etc/actionkit/actionkit.conf
# After a boot it goes on.
count=$(grep -c '^\(not \)\?ok ' /root/tap)

# check TITLE COMMAND...; the command may have a figure: see below.
check()
{
	check_title=$1
	shift
	count=$((count + 1))
	rm -f /root/figure
	if check_said=$("$@" 2>&1); then
		test ! -e /root/figure || check_title="$check_title: $(cat /root/figure)"
		echo "ok $count - $check_title"
	else
		echo "not ok $count - $check_title"
		echo "$check_said" | sed 's/^/# /'
	fi
}

# figure TEXT: of the command that runs.
figure()
{
	echo "$*" >/root/figure
}

now()
{
	date +%s.%N
}

# since TIME: seconds.
since()
{
	awk -v from="$1" -v to="$(now)" 'BEGIN { printf("%.1f", to - from) }'
}

# at_most SECONDS FIGURE
at_most()
{
	awk -v limit="$1" -v seconds="$2" 'BEGIN { exit !(seconds + 0 <= limit + 0) }'
}

# await COMMAND...: at most 60 s.
await()
{
	for await_try in $(seq 600); do
		"$@" && return
		sleep 0.1
	done
	echo "after 60 s not yet: $*"
	return 1
}

answers()
{
	curl -sf -o /dev/null $url/health/readiness
}

# pause: a process, and an agent that has it paused.
pause()
{
	sleep 1000 &
	victim=$!
	runuser -u actionkit -- actionkit run org.actionkit.pause-process --set pid=$victim \
	    --set duration=10m --url $url >/root/run 2>&1 &
	agent=$!
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

log_has()
{
	journalctl -u actionkit --no-pager | grep -q -- "$1"
}

generation_is()
{
	log_has "serving on .*, generation $1\$"
}

refuses()
{
	! "$@"
}

# Requests without a pause, until load_end.
load_begin()
{
	rm -f /root/codes /root/load_over
	(until test -e /root/load_over; do
		curl -s -o /dev/null -w '%{http_code} %{time_total}\n' $url/health/liveness
	done) >/root/codes &
	load=$!
}

load_end()
{
	touch /root/load_over
	wait $load
}

nothing_refused()
{
	awk '$1 != 200 { refused++ } $2 > longest { longest = $2 }
	    END {
		printf("%d of %d requests refused, the longest took %.2f s\n",
		    refused, NR, longest)
		exit NR == 0 || refused > 0
	    }' /root/codes | tee /root/figure
	return "${PIPESTATUS[0]}"
}

# wrong_option: a reload with a mistake changes nothing, and names its line.
wrong_option()
{
	cp $options /root/options
	echo 'respnders 3' >>$options
	! systemctl reload actionkit && log_has "$options:$(wc -l <$options): respnders"
	wrong_status=$?
	cp /root/options $options
	return $wrong_status
}
