/*
 * actions.c: `actionkit actions`: the actions that this program has.
 */
#include "config.h"

#include <stdlib.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "core/action/description.h"
#include "core/action/needs.h"
#include "core/action/registry.h"

static struct json_object *
describe_all(void)
{
	struct json_object *list = json_new_array();
	size_t i;

	for (i = 0; i < registry_count(); i++)
		json_append(list, description_json(registry_at(i), ""));
	return list;
}

static void
print_all(void)
{
	static const char *const headers[] = {
		"ID", "VERSION", "KIND", "TIME", "LABEL", "MISSING", NULL
	};
	struct json_object *description;
	char *missing;
	struct table table;
	size_t i;

	table_init(&table, headers);
	for (i = 0; i < registry_count(); i++) {
		description = description_json(registry_at(i), "");
		table_cell(&table, json_member_string(description, "id"));
		table_cell(&table, json_member_string(description, "version"));
		table_cell(&table, json_member_string(description, "kind"));
		table_cell(&table, json_member_string(description, "timeControl"));
		table_cell(&table, json_member_string(description, "label"));
		missing = needs_missing_names(registry_at(i), NEEDS_REQUIRED);
		table_cell(&table, missing == NULL ? "-" : missing);
		free(missing);
		json_object_put(description);
	}
	table_print(&table);
	table_done(&table);
}

static int
actions_run(struct arguments *arguments)
{
	bool json = false;

	if (arguments_read(arguments, NULL, &json) == -1 || arguments_describe(arguments) == -1)
		return arguments->status;
	if (json)
		output_json(describe_all());
	else
		print_all();
	return EXIT_SUCCESS;
}

static const struct cli_option options[] = {
	{ 'j', "json", NULL, "Print all descriptions as JSON, for programs." },
	CLI_OPTIONS_END
};

const struct subcommand subcommand_actions = {
	.name = "actions",
	.help = "list the actions of this program",
	.about = "Lists the actions that are compiled into this program, offered or not.\n\n"
	    "Exit status: 0; 64 for a wrong command line.",
	.options = options,
	.run = actions_run,
};
