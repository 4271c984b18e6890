#!/bin/sh
# The model of the lifecycle, in short: "make model" checks all of it.
. "$top_srcdir/tests/build/tap.sh"

model=$top_srcdir/tests/model

# The phase is changed by MOVE alone, apart from a prepare() that failed.
moves_only()
{
	grep -n 'phase = ' "$model/lifecycle.pml" | grep -v -e '^[0-9]*:#define MOVE(' \
	    -e 'phase == PREPARED -> phase = NONE' -e 'phase = PREPARED; saved = 0; wanted = 0' \
	    -e ':byte phase = NONE;$' >"$tap_dir/others"
	cat "$tap_dir/others"
	test ! -s "$tap_dir/others"
}

holds()
{
	MODEL_DEPTH=short sh "$model/model.sh"
}

check "the model changes the phase by its moves alone" moves_only
if command -v spin >/dev/null; then
	check "the model holds, and fails without any one of its rules" holds
else
	skip "the model holds, and fails without any one of its rules" "there is no spin"
fi
tap_done
