# shutdown, with a state that is on a disk; and what runs on a machine that goes down.
mkdir -p /disk
mount -t ext4 /dev/vda /disk
STATE=/disk/state
. /guest.sh

run()
{
	actionkit run "org.actionkit.$@" >/tmp/run 2>&1
}

has_file()
{
	ls -a /disk | grep -q '^\.ak-fill-'
}

# Before the server, which may find at once that its agent is gone.
had_file=$(has_file && echo yes)
serve --enable-action all --enable-action org.actionkit.shutdown
if grep -q ak_boot=1 /proc/cmdline; then
	run fill-disk --set path=/disk --set size=5 --set duration=600s &
	within 20 'the disk is filled' is_phase fill-disk running
	run shutdown --set reboot=true || fail "shutdown: $(cat /tmp/run)"
	echo 'shutdown: asked'
	sleep 60
	fail 'nothing happened'
fi
test "$had_file" = yes || fail 'the file is gone: there is nothing to see'
actionkit stop --all >/tmp/run || fail "stop: $(cat /tmp/run)"
within 20 'fill-disk is stopped' is_phase fill-disk stopped
has_file && fail 'the file is left'
is_phase shutdown stopped || fail "shutdown is $(phase shutdown)"
echo 'second boot: clean'
run shutdown --set reboot=false || fail "shutdown: $(cat /tmp/run)"
sleep 60
fail 'nothing happened'
