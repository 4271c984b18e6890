/*
 * test_model.c: the moves of the model (tests/model/moves.pml) are the program's.
 */
#include "config.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/store/lifecycle.h"
#include "tests/unit/unit.h"

#define TEXT_BYTES 4096
#define PATH_BYTES 1024

static const char *const moves[MOVE_COUNT] = {
	[MOVE_PREPARE] = "PREPARE",
	[MOVE_START] = "START",
	[MOVE_STARTED] = "STARTED",
	[MOVE_STOP] = "STOP",
	[MOVE_RETRY] = "RETRY",
	[MOVE_STOPPED] = "STOPPED",
	[MOVE_END] = "END",
	[MOVE_ABANDON] = "ABANDON",
	[MOVE_RESTOP] = "RESTOP"
};

static void
print_phase(FILE *out, enum phase phase)
{
	for (const char *c = phase_name(phase); *c != '\0'; c++)
		fputc(toupper((unsigned char)*c), out);
}

static void
print_move(FILE *out, enum move move)
{
	enum phase to = PHASE_NONE;

	fprintf(out, "#define MAY_%s (", moves[move]);
	for (int from = PHASE_NONE; from <= PHASE_STOPPED; from++) {
		enum phase after = phase_after((enum phase)from, move);

		if (after == PHASE_NONE)
			continue;
		fprintf(out, "%sphase == ", to == PHASE_NONE ? "" : " || ");
		print_phase(out, (enum phase)from);
		to = after;
	}
	fprintf(out, ")\n#define TO_%s ", moves[move]);
	print_phase(out, to);
	fputc('\n', out);
}

START_TEST(model_has_the_moves_of_the_program)
{
	const char *top = getenv("top_srcdir");
	char want[TEXT_BYTES], got[TEXT_BYTES], path[PATH_BYTES];
	FILE *out = fmemopen(want, sizeof(want), "w"), *in;
	size_t length;

	ck_assert_ptr_nonnull(out);
	for (int phase = PHASE_NONE; phase <= PHASE_STOPPED; phase++) {
		fputs("#define ", out);
		print_phase(out, (enum phase)phase);
		fprintf(out, " %d\n", phase);
	}
	for (int move = 0; move < MOVE_COUNT; move++)
		print_move(out, (enum move)move);
	fclose(out);

	snprintf(path, sizeof(path), "%s/tests/model/moves.pml", top == NULL ? "." : top);
	in = fopen(path, "r");
	ck_assert_msg(in != NULL, "%s cannot be read", path);
	length = fread(got, 1, sizeof(got) - 1, in);
	got[length] = '\0';
	fclose(in);
	ck_assert_str_eq(got, want);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { model_has_the_moves_of_the_program, NULL };

	return unit_main("model", NULL, tests);
}
