/*
 * run_script.c: runs a script that people upload, in a worker, until it ends or the step does. Its
 * state keeps where it is and what runs it. Whatever it has changed it undoes itself, on SIGTERM;
 * what it has started is ended with it.
 */
#include <actionkit.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actions/this_host.h"

#define SCRIPT_PATH_BYTES 1024
#define SCRIPT_LINE_BYTES 256		/* of "#!", as the kernel reads it */
#define SCRIPT_ARGUMENTS_MAX 64
#define SCRIPT_ARGUMENT_BYTES 1024
#define SCRIPT_VARIABLES_MAX 64
#define SCRIPT_VARIABLE_BYTES 2304
#define SCRIPT_VALUE_BYTES 1024
#define SCRIPT_SHELL "/bin/sh"
#define SCRIPT_OUTPUT_BYTES 5000000	/* the last of it is an artifact */
#define SCRIPT_OUTPUT "output.log"

struct script_words {
	AK_TEXT_LIST(SCRIPT_ARGUMENTS_MAX, SCRIPT_ARGUMENT_BYTES) arguments;
	AK_TEXT_LIST(SCRIPT_VARIABLES_MAX, SCRIPT_VARIABLE_BYTES) environment;
};

struct script_state {
	char path[SCRIPT_PATH_BYTES];
	char interpreter[SCRIPT_LINE_BYTES];
	char option[SCRIPT_LINE_BYTES];		/* of the interpreter; may be empty */
	struct script_words words;
};

static const struct ak_field script_words_fields[] = {
	AK_LIST(struct script_words, arguments),
	AK_LIST(struct script_words, environment),
	AK_FIELDS_END
};

static const struct ak_field script_fields[] = {
	AK_TEXT(struct script_state, path),
	AK_TEXT(struct script_state, interpreter),
	AK_TEXT(struct script_state, option),
	AK_LOCAL(struct script_state, words, script_words_fields),
	AK_FIELDS_END
};

static const struct ak_parameter script_parameters[] = {
	{
		.name = "file",
		.label = "Script",
		.description = "Run as its first line says (#!), else by " SCRIPT_SHELL ".",
		.type = AK_FILE,
		.required = true,
	},
	{
		.name = "arguments",
		.label = "Arguments",
		.type = AK_STRING_ARRAY,
		.max_items = SCRIPT_ARGUMENTS_MAX,
		.max_length = SCRIPT_ARGUMENT_BYTES - 1,
	},
	{
		.name = "environment",
		.label = "Environment",
		.description = "Variables of the script, beside PATH, LANG and "
		    AK_EXEC_VARIABLE ".",
		.type = AK_KEY_VALUE,
		.max_items = SCRIPT_VARIABLES_MAX,
		.max_length = SCRIPT_VALUE_BYTES - 1,
	},
	{
		.name = "duration",
		.label = "Duration",
		.description = "What runs longer gets SIGTERM, and SIGKILL a little later.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "30s",
	},
	AK_PARAMETERS_END
};

/* Takes "#!INTERPRETER OPTION" apart, as the kernel does: all behind a blank is one option. */
static int
script_take_line(struct ak_call *call, struct script_state *s, char *line)
{
	char *interpreter = line + strspn(line, " \t"), *option;

	if (strchr(line, '\r') != NULL)
		return ak_error(call, "The lines of the script end in carriage returns, as on "
		    "Windows");
	option = interpreter + strcspn(interpreter, " \t");
	if (*option != '\0') {
		*option++ = '\0';
		option += strspn(option, " \t");
	}
	if (interpreter[0] != '/')
		return ak_error(call, "The first line of the script names no absolute path: "
		    "\"#!%s\"", interpreter);
	(void)snprintf(s->interpreter, sizeof(s->interpreter), "%s", interpreter);
	(void)snprintf(s->option, sizeof(s->option), "%s", option);
	return 0;
}

/* By what the script is run. */
static int
script_take_interpreter(struct ak_call *call, struct script_state *s)
{
	FILE *file = fopen(s->path, "re");
	char line[SCRIPT_LINE_BYTES + 2] = "";
	size_t length;

	if (file == NULL)
		return ak_errno(call, "Failed to open the script");
	length = fread(line, 1, sizeof(line) - 1, file);
	(void)fclose(file);
	line[length] = '\0';
	if (length >= 4 && memcmp(line, "\177ELF", 4) == 0)
		return ak_error(call, "This is a program, and not a script");
	(void)snprintf(s->interpreter, sizeof(s->interpreter), "%s", SCRIPT_SHELL);
	if (strncmp(line, "#!", 2) == 0) {
		length = strcspn(line, "\n");
		if (length >= SCRIPT_LINE_BYTES)
			return ak_error(call, "The first line of the script is longer than %d "
			    "bytes", SCRIPT_LINE_BYTES);
		line[length] = '\0';
		if (script_take_line(call, s, line + 2) == -1)
			return -1;
	}
	if (access(s->interpreter, X_OK) == -1)
		return ak_errno(call, "The script cannot be run by %s", s->interpreter);
	return 0;
}

static bool
script_is_variable(const char *name)
{
	const char *c;

	if (strcmp(name, "PATH") == 0 || strcmp(name, AK_EXEC_VARIABLE) == 0 ||
	    strncmp(name, "LD_", strlen("LD_")) == 0 || isdigit((unsigned char)*name))
		return false;
	for (c = name; *c != '\0'; c++)
		if (*c != '_' && !isalnum((unsigned char)*c))
			return false;
	return c != name;
}

static int
script_take_words(struct ak_call *call, struct script_words *words)
{
	size_t count = ak_config_count(call, "arguments"), i;

	for (i = 0; i < count && i < SCRIPT_ARGUMENTS_MAX; i++) {
		(void)snprintf(words->arguments.item[i], SCRIPT_ARGUMENT_BYTES, "%s",
		    ak_config_item(call, "arguments", i));
		words->arguments.count++;
	}
	count = ak_config_count(call, "environment");
	for (i = 0; i < count && i < SCRIPT_VARIABLES_MAX; i++) {
		const char *name = ak_config_key(call, "environment", i);

		if (!script_is_variable(name))
			return ak_error(call, "environment: \"%s\" cannot be set: names have "
			    "letters, digits and _, and are not PATH, LD_... or "
			    AK_EXEC_VARIABLE, name);
		(void)snprintf(words->environment.item[i], SCRIPT_VARIABLE_BYTES, "%s=%s", name,
		    ak_config_item(call, "environment", i));
		words->environment.count++;
	}
	return 0;
}

static int
script_prepare(struct ak_call *call, void *state)
{
	struct script_state *s = state;
	const char *path = ak_config_file(call, "file");

	if (this_host_check(call) == -1)
		return -1;
	if (strlen(path) >= sizeof(s->path))
		return ak_error(call, "The path of the script is too long");
	(void)snprintf(s->path, sizeof(s->path), "%s", path);
	if (script_take_interpreter(call, s) == -1)
		return -1;
	return script_take_words(call, &s->words);
}

static int
script_work(struct ak_call *call, void *state)
{
	const struct script_state *s = state;
	const char *argv[SCRIPT_ARGUMENTS_MAX + 4], *environment[SCRIPT_VARIABLES_MAX + 1];
	const struct ak_exec exec = {
		.argv = argv, .environment = environment, .out = AK_EXEC_MESSAGES,
		.err = AK_EXEC_MESSAGES, .tail_bytes = SCRIPT_OUTPUT_BYTES
	};
	struct ak_exec_end end;
	size_t count = 0;
	int64_t i;
	int result;

	argv[count++] = s->interpreter;
	if (s->option[0] != '\0')
		argv[count++] = s->option;
	argv[count++] = s->path;
	for (i = 0; i < s->words.arguments.count; i++)
		argv[count++] = s->words.arguments.item[i];
	argv[count] = NULL;
	for (i = 0; i < s->words.environment.count; i++)
		environment[i] = s->words.environment.item[i];
	environment[i] = NULL;
	/* The interpreter gets the path: the file needs no right to be executed. */
	result = ak_exec(call, &exec, &end);
	if (result == -1)
		return -1;
	if (end.tail_size > 0 && ak_artifact(call, SCRIPT_OUTPUT, end.tail, end.tail_size) == -1)
		return -1;
	if (result == 1) {
		ak_summary(call, AK_INFO, "The script was ended");
		return 0;
	}
	if (end.signal != 0)
		return ak_error(call, "The script was killed by signal %d", end.signal);
	if (end.exit_status != 0)
		return ak_failed(call, "The script ended with exit status %d", end.exit_status);
	ak_summary(call, AK_INFO, "The script has ended by itself");
	return 0;
}

/* The worker has ended by now, and the runtime removes the file. */
static int
script_stop(struct ak_call *call, void *state)
{
	(void)call;
	(void)state;
	return 0;
}

const struct ak_action action_run_script = {
	.id = "org.actionkit.run-script",
	.label = "Run script",
	.version = "1.0.0",
	.description = "Runs a script on this host until it ends, or gets SIGTERM when the step "
	    "does. What it has changed it must undo itself then. A daemon that it starts, one that "
	    "calls setsid() and closes all files, may go on.",
	.technology = THIS_HOST_TECHNOLOGY,
	.category = "State",
	.kind = AK_OTHER,
	.time_control = AK_EXTERNAL,
	.parameters = script_parameters,
	.target_selection = &this_host_targets,
	.flags = AK_GUARDED,
	.state = AK_STATE(struct script_state, script_fields),
	.call_interval = "5s",
	.prepare = script_prepare,
	.work = script_work,
	.stop = script_stop,
};
