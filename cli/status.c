/*
 * status.c: `actionkit status`: the processes of the server that uses a state directory, and
 * what they are at.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "core/view/processes.h"

static int64_t
number(struct json_object *object, const char *name)
{
	return json_object_get_int64(json_member(object, name));
}

static bool
flag(struct json_object *object, const char *name)
{
	return json_object_get_boolean(json_member(object, name)) != 0;
}

static bool
is_well(struct json_object *status)
{
	return flag(status, "serving") && flag(json_member(status, "reaper"), "alive");
}

static void
print_responders(struct json_object *responders)
{
	static const char *const headers[] = {
		"PID", "MODE", "SINCE", "REQUESTS", "GENERATION", "DEADLINE", "WHAT", NULL
	};
	char age[OUTPUT_AGE_BYTES], deadline[OUTPUT_AGE_BYTES + sizeof("late by ")];
	struct json_object *slot;
	struct table table;
	int64_t left;
	size_t i;

	table_init(&table, headers);
	for (i = 0; i < json_object_array_length(responders); i++) {
		slot = json_object_array_get_idx(responders, i);
		table_cell_number(&table, number(slot, "pid"));
		table_cell(&table, json_member_string(slot, "mode"));
		output_age(number(slot, "since_ms"), age);
		table_cell(&table, age);
		table_cell_number(&table, number(slot, "requests"));
		table_cell_number(&table, number(slot, "generation"));
		left = number(slot, "deadline_in_ms");
		output_age(left < 0 ? -left : left, age);
		snprintf(deadline, sizeof(deadline), "%s%s", left < 0 ? "late by " : "in ",
		    age);
		table_cell(&table, json_member(slot, "what") == NULL ? NULL : deadline);
		table_cell(&table, json_member_string(slot, "what"));
	}
	table_print(&table);
	table_done(&table);
}

static void
print_workers(struct json_object *workers)
{
	static const char *const headers[] = {
		"EXECUTION", "WORKER", "TOLD LAST", "WAITING", "LOST", NULL
	};
	struct json_object *worker;
	struct table table;
	size_t i;

	if (json_object_is_type(workers, json_type_string)) {
		fputs("workers cannot be listed: ", stdout);
		output_text(json_object_get_string(workers));
		putchar('\n');
		return;
	}
	if (json_object_array_length(workers) == 0)
		return;
	putchar('\n');
	table_init(&table, headers);
	for (i = 0; i < json_object_array_length(workers); i++) {
		worker = json_object_array_get_idx(workers, i);
		table_cell(&table, json_member_string(worker, "execution"));
		table_cell(&table, json_member_string(worker, "what"));
		table_cell(&table, json_member_string(worker, "told"));
		table_cell_number(&table, number(worker, "waiting"));
		table_cell_number(&table, number(worker, "lost"));
	}
	table_print(&table);
	table_done(&table);
}

static void
print_status(struct json_object *status)
{
	struct json_object *reaper = json_member(status, "reaper");
	char age[OUTPUT_AGE_BYTES];

	fputs(output_style(is_well(status) ? STYLE_GOOD : STYLE_BAD), stdout);
	if (flag(status, "serving")) {
		output_age(number(status, "serving_for_ms"), age);
		printf("serving%s", flag(status, "draining") ? ", shutting down" : "");
		printf("%s for %s: supervisor %lld, generation %lld\n",
		    output_style(STYLE_PLAIN), age,
		    (long long)number(status, "supervisor"),
		    (long long)number(status, "generation"));
	} else {
		printf("no server uses this state directory%s\n",
		    output_style(STYLE_PLAIN));
	}
	output_age(number(reaper, "silent_for_ms"), age);
	printf("reaper %lld: %s%s%s, last sign of life %s ago\n",
	    (long long)number(reaper, "pid"),
	    output_style(flag(reaper, "alive") ? STYLE_GOOD : STYLE_BAD),
	    flag(reaper, "alive") ? "alive" : "gone", output_style(STYLE_PLAIN), age);
	if (number(status, "standby") != 0)
		printf("standby %lld: takes over if that one dies\n",
		    (long long)number(status, "standby"));
	else
		printf("no reaper stands by\n");
	printf("%lld active, of which %lld fail to stop%s\n",
	    (long long)number(status, "active"), (long long)number(status, "failing"),
	    flag(status, "stopping_all") ? "; all are being stopped" : "");
	print_workers(json_member(status, "workers"));
	if (!flag(status, "serving"))
		return;
	putchar('\n');
	print_responders(json_member(status, "responders"));
}

static int
status_run(struct arguments *arguments)
{
	const char *state_dir = NULL;
	struct json_object *status;
	bool json = false, well;
	struct err err;

	if (arguments_read(arguments, &state_dir, &json) == -1)
		return arguments->status;
	state_dir = arguments_state_dir(state_dir);
	status = processes_read(state_dir, &err);
	if (status == NULL)
		return arguments_fail(arguments, &err);
	well = is_well(status);
	if (json)
		output_json(json_object_get(status));
	else
		print_status(status);
	json_object_put(status);
	return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct cli_option options[] = {
	CLI_STATE_DIR,
	CLI_JSON,
	CLI_OPTIONS_END
};

const struct subcommand subcommand_status = {
	.name = "status",
	.help = "show what the processes of the server are at",
	.about = "Shows supervisor, reaper and responders of the server that uses a state\n"
	    "directory, the requests that they are at, and all workers. It only reads.\n\n"
	    "Exit status: 0 if a server and its reaper are alive, else 1; 64 for a wrong\n"
	    "command line.",
	.options = options,
	.run = status_run,
};
