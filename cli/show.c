/*
 * show.c: `actionkit show`: everything that is known of one execution.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "core/base/log.h"
#include "core/store/execution_id.h"
#include "core/view/rows.h"
#include "core/view/show.h"

#define SHOW_NAME_COLUMNS 18

static void
print_title(const char *title)
{
	printf("\n%s", output_style(STYLE_STRONG));
	output_text(title);
	printf("%s\n", output_style(STYLE_PLAIN));
}

static void
print_json(const char *name, struct json_object *value)
{
	char *text, *rest, *line;

	text = rest = strdup(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PRETTY |
	    JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
	if (text == NULL)
		log_out_of_memory();
	print_title(name);
	while ((line = strsep(&rest, "\n")) != NULL) {
		output_text(line);
		putchar('\n');
	}
	free(text);
}

/* Plain values first, then what takes more than a line. */
static void
print_execution(struct json_object *row)
{
	json_object_object_foreach(row, name, value)
		if (value != NULL && !json_object_is_type(value, json_type_object)) {
			printf("%-*s ", SHOW_NAME_COLUMNS, name);
			output_text(rows_text(row, name));
			putchar('\n');
		}
	json_object_object_foreach(row, key, object)
		if (json_object_is_type(object, json_type_object))
			print_json(key, object);
}

static void
print_events(struct json_object *events)
{
	static const char *const headers[] = { "AT", "PHASE", "WHO", "PID", "WHY", NULL };
	struct json_object *event;
	struct table table;
	size_t i;

	print_title("events");
	table_init(&table, headers);
	for (i = 0; i < json_object_array_length(events); i++) {
		event = json_object_array_get_idx(events, i);
		table_cell(&table, rows_text(event, "logged_at"));
		table_cell(&table, rows_text(event, "phase"));
		table_cell(&table, rows_text(event, "who"));
		table_cell(&table, rows_text(event, "pid"));
		table_cell(&table, rows_text(event, "why"));
	}
	table_print(&table);
	table_done(&table);
}

static void
print_rows(const char *name, struct json_object *rows)
{
	struct json_object *row;
	bool first;
	size_t i;

	if (json_object_array_length(rows) == 0)
		return;
	print_title(name);
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		first = true;
		json_object_object_foreach(row, key, value) {
			fputs(first ? "" : ", ", stdout);
			output_text(key);
			putchar(' ');
			output_text(value == NULL ? NULL : rows_text(row, key));
			first = false;
		}
		putchar('\n');
	}
}

static void
print_all(struct json_object *result)
{
	struct json_object *execution = json_member(result, "execution");

	if (execution != NULL)
		print_execution(execution);
	else
		puts("Its row is gone, or prepare() failed; these events are left.");
	json_object_object_foreach(result, name, rows)
		if (strcmp(name, "execution") != 0 && strcmp(name, "events") != 0)
			print_rows(name, rows);
	print_events(json_member(result, "events"));
}

static int
show_run(struct arguments *arguments)
{
	const char *state_dir = NULL;
	struct json_object *result;
	struct store store;
	char id[UUID_TEXT_BYTES];
	bool json = false;
	struct err err;

	if (arguments_read(arguments, &state_dir, &json) == -1)
		return arguments->status;
	if (arguments->operand_count != 1)
		return arguments_refuse(arguments, "the id of one execution is needed");
	if (execution_id_parse(arguments->operands[0], id, &err) == -1)
		return arguments_refuse(arguments, "%s", err.msg);
	if (store_open_readonly(&store, arguments_state_dir(state_dir), &err) == -1)
		return arguments_fail(arguments, &err);
	result = execution_id_find(&store, id, id, &err) == -1 ? NULL :
	    show_read(&store, id, &err);
	store_close(&store);
	if (result == NULL)
		return arguments_fail(arguments, &err);
	if (json)
		output_json(json_object_get(result));
	else
		print_all(result);
	json_object_put(result);
	return EXIT_SUCCESS;
}

static const struct cli_option options[] = {
	CLI_STATE_DIR,
	CLI_JSON,
	CLI_OPTIONS_END
};

const struct subcommand subcommand_show = {
	.name = "show",
	.help = "show all that is known of an execution",
	.operands = "ID",
	.about = "Shows an execution: its phase, state and results, what it holds, and what\n"
	    "happened to it. Of the id the first digits are enough, if no other begins so.\n"
	    "It only reads.\n\n"
	    "Exit status: 0; 1 if there is no such execution or the database cannot be\n"
	    "read; 64 for a wrong command line.",
	.options = options,
	.run = show_run,
};
