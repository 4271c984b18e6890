/*
 * test_arguments.c: the command line of a subcommand: how options are written, what is
 * refused, and with which words and exit status.
 */
#include "config.h"

#include "cli/arguments.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define ARGUMENTS_MAX 8
#define OUTPUT_BYTES 4096
#define OWN_STATUS 3

enum { KEY_COLOUR = 1, KEY_COUNT, KEY_QUIET };

static const struct cli_option options[] = {
	{ KEY_COLOUR, "colour", "NAME", "The colour." },
	{ KEY_COUNT, "count", "N", "How many." },
	{ KEY_QUIET, "quiet", NULL, "Say nothing." },
	CLI_OPTIONS_END
};
static const struct subcommand paint = {
	.name = "paint", .operands = "WALL", .about = "Paints walls.", .options = options
};
static const struct subcommand wash = {
	.name = "wash", .about = "Washes.", .options = options, .usage_status = OWN_STATUS
};

static char *argv[ARGUMENTS_MAX + 1];
static struct arguments arguments;

/* Begins with a command line; the list of arguments ends with NULL. */
static void
begin(const struct subcommand *subcommand, ...)
{
	const char *argument;
	va_list list;

	arguments = (struct arguments){ .subcommand = subcommand, .argc = 1, .argv = argv };
	argv[0] = (char *)(uintptr_t)subcommand->name;
	va_start(list, subcommand);
	while ((argument = va_arg(list, const char *)) != NULL) {
		ck_assert_int_lt(arguments.argc, ARGUMENTS_MAX);
		argv[arguments.argc++] = (char *)(uintptr_t)argument;
	}
	va_end(list);
	argv[arguments.argc] = NULL;
}

static void
next_is(int key, const char *value)
{
	ck_assert_int_eq(arguments_next(&arguments), key);
	if (value == NULL)
		ck_assert_ptr_null(arguments.value);
	else
		ck_assert_str_eq(arguments.value, value);
}

/* From now on what is written to descriptor goes into the file. */
static FILE *
capture(int descriptor)
{
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(dup2(fileno(file), descriptor), descriptor);
	return file;
}

static const char *
captured(FILE *file)
{
	static char text[OUTPUT_BYTES];
	size_t length;

	(void)fflush(NULL);
	rewind(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	(void)fclose(file);
	return text;
}

static void
says(const char *text, const char *words)
{
	ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
}

/* The next option is refused with the words and the status. */
static void
next_is_refused(const char *words, int status)
{
	FILE *file = capture(STDERR_FILENO);
	const char *text;

	ck_assert_int_eq(arguments_next(&arguments), -1);
	text = captured(file);
	says(text, words);
	says(text, " --help` says what there is");
	ck_assert_int_eq(arguments.status, status);
}

START_TEST(options_and_operands)
{
	begin(&paint, "north", "--colour", "red", "--quiet", "--count=3", "south", NULL);
	next_is(KEY_COLOUR, "red");
	next_is(KEY_QUIET, NULL);
	next_is(KEY_COUNT, "3");
	next_is(0, NULL);
	ck_assert_int_eq(arguments.operand_count, 2);
	ck_assert_str_eq(arguments.operands[0], "north");
	ck_assert_str_eq(arguments.operands[1], "south");
}
END_TEST

START_TEST(values_as_they_are)
{
	begin(&paint, "--colour=", "--colour", "--quiet", "--colour=a=b", "--colour", "", NULL);
	next_is(KEY_COLOUR, "");
	next_is(KEY_COLOUR, "--quiet");
	next_is(KEY_COLOUR, "a=b");
	next_is(KEY_COLOUR, "");
	next_is(0, NULL);
	ck_assert_int_eq(arguments.operand_count, 0);
}
END_TEST

START_TEST(nothing_is_an_option_after_two_dashes)
{
	begin(&paint, "--quiet", "--", "--colour", "-x", NULL);
	next_is(KEY_QUIET, NULL);
	next_is(0, NULL);
	ck_assert_int_eq(arguments.operand_count, 2);
	ck_assert_str_eq(arguments.operands[0], "--colour");
	ck_assert_str_eq(arguments.operands[1], "-x");
}
END_TEST

START_TEST(abbreviations)
{
	begin(&paint, "--q", "--col", "red", "--cou=4", "--quie", NULL);
	next_is(KEY_QUIET, NULL);
	next_is(KEY_COLOUR, "red");
	next_is(KEY_COUNT, "4");
	next_is(KEY_QUIET, NULL);
	next_is(0, NULL);
	/* It could be two of them. */
	begin(&paint, "--co", "1", NULL);
	next_is_refused("paint: --co: more than one option begins so", EX_USAGE);
}
END_TEST

START_TEST(mistakes)
{
	begin(&paint, "--nonsense", NULL);
	next_is_refused("paint: --nonsense: unknown option", EX_USAGE);
	begin(&paint, "--nonsense=1", NULL);
	next_is_refused("paint: --nonsense: unknown option", EX_USAGE);
	begin(&paint, "-x", NULL);
	next_is_refused("paint: -x: unknown option", EX_USAGE);
	begin(&paint, "--quiet=1", NULL);
	next_is_refused("paint: --quiet: takes no value", EX_USAGE);
	begin(&paint, "--quiet", "--colour", NULL);
	next_is(KEY_QUIET, NULL);
	next_is_refused("paint: --colour: needs a value", EX_USAGE);
}
END_TEST

START_TEST(operands_and_status_of_the_subcommand)
{
	begin(&wash, "--quiet", "north", NULL);
	next_is(KEY_QUIET, NULL);
	next_is_refused("wash: north: unexpected argument", OWN_STATUS);
	begin(&wash, "--nonsense", NULL);
	next_is_refused("wash: --nonsense: unknown option", OWN_STATUS);
}
END_TEST

START_TEST(help_is_printed)
{
	static const char *const spellings[] = { "--help", "--hel", "--h" };
	const char *text;
	size_t i;
	FILE *file;

	for (i = 0; i < UNIT_COUNT(spellings); i++) {
		/* It wins over every mistake. */
		begin(&paint, "--colour", "red", "--nonsense", spellings[i], "--count", NULL);
		file = capture(STDOUT_FILENO);
		ck_assert_int_eq(arguments_next(&arguments), -1);
		text = captured(file);
		ck_assert_int_eq(arguments.status, EXIT_SUCCESS);
		says(text, " paint WALL [--OPTION ...]\n\nPaints walls.\n");
		says(text, "\n  --colour NAME ");
		says(text, " Say nothing.\n");
	}
}
END_TEST

START_TEST(all_at_once)
{
	static const struct cli_option own[] = { CLI_STATE_DIR, CLI_JSON, CLI_OPTIONS_END };
	static const struct subcommand look = {
		.name = "look", .operands = "ID", .about = "", .options = own
	};
	const char *value = "before";
	bool json = false;

	begin(&look, "x", NULL);
	ck_assert_int_eq(arguments_read(&arguments, &value, &json), 0);
	ck_assert_str_eq(value, "before");
	ck_assert(!json);
	begin(&look, "--state=/s", "--js", "x", NULL);
	ck_assert_int_eq(arguments_read(&arguments, &value, &json), 0);
	ck_assert_str_eq(value, "/s");
	ck_assert(json);
	ck_assert_int_eq(arguments.operand_count, 1);
	begin(&look, "--json", "--nonsense", NULL);
	(void)capture(STDERR_FILENO);
	ck_assert_int_eq(arguments_read(&arguments, &value, &json), -1);
	ck_assert_int_eq(arguments.status, EX_USAGE);
}
END_TEST

START_TEST(durations)
{
	int64_t ms = 0;
	FILE *file;

	begin(&paint, "--count=1m30s", "--count", "30", NULL);
	next_is(KEY_COUNT, "1m30s");
	ck_assert_int_eq(arguments_duration(&arguments, "--count", &ms), 0);
	ck_assert_int_eq(ms, 90000);
	next_is(KEY_COUNT, "30");
	file = capture(STDERR_FILENO);
	ck_assert_int_eq(arguments_duration(&arguments, "--count", &ms), -1);
	says(captured(file), "paint: --count 30: must be a duration like 30s");
	ck_assert_int_eq(arguments.status, EX_USAGE);
	ck_assert_int_eq(ms, 90000);
}
END_TEST

START_TEST(failures)
{
	FILE *file = capture(STDERR_FILENO);
	struct err err;

	begin(&wash, NULL);
	(void)err_set(&err, ERR_STORE, "no %s", "water");
	ck_assert_int_eq(arguments_fail(&arguments, &err), EXIT_FAILURE);
	ck_assert_int_eq(arguments_refuse(&arguments, "too %s", "wet"), OWN_STATUS);
	says(captured(file), " wash: no water\n");
}
END_TEST

START_TEST(where_the_state_is)
{
	ck_assert_int_eq(unsetenv("ACTIONKIT_STATE_DIR"), 0);
	ck_assert_str_eq(arguments_state_dir(NULL), OPTIONS_STATE_DIR_DEFAULT);
	ck_assert_int_eq(setenv("ACTIONKIT_STATE_DIR", "", 1), 0);
	ck_assert_str_eq(arguments_state_dir(NULL), OPTIONS_STATE_DIR_DEFAULT);
	ck_assert_int_eq(setenv("ACTIONKIT_STATE_DIR", "/srv/state", 1), 0);
	ck_assert_str_eq(arguments_state_dir(NULL), "/srv/state");
	ck_assert_str_eq(arguments_state_dir("/s"), "/s");
}
END_TEST

static void
keep_mistake(void *context, const char *mistake)
{
	err_set(context, ERR_USAGE, "%s", mistake);
}

START_TEST(options_of_serve)
{
	struct server_options read;
	struct err err;
	const struct option_mistakes told = { .report = keep_mistake, .context = &err };

	ck_assert_int_eq(clearenv(), 0);
	ck_assert_int_eq(setenv("ACTIONKIT_STOP_TIMEOUT", "7s", 1), 0);
	ck_assert_int_eq(setenv("ACTIONKIT_GRACE", "8s", 1), 0);
	ck_assert_int_eq(arguments_serve_options(&read, &told, "--state-dir", "/s",
	    "--stop-timeout", NULL, "--grace", "9s", NULL), 0);
	ck_assert_str_eq(read.core.state_dir, "/s");
	ck_assert_int_eq(read.core.stop_timeout_ms, 7000);
	ck_assert_int_eq(read.core.grace_ms, 9000);
	ck_assert_int_eq(read.core.stop_retry_ms, 1000);
	ck_assert_int_eq(arguments_serve_options(&read, &told, "--grace", "9", NULL), -1);
	says(err.msg, "--grace");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		options_and_operands,
		values_as_they_are,
		nothing_is_an_option_after_two_dashes,
		abbreviations,
		mistakes,
		operands_and_status_of_the_subcommand,
		help_is_printed,
		all_at_once,
		durations,
		failures,
		where_the_state_is,
		options_of_serve,
		NULL
	};

	return unit_main("arguments", NULL, tests);
}
