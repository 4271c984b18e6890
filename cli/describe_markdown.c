/*
 * describe_markdown.c: what all actions of this program are and take, as a document. Prints only.
 */
#include "config.h"

#include "cli/describe_markdown.h"

#include <stdio.h>

#include "cli/described.h"
#include "core/action/description.h"
#include "core/action/registry.h"

/* Within a cell of a table. */
static void
print_cell(const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '|')
			putchar('\\');
		putchar(*text == '\n' ? ' ' : *text);
	}
}

static void
print_code(const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	putchar('`');
	print_cell(text);
	putchar('`');
}

static void
print_limits(struct json_object *parameter)
{
	struct json_object *least = json_member(parameter, "minValue");
	struct json_object *most = json_member(parameter, "maxValue");
	struct json_object *list = json_member(parameter, "options");
	size_t count = list == NULL ? 0 : json_object_array_length(list);
	const char *value;

	if (least != NULL)
		printf("at least %s", json_object_get_string(least));
	if (most != NULL)
		printf("%sat most %s", least == NULL ? "" : ", ", json_object_get_string(most));
	for (size_t i = 0; i < count; i++) {
		value = json_member_string(json_object_array_get_idx(list, i), "value");
		/* Others are the values of a target's attribute. */
		if (value != NULL && i > 0)
			fputs(", ", stdout);
		print_code(value);
	}
}

static void
print_parameter(struct json_object *parameter)
{
	const char *description = json_member_string(parameter, "description");

	fputs("| ", stdout);
	print_code(json_member_string(parameter, "name"));
	fputs(" | ", stdout);
	print_cell(json_member_string(parameter, "type"));
	fputs(" | ", stdout);
	fputs(json_object_get_boolean(json_member(parameter, "required")) ? "yes" : "no", stdout);
	fputs(" | ", stdout);
	print_code(json_member_string(parameter, "defaultValue"));
	fputs(" | ", stdout);
	print_limits(parameter);
	fputs(" | ", stdout);
	print_cell(json_member_string(parameter, "label"));
	if (description != NULL)
		fputs(": ", stdout);
	print_cell(description);
	puts(" |");
}

static void
print_parameters(const char *title, struct json_object *parameters)
{
	size_t count = parameters == NULL ? 0 : json_object_array_length(parameters);

	if (count == 0)
		return;
	printf("\n%s:\n\n", title);
	puts("| name | type | required | default | limits | what |");
	puts("|---|---|---|---|---|---|");
	for (size_t i = 0; i < count; i++)
		print_parameter(json_object_array_get_idx(parameters, i));
}

static void
print_targets(struct json_object *selection)
{
	struct json_object *templates = json_member(selection, "selectionTemplates");
	struct json_object *radius = json_member(selection, "defaultBlastRadius"), *template_;
	const char *quantity = json_member_string(selection, "quantityRestriction");

	if (selection == NULL)
		return;
	fputs("\nTargets: ", stdout);
	print_code(json_member_string(selection, "targetType"));
	if (quantity != NULL)
		printf(", quantity `%s`", quantity);
	if (radius != NULL)
		printf(", blast radius `%s` %s", json_member_string(radius, "mode"),
		    json_object_get_string(json_member(radius, "value")));
	if (json_member(selection, "targetQuery") != NULL)
		fputs(", of ", stdout);
	print_code(json_member_string(selection, "targetQuery"));
	for (size_t i = 0; i < json_count(templates); i++) {
		template_ = json_element(templates, i);
		fputs(i == 0 ? ". Templates: " : ", ", stdout);
		print_cell(json_member_string(template_, "label"));
		putchar(' ');
		print_code(json_member_string(template_, "query"));
	}
	puts(".");
}

static void
print_widgets(struct json_object *widgets)
{
	const char *title, *source;
	struct json_object *widget;

	for (size_t i = 0; i < json_count(widgets); i++) {
		widget = json_element(widgets, i);
		title = json_member_string(widget, "title");
		source = described_widget_source(widget);
		fputs(i == 0 ? "\nWidgets: " : ", ", stdout);
		if (title != NULL) {
			print_cell(title);
			fputs(" (", stdout);
		}
		print_code(described_widget_kind(widget));
		if (source != NULL)
			fputs(" of ", stdout);
		print_code(source);
		if (title != NULL)
			putchar(')');
	}
	if (json_count(widgets) > 0)
		puts(".");
}

static const char *const kinds[] = {
	[AK_NEED_CAPABILITY] = "",
	[AK_NEED_PROGRAM] = "the program ",
	[AK_NEED_PATH] = "",
	[AK_NEED_MODULE] = "the kernel module ",
	[AK_NEED_LINUX] = "Linux ",
};

static void
print_need(const struct ak_need *need)
{
	printf("%s`%s`", kinds[need->kind], need->name);
	if (need->package != NULL)
		printf(" (package `%s`)", need->package);
	if (need->what_for != NULL)
		printf(" for %s", need->what_for);
}

/* Those that are required, or optional. */
static void
print_needs(const char *title, const struct ak_need *need, bool optional)
{
	bool any = false;

	for (; need != NULL && need->name != NULL; need++) {
		if (need->optional != optional)
			continue;
		printf("%s", any ? ", " : title);
		print_need(need);
		any = true;
	}
	if (any)
		puts(".");
}

static void
print_action(const struct ak_action *action)
{
	struct json_object *description = description_json(action, "");
	struct json_object *query = json_member(json_member(description, "metrics"), "query");

	printf("\n## %s\n\n", action->label);
	printf("`%s`, version %s, %s, time control %s%s%s.\n\n", action->id, action->version,
	    json_member_string(description, "kind"),
	    json_member_string(description, "timeControl"),
	    action->work != NULL ? ", with a worker" : "",
	    (action->flags & AK_GUARDED) != 0 ?
	    ", guarded: offered only where `--enable-action` names it" : "");
	print_cell(action->description);
	putchar('\n');
	if (action->needs != NULL)
		putchar('\n');
	print_needs("Needs ", action->needs, false);
	print_needs("Does more with ", action->needs, true);
	print_parameters("Parameters", json_member(description, "parameters"));
	print_parameters("Parameters of its metrics", json_member(query, "parameters"));
	print_targets(json_member(description, "targetSelection"));
	print_widgets(json_member(description, "widgets"));
	json_object_put(description);
}

void
describe_markdown(void)
{
	puts("# Actions\n");
	puts("What this program can do. Written by `actionkit describe --markdown`, from the\n"
	    "tables of the actions. Durations are milliseconds or text, such as `30s`; limits\n"
	    "of durations are milliseconds.");
	for (size_t i = 0; i < registry_count(); i++)
		print_action(registry_at(i));
}
