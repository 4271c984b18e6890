/*
 * reply.c: fuzzes what `actionkit run` makes of the replies of an extension. Neither what is
 * printed nor JSON has anything in it that terminals obey; the time is bounded; what was started
 * is stopped.
 *
 * An input is a list of replies, with REPLY_END between them: the text of a body with status 200,
 * or behind '!' one with status 503, or behind '?' none. If the first byte is 'j', the result is
 * JSON; if the next is 'd', the first two replies are the list of actions and the description.
 * The linker puts our http_call() and clock in place of the program's (--wrap), so nothing waits.
 */
#include "config.h"

#include <string.h>

#include "cli/agent.h"
#include "cli/values.h"
#include "core/base/utf8.h"
#include "tests/fuzz/fuzz.h"

#define REPLY_END 0x1e
#define ACTION "org.example.fuzz"
/* After so many calls the action is over, if it still runs. */
#define CALLS_MAX 50
#define TIMEOUT_MS 60000
#define STOP_TIMEOUT_MS 30000
/* Where a pause or a call began before the time was over. */
#define SLACK_MS 20000

static const char list[] = "{\"actions\": [{\"method\": \"GET\", \"path\": \"/fuzz\"}]}";
static const char description[] =
    "{\"id\": \"" ACTION "\", \"timeControl\": \"external\", \"parameters\": [], "
    "\"prepare\": {\"path\": \"/p\"}, \"start\": {\"path\": \"/s\"}, "
    "\"status\": {\"path\": \"/t\", \"callInterval\": \"1s\"}, \"stop\": {\"path\": \"/e\"}, "
    "\"metrics\": {\"query\": {\"endpoint\": {\"path\": \"/q\"}}}}";

static const char *rest;
static size_t rest_length;
static bool own_description;
static int calls, starts, stops;
static int64_t now_ms;

int64_t __wrap_clock_boot_ms(void);
void __wrap_clock_sleep_ms(int64_t ms);
int __wrap_http_call(struct http *http, const char *method, const char *path,
    struct json_object *body, const struct http_file *files, size_t file_count,
    struct http_reply *ret_reply, struct err *err);

int64_t
__wrap_clock_boot_ms(void)
{
	return now_ms;
}

void
__wrap_clock_sleep_ms(int64_t ms)
{
	fuzz_must(ms >= 0, "a pause of less than nothing");
	now_ms += ms;
}

static void
give(struct http_reply *reply, const char *text, size_t length)
{
	reply->body = malloc(length + 1);
	if (reply->body == NULL)
		abort();
	memcpy(reply->body, text, length);
	reply->body[length] = '\0';
	reply->length = length;
}

/* The next of the input; 0, or -1 if it has none. */
static int
give_next(struct http_reply *reply, struct err *err)
{
	const char *end = memchr(rest, REPLY_END, rest_length);
	size_t length = end == NULL ? rest_length : (size_t)(end - rest);
	const char *text = rest;

	rest += length + (end != NULL);
	rest_length -= length + (end != NULL);
	if (length > 0 && *text == '?')
		return err_set(err, ERR_INTERNAL, "%.*s", (int)length, text);
	if (length > 0 && *text == '!') {
		reply->status = 503;
		reply->retry_after_s = length > 1 ? text[1] : 0;
		text++;
		length--;
	}
	give(reply, text, length);
	return 0;
}

int
__wrap_http_call(struct http *http, const char *method, const char *path,
    struct json_object *body, const struct http_file *files, size_t file_count,
    struct http_reply *ret_reply, struct err *err)
{
	static const char over[] = "{\"completed\": true}";

	(void)method;
	(void)files;
	(void)file_count;
	(void)body;
	*ret_reply = (struct http_reply){ .status = 200 };
	calls++;
	now_ms++;
	starts += strcmp(path, "/s") == 0;
	stops += strcmp(path, "/e") == 0;
	if (http->go_on != NULL && !http->go_on(http->context, 0, 0))
		return err_set(err, ERR_INTERNAL, "given up");
	if (!own_description && calls <= 2)
		give(ret_reply, calls == 1 ? list : description,
		    calls == 1 ? strlen(list) : strlen(description));
	else if (rest_length > 0)
		return give_next(ret_reply, err);
	else
		give(ret_reply, calls > CALLS_MAX ? over : "{}",
		    calls > CALLS_MAX ? strlen(over) : strlen("{}"));
	return 0;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* What is printed is looked at: no terminal. */
	setenv("TERM", "dumb", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	return 0;
}

static void
check_printed(const char *text, size_t length, bool json)
{
	struct json_object *value = NULL;
	size_t at, bytes;
	struct err err;

	for (at = 0; at < length; at += bytes) {
		bytes = utf8_character(text + at, length - at);
		fuzz_must(bytes > 0, "what is printed is no UTF-8");
		fuzz_must(text[at] == '\n' || !utf8_is_unseen(utf8_point(text + at, bytes)),
		    "what is printed can be obeyed");
	}
	if (!json)
		return;
	fuzz_must(json_parse(text, length, &value, &err) == 0, "what is printed is no JSON");
	json_object_put(value);
}

static bool
is_given(void *context, const char *name)
{
	(void)context;
	(void)name;
	return false;
}

static void
ignore(void *context, const char *mistake)
{
	(void)context;
	(void)mistake;
}

static void
run(struct agent *agent)
{
	struct json_object *parameters;
	struct err err;

	if (agent_find(agent, ACTION, &err) != 0)
		return;
	parameters = json_member(agent->description, "parameters");
	agent->config = json_new_object();
	agent->query_config = json_new_object();
	values_complete(parameters, agent->config, is_given, ignore, NULL);
	json_whole(json_member(agent->config, "duration"), &agent->report.duration_ms);
	agent_run(agent);
	fuzz_must(own_description || starts == 0 || stops > 0, "what was started is not stopped");
	report_end(&agent->report, ACTION, agent->id, "over", STYLE_PLAIN, agent->error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent agent = {
		.timeout_ms = TIMEOUT_MS, .stop_timeout_ms = STOP_TIMEOUT_MS
	};
	FILE *before = stdout, *out;
	bool json = size > 0 && data[0] == 'j';
	size_t length = 0;
	char *text = NULL;
	int64_t began_ms;

	rest = (const char *)data + json;
	rest_length = size - json;
	own_description = rest_length > 0 && *rest == 'd';
	rest += own_description;
	rest_length -= own_description;
	calls = starts = stops = 0;
	began_ms = now_ms = 1000000;
	out = open_memstream(&text, &length);
	if (out == NULL)
		abort();
	stdout = out;
	report_init(&agent.report, json, NULL);
	run(&agent);
	agent_done(&agent);
	stdout = before;
	fclose(out);
	check_printed(text, length, json && length > 0);
	fuzz_must(now_ms - began_ms <= TIMEOUT_MS + STOP_TIMEOUT_MS + SLACK_MS,
	    "it takes too long");
	free(text);
	return 0;
}
