#!/bin/sh
# notes.sh OBJECT...: prints a tar archive of the notes (.gcno) that the compiler has written
# beside the objects (.o, or libtool's .lo), under the names by which gcov looks for them.
set -eu

stage=$(mktemp -d "${TMPDIR:-/tmp}/ak-notes-XXXXXX")
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' INT TERM HUP

# The object that a .lo stands for: the one for shared libraries, if there is one.
real_object()
{
	case $1 in
	*.lo)
		for kind in pic_object non_pic_object; do
			real=$(sed -n "s/^$kind='\(.*\)'\$/\1/p" "$1")
			test -z "$real" || test "$real" = none || break
		done
		echo "$(dirname "$1")/$real"
		;;
	*)
		echo "$1"
		;;
	esac
}

# Where an object puts its counters says the object.
counters_of()
{
	LC_ALL=C grep -a -o '/[^[:cntrl:]]*\.gcda' "$1" | head -n 1
}

for name; do
	object=$(real_object "$name")
	counters=$(counters_of "$object")
	# One without code has none.
	test -n "$counters" || continue
	mkdir -p "$stage/$(dirname "$counters")"
	cp "${object%.o}.gcno" "$stage/${counters%.gcda}.gcno"
done
cd "$stage"
find -- * -type f | LC_ALL=C sort |
    tar -cf - --owner=0 --group=0 --numeric-owner --mode=u=rw,go=r -T -
