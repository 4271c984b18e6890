/*
 * arguments.c: reads the options of a subcommand, and prints its help.
 */
#include "config.h"

#include "cli/arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli/output.h"
#include "core/base/command_line.h"
#include "core/base/duration.h"
#include "core/base/log.h"
#include "core/config/discovery_options.h"

#define ARGUMENTS_GIVEN_MAX 16
#define ARGUMENTS_LABEL_BYTES 64
#define ARGUMENTS_LABEL_COLUMNS 22

static void
help(const struct subcommand *subcommand)
{
	const struct cli_option *option;
	char label[ARGUMENTS_LABEL_BYTES];

	printf("usage: %s %s%s%s [--OPTION ...]\n\n%s\n\nOptions:\n",
	    program_invocation_short_name, subcommand->name,
	    subcommand->operands == NULL ? "" : " ",
	    subcommand->operands == NULL ? "" : subcommand->operands, subcommand->about);
	for (option = subcommand->options; option->name != NULL; option++) {
		snprintf(label, sizeof(label), "%s%s%s", option->name,
		    option->argument == NULL ? "" : " ",
		    option->argument == NULL ? "" : option->argument);
		printf("  --%-*s %s\n", ARGUMENTS_LABEL_COLUMNS, label, option->help);
	}
	printf("  --%-*s Print this text.\n", ARGUMENTS_LABEL_COLUMNS, "help");
}

static int
usage_status(const struct subcommand *subcommand)
{
	return subcommand->usage_status == 0 ? EX_USAGE : subcommand->usage_status;
}

static int
stop_with(struct arguments *arguments, int status)
{
	arguments->status = status;
	return -1;
}

static void
list_names(const struct cli_option *options,
    struct command_line_option ret_names[COMMAND_LINE_OPTIONS_MAX + 1])
{
	size_t i;

	for (i = 0; options[i].name != NULL && i < COMMAND_LINE_OPTIONS_MAX; i++)
		ret_names[i] = (struct command_line_option){
			.key = options[i].key, .name = options[i].name,
			.takes_value = options[i].argument != NULL
		};
	ret_names[i].name = NULL;
}

int
arguments_next(struct arguments *arguments)
{
	const struct subcommand *subcommand = arguments->subcommand;
	struct command_line_option names[COMMAND_LINE_OPTIONS_MAX + 1];
	struct command_line line = {
		.argc = arguments->argc, .argv = arguments->argv, .options = names,
		.takes_operands = subcommand->operands != NULL
	};
	struct err err;
	int key;

	list_names(subcommand->options, names);
	if (!arguments->begun && command_line_begin(&line)) {
		help(subcommand);
		return stop_with(arguments, EXIT_SUCCESS);
	}
	arguments->begun = true;
	/* The last mistake may be an operand: behind all options. */
	while ((key = command_line_next(&line, &err)) == -1) {
		arguments_mistake(arguments, "%s", err.msg);
		if (line.operands != NULL)
			break;
	}
	arguments->value = line.value;
	arguments->operands = line.operands;
	arguments->operand_count = line.operand_count;
	return key > 0 ? key : arguments_check(arguments);
}

int
arguments_read(struct arguments *arguments, const char **ret_value, bool *ret_json)
{
	int key;

	while ((key = arguments_next(arguments)) > 0)
		if (arguments->value != NULL)
			*ret_value = arguments->value;
		else
			*ret_json = true;
	return key;
}

int
arguments_duration(struct arguments *arguments, const char *option, int64_t *ret_ms)
{
	if (duration_parse(arguments->value, ret_ms) == 0)
		return 0;
	arguments_mistake(arguments, "%s %s: must be a duration like 30s", option,
	    arguments->value);
	return -1;
}

static void
print_mistake(const struct arguments *arguments, const char *format, va_list values)
{
	char *mistake;

	if (vasprintf(&mistake, format, values) == -1)
		log_out_of_memory();
	output_error("%s %s: %s", program_invocation_short_name, arguments->subcommand->name,
	    mistake);
	free(mistake);
}

static void
print_hint(const struct arguments *arguments)
{
	output_error("`%s %s --help` says what there is", program_invocation_short_name,
	    arguments->subcommand->name);
}

void
arguments_mistake(struct arguments *arguments, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	print_mistake(arguments, format, values);
	va_end(values);
	arguments->mistakes++;
	arguments->status = usage_status(arguments->subcommand);
}

int
arguments_check(struct arguments *arguments)
{
	if (arguments->mistakes == 0)
		return 0;
	print_hint(arguments);
	return -1;
}

int
arguments_refuse(const struct arguments *arguments, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	print_mistake(arguments, format, values);
	va_end(values);
	print_hint(arguments);
	return usage_status(arguments->subcommand);
}

int
arguments_fail(const struct arguments *arguments, const struct err *err)
{
	output_error("%s %s: %s", program_invocation_short_name,
	    arguments->subcommand->name, err->msg);
	return EXIT_FAILURE;
}

int
arguments_serve_options(struct server_options *ret_options,
    const struct option_mistakes *mistakes, ...)
{
	const char *argv[ARGUMENTS_GIVEN_MAX] = { NULL }, *option, *value;
	va_list given;
	int argc = 1;

	va_start(given, mistakes);
	while ((option = va_arg(given, const char *)) != NULL) {
		value = va_arg(given, const char *);
		if (value == NULL || argc + 2 >= ARGUMENTS_GIVEN_MAX)
			continue;
		argv[argc++] = option;
		argv[argc++] = value;
	}
	va_end(given);
	/* It changes none of them. */
	return server_options_parse(argc, (char **)(uintptr_t)argv, ret_options, mistakes);
}

void
arguments_tell_mistake(void *context, const char *mistake)
{
	const struct arguments *arguments = context;

	output_error("%s %s: %s", program_invocation_short_name, arguments->subcommand->name,
	    mistake);
}

/* Who looks and stops must be able to, whatever is wrong with the other options. */
const char *
arguments_state_dir(const char *option)
{
	static const struct option_mistakes overlook = { .overlook = true };
	static struct server_options served;

	if (option != NULL)
		return option;
	return arguments_serve_options(&served, &overlook, NULL) == 0 ? served.core.state_dir :
	    OPTIONS_STATE_DIR_DEFAULT;
}

int
arguments_describe(struct arguments *arguments)
{
	static struct server_options options;
	const struct option_mistakes mistakes = {
		.report = arguments_tell_mistake, .context = arguments
	};
	struct err err;

	if (arguments_serve_options(&options, &mistakes, NULL) == -1) {
		arguments->status = EXIT_FAILURE;
		return -1;
	}
	if (discovery_options_apply(&options.core.discovery, &err) == 0)
		return 0;
	arguments->status = arguments_fail(arguments, &err);
	return -1;
}
