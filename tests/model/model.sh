#!/bin/sh
# Checks the model of the lifecycle with spin: as it is, it must hold; without any one of the
# rules in rules.txt it must fail, apart from those marked with +, without which it must hold.
# Says PASS or FAIL for each, and the figures last.
#
# MODEL_DEPTH=short leaves out what takes long, for "make check"; exits with 77 without spin.
set -u

model=$(cd "$(dirname "$0")" && pwd) || exit 99
depth=${MODEL_DEPTH-full}
memory_mb=3000
# Of few states the compilation takes the most time.
optimise=-O1
test "$depth" != short || optimise=-O0
states=0
violations=0
checked=0
useless=0

if ! command -v spin >/dev/null; then
	echo "SKIP: the model is not checked: there is no spin (Debian: apt-get install spin)"
	exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/ak-model-XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' INT TERM HUP
cp "$model"/*.pml "$work" && cd "$work" || exit 99

# flags BUDGET: what chaos is allowed, as flags of the model.
flags()
{
	flags_kills=0 flags_hangs=0 flags_fails=0 flags_terms=0 flags_serves=0 flags_calls=1
	case $1 in *kill*) flags_kills=1 ;; esac
	case $1 in *hang*) flags_hangs=1 ;; esac
	case $1 in *fail*) flags_fails=1 ;; esac
	case $1 in *term*) flags_terms=1 ;; esac
	case $1 in *serve*) flags_serves=1 ;; esac
	case $1 in *twice*) flags_calls=2 ;; esac
	echo "-DKILLS=$flags_kills -DHANGS=$flags_hangs -DFAILS=$flags_fails" \
	    "-DTERMS=$flags_terms -DSERVES=$flags_serves -DCALLS=$flags_calls"
}

# run BUDGET FLAG...: 0 if it holds, 1 if it fails; sets run_states.
run()
{
	run_flags=$(flags "$1")
	shift
	spin -a $run_flags "$@" lifecycle.pml >spin.out 2>&1 &&
	    ${CC:-cc} $optimise -w -DSAFETY -DCOLLAPSE -DMEMLIM=$memory_mb -o pan pan.c \
	    >>spin.out 2>&1 || { cat spin.out; exit 99; }
	./pan -E -m1000000 >pan.out 2>&1
	run_states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out)
	run_states=$(printf '%.0f' "${run_states:-0}")
	# Too little memory or depth is no result.
	if grep -q 'Search not completed' pan.out && ! grep -q 'errors: [1-9]' pan.out ||
	    grep -q 'max search depth too small' pan.out; then
		cat pan.out
		exit 99
	fi
	grep -q 'errors: 0' pan.out
}

case $depth in
short) budgets='calm fail' ;;
*) budgets='calm,twice kill,fail hang,fail term,fail,serve kill,hang kill,term kill,serve' ;;
esac
for budget in $budgets; do
	if run "$budget"; then
		echo "PASS: it holds ($budget, $run_states states)"
	else
		violations=$((violations + 1))
		echo "FAIL: it does not hold ($budget):"
		grep 'assertion violated' pan.out
		spin -t -p $(flags "$budget") lifecycle.pml | tail -n 100
	fi
	states=$((states + run_states))
done

while read -r rule budget text; do
	case $rule in '#'*) continue ;; esac
	case $depth-$budget in short-*hang | short-term* | short-fail,twice) continue ;; esac
	case $rule in +*)
		rule=${rule#+}
		if run "$budget" "-D$rule"; then
			echo "PASS: it holds without the rule, too: $text ($rule)"
		else
			violations=$((violations + 1))
			echo "FAIL: it does not hold without the rule: $text ($rule)"
		fi
		continue
		;;
	esac
	checked=$((checked + 1))
	if run "$budget" "-D$rule"; then
		useless=$((useless + 1))
		echo "FAIL: it holds without the rule: $text ($rule, $budget)"
	else
		echo "PASS: it fails without the rule: $text ($rule)"
	fi
done <"$model/rules.txt"

echo "model: $states states, violations $violations;" \
    "$checked rules taken away, $useless of them without a violation"
test $violations -eq 0 && test $useless -eq 0
