# fill-disk by a user who has a quota on the disk: what the quota leaves is a success, and told.
mkdir -p /disk
mount -t ext4 -o usrquota /dev/vda /disk
echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >>/etc/passwd
mkdir -m 777 /disk/open
setquota -u nobody 0 10240 0 0 /disk || fail 'setquota'
SERVE_AS=nobody
. /guest.sh

used_kib()
{
	df -k /disk | awk 'NR == 2 { print $3 }'
}

has_space()
{
	test "$(used_kib)" -ge $((before + 9000))
}

serve
before=$(used_kib)
for method in AT_ONCE OVER_TIME; do
	actionkit run org.actionkit.fill-disk --set path=/disk/open --set size=100 \
	    --set duration=6s --set method=$method >/tmp/run 2>&1 &
	within 6 "space is taken $method" has_space
	wait $!
	grep -q 'The quota is used up' /tmp/run || fail "$method: $(cat /tmp/run)"
	grep -q '^passed' /tmp/run || fail "$method: $(cat /tmp/run)"
	test -z "$(ls -A /disk/open)" || fail 'the file is left'
	test "$(used_kib)" -le $((before + 100)) || fail 'space is left taken'
done
echo 'ok quota'
echo 'all done'
