# Attacks on the network that need netem, between two networks of this machine; the server is in the
# first. With several queues at the root, and with others' filters.
. /guest.sh

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

# rtt ADDRESS: mean of 5 round trips, in ms.
rtt()
{
	$in_here ping -c 5 -i 0.2 -W 3 "$1" 2>/dev/null | sed -n 's|.*= [0-9.]*/\([0-9]*\).*|\1|p'
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
		$in_here tc filter show dev wire0 $everything_side
	done
	$in_here tc qdisc
}

run()
{
	actionkit run "org.actionkit.$@" >/tmp/run 2>&1 &
}

is_running()
{
	test "$(sqlite3 "$ACTIONKIT_STATE_DIR/actionkit.db" \
	    "SELECT count(*) FROM executions WHERE phase = 'running'")" -gt 0
}

ended()
{
	kill -TERM $! 2>/dev/null
	wait $!
	everything >/tmp/after
	cmp -s /tmp/before /tmp/after || fail "$1 left something: $(diff /tmp/before /tmp/after)"
}

# between LOW VALUE HIGH WHAT
between()
{
	test "${2:-0}" -ge "$1" && test "${2:-0}" -le "$3" ||
		fail "$4: $2, not $1 to $3: $(cat /tmp/run)"
}

SERVE_IN='/bin/ip netns exec here'
serve
for root in 'noqueue' 'fq' 'fq_codel' 'htb default 1' 'mq'; do
	test "$root" = noqueue || $in_here tc qdisc add dev wire0 root handle 1: $root ||
		fail "no $root"
	test "$root" != 'htb default 1' ||
		$in_here tc class add dev wire0 parent 1: classid 1:1 htb rate 1gbit
	everything >/tmp/before
	run network-delay --set networkDelay=200ms --set duration=60s --set excludeIp=10.77.0.3
	within 20 "delay under $root" is_running
	between 200 "$(rtt 10.77.0.2)" 212 "delay under $root"
	between 200 "$(rtt fd77::2)" 212 "delay of IPv6 under $root"
	ended "delay under $root"
	between 0 "$(rtt 10.77.0.2)" 5 "after the delay under $root"
	echo "ok delay under $root"
	test "$root" = noqueue || $in_here tc qdisc del dev wire0 root
done

# Somebody else has a place for filters, and one in it.
$in_here tc qdisc add dev wire0 clsact
$in_here tc filter add dev wire0 egress protocol all prio 5 bpf bytecode '1,6 0 0 0'
everything >/tmp/before
run network-corruption --set networkCorruption=50 --set duration=60s
within 20 corruption is_running
between 400 "$(arrived 10.77.0.2 1000)" 620 'arrived of 1000, half of them damaged'
ended corruption
echo 'ok corruption'

run network-delay --set networkDelay=300ms --set ip=fd77::2 --set networkDelayJitter=true \
    --set duration=60s
within 20 delay is_running
between 0 "$(rtt 10.77.0.2)" 5 'what is not included'
between 210 "$(rtt fd77::2)" 400 'with jitter'
ended jitter
echo 'ok what is included, with jitter'

run network-delay --set networkDelay=200ms --set duration=600s
agent=$!
within 20 delay is_running
kill -KILL $agent
kill_all
between 200 "$(rtt 10.77.0.2)" 212 'with everything dead'
serve
actionkit stop --all >/tmp/run || fail "stop: $(cat /tmp/run)"
everything >/tmp/after
cmp -s /tmp/before /tmp/after || fail "left: $(diff /tmp/before /tmp/after)"
between 0 "$(rtt 10.77.0.2)" 5 'after all of it'
echo 'ok everything died'

echo 'all done'
