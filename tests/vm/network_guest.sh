# What the tests of the network inside of a machine share. $in_here executes a command in the
# network that is attacked, which may be none of its own; $DEVICE is its interface.
DEVICE=${DEVICE-wire0}

uptime_ms()
{
	sed 's/^\([0-9]*\)\.\([0-9][0-9]\).*/\1\20/' /proc/uptime
}

# rtt ADDRESS: the fastest of 10 round trips, in ms: an emulated machine adds to the others.
rtt()
{
	$in_here ping -c 10 -i 0.1 -W 3 "$1" 2>/dev/null | sed -n 's|.*= \([0-9]*\)[0-9.]*/.*|\1|p'
}

# arrived ADDRESS COUNT: packets of so many that come back.
arrived()
{
	$in_here ping -c "$2" -i 0.01 -W 3 -s 100 "$1" 2>/dev/null |
	    sed -n 's/.* \([0-9]*\) packets received.*/\1/p'
}

everything()
{
	$in_here nft list ruleset
	$in_here ip link
	$in_here ip route
	for everything_side in '' egress ingress; do
		$in_here tc filter show dev $DEVICE $everything_side
	done
	$in_here tc qdisc
}

# run ACTION OPTION...: in the background, as $!; says something in /tmp/run.
run()
{
	actionkit run "org.actionkit.$@" >/tmp/run 2>&1 &
}

are_running()
{
	test "$(sqlite3 "$ACTIONKIT_STATE_DIR/actionkit.db" \
	    "SELECT count(*) FROM executions WHERE phase = 'running'")" -ge "$1"
}

is_running()
{
	are_running 1
}

# unchanged WHAT: everything is as in /tmp/before.
unchanged()
{
	everything >/tmp/after
	cmp -s /tmp/before /tmp/after || fail "$1 left something: $(diff /tmp/before /tmp/after)"
}

# Ends the last one.
ended()
{
	kill -TERM $! 2>/dev/null
	wait $!
	unchanged "$1"
}

# between LOW VALUE HIGH WHAT
between()
{
	test "${2:-0}" -ge "$1" && test "${2:-0}" -le "$3" ||
		fail "$4: $2, not $1 to $3: $(cat /tmp/run)"
}

# Two networks with a wire between them; a server is in the first, and is ready.
two_networks()
{
	ip netns add here
	ip netns add there
	ip link add wire0 numtxqueues 4 numrxqueues 4 netns here type veth \
	    peer name wire1 numtxqueues 4 numrxqueues 4 netns there
	in_here='/bin/ip netns exec here'
	in_there='/bin/ip netns exec there'
	ip -n here addr add 10.77.0.1/24 dev wire0
	ip -n there addr add 10.77.0.2/24 dev wire1
	ip -n here addr add fd77::1/64 dev wire0 nodad
	ip -n there addr add fd77::2/64 dev wire1 nodad
	ip -n here link set lo up
	ip -n here link set wire0 up
	ip -n there link set wire1 up
	SERVE_IN=$in_here
	serve
}
