# Attacks on the network at a virtio-net interface with several queues, whose root is the mq that
# the driver makes; the other end, 10.78.0.2 and fd78::2, is outside of the machine and sends back
# what it gets at port 7001.
. /guest.sh
in_here= DEVICE=eth0
. /network_guest.sh

ip addr add 10.78.0.1/24 dev eth0
ip addr add fd78::1/64 dev eth0 nodad
ip link set eth0 up
within 20 'the other end' ping -c 1 -W 1 10.78.0.2
tc qdisc show dev eth0 | grep -q 'qdisc mq .* root' || fail "no mq: $(tc qdisc show dev eth0)"
test -d /sys/class/net/eth0/queues/tx-1 || fail 'one queue only'

# kbits: how fast 200 KB are there and back.
kbits()
{
	kbits_begin=$(uptime_ms)
	dd if=/dev/zero bs=4096 count=50 2>/dev/null | nc 10.78.0.2 7001 |
	    head -c 204800 >/dev/null
	echo $((204800 * 8 / ($(uptime_ms) - kbits_begin + 1)))
}

serve
everything >/tmp/before
between 1000 "$(kbits)" 100000000 'bandwidth before'
run network-delay --set networkDelay=200ms --set duration=60s
within 20 delay is_running
between 200 "$(rtt 10.78.0.2)" 210 delay
between 200 "$(rtt fd78::2)" 210 'delay of IPv6'
ended delay
between 0 "$(rtt 10.78.0.2)" 10 'after the delay'
echo 'ok delay'

run network-loss --set percentage=30 --set duration=60s
within 20 loss is_running
between 640 "$(arrived 10.78.0.2 1000)" 760 'arrived of 1000, 30 % lost'
ended loss
echo 'ok loss'

run network-corruption --set networkCorruption=50 --set duration=60s
within 20 corruption is_running
between 400 "$(arrived 10.78.0.2 1000)" 620 'arrived of 1000, half of them damaged'
ended corruption
echo 'ok corruption'

run network-bandwidth --set bandwidth=500kbit --set duration=60s
within 20 bandwidth is_running
between 450 "$(kbits)" 550 'kbit/s of 500'
ended bandwidth
between 1000 "$(kbits)" 100000000 'bandwidth after'
echo 'ok bandwidth'

for action in network-blackhole tcp-reset; do
	run $action --set duration=60s --set ip=10.78.0.2
	within 20 $action is_running
	nc -w 1 10.78.0.2 7001 </dev/null 2>/dev/null && fail "$action: a connection was made"
	between 0 "$(rtt fd78::2)" 10 "$action: what is not included"
	ended $action
	nc -w 1 10.78.0.2 7001 </dev/null || fail "$action: no connection after it"
	echo "ok $action"
done

echo 'all done'
