# Delay of what goes through a tunnel: at its own interface, and at the one below.
. /guest.sh
. /network_guest.sh
two_networks

$in_here ip link add tunnel0 type vxlan id 7 remote 10.77.0.2 dstport 4789 dev wire0
$in_there ip link add tunnel0 type vxlan id 7 remote 10.77.0.1 dstport 4789 dev wire1
$in_here ip link add tunnel1 type gre remote 10.77.0.2 local 10.77.0.1
$in_there ip link add tunnel1 type gre remote 10.77.0.1 local 10.77.0.2
# Each end has a key, and knows the other's.
umask 077
for end in here there; do
	wg genkey >/tmp/$end.key
	wg pubkey </tmp/$end.key >/tmp/$end.pub
done
$in_here ip link add tunnel2 type wireguard
$in_there ip link add tunnel2 type wireguard
$in_here wg set tunnel2 private-key /tmp/here.key listen-port 51820 \
    peer "$(cat /tmp/there.pub)" allowed-ips 10.82.0.0/24 endpoint 10.77.0.2:51820
$in_there wg set tunnel2 private-key /tmp/there.key listen-port 51820 \
    peer "$(cat /tmp/here.pub)" allowed-ips 10.82.0.0/24 endpoint 10.77.0.1:51820
for tunnel in 0 1 2; do
	$in_here ip addr add 10.8$tunnel.0.1/24 dev tunnel$tunnel
	$in_there ip addr add 10.8$tunnel.0.2/24 dev tunnel$tunnel
	$in_here ip link set tunnel$tunnel up
	$in_there ip link set tunnel$tunnel up
	inner=10.8$tunnel.0.2
	between 0 "$(rtt $inner)" 10 "tunnel $tunnel before"
	everything >/tmp/before
	run network-delay --set networkDelay=200ms --set duration=60s \
	    --set networkInterface=tunnel$tunnel
	within 20 "delay in tunnel $tunnel" is_running
	between 200 "$(rtt $inner)" 210 "at the interface of tunnel $tunnel"
	between 0 "$(rtt 10.77.0.2)" 5 "beside tunnel $tunnel"
	ended "delay in tunnel $tunnel"
	run network-delay --set networkDelay=200ms --set duration=60s --set ip=10.77.0.2 \
	    --set networkInterface=wire0
	within 20 "delay of tunnel $tunnel" is_running
	between 200 "$(rtt $inner)" 210 "by the end of tunnel $tunnel"
	ended "delay of tunnel $tunnel"
	run network-delay --set networkDelay=200ms --set duration=60s --set ip=$inner \
	    --set networkInterface=wire0
	within 20 "delay below tunnel $tunnel" is_running
	between 0 "$(rtt $inner)" 10 "below, by what is inside of tunnel $tunnel"
	ended "delay below tunnel $tunnel"
	run network-delay --set networkDelay=200ms --set duration=60s
	within 20 "delay of all with tunnel $tunnel" is_running
	between 400 "$(rtt $inner)" 420 "in tunnel $tunnel and below it"
	ended "delay of all with tunnel $tunnel"
	$in_here ip link del tunnel$tunnel
	$in_there ip link del tunnel$tunnel
	echo "ok tunnel $tunnel"
done

echo 'all done'
