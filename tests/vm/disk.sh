# fill-disk on ext4, which keeps blocks for root; the state is on the same disk.
mkdir -p /disk
mount -t ext4 /dev/vda /disk
STATE=/disk/state
. /guest.sh

run()
{
	actionkit run org.actionkit.fill-disk --set path=/disk "$@" >/tmp/run 2>&1
}

# As df shows it: used and available, in KiB, without what is root's.
used_percent()
{
	df -k /disk | awk 'NR == 2 { print int(100 * $3 / ($3 + $4) + 0.5) }'
}

available_mib()
{
	df -k /disk | awk 'NR == 2 { print int($4 / 1024) }'
}

has_file()
{
	ls -a /disk | grep -q '^\.ak-fill-'
}

is_percent()
{
	test "$(used_percent)" -ge $(($1 - 1)) && test "$(used_percent)" -le $(($1 + 1))
}

is_left()
{
	test "$(available_mib)" -ge $(($1 - 2)) && test "$(available_mib)" -le $(($1 + 2))
}

# Before the server, which may find at once that its agent is gone.
had_file=$(has_file && echo yes)
serve
if grep -q ak_boot=2 /proc/cmdline; then
	test "$had_file" = yes || fail 'the file is gone: there is nothing to see'
	actionkit stop --all >/tmp/run || fail "stop: $(cat /tmp/run)"
	within 20 'fill-disk is stopped' is_phase fill-disk stopped
	has_file && fail 'the file is left'
	echo 'ok undone after a hard reset'
	echo 'all done'
	exit
fi
for method in AT_ONCE OVER_TIME; do
	run --set mode=PERCENTAGE --set size=60 --set duration=8s --set method=$method \
	    --set blocksize=1 &
	within 8 "60 % $method" is_percent 60
	wait $!
	grep -q '^passed' /tmp/run || fail "$(cat /tmp/run)"
	has_file && fail 'the file is left'
done
echo 'ok percent as df shows'
run --set mode=MB_LEFT --set size=0 --set duration=8s &
within 8 'only the reserve is left' is_left 64
wait $!
grep -q '64 MB stay free' /tmp/run || fail "$(cat /tmp/run)"
has_file && fail 'the file is left'
echo 'ok full, but for the reserve'
run --set size=20 --set duration=600s &
within 20 'the disk is filled' is_phase fill-disk running
# As if the power were cut: nothing is written any more. What is to be seen then is written now.
sync
echo b >/proc/sysrq-trigger
