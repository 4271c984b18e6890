/*
 * show.c: `actionkit show`: everything that is known of one execution.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "core/action/registry.h"
#include "core/base/log.h"
#include "core/store/execution_id.h"

#define SHOW_SQL_BYTES 512
#define SHOW_NAME_COLUMNS 18

static const char select_execution[] =
    "SELECT * FROM executions WHERE id = ?1";
static const char select_events[] =
    "SELECT at AS logged_at, phase, who, pid, why FROM events "
    "WHERE execution = ?1 ORDER BY id";
/* What an execution holds or has made, whichever tables there are for that. */
static const char select_tables[] =
    "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c "
    "WHERE m.type = 'table' AND c.name = 'execution' "
    "AND m.name NOT IN ('events', 'stop_requests', 'workers', 'outbox') ORDER BY m.name";
static const char select_worker[] =
    "SELECT x.what, x.told, x.waiting, x.lost, w.pid, w.ended, w.signal, w.exit_status, w.oom, "
    "w.error FROM workers w JOIN worker_words x ON x.execution = w.execution "
    "WHERE w.execution = ?1";

static int
read_tables(struct store *store, const char *id, struct json_object *result,
    struct err *err)
{
	struct json_object *tables = rows_read(store, select_tables, NULL, err), *rows;
	char sql[SHOW_SQL_BYTES];
	const char *name;
	size_t i, k;

	for (i = 0; tables != NULL && i < json_object_array_length(tables); i++) {
		name = json_member_string(json_object_array_get_idx(tables, i), "name");
		snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\" WHERE execution = "
		    "?1 ORDER BY rowid", name);
		rows = rows_read(store, sql, id, err);
		if (rows == NULL) {
			json_object_put(tables);
			return -1;
		}
		for (k = 0; k < json_object_array_length(rows); k++)
			json_object_object_del(json_object_array_get_idx(rows, k),
			    "execution");
		json_add(result, name, rows);
	}
	json_object_put(tables);
	return tables == NULL ? -1 : 0;
}

/* {"execution": {}, "events": [], "claims": [], ...}, owned; NULL and err. */
static struct json_object *
read_all(struct store *store, const char *id, struct err *err)
{
	struct json_object *result = json_new_object(), *rows, *row;

	rows = rows_read(store, select_execution, id, err);
	if (rows == NULL)
		goto fail;
	row = json_object_get(json_object_array_get_idx(rows, 0));
	json_object_put(rows);
	json_add(result, "execution", row);
	if (row != NULL)
		json_add_bool(row, "known",
		    registry_find(json_member_string(row, "action")) != NULL);
	rows = rows_read(store, select_events, id, err);
	if (rows == NULL)
		goto fail;
	json_add(result, "events", rows);
	rows = rows_read(store, select_worker, id, err);
	if (rows == NULL)
		goto fail;
	json_add(result, "worker", rows);
	if (read_tables(store, id, result, err) == -1)
		goto fail;
	return result;
fail:
	json_object_put(result);
	return NULL;
}

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
	    read_all(&store, id, &err);
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
