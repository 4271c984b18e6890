/*
 * list.c: `actionkit list`: the executions of a state directory.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "core/base/clock.h"
#include "core/view/list.h"
#include "core/view/rows.h"

#define LIST_WATCH_S 1

/* Clears the screen from its first line on. */
#define LIST_CLEAR "\033[H\033[J"

/* The rows as an array, owned; NULL and err. */
static struct json_object *
read_list(const char *state_dir, bool all, struct err *err)
{
	struct json_object *rows;
	struct store store;

	if (store_open_readonly(&store, state_dir, err) == -1)
		return NULL;
	rows = list_read(&store, all ? LIST_ALL : LIST_ACTIVE, NULL, err);
	store_close(&store);
	return rows;
}

static void
print_row(struct table *table, struct json_object *row)
{
	const char *action = json_member_string(row, "action");
	const char *note = rows_text(row, "last_error");
	bool stopped = json_member(row, "due_at") == NULL;
	char age[OUTPUT_AGE_BYTES], unknown[ERR_MESSAGE_BYTES];

	if (!json_object_get_boolean(json_member(row, "known"))) {
		snprintf(unknown, sizeof(unknown), "%s (not in this program)", action);
		action = unknown;
	}
	output_age(json_object_get_int64(json_member(row, "age_ms")), age);
	table_cell_id(table, json_member_string(row, "id"), json_member_string(row, "short_id"));
	table_cell(table, action);
	table_cell(table, json_member_string(row, "phase"));
	table_cell(table, age);
	table_cell(table, rows_text(row, "target"));
	table_cell(table, note != NULL && !stopped ? note : rows_text(row, "stop_reason"));
	table_cell(table, rows_text(row, "error"));
}

static void
print_table(struct json_object *rows)
{
	static const char *const headers[] = {
		"ID", "ACTION", "PHASE", "AGE", "TARGET", "NOTE", "ERROR", NULL
	};
	struct table table;
	size_t i;

	table_init(&table, headers);
	for (i = 0; i < json_object_array_length(rows); i++)
		print_row(&table, json_object_array_get_idx(rows, i));
	table_print(&table);
	table_done(&table);
}

static void
print_rows(struct json_object *rows, bool json)
{
	if (json)
		output_json(json_object_get(rows));
	else
		print_table(rows);
	fflush(stdout);
}

/* Whether something happened, apart from time. */
static bool
same(struct json_object *rows, struct json_object *before)
{
	size_t i, count = json_object_array_length(rows);
	struct json_object *row, *old;
	bool equal = before != NULL && count == json_object_array_length(before);

	for (i = 0; equal && i < count; i++) {
		row = json_object_array_get_idx(rows, i);
		old = json_object_array_get_idx(before, i);
		json_add(old, "age_ms", json_object_get(json_member(row, "age_ms")));
		equal = json_object_equal(row, old) != 0;
	}
	return equal;
}

/* A terminal is drawn anew; a pipe gets the whole list whenever it has changed. */
static int
watch(const struct arguments *arguments, const char *state_dir, bool all, bool json)
{
	struct json_object *rows, *before = NULL;
	bool redraw = output_terminal() && !json;
	struct err err;

	while ((rows = read_list(state_dir, all, &err)) != NULL) {
		if (redraw)
			fputs(LIST_CLEAR, stdout);
		if (redraw || !same(rows, before))
			print_rows(rows, json);
		json_object_put(before);
		before = rows;
		if (ferror(stdout))
			break;
		clock_sleep_ms(LIST_WATCH_S * CLOCK_MS_PER_S);
	}
	json_object_put(before);
	return rows == NULL ? arguments_fail(arguments, &err) : EXIT_FAILURE;
}

static int
list_run(struct arguments *arguments)
{
	const char *state_dir = NULL;
	bool all = false, json = false, watching = false;
	struct json_object *rows;
	struct err err;
	int key;

	while ((key = arguments_next(arguments)) != 0)
		switch (key) {
		case 'S':
			state_dir = arguments->value;
			break;
		case 'a':
			all = true;
			break;
		case 'w':
			watching = true;
			break;
		case 'j':
			json = true;
			break;
		default:
			return arguments->status;
		}
	state_dir = arguments_state_dir(state_dir);
	if (watching)
		return watch(arguments, state_dir, all, json);
	rows = read_list(state_dir, all, &err);
	if (rows == NULL)
		return arguments_fail(arguments, &err);
	print_rows(rows, json);
	json_object_put(rows);
	return EXIT_SUCCESS;
}

static const struct cli_option options[] = {
	{ 'a', "all", NULL, "Stopped ones too, until their retention is over." },
	{ 'w', "watch", NULL, "Go on, and show what changes, until interrupted." },
	CLI_STATE_DIR,
	CLI_JSON,
	CLI_OPTIONS_END
};

const struct subcommand subcommand_list = {
	.name = "list",
	.help = "list executions that are not stopped, or all",
	.about = "Lists executions, the oldest first. On a narrow terminal ids are shortened:\n"
	    "what is shown is enough for show and stop. It only reads, so that members of\n"
	    "the group of the state directory can use it, while a server runs or not.\n\n"
	    "Exit status: 0; 1 if the database cannot be read; 64 for a wrong command line.",
	.options = options,
	.run = list_run,
};
