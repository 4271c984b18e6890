/*
 * prove.c: `prove`: puts an action of this program under kill -9, and looks whether all is undone.
 * What it persists is the directory of a server that has shown a violation.
 */
#include "config.h"

#include "cli/prove.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/prove_trace.h"
#include "cli/value_source.h"
#include "cli/values.h"
#include "core/action/registry.h"
#include "core/base/base64.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/worker/spawn.h"

#define PROVE_RANDOM_MS 60000
#define PROVE_FILE_MAX_BYTES (32L * 1024 * 1024)
#define PROVE_PART_VIOLATIONS 4		/* then a part has shown enough */
#define PROVE_PART_POINTS 2000		/* at most tried of a part: else every 2nd, 3rd ... */
#define PROVE_NEAR_CALLS 12		/* so far from the one that is named, others are tried */
#define PROVE_PROGRESS_MS 200
#define PROVE_UNABLE 2			/* exit status: nothing could be tried */

static volatile sig_atomic_t interrupted_by;

struct request {
	const char *action, *only;
	int64_t random_ms;		/* 0: at every call */
	struct prove prove;
	/* What came of it. */
	long tried, violations;
	int64_t begin_ms, drawn_ms;
	bool drawn;
	char *again;			/* the command line up to --only, owned */
};

static void
on_signal(int number)
{
	interrupted_by = number;
}

bool
prove_interrupted(void)
{
	return interrupted_by != 0;
}

static bool
has_prepare(const struct prove *prove)
{
	return prove->action->prepare != NULL;
}

static bool
has_status(const struct prove *prove)
{
	return prove->action->status != NULL;
}

static bool
has_stop(const struct prove *prove)
{
	return prove->action->stop != NULL;
}

static bool
has_work(const struct prove *prove)
{
	return prove->action->work != NULL;
}

const struct part prove_parts[] = {
	{ .name = "life", .title = "a life without a fault", .scene = scene_life },
	{ .name = "again", .title = "each reply is lost, and asked for again",
	  .scene = scene_again },
	{ .name = "unstarted", .title = "stop() without start()", .scene = scene_unstarted,
	  .applies = has_stop },
	{ .name = "beside", .title = "another execution beside it", .scene = scene_beside,
	  .applies = has_stop },
	{ .name = "killed", .title = "every process dies while it runs",
	  .scene = scene_killed, .applies = has_stop },
	{ .name = "lost", .title = "the database is lost, and stop() runs twice",
	  .scene = scene_lost, .applies = has_stop },
	{ .name = "prepare", .title = "prepare()", .verb = VERB_PREPARE,
	  .applies = has_prepare },
	{ .name = "start", .title = "start()", .verb = VERB_START },
	{ .name = "status", .title = "status()", .verb = VERB_STATUS, .applies = has_status },
	{ .name = "stop", .title = "stop() in a responder", .verb = VERB_STOP,
	  .applies = has_stop },
	{ .name = "stopper", .title = "stop() in a stopper", .verb = VERB_STOP, .way = "1",
	  .by_reaper = true, .applies = has_stop },
	{ .name = "work", .title = "work()", .verb = VERB_START, .way = SPAWN_BODY_NAME,
	  .applies = has_work },
	{ .name = NULL }
};

/* An argument as a shell reads it. */
static void
print_quoted(FILE *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "_-./=:,+%@";

	if (*text != '\0' && text[strspn(text, plain)] == '\0') {
		fputs(text, out);
		return;
	}
	putc('\'', out);
	for (; *text != '\0'; text++)
		if (*text == '\'')
			fputs("'\\''", out);
		else
			putc(*text, out);
	putc('\'', out);
}

/* The command line without --only and --random, before its arguments are moved about. */
static char *
new_again(const struct arguments *arguments)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int i;

	if (out == NULL)
		log_out_of_memory();
	print_quoted(out, program_invocation_name);
	for (i = 0; i < arguments->argc; i++) {
		if (strcmp(arguments->argv[i], "--only") == 0 ||
		    strcmp(arguments->argv[i], "--random") == 0) {
			i++;
			continue;
		}
		if (strncmp(arguments->argv[i], "--only=", strlen("--only=")) == 0 ||
		    strncmp(arguments->argv[i], "--random=", strlen("--random=")) == 0)
			continue;
		putc(' ', out);
		print_quoted(out, arguments->argv[i]);
	}
	if (fclose(out) == EOF)
		log_out_of_memory();
	return text;
}

/* The file as the text of a request: there is no nginx to upload it through. */
static int
set_file(struct json_object *parameter, const char *path, struct json_object *config,
    struct err *err)
{
	FILE *file = fopen(path, "re");
	char *data, *text;
	size_t length;
	int result = 0;

	if (file == NULL)
		return err_sys(err, ERR_USAGE, "--file %s", path);
	data = malloc(PROVE_FILE_MAX_BYTES + 1);
	text = malloc(BASE64_LENGTH(PROVE_FILE_MAX_BYTES) + 1);
	if (data == NULL || text == NULL)
		log_out_of_memory();
	length = fread(data, 1, PROVE_FILE_MAX_BYTES + 1, file);
	if (ferror(file)) {
		result = err_sys(err, ERR_USAGE, "--file %s", path);
	} else if (length > PROVE_FILE_MAX_BYTES) {
		result = err_set(err, ERR_USAGE, "--file %s: has more than %ld bytes", path,
		    PROVE_FILE_MAX_BYTES);
	} else {
		base64_encode(data, length, text);
		json_add_string(config, json_member_string(parameter, "name"), text);
	}
	fclose(file);
	free(data);
	free(text);
	return result;
}

/* NAME=VALUE of --set, --file or --attr. */
static int
give(struct prove *prove, struct json_object *parameters, int key, const char *given,
    struct err *err)
{
	const char *equals = strchr(given, '=');
	struct json_object *parameter;
	char *name, *value;
	int result = 0;

	if (equals == NULL || equals == given)
		return err_set(err, ERR_USAGE, "%s: must be NAME=VALUE", given);
	name = strndup(given, (size_t)(equals - given));
	if (name == NULL)
		log_out_of_memory();
	parameter = values_parameter(parameters, name);
	if (key == 'a') {
		if (prove->target == NULL)
			prove->target = values_new_target("");
		values_attribute(prove->target, name, equals + 1);
	} else if (parameter == NULL || (key == 'f' && !values_is_file(parameter))) {
		result = err_set(err, ERR_USAGE, "%s %s: the action has no such %s",
		    key == 'f' ? "--file" : "--set", name, key == 'f' ? "file" : "parameter");
	} else if (key == 'f') {
		result = set_file(parameter, equals + 1, prove->config, err);
	} else {
		value = value_source_read(equals + 1, err);
		if (value == NULL || values_set(parameter, value, prove->config, err) == -1)
			result = err_wrap(err, "--set %s", name);
		free(value);
	}
	free(name);
	return result;
}

/* Of several the last is told. */
static void
on_missing(void *context, const char *name)
{
	err_set(context, ERR_USAGE, "%s is required: --set %s=VALUE", name, name);
}

/* All that can be wrong with values and files, at once for whoever typed them. */
static int
configure(struct request *request, const char *const *given, const int *keys, int count,
    struct err *err)
{
	struct prove *prove = &request->prove;
	struct json_object *description = description_json(prove->action, "");
	struct json_object *parameters = json_member(description, "parameters");
	int i, result = 0;

	prove->config = json_new_object();
	for (i = 0; result == 0 && i < count; i++)
		result = give(prove, parameters, keys[i], given[i], err);
	if (result == 0)
		result = values_complete(parameters, prove->config, on_missing, err);
	json_object_put(description);
	return result;
}

/* Whether one word of --only names this part; *ret_at is the call, -1 where it names none. */
static bool
names_part(const char *word, size_t length, const struct part *part, long *ret_at)
{
	size_t name = strlen(part->name);
	char *end;

	*ret_at = -1;
	if (length < name || strncmp(word, part->name, name) != 0)
		return false;
	if (length == name)
		return true;
	if (word[name] != ':' || part->scene != NULL)
		return false;
	*ret_at = strtol(word + name + 1, &end, 10);
	return end == word + length && end != word + name + 1 && *ret_at >= 0;
}

static bool
is_chosen(const struct request *request, const struct part *part, long *ret_at)
{
	const char *word = request->only, *end;

	*ret_at = -1;
	/* It shows what the others need to know. */
	if (part->scene == scene_life)
		return true;
	while (word != NULL) {
		end = strchrnul(word, ',');
		if (names_part(word, (size_t)(end - word), part, ret_at))
			return true;
		word = *end == ',' ? end + 1 : NULL;
	}
	return request->only == NULL;
}

static void
draw(struct request *request, const char *format, ...) AK_PRINTF(2, 3);

/* A line of progress, on a terminal. */
static void
draw(struct request *request, const char *format, ...)
{
	int64_t now_ms = clock_boot_ms();
	va_list values;

	if (!output_terminal() || now_ms - request->drawn_ms < PROVE_PROGRESS_MS)
		return;
	request->drawn_ms = now_ms;
	request->drawn = true;
	fputs("\r\033[K", stdout);
	va_start(values, format);
	vprintf(format, values);
	va_end(values);
	fflush(stdout);
}

static void
undraw(struct request *request)
{
	if (request->drawn)
		fputs("\r\033[K", stdout);
	request->drawn = false;
}

/* Where it was, what is wrong, and how to see that again. */
static void
tell_wrong(struct request *request, const struct part *part, long at, bool killed, long number)
{
	struct prove *prove = &request->prove;
	char *text;
	size_t i;

	undraw(request);
	for (i = 0; i < prove->wrong_count; i++) {
		text = output_clean(prove->wrong[i]);
		if (!killed)
			printf("  %s: %s\n", part->name, text);
		else if (prove->by_chance)
			printf("  %s: killed after %ld us: %s\n", part->name, number, text);
		else
			printf("  %s: killed at call %ld, %s: %s\n", part->name, at,
			    trace_call_name(number), text);
		free(text);
	}
	printf("    log and database: %s\n", prove->server.dir);
	if (!prove->by_chance) {
		printf("    again: %s --only %s", request->again, part->name);
		if (part->scene == NULL)
			printf(":%ld", at);
		putchar('\n');
	}
	fflush(stdout);
}

/* One try. Whether it was killed; *ret_good: nothing was wrong. */
static bool
try(struct request *request, const struct part *part, long at, long *ret_number, bool *ret_good)
{
	struct prove *prove = &request->prove;
	bool killed = false;
	struct err err;

	*ret_number = 0;
	if (part->scene != NULL)
		part->scene(prove);
	else
		killed = point_try(prove, part, at, ret_number);
	*ret_good = prove->wrong_count == 0 || prove_interrupted();
	if (!*ret_good) {
		request->violations++;
		tell_wrong(request, part, at, killed, *ret_number);
	}
	/* What a violation leaves behind must not be taken for the next one. */
	if (prove->broken || !*ret_good) {
		prove_server_end(&prove->server, !*ret_good);
		if (prove_server_new(&prove->server, prove->action->id, &err) == -1)
			prove_wrong(prove, "%s", err.msg);
	}
	while (prove->wrong_count > 0)
		free(prove->wrong[--prove->wrong_count]);
	prove->broken = false;
	return killed;
}

/* At every call, until a life completes. */
static void
try_points(struct request *request, const struct part *part)
{
	long at, count, number, step, points = 0, wrong = 0;
	bool good, killed = true;

	try(request, part, 0, &count, &good);
	wrong += !good;
	step = count / PROVE_PART_POINTS + 1;
	for (at = 1; good ? killed : wrong > 0 && wrong < PROVE_PART_VIOLATIONS && points > 0;
	    at += step) {
		if (prove_interrupted())
			break;
		draw(request, "%-24s %ld of about %ld points, %ld violations", part->title, points,
		    count / step, wrong);
		killed = try(request, part, at, &number, &good);
		points += killed;
		wrong += !good;
		if (!killed)
			break;
	}
	undraw(request);
	request->tried += points;
	printf("%-46s %5ld points, %ld violations%s", part->title, points, wrong,
	    wrong >= PROVE_PART_VIOLATIONS ? ", no more were looked for" : "");
	if (step > 1)
		printf(", every %ldth call", step);
	putchar('\n');
	fflush(stdout);
}

/*
 * At this call, or at one that is near: how many there are before it varies from run to run, and
 * more so between a process that has just begun and one that has not. The nearest first, until one
 * shows something. Whether none does.
 */
static bool
try_near(struct request *request, const struct part *part, long at)
{
	long near, number;
	bool good = true;

	for (near = 0; good && near <= 2 * PROVE_NEAR_CALLS && !prove_interrupted(); near++) {
		long call = at + (near % 2 == 0 ? -near / 2 : near / 2 + 1);

		if (call < 0 || (at == 0 && call > 0))
			continue;
		draw(request, "%s", part->title);
		try(request, part, call, &number, &good);
		request->tried++;
	}
	return good;
}

static void
try_part(struct request *request, const struct part *part, long at)
{
	long number;
	bool good;

	if (at == -1 && part->scene == NULL) {
		try_points(request, part);
		return;
	}
	if (part->scene == NULL) {
		good = try_near(request, part, at);
	} else {
		draw(request, "%s", part->title);
		try(request, part, 0, &number, &good);
	}
	undraw(request);
	printf("%-46s %s\n", part->title, good ? "good" : "1 violation");
	fflush(stdout);
}

static bool
is_over(int64_t until_ms)
{
	return prove_interrupted() || clock_boot_ms() >= until_ms;
}

/* Parts in turn, at times that are drawn anew each time. */
static void
try_by_chance(struct request *request)
{
	int64_t until_ms = clock_boot_ms() + request->random_ms;
	const struct part *part;
	long longest_us[sizeof(prove_parts) / sizeof(prove_parts[0])] = { 0 }, number, at;
	bool good, some = true;
	size_t i;

	while (some && !is_over(until_ms))
		for (i = 0, some = false; prove_parts[i].name != NULL && !is_over(until_ms); i++) {
			part = &prove_parts[i];
			if (part->scene != NULL || !is_chosen(request, part, &at) ||
			    (part->applies != NULL && !part->applies(&request->prove)))
				continue;
			some = true;
			at = longest_us[i] == 0 ? 0 : 1 + random() % longest_us[i];
			draw(request, "%ld kills, %ld violations", request->tried,
			    request->violations);
			if (try(request, part, at, &number, &good))
				request->tried++;
			else if (longest_us[i] < number)
				longest_us[i] = number;
		}
	undraw(request);
	if (some)
		printf("%-46s %5ld kills, %ld violations\n", "at random", request->tried,
		    request->violations);
}

/* Whether a process of the server may be traced. */
static bool
may_trace(struct prove *prove)
{
	struct trace trace;

	if (trace_begin(&trace, prove_server_reaper(&prove->server), NULL, 0) == -1)
		return false;
	trace_end(&trace, prove_server_ended, &prove->server);
	return true;
}

/* Returns the exit status. */
static int
try_all(struct request *request)
{
	const struct part *part;
	long at;

	if (request->random_ms == 0 && !may_trace(&request->prove)) {
		printf("Processes cannot be traced here (%s): kills are at random, not at every "
		    "call.\n", strerror(errno));
		request->random_ms = PROVE_RANDOM_MS;
	}
	for (part = prove_parts; part->name != NULL; part++) {
		if (prove_interrupted() || !is_chosen(request, part, &at) ||
		    (part->applies != NULL && !part->applies(&request->prove)) ||
		    (part->scene == NULL && request->random_ms > 0))
			continue;
		try_part(request, part, at);
		if (part->scene == scene_life && request->violations > 0) {
			printf("Without a life that succeeds there is nothing to try.\n");
			return EXIT_FAILURE;
		}
	}
	request->prove.by_chance = request->random_ms > 0;
	if (request->prove.by_chance)
		try_by_chance(request);
	return request->violations > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
prove(struct arguments *arguments, struct request *request)
{
	struct prove *prove = &request->prove;
	struct sigaction action = { .sa_handler = on_signal };
	char took[OUTPUT_AGE_BYTES];
	sigset_t child;
	struct err err;
	int status;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		log_warn("PR_SET_CHILD_SUBREAPER: %s", strerror(errno));
	srandom((unsigned int)clock_wall_ms());
	request->begin_ms = clock_boot_ms();
	if (prove_server_new(&prove->server, prove->action->id, &err) == -1) {
		arguments_fail(arguments, &err);
		prove_server_end(&prove->server, true);
		return PROVE_UNABLE;
	}
	status = try_all(request);
	prove_server_end(&prove->server, false);
	output_age(clock_boot_ms() - request->begin_ms, took);
	printf("%s: %ld kill points, %ld violations, %s\n", prove->action->id, request->tried,
	    request->violations, took);
	return prove_interrupted() ? 128 + interrupted_by : status;
}

/* Whether each word of --only names a part. */
static bool
is_known(const char *only)
{
	const struct part *part;
	const char *end;
	long at;

	for (; only != NULL; only = *end == ',' ? end + 1 : NULL) {
		end = strchrnul(only, ',');
		for (part = prove_parts; part->name != NULL; part++)
			if (names_part(only, (size_t)(end - only), part, &at))
				break;
		if (part->name == NULL)
			return false;
	}
	return true;
}

#define GIVEN_MAX 256

static int
run_prove(struct arguments *arguments)
{
	static struct request request;
	static const char *given[GIVEN_MAX];
	static int keys[GIVEN_MAX];
	const char *target = NULL;
	int key, count = 0, status;
	struct err err;

	request = (struct request){ .again = new_again(arguments) };
	while ((key = arguments_next(arguments)) > 0) {
		if (key == 'e') {
			request.prove.effect = arguments->value;
		} else if (key == 'o') {
			request.only = arguments->value;
		} else if (key == 't') {
			target = arguments->value;
		} else if (key == 'r') {
			arguments_duration(arguments, "--random", &request.random_ms);
		} else if (count == GIVEN_MAX) {
			return arguments_refuse(arguments, "more than %d values", GIVEN_MAX);
		} else {
			keys[count] = key;
			given[count++] = arguments->value;
		}
	}
	if (key == -1)
		return arguments->status;
	if (arguments->operand_count != 1)
		return arguments_refuse(arguments, "the id of one action is needed");
	request.prove.action = registry_find(arguments->operands[0]);
	if (request.prove.action == NULL)
		return arguments_refuse(arguments, "%s: this program has no such action",
		    arguments->operands[0]);
	if (request.prove.effect == NULL && request.prove.action->kind != AK_CHECK)
		return arguments_refuse(arguments, "--effect is needed: a command that ends with 0 "
		    "where nothing is left of $EXECUTION; or none");
	/* The processes and claims of an execution are looked at all the same. */
	if (request.prove.effect != NULL && strcmp(request.prove.effect, "none") == 0)
		request.prove.effect = NULL;
	if (request.only != NULL && !is_known(request.only))
		return arguments_refuse(arguments, "--only %s: there is no such part",
		    request.only);
	if (target != NULL)
		request.prove.target = values_new_target(target);
	if (configure(&request, given, keys, count, &err) == -1)
		status = arguments_refuse(arguments, "%s", err.msg);
	else
		status = prove(arguments, &request);
	json_object_put(request.prove.config);
	json_object_put(request.prove.target);
	free(request.again);
	return status;
}

static const struct cli_option options_of_prove[] = {
	{ 'e', "effect", "COMMAND", "Ends with 0 where nothing is left of $EXECUTION." },
	{ 's', "set", "NAME=VALUE", "A parameter; may be repeated." },
	{ 'f', "file", "NAME=PATH", "A parameter that is a file; may be repeated." },
	{ 't', "target", "NAME", "Name of the target." },
	{ 'a', "attr", "NAME=VALUE", "Attribute of the target; may be repeated." },
	{ 'r', "random", "DURATION", "Kill at random for so long, not at every system call." },
	{ 'o', "only", "PART", "This part alone; \"start:57\": killed at this call, or near it." },
	CLI_OPTIONS_END
};

const struct subcommand subcommand_prove = {
	.name = "prove",
	.help = "kill an action at every system call, and look whether all is undone",
	.operands = "ACTION",
	.about = "Runs an action of this program on a server of its own, and kills the process\n"
	    "that runs prepare(), start(), status(), stop() or work() at its 1st, 2nd, 3rd\n"
	    "system call, until one completes. After each kill the execution must come to\n"
	    "its end: stopped, without claims, files and processes, and COMMAND, which a\n"
	    "shell runs with EXECUTION in its environment, must end with 0. Before that:\n"
	    "lost replies, stop() without start(), another execution beside it, the death\n"
	    "of everything, a lost database and two stop()s.\n\n"
	    "It does to this machine what the action does: give it values that are harmless.\n"
	    "Where processes may not be traced it kills at random for 60s.\n\n"
	    "PART is again, unstarted, beside, killed, lost, prepare, start, status, stop,\n"
	    "stopper or work. Other options of serve are taken from the environment.\n\n"
	    "Exit status: 0 if nothing was found; 1 after a violation; 2 if no server\n"
	    "begins; 64 for a wrong command line; 128 and the number of the signal that\n"
	    "ended it.",
	.options = options_of_prove,
	.run = run_prove,
};
