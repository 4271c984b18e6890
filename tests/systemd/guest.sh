# guest.sh: what the scripts in a machine share, to be sourced by them. They print TAP; nothing of
# it is cut by what is in the middle. At the end they print a table: what was done to a server
# under requests without a pause, and what became of the attack that was at work.

url=http://127.0.0.1:8085
url_own=http://127.0.0.1:8087/marker
options=/etc/actionkit/actionkit.conf
# Four intervals of 5 s, and what is left of one.
silence_seconds=25
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
		echo "$check_said" | tail -n 40 | sed 's/^/# /'
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

refuses()
{
	! "$@"
}

# refused_with WORDS COMMAND...
refused_with()
{
	refused_words=$1
	shift
	if refused_output=$("$@" 2>&1); then
		echo "succeeded: $*: $refused_output"
		return 1
	fi
	echo "$refused_output"
	grep -q -- "$refused_words" <<<"$refused_output"
}

# documented HEADING NUMBER [SED]: the commands of that block of operate.md below that heading, as
# its reader types them as root; the expression fills in names.
documented()
{
	awk -v heading="$1" -v number="$2" '
	    /^#+ / && !fence { here = $0 ~ "^#+ " heading "$" }
	    /^```/ {
		fence = !fence
		inside = fence && here && /^```console$/ && ++blocks == number
		next
	    }
	    inside && (/^# / || more) { sub("^# ", ""); print; more = /\\$/ }' \
	    /root/operate.md | sed "${3-}" >/root/commands
	cat /root/commands
	test -s /root/commands && bash -exc "$(cat /root/commands)"
}

answers()
{
	curl -sf -o /dev/null $url/health/readiness
}

# run ACTION ARGUMENT...: an agent, of a user of its own.
run()
{
	run_action=$1
	shift
	runuser -u agent -- actionkit run "org.actionkit.$run_action" --url $url "$@"
}

# begin NAME ACTION ARGUMENT...: an agent that goes on; what it says is in /root/NAME.
begin()
{
	begin_name=$1
	shift
	run "$@" --set duration=10m >"/root/$begin_name" 2>&1 &
}

# silence: all agents are killed.
silence()
{
	pkill -KILL -u agent
}

# pause: a process, and an agent that has it paused.
pause()
{
	sleep 1000 &
	victim=$!
	begin pause pause-process --set pid=$victim
	check "an attack begins" await state_is T
}

state_is()
{
	grep -q "^State:.$1" "/proc/$victim/status"
}

# runs NAME: a process of the service's user.
runs()
{
	pgrep -u actionkit -f "$1" >/dev/null
}

main_pid()
{
	systemctl show -P MainPID actionkit
}

# replaced PID: by another supervisor, which is ready.
replaced()
{
	replaced_by=$(main_pid)
	test "$replaced_by" != "$1" && test "$replaced_by" -gt 0 &&
	    test "$(systemctl show -P ActiveState actionkit)" = active && answers
}

# restarted COMMAND...: it ends the supervisor, and another one serves.
restarted()
{
	restarted_pid=$(main_pid)
	"$@" && await replaced "$restarted_pid"
}

status_is()
{
	test "$(systemctl show -P StatusText actionkit)" = "$1"
}

log_has()
{
	journalctl -u actionkit --no-pager | grep -q -- "$1"
}

# What the log has said of new until now is not looked at again.
log_mark()
{
	log_since=$(journalctl -u actionkit -n 0 --show-cursor --no-pager |
	    sed -n 's/^-- cursor: //p')
}

log_has_new()
{
	journalctl -u actionkit --after-cursor="$log_since" --no-pager | grep -q -- "$1"
}

active()
{
	runuser -u actionkit -- actionkit list --json
}

nothing_active()
{
	test "$(active)" = "[]"
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

# Requests without a pause, until load_end.
load_begin()
{
	rm -f /root/codes /root/load_over
	(until test -e /root/load_over; do
		curl -s -m 100 -o /dev/null -w "$(now) %{http_code} %{time_total}\n" \
		    $url/health/liveness
	done) >/root/codes &
	load=$!
}

load_end()
{
	touch /root/load_over
	wait $load
}

# refused_at_most SECONDS: from the first request of a row that are refused to the next that is not.
refused_at_most()
{
	awk -v limit="$1" '
	    $2 != 200 && !since { since = $1 }
	    $2 == 200 && since { seconds += $1 - since; since = 0 }
	    $2 != 200 { refused++ }
	    $3 > longest { longest = $3 }
	    { last = $1 }
	    END {
		if (since)
			seconds += last - since
		printf("%d of %d|%.1f s|%.2f s\n", refused, NR, seconds, longest)
		exit NR == 0 || (refused > 0 && limit == 0) || seconds > limit
	    }' /root/codes | tee /root/refused
	return "${PIPESTATUS[0]}"
}

# row STEP TOOK REFUSED FOR LONGEST ATTACK: of the table.
row()
{
	(IFS='|'; echo "$*") >>/root/table
}

# step TITLE SECONDS COMMAND...: a check under requests without a pause, of which none is refused
# for longer than so many seconds. A row of the table.
step()
{
	step_title=$1 step_limit=$2
	shift 2
	rm -f /root/fate
	load_begin
	begun=$(now)
	check "$step_title" "$@"
	step_took=$(since "$begun")
	load_end
	check "$step_title: at most $step_limit s of refused requests" refused_at_most "$step_limit"
	row "$step_title" "$step_took s" "$(cat /root/refused)" \
	    "$(cat /root/fate 2>/dev/null)"
}

# goes_on COMMAND...: the attack outlives it.
goes_on()
{
	"$@" && state_is T && echo "goes on" >/root/fate
}

# ends SECONDS COMMAND...: the attack is over so long after $begun.
ends()
{
	ends_limit=$1
	shift
	"$@" && within "$ends_limit" state_is S || return
	echo "ends after $(since "$begun") s" >/root/fate
}

table()
{
	{
		echo 'step|took|refused|for|longest|the attack'
		cat /root/table
	} | awk -F'|' '{ printf("# %-52s %8s %12s %7s %8s  %s\n", $1, $2, $3, $4, $5, $6) }'
}

# finish: the plan, the table, and what the service has said where something failed.
finish()
{
	echo "1..$count"
	table
	! grep -q '^not ok' /root/tap || journalctl -u actionkit -n 100 --no-pager | sed 's/^/# /'
}
