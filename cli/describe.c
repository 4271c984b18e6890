/*
 * describe.c: `actionkit describe`: what an action is and takes.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/arguments.h"
#include "cli/describe_markdown.h"
#include "cli/described.h"
#include "cli/output.h"
#include "core/action/description.h"
#include "core/action/registry.h"
#include "fcgi/http/base_path.h"

#define DESCRIBE_LIMITS_BYTES 64
#define DESCRIBE_BOUND_BYTES 32

static void
print_line(const char *name, const char *text)
{
	if (text == NULL)
		return;
	printf("%-14s ", name);
	output_text(text);
	putchar('\n');
}

static void
print_title(const char *title)
{
	printf("\n%s%s%s\n", output_style(STYLE_STRONG), title, output_style(STYLE_PLAIN));
}

static void
print_bound(struct json_object *parameter, const char *name, char *ret_text)
{
	struct json_object *value = json_member(parameter, name);

	snprintf(ret_text, DESCRIBE_BOUND_BYTES, "%s",
	    value == NULL ? "" : json_object_get_string(value));
}

static void
print_parameter(struct table *table, struct json_object *parameter)
{
	char least[DESCRIBE_BOUND_BYTES], most[DESCRIBE_BOUND_BYTES];
	char limits[DESCRIBE_LIMITS_BYTES + sizeof(" .. ")];

	print_bound(parameter, "minValue", least);
	print_bound(parameter, "maxValue", most);
	snprintf(limits, sizeof(limits), "%s%s%s", least,
	    *least == '\0' && *most == '\0' ? "" : " .. ", most);
	table_cell(table, json_member_string(parameter, "name"));
	table_cell(table, json_member_string(parameter, "type"));
	table_cell(table, json_object_get_boolean(json_member(parameter, "required")) ?
	    "yes" : "no");
	table_cell(table, json_member_string(parameter, "defaultValue"));
	table_cell(table, limits);
	table_cell(table, json_member_string(parameter, "description") != NULL ?
	    json_member_string(parameter, "description") :
	    json_member_string(parameter, "label"));
}

static void
print_options(struct json_object *parameter)
{
	struct json_object *list = json_member(parameter, "options"), *option;
	size_t i, count = list == NULL ? 0 : json_object_array_length(list);

	if (count == 0)
		return;
	printf("\nValues of %s\n", json_member_string(parameter, "name"));
	for (i = 0; i < count; i++) {
		option = json_object_array_get_idx(list, i);
		if (json_member(option, "attribute") != NULL) {
			printf("  those of the target's attribute %s\n",
			    json_member_string(option, "attribute"));
			continue;
		}
		printf("  %-14s ", json_member_string(option, "value"));
		output_text(json_member_string(option, "label"));
		putchar('\n');
	}
}

static void
print_parameters(const char *title, struct json_object *parameters)
{
	static const char *const headers[] = {
		"NAME", "TYPE", "REQUIRED", "DEFAULT", "RANGE", "DESCRIPTION", NULL
	};
	struct table table;
	size_t i, count;

	count = parameters == NULL ? 0 : json_object_array_length(parameters);
	if (count == 0)
		return;
	print_title(title);
	table_init(&table, headers);
	for (i = 0; i < count; i++)
		print_parameter(&table, json_object_array_get_idx(parameters, i));
	table_print(&table);
	table_done(&table);
	for (i = 0; i < count; i++)
		print_options(json_object_array_get_idx(parameters, i));
}

static void
print_template(struct json_object *template_)
{
	fputs("template       ", stdout);
	output_text(json_member_string(template_, "label"));
	fputs(": ", stdout);
	output_text(json_member_string(template_, "query"));
	putchar('\n');
}

static void
print_targets(struct json_object *selection)
{
	struct json_object *templates = json_member(selection, "selectionTemplates");
	struct json_object *radius = json_member(selection, "defaultBlastRadius");

	if (selection == NULL)
		return;
	print_title("Targets");
	print_line("type", json_member_string(selection, "targetType"));
	print_line("query", json_member_string(selection, "targetQuery"));
	print_line("quantity", json_member_string(selection, "quantityRestriction"));
	if (radius != NULL)
		printf("blast radius   %s %s\n", json_member_string(radius, "mode"),
		    json_object_get_string(json_member(radius, "value")));
	print_line("chosen", json_member_string(selection, "missingQuerySelection"));
	for (size_t i = 0; i < json_count(templates); i++)
		print_template(json_element(templates, i));
}

static void
print_widgets(struct json_object *widgets)
{
	static const char *const headers[] = { "TITLE", "KIND", "SHOWS", NULL };
	struct json_object *widget;
	struct table table;

	if (json_count(widgets) == 0)
		return;
	print_title("Widgets");
	table_init(&table, headers);
	for (size_t i = 0; i < json_count(widgets); i++) {
		widget = json_element(widgets, i);
		table_cell(&table, json_member_string(widget, "title"));
		table_cell(&table, described_widget_kind(widget));
		table_cell(&table, described_widget_source(widget));
	}
	table_print(&table);
	table_done(&table);
}

static void
print_endpoints(const struct ak_action *action, struct json_object *description)
{
	char path[DESCRIPTION_PATH_BYTES];
	struct json_object *endpoint;
	const char *method;
	int verb;

	print_title("Endpoints");
	for (verb = 0; verb < VERB_COUNT; verb++) {
		if (!description_has(action, (enum verb)verb))
			continue;
		description_endpoint(action, (enum verb)verb, &method, path);
		endpoint = json_member(description, verb_name((enum verb)verb));
		printf("%-8s %-6s %s", verb_name((enum verb)verb), method, path);
		if (json_member_string(endpoint, "callInterval") != NULL)
			printf(" every %s", json_member_string(endpoint, "callInterval"));
		putchar('\n');
	}
}

static void
print_description(const struct ak_action *action, struct json_object *description)
{
	struct json_object *query;

	print_line("id", json_member_string(description, "id"));
	print_line("label", json_member_string(description, "label"));
	print_line("version", json_member_string(description, "version"));
	print_line("kind", json_member_string(description, "kind"));
	print_line("time control", json_member_string(description, "timeControl"));
	print_line("technology", json_member_string(description, "technology"));
	print_line("category", json_member_string(description, "category"));
	print_line("description", json_member_string(description, "description"));
	print_parameters("Parameters", json_member(description, "parameters"));
	query = json_member(json_member(description, "metrics"), "query");
	print_parameters("Parameters of its metrics", json_member(query, "parameters"));
	print_targets(json_member(description, "targetSelection"));
	print_widgets(json_member(description, "widgets"));
	print_endpoints(action, description);
}

static int
describe_run(struct arguments *arguments)
{
	const char *base_path = getenv("ACTIONKIT_BASE_PATH"), *fault;
	const struct ak_action *action;
	struct json_object *description;
	bool json = false, markdown = false;
	struct err err;
	int key;

	while ((key = arguments_next(arguments)) != 0)
		switch (key) {
		case 'b':
			base_path = arguments->value;
			break;
		case 'j':
			json = true;
			break;
		case 'm':
			markdown = true;
			break;
		default:
			return arguments->status;
		}
	if (arguments_describe(arguments) == -1)
		return arguments->status;
	if (markdown && arguments->operand_count == 0) {
		describe_markdown();
		return EXIT_SUCCESS;
	}
	if (arguments->operand_count != 1 || markdown)
		return arguments_refuse(arguments,
		    "the id of one action is needed, or --markdown alone");
	base_path = base_path == NULL ? "" : base_path;
	fault = base_path_fault(base_path);
	if (fault != NULL)
		return arguments_refuse(arguments, "--base-path %s: %s", base_path, fault);
	action = registry_find(arguments->operands[0]);
	if (action == NULL) {
		err_set(&err, ERR_NOT_FOUND, "%s: this program has no such action",
		    arguments->operands[0]);
		return arguments_fail(arguments, &err);
	}
	description = description_json(action, base_path);
	if (json)
		output_json(json_object_get(description));
	else
		print_description(action, description);
	json_object_put(description);
	return EXIT_SUCCESS;
}

static const struct cli_option options[] = {
	{ 'b', "base-path", "PATH", "As with serve; or ACTIONKIT_BASE_PATH." },
	{ 'j', "json", NULL, "Print the description as it is served." },
	{ 'm', "markdown", NULL, "Print all actions, as a document, without an ACTION." },
	CLI_OPTIONS_END
};

const struct subcommand subcommand_describe = {
	.name = "describe",
	.help = "show what an action is and takes",
	.operands = "ACTION",
	.about = "Shows the description of an action that is compiled into this program.\n\n"
	    "Exit status: 0; 1 if there is no such action; 64 for a wrong command line.",
	.options = options,
	.run = describe_run,
};
