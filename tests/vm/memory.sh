# fill-memory on a machine whose memory gets short.
. /guest.sh

run()
{
	actionkit run org.actionkit.fill-memory --set duration=30s "$@" >/tmp/run 2>&1
}

available_mib()
{
	awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo
}

serve
total=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
reserve=$((total / 10))

# 95 percent are asked for: a tenth of all stays available.
actionkit run org.actionkit.fill-memory --set size=95 --set duration=30s >/tmp/run 2>&1 &
lowest=$total
while kill -0 $! 2>/dev/null; do
	now=$(available_mib)
	test "$now" -ge "$lowest" || lowest=$now
	sleep 0.2
done
wait $!
grep -q 'the reserve is kept' /tmp/run || fail "the reserve: $(cat /tmp/run)"
test "$lowest" -gt $((reserve / 2)) || fail "$lowest MiB of $total were left"
test "$lowest" -lt $((reserve * 2)) || fail "$lowest MiB of $total were left: too many"
echo "ok $lowest of $total MiB were left, $reserve are reserved"

is_filled()
{
	test "$(available_mib)" -lt $((total / 2))
}

# A file system of memory takes what is left: our process is the one that is killed.
short()
{
	mkdir -p /tmp/short
	mount -t tmpfs -o size=100% none /tmp/short
	"$@" &
	within 20 'memory is filled' is_filled
	dd if=/dev/zero of=/tmp/short/file bs=1M count=$(($(available_mib) + 2 * reserve)) \
	    >/dev/null 2>&1
	wait $!
	umount /tmp/short
}
short run --set mode=absolute --set unit=MiB --set size=$((total - 2 * reserve - 100)) \
    --set failOnOomKill=true
grep -q 'killed the process that held the memory for want of memory' /tmp/run ||
	fail "fails: $(cat /tmp/run)"
grep -q '^failed' /tmp/run || fail "verdict: $(cat /tmp/run)"
is_ready || fail 'the server is gone'
echo 'ok killed, and failed'
short run --set mode=absolute --set unit=MiB --set size=$((total - 2 * reserve - 100))
grep -q '^passed' /tmp/run || fail "warning: $(cat /tmp/run)"
grep -q 'Ended early' /tmp/run || fail "warning: $(cat /tmp/run)"
echo 'ok killed, and warned'
echo 'all done'
