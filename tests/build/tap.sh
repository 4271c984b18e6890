# tap.sh: what the tests of the build share, to be sourced: TAP, and a directory of their own.
# They run in the build, with the variables that tests/local.mk exports.
set -u

tap_count=0
tap_failed=0
tap_dir=$(mktemp -d "${TMPDIR:-/tmp}/ak-build-XXXXXX") || exit 99
trap 'rm -rf "$tap_dir"' EXIT
trap 'exit 99' INT TERM HUP

# check NAME COMMAND...: the command must succeed. Its output is shown where it fails.
check()
{
	tap_name=$1
	shift
	tap_count=$((tap_count + 1))
	if "$@" >"$tap_dir/tap.out" 2>&1; then
		echo "ok $tap_count - $tap_name"
	else
		tap_failed=1
		echo "not ok $tap_count - $tap_name"
		sed 's/^/# /' "$tap_dir/tap.out"
	fi
}

# skip NAME REASON
skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# refuses WORDS COMMAND...: whether the command fails and says WORDS.
refuses()
{
	refuses_words=$1
	shift
	if refuses_output=$("$@" 2>&1); then
		echo "succeeded: $*"
		return 1
	fi
	case $refuses_output in
	*"$refuses_words"*) return 0 ;;
	esac
	echo "no \"$refuses_words\" in: $refuses_output"
	return 1
}

tap_skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

tap_done()
{
	echo "1..$tap_count"
	exit $tap_failed
}
