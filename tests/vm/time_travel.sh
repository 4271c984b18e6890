# time-travel, on a clock that is real.
. /guest.sh

started=$(date +%s)

# Seconds by which the clock differs from what it should be.
shift_s()
{
	echo $(($(date +%s) - started - ($(cut -d. -f1 /proc/uptime) - up)))
}
up=$(cut -d. -f1 /proc/uptime)

is_ahead()
{
	test "$(shift_s)" -gt 3590 && test "$(shift_s)" -lt 3610
}

is_right()
{
	test "$(shift_s)" -gt -5 && test "$(shift_s)" -lt 5
}

has_table()
{
	nft list ruleset | grep -q 'table inet ak_'
}

has_no_table()
{
	test -z "$(nft list ruleset)"
}

serve --enable-action org.actionkit.time-travel
actionkit run org.actionkit.time-travel --set offset=1h --set duration=5s >/tmp/run 2>&1 &
within 20 'the clock is ahead' is_ahead
has_table || fail 'no table'
wait $!
is_right || fail "the clock is off by $(shift_s)"
has_no_table || fail 'the table is left'
grep -q passed /tmp/run || fail "run: $(cat /tmp/run)"
echo 'ok there and back'

actionkit run org.actionkit.time-travel --set offset=1h --set duration=60s >/tmp/run 2>&1 &
run=$!
within 20 'the clock is ahead' is_ahead
kill -KILL $run
kill_all
is_ahead || fail 'everything is dead, and the clock is right'
serve --enable-action org.actionkit.time-travel
actionkit stop --all >/dev/null || fail 'stop'
within 20 'the clock is right' is_right
within 20 'the table is gone' has_no_table
is_phase time-travel stopped || fail "phase $(phase time-travel)"
echo 'ok everything died'
echo 'all done'
