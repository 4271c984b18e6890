/*
 * programs.c: org.actionkit.test.programs, an action that runs a program in the handler that the
 * test asks for, and tells how that ended.
 */
#include <stdio.h>
#include <string.h>

#include "tests/e2e/extension.h"

#define WORDS 6
#define WORD_BYTES 512
#define WORK_PAUSE_MS 20

struct programs_state {
	char directory[DIRECTORY_BYTES];
	char handler[16];
	AK_TEXT_LIST(WORDS, WORD_BYTES) command;
	AK_TEXT_LIST(WORDS, WORD_BYTES) environment;
	char input[WORD_BYTES];
	char out[16], err[16];
	int64_t timeout_ms;
	bool looks;
};

static const struct ak_field programs_fields[] = {
	AK_TEXT(struct programs_state, directory),
	AK_TEXT(struct programs_state, handler),
	AK_LIST(struct programs_state, command),
	AK_LIST(struct programs_state, environment),
	AK_TEXT(struct programs_state, input),
	AK_TEXT(struct programs_state, out),
	AK_TEXT(struct programs_state, err),
	AK_INT(struct programs_state, timeout_ms),
	AK_BOOL(struct programs_state, looks),
	AK_FIELDS_END
};

static const struct ak_parameter programs_parameters[] = {
	{ .name = "duration", .label = "Duration", .type = AK_DURATION, .required = true,
	  .default_value = "60s" },
	{ .name = "directory", .label = "Directory", .type = AK_STRING, .required = true },
	{ .name = "handler", .label = "Handler", .type = AK_STRING, .required = true },
	{ .name = "command", .label = "Command", .type = AK_STRING_ARRAY, .required = true,
	  .max_length = WORD_BYTES - 1, .max_items = WORDS },
	{ .name = "environment", .label = "Environment", .type = AK_STRING_ARRAY,
	  .max_length = WORD_BYTES - 1, .max_items = WORDS },
	{ .name = "input", .label = "Input", .type = AK_STRING },
	{ .name = "out", .label = "Output", .type = AK_STRING, .default_value = "drop" },
	{ .name = "err", .label = "Errors", .type = AK_STRING, .default_value = "drop" },
	{ .name = "timeout", .label = "Timeout", .type = AK_INTEGER, .default_value = "0" },
	{ .name = "looks", .label = "Looks at the end", .type = AK_BOOLEAN,
	  .default_value = "false" },
	AK_PARAMETERS_END
};

static enum ak_exec_output
output_of(const char *name)
{
	return strcmp(name, "text") == 0 ? AK_EXEC_TEXT :
	    strcmp(name, "messages") == 0 ? AK_EXEC_MESSAGES : AK_EXEC_DROP;
}

static int
run(struct ak_call *call, const struct programs_state *s, const char *handler)
{
	const char *argv[WORDS + 1] = { NULL }, *environment[WORDS + 1] = { NULL };
	const struct ak_exec exec = {
		.argv = argv, .environment = environment,
		.input = s->input[0] == '\0' ? NULL : s->input,
		.timeout_ms = s->timeout_ms, .out = output_of(s->out), .err = output_of(s->err)
	};
	struct ak_exec_end end;

	if (strcmp(s->handler, handler) != 0)
		return 0;
	for (int64_t i = 0; i < s->command.count; i++)
		argv[i] = s->command.item[i];
	for (int64_t i = 0; i < s->environment.count; i++)
		environment[i] = s->environment.item[i];
	if (ak_exec(call, &exec, s->looks ? &end : NULL) == -1)
		return -1;
	if (s->looks)
		ak_message(call, AK_DEBUG, "end %d %d %d %zu %zu [%.*s] [%.*s]", end.exit_status,
		    end.signal, end.timed_out, end.out_size, end.err_size, WORD_BYTES, end.out,
		    WORD_BYTES, end.err);
	return 0;
}

static int
programs_prepare(struct ak_call *call, void *state)
{
	struct programs_state *s = state;

	snprintf(s->directory, sizeof(s->directory), "%s", ak_config_string(call, "directory"));
	snprintf(s->handler, sizeof(s->handler), "%s", ak_config_string(call, "handler"));
	snprintf(s->input, sizeof(s->input), "%s",
	    ak_config_has(call, "input") ? ak_config_string(call, "input") : "");
	snprintf(s->out, sizeof(s->out), "%s", ak_config_string(call, "out"));
	snprintf(s->err, sizeof(s->err), "%s", ak_config_string(call, "err"));
	s->timeout_ms = ak_config_integer(call, "timeout");
	s->looks = ak_config_boolean(call, "looks");
	s->command.count = (int64_t)ak_config_count(call, "command");
	for (int64_t i = 0; i < s->command.count; i++)
		snprintf(s->command.item[i], WORD_BYTES, "%s",
		    ak_config_item(call, "command", (size_t)i));
	s->environment.count = (int64_t)ak_config_count(call, "environment");
	for (int64_t i = 0; i < s->environment.count; i++)
		snprintf(s->environment.item[i], WORD_BYTES, "%s",
		    ak_config_item(call, "environment", (size_t)i));
	return run(call, s, "prepare");
}

static int
programs_start(struct ak_call *call, void *state)
{
	const struct programs_state *s = state;

	if (note(call, s->directory, "start", "begin", 0) == -1)
		return -1;
	return run(call, s, "start");
}

static int
programs_work(struct ak_call *call, void *state)
{
	const struct programs_state *s = state;
	int result = run(call, s, "work");

	while (result == 0 && ak_work_wait(call, WORK_PAUSE_MS) == 0)
		continue;
	ak_message(call, AK_INFO, "Worked");
	return result;
}

static int
programs_status(struct ak_call *call, void *state)
{
	return run(call, state, "status");
}

static int
programs_stop(struct ak_call *call, void *state)
{
	const struct programs_state *s = state;

	if (note(call, s->directory, "stop", "begin", 0) == -1)
		return -1;
	return run(call, s, "stop");
}

const struct ak_action action_programs = {
	.id = "org.actionkit.test.programs",
	.label = "Programs",
	.version = "1.0.0",
	.description = "Runs programs.",
	.kind = AK_OTHER,
	.time_control = AK_EXTERNAL,
	.parameters = programs_parameters,
	.state = AK_STATE(struct programs_state, programs_fields),
	.call_interval = "1s",
	.prepare = programs_prepare,
	.start = programs_start,
	.work = programs_work,
	.status = programs_status,
	.stop = programs_stop,
};
