/*
 * command_line.c: getopt_long() with messages of our own.
 */
#include "config.h"

#include "core/base/command_line.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

/* Of names[0]: above all characters, so that optopt tells a name from a letter. */
#define FIRST_VALUE 256
#define LONG_PREFIX "--"

static struct option names[COMMAND_LINE_OPTIONS_MAX + 2];
static int help_value;

static void
set_names(const struct command_line_option *options)
{
	int i;

	for (i = 0; options[i].name != NULL && i < COMMAND_LINE_OPTIONS_MAX; i++)
		names[i] = (struct option){
			.name = options[i].name, .val = FIRST_VALUE + i,
			.has_arg = options[i].takes_value ? required_argument : no_argument
		};
	help_value = FIRST_VALUE + i;
	names[i] = (struct option){ .name = "help", .val = help_value };
	names[i + 1] = (struct option){ .name = NULL };
}

static int
next(const struct command_line *line)
{
	return getopt_long(line->argc, line->argv, ":", names, NULL);
}

bool
command_line_begin(const struct command_line *line)
{
	bool help = false;
	int found;

	set_names(line->options);
	opterr = 0;
	optind = 0;
	while ((found = next(line)) != -1)
		help = help || found == help_value;
	optind = 0;
	return help;
}

static bool
begins_a_name(const char *text, size_t length)
{
	const struct option *name;

	for (name = names; name->name != NULL; name++)
		if (strncmp(name->name, text, length) == 0)
			return true;
	return false;
}

static int
refuse(const struct command_line *line, bool lacks_value, struct err *err)
{
	const char *text;
	size_t length;

	if (optopt >= FIRST_VALUE)
		return err_set(err, ERR_USAGE, LONG_PREFIX "%s: %s",
		    names[optopt - FIRST_VALUE].name,
		    lacks_value ? "needs a value" : "takes no value");
	if (optopt != 0)
		return err_set(err, ERR_USAGE, "-%c: unknown option", optopt);
	text = line->argv[optind - 1] + strlen(LONG_PREFIX);
	length = strcspn(text, "=");
	return err_set(err, ERR_USAGE, LONG_PREFIX "%.*s: %s", (int)length, text,
	    begins_a_name(text, length) ? "more than one option begins so" :
	    "unknown option");
}

int
command_line_next(struct command_line *line, struct err *err)
{
	int found = next(line);

	line->value = optarg;
	if (found >= FIRST_VALUE)
		return line->options[found - FIRST_VALUE].key;
	if (found != -1)
		return refuse(line, found == ':', err);
	line->operands = line->argv + optind;
	line->operand_count = line->argc - optind;
	if (line->operand_count > 0 && !line->takes_operands)
		return err_set(err, ERR_USAGE, "%s: unexpected argument",
		    line->operands[0]);
	return 0;
}
