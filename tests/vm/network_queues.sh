# Delay under all usual queues of an interface, which are several in mq: both families, a connection
# that was there before, and together with loss.
. /guest.sh
. /network_guest.sh
two_networks

# A connection that is there all the time, to a peer that sends back what it gets.
$in_there nc -ll -p 7001 -e cat &
within 10 'a peer' $in_here nc -w 1 10.77.0.2 7001 </dev/null
mkfifo /tmp/words
$in_here nc 10.77.0.2 7001 </tmp/words >/tmp/answers &
exec 3>/tmp/words

# answer_ms: how long the established connection takes to answer, in steps of 10 ms.
answer_ms()
{
	answer_word=$(($(wc -l </tmp/answers) + 1))
	answer_begin=$(uptime_ms)
	echo $answer_word >&3
	within 10 'an answer' grep -qx $answer_word /tmp/answers
	echo $(($(uptime_ms) - answer_begin))
}

for root in 'noqueue' 'fq' 'fq_codel' 'htb default 1' 'mq'; do
	test "$root" = noqueue || $in_here tc qdisc add dev wire0 root handle 1: $root ||
		fail "no $root"
	test "$root" != 'htb default 1' ||
		$in_here tc class add dev wire0 parent 1: classid 1:1 htb rate 1gbit
	everything >/tmp/before
	run network-delay --set networkDelay=200ms --set duration=60s --set excludeIp=10.77.0.3
	within 20 "delay under $root" is_running
	between 200 "$(rtt 10.77.0.2)" 210 "delay under $root"
	between 200 "$(rtt fd77::2)" 210 "delay of IPv6 under $root"
	between 200 "$(answer_ms)" 400 "delay of an established connection under $root"
	ended "delay under $root"
	between 0 "$(answer_ms)" 150 "the established connection after it"
	between 0 "$(rtt 10.77.0.2)" 5 "after the delay under $root"
	echo "ok delay under $root"
	test "$root" = noqueue || $in_here tc qdisc del dev wire0 root
done

run network-delay --set networkDelay=50ms --set duration=60s
within 20 'delay with loss' is_running
first=$!
run network-loss --set percentage=30 --set duration=60s
within 20 'loss with delay' are_running 2
between 640 "$(arrived 10.77.0.2 1000)" 760 'arrived of 1000, 30 % lost, all delayed'
between 50 "$(rtt 10.77.0.2)" 55 'what arrives'
kill -TERM $first $!
wait $first $!
between 0 "$(rtt 10.77.0.2)" 5 'after delay and loss'
echo 'ok delay with loss'

echo 'all done'
