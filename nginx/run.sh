#!/usr/bin/env bash
# Runs `actionkit serve` behind an nginx of its own on 127.0.0.1, until it is interrupted;
# keeps the state of both in a run directory. "make run" calls it.
# Environment: ACTIONKIT (the program), NGINX, PORT (8085), RUN_DIR (./run).
set -u

here=$(cd "$(dirname "$0")" && pwd)
actionkit=${ACTIONKIT:-$here/../actionkit}
nginx=${NGINX:-nginx}
port=${PORT:-8085}
url=http://127.0.0.1:$port${ACTIONKIT_BASE_PATH-}
ready_deadline_s=30
socket_path_bytes=107
# To `serve` these are options, and to nginx NGINX names sockets that it inherits.
unset ACTIONKIT NGINX

serve_pid=
nginx_pid=

die()
{
	echo "run.sh: $*" >&2
	exit 1
}

port_taken()
{
	(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

# Ends serve first: while it stops what runs, agents still reach it through nginx. A status
# of serve that says that something is wrong becomes ours.
leave()
{
	status=$?
	trap '' INT TERM HUP
	trap - EXIT
	if [ -n "$serve_pid" ]; then
		kill -TERM "$serve_pid" 2>/dev/null
		wait "$serve_pid" || status=$?
	fi
	if [ -n "$nginx_pid" ]; then
		kill -TERM "$nginx_pid" 2>/dev/null
		wait "$nginx_pid"
	fi
	exit "$status"
}

ended()
{
	! kill -0 "$1" 2>/dev/null
}

wait_ready()
{
	deadline=$((SECONDS + ready_deadline_s))
	until [ -S "$socket" ] &&
	    curl -fsS -o /dev/null "$url/health/readiness" 2>/dev/null; do
		! ended "$serve_pid" || die "actionkit serve ended, see above"
		! ended "$nginx_pid" || die "nginx ended, see above"
		[ "$SECONDS" -lt "$deadline" ] ||
		    die "not ready within $ready_deadline_s s"
		sleep 0.1
	done
}

[[ $port =~ ^[0-9]+$ ]] || die "PORT is no number: $port"
! port_taken || die "port $port is taken: stop what listens there, or set PORT"
mkdir -p -- "${RUN_DIR:=run}" || exit
RUN_DIR=$(cd -- "$RUN_DIR" && pwd)
socket=$RUN_DIR/fcgi.sock
[ "$(printf %s "$socket" | wc -c)" -le $socket_path_bytes ] ||
    die "the path of the socket is too long, set RUN_DIR: $socket"
mkdir -p -m 0700 "$RUN_DIR/state" || exit
# nginx runs in that directory, whose name is in none of the files: it may have any character.
for template in "$here"/*.in; do
	name=${template##*/}
	sed -e "s|@PORT@|$port|g" -e "s|@SOCKET@|${socket##*/}|g" \
	    -e "s|@RUN_DIR@|.|g" "$template" >"$RUN_DIR/${name%.in}" || exit
done
[[ $nginx != */* ]] || nginx=$(realpath -- "$nginx") || exit

trap leave EXIT
trap 'exit 0' INT TERM HUP

# In sessions of their own: a Ctrl-C reaches this script only, which ends them in order.
setsid "$actionkit" serve --socket "$socket" --state-dir "$RUN_DIR/state" &
serve_pid=$!
as_root=()
[ "$(id -u)" -ne 0 ] || as_root=(-g 'user root;')
(cd -- "$RUN_DIR" && exec setsid "$nginx" -p . -c nginx.conf -e stderr "${as_root[@]}") &
nginx_pid=$!

wait_ready
cat <<END

Ready on $url. Try:
  curl $url/
  curl $url/org.actionkit.pause-process
  sqlite3 $(printf %q "$RUN_DIR/state/actionkit.db") 'select * from history'
Ctrl-C stops everything that runs, then ends.

END

wait -n "$serve_pid" "$nginx_pid"
die "actionkit serve or nginx ended, see above"
