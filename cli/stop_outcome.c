/*
 * stop_outcome.c: what has become of executions that were to be stopped.
 */
#include "config.h"

#include "cli/stop_outcome.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "core/store/lifecycle.h"
#include "core/view/rows.h"

const char stop_outcome_select[] =
    "SELECT id, action, phase, stop_by, stop_reason, stop_attempts, last_error, due_at "
    "FROM executions WHERE id = ?1";

/*
 * When the request was passed on, an attempt was made due: one that is due later than now has
 * been made, and has failed.
 */
static const char *
outcome_of(struct json_object *row, bool handled)
{
	const char *due = json_member_string(row, "due_at");

	if (strcmp(json_member_string(row, "phase"), phase_name(PHASE_STOPPED)) == 0)
		return "stopped";
	if (handled && json_member(row, "last_error") != NULL && strcmp(due, "now") != 0)
		return "failing";
	return "waiting";
}

struct json_object *
stop_outcome_read(struct store *store, struct json_object *executions, bool handled,
    bool *ret_over, struct err *err)
{
	struct json_object *found = json_new_array(), *rows, *row;
	const char *outcome;
	size_t i;

	*ret_over = true;
	for (i = 0; i < json_object_array_length(executions); i++) {
		rows = rows_read(store, stop_outcome_select, json_member_string(
		    json_object_array_get_idx(executions, i), "id"), err);
		if (rows == NULL) {
			json_object_put(found);
			return NULL;
		}
		/* One that is no longer there was stopped long enough ago. */
		row = json_object_get(json_object_array_get_idx(rows, 0));
		json_object_put(rows);
		if (row == NULL)
			continue;
		outcome = outcome_of(row, handled);
		json_add_string(row, "outcome", outcome);
		*ret_over = *ret_over && strcmp(outcome, "waiting") != 0;
		json_append(found, row);
	}
	return found;
}

static void
print_table(struct json_object *found)
{
	static const char *const headers[] = { "ID", "ACTION", "OUTCOME", "NOTE", NULL };
	struct json_object *row;
	struct table table;
	const char *outcome;
	size_t i;

	table_init(&table, headers);
	for (i = 0; i < json_object_array_length(found); i++) {
		row = json_object_array_get_idx(found, i);
		outcome = json_member_string(row, "outcome");
		table_cell(&table, json_member_string(row, "id"));
		table_cell(&table, json_member_string(row, "action"));
		table_cell(&table, outcome);
		table_cell(&table, rows_text(row,
		    strcmp(outcome, "failing") == 0 ? "last_error" : "stop_reason"));
	}
	table_print(&table);
	table_done(&table);
}

int
stop_outcome_report(struct json_object *found, bool json)
{
	int status = EXIT_SUCCESS;
	size_t i;

	for (i = 0; i < json_object_array_length(found); i++)
		if (strcmp(json_member_string(json_object_array_get_idx(found, i),
		    "outcome"), "stopped") != 0)
			status = EXIT_FAILURE;
	if (json) {
		output_json(found);
		return status;
	}
	print_table(found);
	json_object_put(found);
	return status;
}
