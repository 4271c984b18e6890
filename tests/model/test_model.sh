#!/bin/sh
# The models, in short: "make model" checks all of them.
. "$top_srcdir/tests/build/tap.sh"

model=$top_srcdir/tests/model

# The phase is changed by MOVE alone, apart from a prepare() that failed.
moves_only()
{
	grep -n 'phase = ' "$model/lifecycle.pml" "$model/guard.pml" "$model/worker.pml" | grep -v \
	    -e ':#define MOVE(' -e ':byte phase = [A-Z]*;$' \
	    -e 'phase == PREPARED -> phase = NONE' -e 'phase = PREPARED; saved = 0; wanted = 0' \
	    >"$tap_dir/others"
	cat "$tap_dir/others"
	test ! -s "$tap_dir/others"
}

holds()
{
	MODEL_DEPTH=short sh "$model/model.sh"
}

check "the models change the phase by their moves alone" moves_only
if command -v spin >/dev/null; then
	check "the models hold, and fail without any one of their rules" holds
else
	skip "the models hold, and fail without any one of their rules" "there is no spin"
fi
tap_done
