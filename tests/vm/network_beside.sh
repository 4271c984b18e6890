# All attacks on the network beside what others have there, which is the same to the byte after
# each, and after SIGKILL of everything.
. /guest.sh
. /network_guest.sh
two_networks

# What others have: a queue, a place for filters with one in it, a firewall, a bridge with a guest.
$in_here tc qdisc add dev wire0 root tbf rate 1gbit burst 64k limit 1m
$in_here tc qdisc add dev wire0 clsact
$in_here tc filter add dev wire0 egress protocol all prio 5 bpf bytecode '1,6 0 0 0'
$in_here ip link add br0 type bridge
$in_here ip link add guest0 type veth peer name guest1
$in_here ip link set guest0 master br0
for link in br0 guest0 guest1; do
	$in_here ip link set $link up
done
$in_here nft 'table inet fw {
	chain c {
		type filter hook input priority 0; tcp dport 1 drop
	}
}'
within 10 'the bridge' sh -c "/bin/ip -n here link show br0 | grep -q 'state UP'"
everything >/tmp/before
for action in blackhole 'block-dns --set dnsPort=53' 'loss --set percentage=40' \
    delay corruption 'bandwidth --set bandwidth=1mbit'; do
	run network-$action --set duration=60s
	within 20 "$action" is_running
	ended "$action"
done
run tcp-reset --set duration=60s
within 20 tcp-reset is_running
ended tcp-reset
echo 'ok beside what others have, all seven'

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
between 200 "$(rtt 10.77.0.2)" 210 'with everything dead'
serve
actionkit stop --all >/tmp/run || fail "stop: $(cat /tmp/run)"
unchanged 'what had died'
between 0 "$(rtt 10.77.0.2)" 5 'after all of it'
echo 'ok everything died'

echo 'all done'
