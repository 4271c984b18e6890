/*
 * prove.c: `prove`: puts an action of this program under kill -9, and looks whether all is undone.
 * What it persists is the directory of a server that has shown a violation.
 */
#include "config.h"

#include "cli/prove.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli/arguments.h"
#include "cli/prove_tell.h"
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
#define PROVE_UNABLE 2			/* exit status: what was asked for could not be tried */

static volatile sig_atomic_t interrupted_by;

#define GIVEN_MAX 256

/* NAME=VALUE of --set, --file or --attr. */
struct given {
	int key;			/* of the option */
	const char *text;		/* borrowed */
};

struct request {
	struct arguments *arguments;	/* borrowed */
	const char *only;
	struct given given[GIVEN_MAX];
	size_t given_count;
	int64_t random_ms;		/* 0: at every call */
	struct prove prove;
	struct prove_tell tell;
	/* What came of it. */
	long killed, violations;
	bool unreached;			/* a call that --only names */
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

/* The command line without --only, --random and --json, before its arguments are moved about. */
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
		if (strcmp(arguments->argv[i], "--json") == 0 ||
		    strncmp(arguments->argv[i], "--only=", strlen("--only=")) == 0 ||
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

/* Whether there is an option for it, be it with a value that is wrong. */
static bool
is_given(void *context, const char *name)
{
	const struct request *request = context;
	const struct given *given = request->given;
	size_t length = strlen(name);

	for (; given < request->given + request->given_count; given++)
		if (given->key != 'a' && strncmp(given->text, name, length) == 0 &&
		    given->text[length] == '=')
			return true;
	return false;
}

static void
on_missing(void *context, const char *mistake)
{
	struct request *request = context;

	arguments_mistake(request->arguments, "%s", mistake);
}

/* All that is wrong with values and files, at once for whoever typed them. */
static void
configure(struct request *request)
{
	struct prove *prove = &request->prove;
	struct json_object *description = description_json(prove->action, "");
	struct json_object *parameters = json_member(description, "parameters");
	const struct given *given = request->given;
	struct err err;

	for (; given < request->given + request->given_count; given++)
		if (give(prove, parameters, given->key, given->text, &err) == -1)
			arguments_mistake(request->arguments, "%s", err.msg);
	values_complete(parameters, prove->config, is_given, on_missing, request);
	json_object_put(description);
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
		tell_violation(&request->tell, prove, part, at, killed, *ret_number);
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
	struct part_end end = { .name = part->name, .title = part->title };
	long at, count, number;
	bool good, killed = true;

	try(request, part, 0, &count, &good);
	end.violations += !good;
	end.every = count / PROVE_PART_POINTS + 1;
	for (at = 1; good ? killed : end.violations > 0 &&
	    end.violations < PROVE_PART_VIOLATIONS && end.points > 0; at += end.every) {
		if (prove_interrupted())
			break;
		tell_progress(&request->tell, "%-24s %ld of about %ld points, %ld violations",
		    part->title, end.points, count / end.every, end.violations);
		killed = try(request, part, at, &number, &good);
		end.points += killed;
		end.violations += !good;
		if (!killed)
			break;
	}
	request->killed += end.points;
	end.cut = end.violations >= PROVE_PART_VIOLATIONS;
	tell_part(&request->tell, &end);
}

/*
 * At this call, or at one that is near: how many there are before it varies from run to run, and
 * more so between a process that has just begun and one that has not. The nearest first, until one
 * shows something. A call that is not reached is no kill point: where none is, nothing was tried.
 */
static void
try_near(struct request *request, const struct part *part, long at)
{
	struct part_end end = { .name = part->name, .title = part->title, .every = 1 };
	long near, call, number, most = 0;
	bool good = true, killed;

	for (near = 0; good && near <= 2 * PROVE_NEAR_CALLS && !prove_interrupted(); near++) {
		call = at + (near % 2 == 0 ? -near / 2 : near / 2 + 1);
		if (call < 0 || (at == 0 && call > 0))
			continue;
		tell_progress(&request->tell, "%s", part->title);
		killed = try(request, part, call, &number, &good);
		end.points += killed;
		if (!killed && most < number)
			most = number;
	}
	end.violations = !good;
	request->killed += end.points;
	tell_part(&request->tell, &end);
	if (at > 0 && end.points == 0 && good && !prove_interrupted()) {
		request->unreached = true;
		tell_note(&request->tell, "%s was not killed: call %ld was not reached, nor one "
		    "near it. It has about %ld", part->title, at, most);
	}
}

static void
try_scene(struct request *request, const struct part *part)
{
	struct part_end end = { .name = part->name, .title = part->title, .points = -1 };
	long number;
	bool good;

	tell_progress(&request->tell, "%s", part->title);
	try(request, part, 0, &number, &good);
	end.violations = !good;
	tell_part(&request->tell, &end);
}

static void
try_part(struct request *request, const struct part *part, long at)
{
	if (part->scene != NULL)
		try_scene(request, part);
	else if (at == -1)
		try_points(request, part);
	else
		try_near(request, part, at);
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
	struct part_end end = { .name = "random", .title = "at random", .every = 1 };
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
			tell_progress(&request->tell, "%ld points, %ld violations", end.points,
			    end.violations);
			if (try(request, part, at, &number, &good))
				end.points++;
			else if (longest_us[i] < number)
				longest_us[i] = number;
			end.violations += !good;
		}
	request->killed += end.points;
	if (end.points > 0)
		tell_part(&request->tell, &end);
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
		tell_note(&request->tell, "Processes cannot be traced here (%s): kills are at "
		    "random, not at every call.", strerror(errno));
		request->random_ms = PROVE_RANDOM_MS;
	}
	for (part = prove_parts; part->name != NULL; part++) {
		if (prove_interrupted() || !is_chosen(request, part, &at) ||
		    (part->applies != NULL && !part->applies(&request->prove)) ||
		    (part->scene == NULL && request->random_ms > 0))
			continue;
		try_part(request, part, at);
		if (part->scene == scene_life && request->violations > 0) {
			tell_note(&request->tell,
			    "Without a life that succeeds there is nothing to try.");
			return EXIT_FAILURE;
		}
	}
	request->prove.by_chance = request->random_ms > 0;
	if (request->prove.by_chance)
		try_by_chance(request);
	if (request->violations > 0)
		return EXIT_FAILURE;
	return request->unreached ? PROVE_UNABLE : EXIT_SUCCESS;
}

static int
prove(struct arguments *arguments, struct request *request)
{
	struct prove *prove = &request->prove;
	struct sigaction action = { .sa_handler = on_signal };
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
	if (prove_server_new(&prove->server, prove->action->id, &err) == -1) {
		arguments_fail(arguments, &err);
		prove_server_end(&prove->server, true);
		return PROVE_UNABLE;
	}
	status = try_all(request);
	prove_server_end(&prove->server, false);
	tell_end(&request->tell, prove->action->id, request->killed, request->violations);
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

/* Options into the request. Returns 0, or -1 as arguments_next(). */
static int
read_arguments(struct arguments *arguments, struct request *request)
{
	int key;

	while ((key = arguments_next(arguments)) > 0)
		switch (key) {
		case 'e':
			request->prove.effect = arguments->value;
			break;
		case 'o':
			request->only = arguments->value;
			break;
		case 't':
			if (request->prove.target != NULL)
				json_add_string(request->prove.target, "name", arguments->value);
			else
				request->prove.target = values_new_target(arguments->value);
			break;
		case 'r':
			arguments_duration(arguments, "--random", &request->random_ms);
			break;
		case 'j':
			request->tell.json = true;
			break;
		default:
			if (request->given_count == GIVEN_MAX)
				arguments_mistake(arguments, "more than %d values", GIVEN_MAX);
			else
				request->given[request->given_count++] = (struct given){
					.key = key, .text = arguments->value
				};
		}
	if (key == -1)
		return -1;
	if (arguments->operand_count != 1)
		arguments_mistake(arguments, "the id of one action is needed");
	if (request->only != NULL && !is_known(request->only))
		arguments_mistake(arguments, "--only %s: there is no such part", request->only);
	return 0;
}

/* What the action needs, all that is wrong at once. Returns 0, or -1 as arguments_next(). */
static int
find(struct arguments *arguments, struct request *request)
{
	struct prove *prove = &request->prove;

	if (arguments->operand_count != 1)
		return arguments_check(arguments);
	prove->action = registry_find(arguments->operands[0]);
	if (prove->action == NULL) {
		arguments_mistake(arguments, "%s: this program has no such action",
		    arguments->operands[0]);
		return arguments_check(arguments);
	}
	if (prove->effect == NULL && prove->action->kind != AK_CHECK)
		arguments_mistake(arguments, "--effect is needed: a command that ends with 0 "
		    "where nothing is left of $EXECUTION; or none");
	/* The processes and claims of an execution are looked at all the same. */
	if (prove->effect != NULL && strcmp(prove->effect, "none") == 0)
		prove->effect = NULL;
	configure(request);
	return arguments_check(arguments);
}

static int
run_prove(struct arguments *arguments)
{
	static struct request request;
	int status;

	request = (struct request){ .arguments = arguments, .prove.config = json_new_object() };
	tell_init(&request.tell, new_again(arguments));
	if (read_arguments(arguments, &request) == -1 || find(arguments, &request) == -1)
		status = arguments->status;
	else
		status = prove(arguments, &request);
	json_object_put(request.prove.config);
	json_object_put(request.prove.target);
	tell_done(&request.tell);
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
	{ 'j', "json", NULL, "Print one JSON object at the end, for programs." },
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
	    "begins, or no call near the one of PART is reached; 64 for a wrong command\n"
	    "line; 128 and the number of the signal that ended it.",
	.options = options_of_prove,
	.run = run_prove,
};
