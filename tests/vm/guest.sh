# What the tests inside of a machine share. A test says "ok NAME" or "not ok NAME"; the last line
# that counts is "all done".

# The shell would take those of busybox, which can less.
ip()
{
	/bin/ip "$@"
}

tc()
{
	/bin/tc "$@"
}

fail()
{
	echo "not ok $*"
	cat /tmp/serve.log
	poweroff -f
	sleep 60
}

# within SECONDS WHAT COMMAND...: until the command succeeds.
within()
{
	within_end=$(($(cut -d. -f1 /proc/uptime) + $1))
	within_what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		test "$(cut -d. -f1 /proc/uptime)" -lt "$within_end" ||
			fail "not within its time: $within_what"
		sleep 0.1
	done
}

is_ready()
{
	wget -q -O /dev/null http://127.0.0.1:8085/health/readiness
}

# serve OPTION...: the server, and nginx before it, which goes on when the server is killed.
export ACTIONKIT_STATE_DIR=${STATE-/tmp/state} ACTIONKIT_URL=http://127.0.0.1:8085
serve()
{
	mkdir -p -m 700 /tmp/nginx
	mkdir -p -m 700 "$ACTIONKIT_STATE_DIR"
	chown "${SERVE_AS-root}" "$ACTIONKIT_STATE_DIR"
	test -e /tmp/nginx/nginx.pid || nginx -p /tmp/nginx -c /nginx.conf -e stderr \
	    -g 'user root;' >/tmp/nginx.log 2>&1 &
	${SERVE_IN-} su -s /bin/sh "${SERVE_AS-root}" -c "exec actionkit serve \
	    --socket /tmp/fcgi.sock --responders 2 --keep-free 1MiB $*" >>/tmp/serve.log 2>&1 &
	within 60 'the server is ready' is_ready
}

# All of the program that live, but for our own `actionkit run`.
server_pids()
{
	for server_pid in /proc/[0-9]*; do
		case $(readlink "$server_pid/exe") in
		*/actionkit)
			tr '\0' ' ' <"$server_pid/cmdline" | grep -q '^actionkit run' ||
				echo "${server_pid#/proc/}" ;;
		esac
	done
}

none_left()
{
	test -z "$(server_pids)"
}

# Everything dies in one moment: stopped first, so that none sees another die.
kill_all()
{
	kill -STOP $(server_pids)
	kill -KILL $(server_pids)
	within 10 'all are gone' none_left
}

# phase ACTION: of its newest execution.
phase()
{
	sqlite3 "$ACTIONKIT_STATE_DIR/actionkit.db" "SELECT phase FROM executions
	    WHERE action = 'org.actionkit.$1' ORDER BY created_at DESC LIMIT 1"
}

is_phase()
{
	test "$(phase "$1")" = "$2"
}
