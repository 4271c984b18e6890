#!/bin/sh
# Checks the models with spin: lifecycle.pml; guard.pml, which is of those who guard it; worker.pml
# and outbox.pml, which are of workers and of what they tell. As they are, they must hold; without
# any one of the rules in rules.txt they must fail, apart from those marked with +, without which
# they must hold.
# Says PASS or FAIL for each, and the figures last.
#
# MODEL_DEPTH=short leaves out what takes long, for "make check"; exits with 77 without spin.
set -u

model=$(cd "$(dirname "$0")" && pwd) || exit 99
depth=${MODEL_DEPTH-full}
memory_mb=4000
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

# has WORD BUDGET: 1 if it is one of its words, else 0.
has()
{
	case ,$2, in
	*,$1,*) echo 1 ;;
	*) echo 0 ;;
	esac
}

# flags MODEL BUDGET: what chaos is allowed, as flags of the model.
flags()
{
	case $1 in
	lifecycle)
		echo "-DKILLS=$(has kill "$2") -DHANGS=$(has hang "$2") -DFAILS=$(has fail "$2")" \
		    "-DTERMS=$(has term "$2") -DSERVES=$(has serve "$2")" \
		    "-DCALLS=$((1 + $(has twice "$2")))"
		;;
	guard)
		echo "-DFAULTS=$(($(has one "$2") + 2 * $(has two "$2") + 3 * $(has three "$2")))" \
		    "-DHUPS=$(has hup "$2") -DSERVES=$(has serve "$2") -DSTOPS=$(has stop "$2")" \
		    "-DBLOCKS=$(has block "$2") -DFAILS=$(has fail "$2") -DLOSES=$(has lose "$2")"
		;;
	worker)
		echo "-DKILLS=$(($(has kill "$2") + 2 * $(has two "$2")))" \
		    "-DFREEZES=$(has freeze "$2") -DFAILS=$(has fail "$2")" \
		    "-DBLOCKS=$(has block "$2") -DGONES=$(has gone "$2") -DSERVES=$(has serve "$2")"
		;;
	outbox)
		echo "-DLOSES=$((3 * $(has lose "$2")))"
		;;
	esac
}

# run MODEL BUDGET FLAG...: 0 if it holds, 1 if it fails; sets run_states.
run()
{
	run_model=$1
	run_flags=$(flags "$1" "$2")
	shift 2
	spin -a $run_flags "$@" "$run_model.pml" >spin.out 2>&1 &&
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

# hold MODEL BUDGET...: as it is, it must.
hold()
{
	hold_model=$1
	shift
	for budget; do
		if run "$hold_model" "$budget"; then
			echo "PASS: it holds ($hold_model: $budget, $run_states states)"
		else
			violations=$((violations + 1))
			echo "FAIL: it does not hold ($hold_model: $budget):"
			grep 'assertion violated' pan.out
			spin -t -p $(flags "$hold_model" "$budget") "$hold_model.pml" | tail -n 100
		fi
		states=$((states + run_states))
	done
}

case $depth in
short)
	hold lifecycle calm fail
	hold guard one stop,block stop,lose
	hold worker kill
	hold outbox lose
	;;
*)
	hold lifecycle calm,twice kill,fail hang,fail term,fail,serve kill,hang kill,term \
	    kill,serve
	hold guard two,hup two,stop,serve three,stop one,stop,block,fail stop,block,lose,fail
	hold worker two,freeze,block,fail two,gone,serve,freeze two,gone,serve,block,fail
	hold outbox lose
	;;
esac

while read -r of rule budget text; do
	case $of in '#'*) continue ;; esac
	case $depth-$of-$budget in
	short-lifecycle-*hang | short-lifecycle-term* | short-lifecycle-fail,twice) continue ;;
	short-guard-*hup | short-guard-two* | short-guard-three*) continue ;;
	short-worker-*gone | short-outbox-*) continue ;;
	esac
	case $rule in +*)
		rule=${rule#+}
		if run "$of" "$budget" "-D$rule"; then
			echo "PASS: it holds without the rule, too: $text ($rule)"
		else
			violations=$((violations + 1))
			echo "FAIL: it does not hold without the rule: $text ($rule)"
		fi
		continue
		;;
	esac
	checked=$((checked + 1))
	if run "$of" "$budget" "-D$rule"; then
		useless=$((useless + 1))
		echo "FAIL: it holds without the rule: $text ($rule, $budget)"
	else
		echo "PASS: it fails without the rule: $text ($rule)"
	fi
done <"$model/rules.txt"

echo "model: $states states, violations $violations;" \
    "$checked rules taken away, $useless of them without a violation"
test $violations -eq 0 && test $useless -eq 0
