#!/bin/sh
# autogen.sh: which packages it wants for what, and what it says where it cannot install them. The
# programs that it calls are made here, and only tell what they were called with.
. "$(dirname "$0")/tap.sh"

cd "$tap_dir" && mkdir bin none && cp "$top_srcdir/autogen.sh" . || exit 99
for program in sh cat dirname printf test echo mkdir env; do
	ln -s "$(command -v $program)" bin/$program 2>/dev/null
done

# program NAME LINE: one of a Debian without any of the packages.
program()
{
	printf '#!/bin/sh\n%s\n' "$2" >"bin/$1" && chmod 755 "bin/$1"
}

say='echo "${0##*/} $*"'
program autoreconf "$say"
program getconf 'echo 3'
program make "$say"
printf '#!/bin/sh\necho "configure $*"\n' >configure && chmod 755 configure

debian()
{
	program dpkg-query 'exit 1'
	program apt-get "$say"
}

# Everything but what NAMES match is installed.
lacks()
{
	program dpkg-query "case \"\$4\" in $1) exit 1 ;; esac; printf installed"
}

user()
{
	program id "echo $1"
}

# autogen STATUS WORDS ARGUMENT...: whether it ends so, and says the words in one line.
autogen()
{
	autogen_status=$1
	autogen_words=$2
	shift 2
	PATH=$tap_dir/bin ./autogen.sh "$@" >said 2>&1
	autogen_got=$?
	cat said
	test "$autogen_got" -eq "$autogen_status" || { echo "status $autogen_got"; return 1; }
	grep -qF -- "$autogen_words" said
}

silent()
{
	! grep -E -- "$1" said
}

check "elsewhere: Fedora's packages" autogen 1 "Fedora: dnf install gcc make autoconf" run
check "Alpine's" autogen 1 "Alpine: apk add build-base linux-headers autoconf" run
check "to run needs no packages for tests" silent 'check|spin|strace|stress-ng|python3'
check "what to do then" autogen 1 "./autogen.sh && ./configure && make check" check
check "to check does" autogen 1 "check-devel python3" check

debian
user 1000
check "neither root nor sudo: the command" autogen 1 \
    "apt-get update && apt-get install --no-install-recommends gcc libc6-dev make" run
check "without packages for tests" silent 'spin|strace|stress-ng|python3'
check "to be run again" autogen 1 "then run: ./autogen.sh run" run
check "with packages for tests" autogen 1 " spin strace wrk stress-ng nftables iproute2" check
check "nothing else is done" silent 'autoreconf|configure '
check "without targets nothing is installed" autogen 0 autoreconf
check "nor asked for" silent 'apt-get|make'

program sudo 'echo "sudo $*"'
check "sudo installs" autogen 0 \
    "--no-install-recommends --no-remove gcc libc6-dev make" run
check "as root" autogen 0 "sudo apt-get update" run
rm bin/sudo
user 0
check "root needs no sudo" autogen 0 "apt-get update" run
check "then it makes the target" autogen 0 "make -j4 run" run
lacks 'uuid-dev | spin'
check "only what is missing is installed" autogen 0 "autogen.sh: installing uuid-dev" run
check "to check, spin as well" autogen 0 "installing uuid-dev spin" check
lacks 'nginx*'
check "nginx" autogen 0 "installing nginx-light" run
lacks 'nginx-light'
check "any nginx will do" autogen 0 "make -j4 run" run
check "then nothing is installed" silent 'installing'
tap_done
