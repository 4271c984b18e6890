/*
 * option_table.c: reads options, and says which there are: the command line wins over the
 * environment, that over the presets.
 */
#include "config.h"

#include "core/config/option_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/command_line.h"
#include "core/base/log.h"

#define ENVIRONMENT_PREFIX "ACTIONKIT_"
#define ENVIRONMENT_BYTES 64
#define LABEL_BYTES 1024
#define HELP_INDENT "      "
#define HELP_COLUMNS 78

/* What the variables of lists were split into; options point into these. */
static char *environment_lists[COMMAND_LINE_OPTIONS_MAX];

const struct option *
option_table_at(const struct option *const *tables, size_t index)
{
	const struct option *option;

	for (; *tables != NULL; tables++)
		for (option = *tables; option->name != NULL; option++)
			if (index-- == 0)
				return option;
	return NULL;
}

static void *
member_of(const struct option *option, void *options)
{
	return (char *)options + option->offset;
}

static void
environment_name(const struct option *option, char ret_name[ENVIRONMENT_BYTES])
{
	char *c;

	snprintf(ret_name, ENVIRONMENT_BYTES, "%s%s", ENVIRONMENT_PREFIX, option->name);
	for (c = ret_name; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

static int
apply(const struct option *option, const char *label, const char *text, void *options,
    struct err *err)
{
	if (option->parse(option, text, member_of(option, options), err) == -1)
		return err_wrap(err, "%s", label);
	return 0;
}

static int
apply_list(const struct option *option, const char *label, const char *text, char **split,
    void *options, struct err *err)
{
	char *rest, *item;

	free(*split);
	rest = *split = strdup(text);
	if (rest == NULL)
		log_out_of_memory();
	while ((item = strsep(&rest, option->separator)) != NULL)
		if (apply(option, label, item, options, err) == -1)
			return -1;
	return 0;
}

/* An empty variable is as good as none. split is where a list is kept. */
static int
apply_environment(const struct option *option, char **split, void *options,
    struct err *err)
{
	char name[ENVIRONMENT_BYTES], label[LABEL_BYTES];
	const char *text, *source = name;

	if (option->argument == NULL)
		return 0;
	environment_name(option, name);
	text = getenv(name);
	if ((text == NULL || *text == '\0') && option->also != NULL) {
		source = option->also;
		text = getenv(source);
	}
	if (text == NULL || *text == '\0')
		return 0;
	snprintf(label, sizeof(label), "%s=%s", source, text);
	if (option->separator != NULL)
		return apply_list(option, label, text, split, options, err);
	return apply(option, label, text, options, err);
}

static int
apply_argument(const struct option *option, const char *text, void *options,
    struct err *err)
{
	char label[LABEL_BYTES];

	snprintf(label, sizeof(label), "--%s %s", option->name, text == NULL ? "" : text);
	return apply(option, label, text, options, err);
}

/* The keys are indices, plus one. */
static void
list_names(const struct option *const *tables,
    struct command_line_option ret_names[COMMAND_LINE_OPTIONS_MAX + 1])
{
	const struct option *option;
	size_t count = 0;
	int key;

	for (key = 1; (option = option_table_at(tables, (size_t)key - 1)) != NULL &&
	    key <= COMMAND_LINE_OPTIONS_MAX; key++)
		if (option->parse != NULL)
			ret_names[count++] = (struct command_line_option){
				.key = key, .name = option->name,
				.takes_value = option->argument != NULL
			};
	ret_names[count].name = NULL;
}

/* Drops the first items of a list, if others follow them. */
static void
drop_replaced(struct option_list *list, size_t first)
{
	if (list->count <= first)
		return;
	list->count -= first;
	memmove(list->items, list->items + first, list->count * sizeof(list->items[0]));
}

/* Adds one mistake to all that were found. Returns -1. */
static int
add_mistake(struct err *all, const struct err *one)
{
	struct err before = *all;

	return *before.msg == '\0' ? err_set(all, one->code, "%s", one->msg) :
	    err_set(all, one->code, "%s; %s", before.msg, one->msg);
}

int
option_table_parse(const struct option *const *tables, int argc, char **argv,
    void *options, struct err *err)
{
	struct command_line_option names[COMMAND_LINE_OPTIONS_MAX + 1];
	struct command_line line = { .argc = argc, .argv = argv, .options = names };
	size_t from_environment[COMMAND_LINE_OPTIONS_MAX] = { 0 };
	const struct option *option;
	struct err mistake;
	int key, result = 0;
	size_t i;

	list_names(tables, names);
	if (command_line_begin(&line))
		return 1;
	*err->msg = '\0';
	for (i = 0; (option = option_table_at(tables, i)) != NULL; i++)
		if (option->preset != NULL &&
		    apply(option, option->name, option->preset, options, err) == -1)
			return -1;
	for (i = 0; (option = option_table_at(tables, i)) != NULL; i++)
		if (apply_environment(option, &environment_lists[i], options, &mistake) == -1)
			result = add_mistake(err, &mistake);

	/* A list on the command line replaces the one of the environment. */
	for (i = 0; (option = option_table_at(tables, i)) != NULL; i++)
		if (option->separator != NULL)
			from_environment[i] =
			    ((struct option_list *)member_of(option, options))->count;
	while ((key = command_line_next(&line, &mistake)) != 0)
		if (key == -1 || apply_argument(option_table_at(tables, (size_t)key - 1),
		    line.value, options, &mistake) == -1) {
			result = add_mistake(err, &mistake);
			/* An operand: it is behind all options. */
			if (line.operands != NULL)
				break;
		}
	for (i = 0; (option = option_table_at(tables, i)) != NULL; i++)
		if (option->separator != NULL)
			drop_replaced(member_of(option, options), from_environment[i]);
	return result;
}

void
option_table_overlook(const struct option *const *tables, void *scratch,
    void (*report)(const char *mistake))
{
	const struct option *option;
	char name[ENVIRONMENT_BYTES];
	struct err err;
	size_t i;

	for (i = 0; (option = option_table_at(tables, i)) != NULL; i++) {
		if (apply_environment(option, &environment_lists[i], scratch, &err) == 0)
			continue;
		report(err.msg);
		environment_name(option, name);
		unsetenv(name);
		if (option->also != NULL)
			unsetenv(option->also);
	}
}

/* Fills lines with words, so that they are read in a terminal. */
static void
print_wrapped(FILE *out, const char *text)
{
	size_t column = 0, length;

	for (; *text != '\0'; text += length + (text[length] == ' ')) {
		length = strcspn(text, " ");
		if (column == 0 || column + 1 + length > HELP_COLUMNS) {
			fprintf(out, "%s" HELP_INDENT, column == 0 ? "" : "\n");
			column = strlen(HELP_INDENT);
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)length, text);
		column += length;
	}
	fputc('\n', out);
}

static void
print_option(FILE *out, const struct option *option)
{
	char name[ENVIRONMENT_BYTES];

	fprintf(out, "  --%s%s%s\n", option->name, option->argument == NULL ? "" : " ",
	    option->argument == NULL ? "" : option->argument);
	print_wrapped(out, option->help);
	if (option->argument == NULL)
		return;
	environment_name(option, name);
	fprintf(out, HELP_INDENT);
	if (option->preset != NULL)
		fprintf(out, "Default: %s. ", option->preset);
	fprintf(out, "Environment: %s%s%s\n", name, option->also == NULL ? "" : ", ",
	    option->also == NULL ? "" : option->also);
}

void
option_table_help(const struct option *const *tables, FILE *out)
{
	const struct option *option;
	size_t i;

	for (i = 0; (option = option_table_at(tables, i)) != NULL; i++)
		print_option(out, option);
}
