/*
 * completion.c: `actionkit completion`: what bash needs to complete a command line.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "fcgi/http/server_options.h"

#define COMPLETION_NAME_BYTES 64

/* Ids and actions are the first words of the lines of a list, below its header. */
static const char script_head[] =
    "{\n"
    "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal words= operands= word rest\n"
    "\n"
    "\tCOMPREPLY=()\n"
    "\tcase $before in\n";
static const char script_options[] =
    "\tesac\n"
    "\tif ((COMP_CWORD == 1)); then\n"
    "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
    "\t\treturn\n"
    "\tfi\n"
    "\tcase ${COMP_WORDS[1]} in\n";
static const char script_tail[] =
    "\tesac\n"
    "\tif [[ $current != -* && -n $operands ]]; then\n"
    "\t\twords=\n"
    "\t\twhile read -r word rest; do\n"
    "\t\t\t[[ $word == ID ]] || words+=\" $word\"\n"
    "\t\tdone < <(\"${COMP_WORDS[0]}\" $operands 2>/dev/null)\n"
    "\tfi\n"
    "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
    "}\n";

/* For the name of a shell function. */
static void
function_name(char ret_name[COMPLETION_NAME_BYTES])
{
	char *c;

	snprintf(ret_name, COMPLETION_NAME_BYTES, "_%s", program_invocation_short_name);
	for (c = ret_name; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
}

/* Options whose value is a path of that kind, as a pattern of case; compgen's flag. */
static void
print_paths(const char *argument, const char *flag)
{
	const struct subcommand *subcommand;
	const struct cli_option *option;
	unsigned int i;

	printf("\t--none");
	for (i = 0; (subcommand = subcommand_at(i)) != NULL; i++)
		for (option = subcommand->options; option != NULL && option->name != NULL;
		    option++)
			if (option->argument != NULL &&
			    strcmp(option->argument, argument) == 0)
				printf("|--%s", option->name);
	printf(")\n\t\tCOMPREPLY=($(compgen %s -- \"$current\"))\n\t\treturn;;\n", flag);
}

static void
print_names(void)
{
	const struct subcommand *subcommand;
	unsigned int i;

	printf("\t*)\n\t\twords='");
	for (i = 0; (subcommand = subcommand_at(i)) != NULL; i++)
		printf("%s ", subcommand->name);
	printf("--help --version';;\n");
}

/* What the operand of a subcommand may be, as the subcommand that lists it. */
static const char *
lister_of(const struct subcommand *subcommand)
{
	if (subcommand->operands == NULL)
		return "";
	if (strstr(subcommand->operands, "ACTION") != NULL)
		return "actions";
	return strstr(subcommand->operands, "ID") != NULL ? "list" : "";
}

static void
print_options(const struct subcommand *subcommand)
{
	const struct cli_option *option = subcommand->options;
	const char *name;
	size_t i;

	printf("\t%s)\n\t\twords='", subcommand->name);
	/* serve has a table of its own, with --help in it. */
	if (option == NULL)
		for (i = 0; (name = server_options_name(i)) != NULL; i++)
			printf("%s--%s", i == 0 ? "" : " ", name);
	else
		for (printf("--help"); option->name != NULL; option++)
			printf(" --%s", option->name);
	printf("' operands=%s;;\n", lister_of(subcommand));
}

static void
print_script(void)
{
	const struct subcommand *subcommand;
	char name[COMPLETION_NAME_BYTES];
	unsigned int i;

	function_name(name);
	printf("# Completion of %s for bash.\n%s ()\n%s", program_invocation_short_name,
	    name, script_head);
	print_paths("DIR", "-d");
	print_paths("PATH", "-f");
	print_names();
	fputs(script_options, stdout);
	for (i = 0; (subcommand = subcommand_at(i)) != NULL; i++)
		print_options(subcommand);
	fputs(script_tail, stdout);
	printf("complete -F %s %s\n", name, program_invocation_short_name);
}

static int
completion_run(struct arguments *arguments)
{
	if (arguments_next(arguments) != 0)
		return arguments->status;
	if (arguments->operand_count > 1 || (arguments->operand_count == 1 &&
	    strcmp(arguments->operands[0], "bash") != 0))
		return arguments_refuse(arguments, "only bash is known");
	print_script();
	return EXIT_SUCCESS;
}

static const struct cli_option options_of_completion[] = {
	CLI_OPTIONS_END
};

const struct subcommand subcommand_completion = {
	.name = "completion",
	.help = "print what bash needs to complete command lines",
	.operands = "[bash]",
	.about = "Prints a script for bash that completes subcommands, options, actions and\n"
	    "ids of executions. Put it where bash-completion looks, or into ~/.bashrc:\n"
	    "\tsource <(actionkit completion bash)\n\n"
	    "Exit status: 0; 64 for a wrong command line.",
	.options = options_of_completion,
	.run = completion_run,
};
