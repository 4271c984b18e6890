#!/bin/sh
# What is installed is hardened, as far as this compiler can: readelf and the symbols say so.
. "$(dirname "$0")/tap.sh"

test -z "$AK_INSTRUMENT" || tap_skip_all "the program is instrumented: $AK_INSTRUMENT"
command -v readelf >/dev/null || tap_skip_all "there is no readelf"

root=$tap_dir/root
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$top_builddir" install DESTDIR="$root" \
    >"$tap_dir/install.log" 2>&1 || { cat "$tap_dir/install.log"; exit 99; }
flags=$(sed -n 's/^AK_CFLAGS = //p; s/^AK_LDFLAGS = //p' "$top_builddir/Makefile")
optimized=$(sed -n 's/^CFLAGS = //p' "$top_builddir/Makefile" | grep -c -- '-O[1-3s]')

# shows WORDS READELF-OPTION FILE: whether readelf prints the words, a regular expression.
shows()
{
	readelf -W "$2" "$3" >"$tap_dir/elf"
	grep -Eq -- "$1" "$tap_dir/elf" || { cat "$tap_dir/elf"; return 1; }
}

hides()
{
	! shows "$@" >/dev/null
}

# calls PATTERN FILE: whether it needs such a function of libc.
calls()
{
	$NM -D --undefined-only "$2" | grep -E " $1(@|\$)"
}

# A function that another object calls by its address may begin with no other instruction.
marked()
{
	objdump -d --no-show-raw-insn "$1" | sed -n "/<$2>:/{n;p;}" >"$tap_dir/code"
	grep endbr64 "$tap_dir/code" || { cat "$tap_dir/code"; return 1; }
}

for file in "$root$bindir/actionkit" "$root$libdir/libactionkit.so"; do
	test -e "$file" || continue
	name=${file##*/}
	check "$name: read-only after relocation" shows 'GNU_RELRO' -l "$file"
	check "$name: all symbols are bound at the start" shows 'BIND_NOW|Flags:.* NOW' -d "$file"
	check "$name: the stack is not executable" shows 'GNU_STACK .* RW ' -l "$file"
	check "$name: no segment is writable and executable" hides 'LOAD .* RWE' -l "$file"
	check "$name: no relocations in its text" hides TEXTREL -d "$file"
	check "$name: stack protector" calls __stack_chk_fail "$file"
	if [ "$optimized" -gt 0 ]; then
		check "$name: calls are fortified" calls '__[a-z]*printf_chk' "$file"
	else
		skip "$name: calls are fortified" "built without optimization"
	fi
done
check "actionkit: position independent" shows 'Type: *DYN' -h "$root$bindir/actionkit"
check "actionkit: says so" shows 'Flags:.* PIE' -d "$root$bindir/actionkit"

# has FLAG: whether the compiler took it; what it makes is looked for in the code of x86-64.
has()
{
	case $flags in
	*"$1"*) readelf -h "$root$bindir/actionkit" | grep -q X86-64 ;;
	*) return 1 ;;
	esac
}

# Large frames touch each page of the stack.
probes()
{
	objdump -d --no-show-raw-insn "$1" | grep -E 'or[a-z]* +\$0x0,\(%rsp\)'
}

if has -fcf-protection; then
	check "actionkit: CET" marked "$root$bindir/actionkit" main
	check "libactionkit.so: CET" marked "$root$libdir/libactionkit.so" ak_main
else
	skip "CET" "the compiler cannot"
fi
if has -fstack-clash-protection; then
	check "actionkit: no frame jumps over the end of the stack" \
	    probes "$root$bindir/actionkit"
else
	skip "stack clash" "the compiler cannot"
fi
tap_done
