/*
 * option_table.c: reads options, and says which there are: the command line wins over the
 * environment, that over the options file, that over the presets.
 */
#include "config.h"

#include "core/config/option_table.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/command_line.h"
#include "core/base/log.h"
#include "core/config/option_file.h"

#define ENVIRONMENT_PREFIX "ACTIONKIT_"
#define HANDED_PREFIX "ACTIONKIT_INHERIT_"
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
environment_name(const struct option *option, const char *prefix,
    char ret_name[ENVIRONMENT_BYTES])
{
	char *c;

	snprintf(ret_name, ENVIRONMENT_BYTES, "%s%s", prefix, option->name);
	for (c = ret_name; *c != '\0'; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

/* What is said of the options, and what has come of it. */
struct reading {
	const struct option *const *tables;
	void *options;
	const struct option_mistakes *mistakes;
	bool failed;
};

/* Those of the command line are never overlooked: who typed it is there. */
static void AK_PRINTF(3, 4)
mistake(struct reading *reading, bool may_overlook, const char *format, ...)
{
	struct err err;
	va_list values;

	va_start(values, format);
	vsnprintf(err.msg, sizeof(err.msg), format, values);
	va_end(values);
	if (reading->mistakes->report != NULL)
		reading->mistakes->report(reading->mistakes->context, err.msg);
	if (!may_overlook || !reading->mistakes->overlook)
		reading->failed = true;
}

static void
apply(struct reading *reading, const struct option *option, const char *label,
    const char *text, bool may_overlook)
{
	struct err err;

	if (option->parse(option, text, member_of(option, reading->options), &err) == -1)
		mistake(reading, may_overlook, "%s: %s", label, err.msg);
}

/* Where the items of a list begin that are said next. */
static void
begin_source(const struct reading *reading, size_t ret_first[COMMAND_LINE_OPTIONS_MAX])
{
	const struct option *option;
	size_t i;

	for (i = 0; (option = option_table_at(reading->tables, i)) != NULL; i++)
		ret_first[i] = option->separator == NULL ? 0 :
		    ((struct option_list *)member_of(option, reading->options))->count;
}

/* A list that was said there replaces what was said of it before. */
static void
end_source(const struct reading *reading, const size_t first[COMMAND_LINE_OPTIONS_MAX])
{
	const struct option *option;
	struct option_list *list;
	size_t i;

	for (i = 0; (option = option_table_at(reading->tables, i)) != NULL; i++) {
		if (option->separator == NULL)
			continue;
		list = member_of(option, reading->options);
		if (list->count <= first[i])
			continue;
		list->count -= first[i];
		memmove(list->items, list->items + first[i],
		    list->count * sizeof(list->items[0]));
	}
}

static void
apply_presets(struct reading *reading)
{
	const struct option *option;
	size_t i;

	for (i = 0; (option = option_table_at(reading->tables, i)) != NULL; i++)
		if (option->preset != NULL)
			apply(reading, option, option->name, option->preset, false);
}

void
option_table_presets(const struct option *const *tables, void *options)
{
	const struct option_mistakes none = { .report = NULL };
	struct reading reading = { .tables = tables, .options = options, .mistakes = &none };

	apply_presets(&reading);
}

static void
apply_list(struct reading *reading, const struct option *option, const char *label,
    const char *text, char **split)
{
	char *rest, *item;

	free(*split);
	rest = *split = strdup(text);
	if (rest == NULL)
		log_out_of_memory();
	while ((item = strsep(&rest, option->separator)) != NULL)
		apply(reading, option, label, item, true);
}

/* An empty variable is as good as none: NULL. ret_name is that of the one that is set. */
static const char *
variable_of(const struct option *option, char ret_name[ENVIRONMENT_BYTES])
{
	const char *text;

	if (option->argument == NULL)
		return NULL;
	environment_name(option, ENVIRONMENT_PREFIX, ret_name);
	text = getenv(ret_name);
	if ((text == NULL || *text == '\0') && option->also != NULL) {
		snprintf(ret_name, ENVIRONMENT_BYTES, "%s", option->also);
		text = getenv(ret_name);
	}
	return text == NULL || *text == '\0' ? NULL : text;
}

static void
apply_environment(struct reading *reading)
{
	char name[ENVIRONMENT_BYTES], label[LABEL_BYTES];
	size_t first[COMMAND_LINE_OPTIONS_MAX], i;
	const struct option *option;
	struct option row;
	const char *text;

	begin_source(reading, first);
	for (i = 0; (option = option_table_at(reading->tables, i)) != NULL; i++) {
		row = *option;
		text = variable_of(option, name);
		if (text == NULL)
			continue;
		if (option->parse_also != NULL && strcmp(name, option->also) == 0)
			row.parse = option->parse_also;
		snprintf(label, sizeof(label), "%s=%s", name, text);
		if (option->separator != NULL)
			apply_list(reading, option, label, text, &environment_lists[i]);
		else
			apply(reading, &row, label, text, true);
	}
	end_source(reading, first);
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

static void
apply_arguments(struct reading *reading, struct command_line *line)
{
	char label[LABEL_BYTES];
	size_t first[COMMAND_LINE_OPTIONS_MAX];
	const struct option *option;
	struct err err;
	int key;

	begin_source(reading, first);
	while ((key = command_line_next(line, &err)) != 0) {
		if (key == -1) {
			mistake(reading, false, "%s", err.msg);
			/* An operand: it is behind all options. */
			if (line->operands != NULL)
				break;
			continue;
		}
		option = option_table_at(reading->tables, (size_t)key - 1);
		snprintf(label, sizeof(label), "--%s %s", option->name,
		    line->value == NULL ? "" : line->value);
		apply(reading, option, label, line->value, false);
	}
	end_source(reading, first);
}

static const struct option *
find_named(const struct reading *reading, const char *name, size_t *ret_index)
{
	const struct option *option;
	size_t i;

	for (i = 0; (option = option_table_at(reading->tables, i)) != NULL; i++)
		if (strcmp(option->name, name) == 0) {
			*ret_index = i;
			return option;
		}
	return NULL;
}

/* lines: where an option was said; 0: was not yet. */
static void
apply_line(struct reading *reading, const char *path, const struct option_line *line,
    size_t lines[COMMAND_LINE_OPTIONS_MAX])
{
	char label[LABEL_BYTES];
	const struct option *option;
	size_t i = 0;

	option = find_named(reading, line->name, &i);
	snprintf(label, sizeof(label), "%s:%zu: %s%s%s", path, line->number, line->name,
	    option == NULL || *line->value == '\0' ? "" : " ",
	    option == NULL ? "" : line->value);
	if (option == NULL)
		mistake(reading, true, "%s: unknown option", label);
	else if (option->argument == NULL || option->names_file)
		mistake(reading, true, "%s: is for the command line only", label);
	else if (*line->value == '\0')
		mistake(reading, true, "%s: needs a value", label);
	else if (option->separator == NULL && lines[i] != 0)
		mistake(reading, true, "%s: was said in line %zu", label, lines[i]);
	else
		apply(reading, option, label, line->value, true);
	if (option != NULL && lines[i] == 0)
		lines[i] = line->number;
}

/* The text of the file is kept: lists point into it. */
static void
apply_file(struct reading *reading, const char *path, bool named)
{
	static char *text;
	size_t first[COMMAND_LINE_OPTIONS_MAX], lines[COMMAND_LINE_OPTIONS_MAX] = { 0 };
	struct option_line line = { .number = 0 };
	struct err err;
	char *rest;

	free(text);
	rest = text = option_file_read(path, &err);
	if (text == NULL) {
		if (named || err.sys != ENOENT)
			mistake(reading, true, "%s", err.msg);
		return;
	}
	begin_source(reading, first);
	while (option_file_next(&rest, &line))
		apply_line(reading, path, &line, lines);
	end_source(reading, first);
}

/* What names the file has been read already; its mistakes are told with those of the others. */
static void
read_file(struct reading *reading, struct command_line line)
{
	char variable[ENVIRONMENT_BYTES];
	const struct option *option, *file = NULL;
	const char *path;
	struct err err;
	size_t i;
	int key;

	for (i = 0; (option = option_table_at(reading->tables, i)) != NULL; i++)
		if (option->names_file)
			file = option;
	if (file == NULL)
		return;
	path = variable_of(file, variable);
	while ((key = command_line_next(&line, &err)) != 0 && line.operands == NULL)
		if (key > 0 && option_table_at(reading->tables, (size_t)key - 1) == file)
			path = line.value;
	command_line_begin(&line);
	apply_file(reading, path == NULL ? file->preset : path, path != NULL);
}

int
option_table_parse(const struct option *const *tables, int argc, char **argv,
    void *options, const struct option_mistakes *mistakes)
{
	struct command_line_option names[COMMAND_LINE_OPTIONS_MAX + 1];
	struct command_line line = { .argc = argc, .argv = argv, .options = names };
	struct reading reading = { .tables = tables, .options = options, .mistakes = mistakes };

	list_names(tables, names);
	if (command_line_begin(&line))
		return 1;
	apply_presets(&reading);
	read_file(&reading, line);
	apply_environment(&reading);
	apply_arguments(&reading, &line);
	return reading.failed ? -1 : 0;
}

static void
handed_name(const struct option *option, char ret_name[ENVIRONMENT_BYTES])
{
	environment_name(option, HANDED_PREFIX, ret_name);
}

void
option_table_hand_over(const struct option *const *tables, const void *options)
{
	const struct option *option;
	char name[ENVIRONMENT_BYTES];
	size_t i;

	for (i = 0; (option = option_table_at(tables, i)) != NULL; i++) {
		if (!option->fixed)
			continue;
		handed_name(option, name);
		if (setenv(name, (const char *)options + option->offset, 1) == -1)
			log_out_of_memory();
	}
}

void
option_table_take_over(const struct option *const *tables, void *options,
    void (*differs)(const char *name, const char *kept, const char *said))
{
	const struct option *option;
	char name[ENVIRONMENT_BYTES];
	const char *kept;
	char *member;
	size_t i;

	for (i = 0; (option = option_table_at(tables, i)) != NULL; i++) {
		if (!option->fixed)
			continue;
		handed_name(option, name);
		kept = getenv(name);
		member = member_of(option, options);
		if (kept != NULL && strlen(kept) < option->size && strcmp(kept, member) != 0) {
			if (differs != NULL)
				differs(option->name, kept, member);
			memcpy(member, kept, strlen(kept) + 1);
		}
		unsetenv(name);
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
	environment_name(option, ENVIRONMENT_PREFIX, name);
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
