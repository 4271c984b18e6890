/*
 * call.c: runs a handler, and keeps the error of a call.
 */
#include "config.h"

#include "core/action/call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/text.h"
#include "core/base/utf8.h"

#define RESOURCE_BYTES_MAX 255
#define SILENCE_BYTES 64
#define HANDLERS_BYTES 64

#define STATUS_ERRORED "errored"
#define STATUS_FAILED "failed"

static const char *const failed_titles[VERB_WORK + 1] = {
	[VERB_PREPARE] = "Prepare failed",
	[VERB_START] = "Start failed",
	[VERB_STATUS] = "Status failed",
	[VERB_STOP] = "Stop failed",
	[VERB_QUERY] = "Query failed",
	[VERB_WORK] = "Work failed",
};

/* What the author calls it. */
static const char *const handler_names[VERB_WORK + 1] = {
	[VERB_PREPARE] = "prepare()",
	[VERB_START] = "start()",
	[VERB_STATUS] = "status()",
	[VERB_STOP] = "stop()",
	[VERB_QUERY] = "query_metrics()",
	[VERB_WORK] = "work()",
};

typedef int handler(struct ak_call *, void *);

static handler *
handler_of(const struct ak_action *action, enum verb verb)
{
	switch (verb) {
	case VERB_PREPARE:
		return action->prepare;
	case VERB_START:
		return action->start;
	case VERB_STATUS:
		return action->status;
	case VERB_STOP:
		return action->stop;
	case VERB_QUERY:
		return action->query_metrics;
	case VERB_WORK:
		return action->work;
	case VERB_COUNT:
		break;
	}
	return NULL;
}

char *
call_handler(enum verb verb, const struct ak_action *action, const char *execution)
{
	char *text;

	if (asprintf(&text, "%s of %s, execution %s", handler_names[verb], action->id,
	    execution) == -1)
		log_out_of_memory();
	return text;
}

/* The same of what is run, or "discover() of ID". */
static char *
subject_of(const struct ak_call *call)
{
	char *text;

	if (call->action != NULL)
		return call_handler(call->verb, call->action, call->execution);
	if (asprintf(&text, "discover() of %s", call->discovery->id) == -1)
		log_out_of_memory();
	return text;
}

void
call_warn(const struct ak_call *call, const char *format, ...)
{
	char *subject = subject_of(call), *text;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) == -1)
		log_out_of_memory();
	va_end(arguments);
	log_warn("%s: %s", subject, text);
	free(text);
	free(subject);
}

/* Code of the action is to blame for what the server has lost, whatever else it says. */
static void
blame(struct ak_call *call, const char *names)
{
	char own[ERR_MESSAGE_BYTES], *detail, *subject = subject_of(call);

	log_error("%s, has closed or replaced what is the server's: %s; "
	    "this process ends after the call", subject, names);
	call_error_text(call->error, own, sizeof(own));
	if (asprintf(&detail, "%.*s has closed or replaced what is the server's: %s%s%s",
	    (int)strcspn(subject, " "), subject, names,
	    own[0] == '\0' ? "" : "; it said: ", own) == -1)
		log_out_of_memory();
	json_object_put(call->error);
	call->error = call_error_json(call->action == NULL ? "Discovery failed" :
	    failed_titles[call->verb], detail, STATUS_ERRORED);
	free(detail);
	free(subject);
}

/*
 * Whether the server's descriptors are what they were: 0, or -1 with the call's error. status()
 * runs again and again: what it replaces there, other than a lock, the next call of another kind
 * finds out.
 */
static int
look_after(struct ak_call *call)
{
	char names[DESCRIPTORS_NAMES_BYTES];
	enum descriptors_look how = call->verb == VERB_STATUS ? DESCRIPTORS_OPEN :
	    DESCRIPTORS_SAME;

	if (descriptors_check(how, names, sizeof(names)) == 0)
		return 0;
	blame(call, names);
	return -1;
}

void
call_came_back(struct ak_call *call)
{
	if (descriptors_in_child()) {
		log_error("%s, came back in a process that it forked: ended", subject_of(call));
		process_exit(EXIT_FAILURE);
	}
	look_after(call);
	if (text_repairs() != call->repairs)
		call_warn(call, "it told %zu texts that are not UTF-8: what is no character became "
		    UTF8_REPLACEMENT, text_repairs() - call->repairs);
}

/* It has failed, and has not said why. */
static void
blame_silence(struct ak_call *call, int result)
{
	char detail[SILENCE_BYTES];

	if (call->error != NULL)
		return;
	snprintf(detail, sizeof(detail), "%s returned %d without ak_error()",
	    handler_names[call->verb], result);
	call_error(call, failed_titles[call->verb], detail);
	call_warn(call, "it returned %d without ak_error()", result);
}

int
call_run(struct ak_call *call)
{
	handler *run = handler_of(call->action, call->verb);
	sigset_t mask;
	int result;

	if (run != NULL) {
		process_let_signals(&mask);
		call->repairs = text_repairs();
		result = run(call, call->verb == VERB_QUERY ? NULL : call->state);
		call_came_back(call);
		process_hold_signals(&mask);
		if (result != 0)
			blame_silence(call, result);
	}
	return call->error == NULL ? 0 : -1;
}

char *
call_format(const char *format, va_list arguments)
{
	char *text, *repaired;

	if (format == NULL)
		format = "";
	if (vasprintf(&text, format, arguments) == -1) {
		/* What printf cannot write (a wide character) is still better than nothing. */
		if (errno != ENOMEM)
			text = strdup(format);
		else
			text = NULL;
		if (text == NULL)
			log_out_of_memory();
	}
	if (utf8_valid(text, strlen(text)))
		return text;
	repaired = text_repair(text, strlen(text));
	free(text);
	return repaired;
}

struct json_object *
call_error_json(const char *title, const char *detail, const char *status)
{
	struct json_object *error = json_new_object();

	json_add_string(error, "title", title);
	json_add_string(error, "detail", detail);
	json_add_string(error, "status", status);
	return error;
}

/* Sets the error, and takes title. */
static void
set_error(struct ak_call *call, char *title, const char *detail, const char *status)
{
	json_object_put(call->error);
	call->error = call_error_json(title, detail, status);
	free(title);
}

void
call_error(struct ak_call *call, const char *title, const char *detail)
{
	if (call->error == NULL)
		call->error = call_error_json(title, detail, STATUS_ERRORED);
}

void
call_misuse(struct ak_call *call, const char *format, ...)
{
	va_list arguments;
	char *title;

	if (call->error != NULL)
		return;
	va_start(arguments, format);
	title = call_format(format, arguments);
	va_end(arguments);
	set_error(call, title, NULL, STATUS_ERRORED);
}

void
call_unreported(struct ak_call *call, const char *title, const char *detail)
{
	char *text;

	if (call->verb != VERB_STOP) {
		call_error(call, title, detail);
		return;
	}
	if (asprintf(&text, "%s%s%s", title, detail == NULL ? "" : ": ",
	    detail == NULL ? "" : detail) == -1)
		log_out_of_memory();
	call_message(call, AK_WARN, text);
	call_warn(call, "%s", text);
	free(text);
}

int
call_told(const struct ak_call *call, int result)
{
	return call->verb == VERB_STOP ? 0 : result;
}

int
call_misreported(struct ak_call *call, const char *format, ...)
{
	va_list arguments;
	char *title;

	va_start(arguments, format);
	title = call_format(format, arguments);
	va_end(arguments);
	call_unreported(call, title, NULL);
	free(title);
	return -1;
}

void
call_has_told(struct ak_call *call)
{
	if (call->tell != NULL)
		(void)call->tell(call);
}

bool
call_forbidden(const struct ak_call *call, const char *function)
{
	if (call->forbidden == NULL)
		return false;
	if (*call->forbidden == NULL)
		*call->forbidden = function;
	return true;
}

/* "prepare() and start()". */
static void
name_handlers(unsigned int verbs, char ret_names[HANDLERS_BYTES])
{
	size_t used = 0;

	ret_names[0] = '\0';
	for (int verb = 0; verb <= VERB_WORK; verb++)
		if ((verbs & CALL_IN(verb)) != 0)
			used += (size_t)snprintf(ret_names + used, HANDLERS_BYTES - used,
			    "%s%s", used == 0 ? "" : " and ", handler_names[verb]);
}

/* A function that only looks takes a constant call; calls are none. */
static struct ak_call *
own(const struct ak_call *call)
{
	return (struct ak_call *)(uintptr_t)call;
}

bool
call_is_in(const struct ak_call *call, unsigned int verbs, const char *function)
{
	char names[HANDLERS_BYTES];

	if (call_forbidden(call, function))
		return false;
	if ((verbs & CALL_IN(call->verb)) != 0)
		return true;
	name_handlers(verbs, names);
	call_misuse(own(call), "%s() was called in %s, and is for %s", function,
	    handler_names[call->verb], names);
	return false;
}

void
call_error_text(struct json_object *error, char *ret_text, size_t size)
{
	const char *title = json_member_string(error, "title");
	const char *detail = json_member_string(error, "detail");
	const char *const parts[] = {
		title == NULL ? "" : title, detail == NULL ? "" : ": ",
		detail == NULL ? "" : detail
	};
	size_t used = 0, length, cut, i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		length = strlen(parts[i]);
		cut = utf8_cut(parts[i], length, size - 1 - used);
		memcpy(ret_text + used, parts[i], cut);
		used += cut;
		if (cut < length)
			break;
	}
	ret_text[used] = '\0';
}

static void
move(struct json_object *reply, const char *name, struct json_object **part)
{
	if (*part != NULL)
		json_add(reply, name, *part);
	*part = NULL;
}

void
call_reply(struct ak_call *call, struct json_object *reply)
{
	move(reply, "messages", &call->messages);
	move(reply, "metrics", &call->metrics);
	move(reply, "artifacts", &call->artifacts);
	move(reply, "modifications", &call->modifications);
	/* QueryMetricsResult has no place for one. */
	if (call->verb != VERB_QUERY)
		move(reply, "summary", &call->summary);
	move(reply, "error", call->error == NULL ? &call->verdict : &call->error);
}

void
call_done(struct ak_call *call)
{
	json_object_put(call->messages);
	json_object_put(call->metrics);
	json_object_put(call->artifacts);
	json_object_put(call->modifications);
	json_object_put(call->summary);
	json_object_put(call->error);
	json_object_put(call->verdict);
	free(call->said);
	free(call->complained);
	free(call->tail);
	call->said = call->complained = call->tail = NULL;
	call->verdict = NULL;
	call->messages = call->metrics = call->artifacts = call->modifications = NULL;
	call->summary = call->error = NULL;
	call->artifacts_size = 0;
}

int
ak_error(struct ak_call *call, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_error(call, call_format(format, arguments), NULL, STATUS_ERRORED);
	va_end(arguments);
	return -1;
}

int
ak_errno(struct ak_call *call, const char *format, ...)
{
	const char *detail = errno == 0 ? NULL : strerror(errno);
	va_list arguments;

	va_start(arguments, format);
	set_error(call, call_format(format, arguments), detail, STATUS_ERRORED);
	va_end(arguments);
	return -1;
}

int
ak_failed(struct ak_call *call, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_error(call, call_format(format, arguments), NULL, STATUS_FAILED);
	va_end(arguments);
	return -1;
}

/* An ActionKitError with a title, owned, and details or NULL. */
static struct json_object *
detailed(const struct ak_error_details *details, char *title)
{
	const struct ak_error_details none = { .status = AK_ERRORED };
	struct json_object *error;

	if (details == NULL)
		details = &none;
	error = call_error_json(title, details->detail,
	    details->status == AK_FAILED ? STATUS_FAILED : STATUS_ERRORED);
	json_add_string(error, "type", details->type);
	json_add_string(error, "instance", details->instance);
	free(title);
	return error;
}

int
ak_error_as(struct ak_call *call, const struct ak_error_details *details,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	json_object_put(call->error);
	call->error = detailed(details, call_format(format, arguments));
	va_end(arguments);
	return -1;
}

void
ak_verdict(struct ak_call *call, const struct ak_error_details *details,
    const char *format, ...)
{
	va_list arguments;

	if (!call_is_in(call, CALL_IN(VERB_STOP), __func__))
		return;
	va_start(arguments, format);
	json_object_put(call->verdict);
	call->verdict = detailed(details, call_format(format, arguments));
	va_end(arguments);
}

void
ak_completed(struct ak_call *call)
{
	/* In stop() no mistake of what is told makes it fail; a discovery finds it out itself. */
	if (call->verb == VERB_STOP)
		call_misreported(call, "ak_completed() was called in stop(), and is for status()");
	else if (call->discovery != NULL || call_is_in(call, CALL_IN(VERB_STATUS), __func__))
		call->completed = true;
}

const char *
ak_execution_id(const struct ak_call *call)
{
	return call->execution;
}

int64_t
ak_time_left(const struct ak_call *call)
{
	int64_t left_ms = call->deadline_ms - clock_boot_ms();

	return left_ms < 0 ? 0 : left_ms;
}

unsigned int
ak_state_version(const struct ak_call *call)
{
	return call->state_version;
}

int
ak_save(struct ak_call *call)
{
	struct err err;

	if (call_forbidden(call, __func__))
		return -1;
	if (call->save == NULL)
		return 0;
	if (look_after(call) == -1)
		return -1;
	if (call->save(call, &err) == 0)
		return 0;
	call_error(call, "Failed to save the state", err.msg);
	return -1;
}

const char *
ak_directory(struct ak_call *call)
{
	const char *path;
	struct err err;

	if (!call_is_in(call, CALL_IN(VERB_PREPARE) | CALL_IN(VERB_START) |
	    CALL_IN(VERB_STATUS) | CALL_IN(VERB_STOP) | CALL_IN(VERB_WORK), __func__) ||
	    look_after(call) == -1)
		return NULL;
	if (call->get_directory(call, &path, &err) == 0)
		return path;
	call_error(call, "Failed to make the directory of the execution", err.msg);
	return NULL;
}

int
ak_claim(struct ak_call *call, const char *format, ...)
{
	char *resource, *title;
	va_list arguments;
	struct err err;
	int result = 0;

	if (!call_is_in(call, CALL_IN(VERB_PREPARE) | CALL_IN(VERB_START), __func__))
		return -1;
	if (call->claim != NULL && look_after(call) == -1)
		return -1;
	va_start(arguments, format);
	resource = call_format(format, arguments);
	va_end(arguments);
	if (resource[0] == '\0') {
		call_misuse(call, "ak_claim() was called without the name of a resource");
		free(resource);
		return -1;
	}
	if (strlen(resource) > RESOURCE_BYTES_MAX)
		result = err_set(&err, ERR_INTERNAL,
		    "the name of the resource is longer than %d bytes",
		    RESOURCE_BYTES_MAX);
	else if (call->claim != NULL)
		result = call->claim(call, resource, &err);
	if (result == -1 && err.code == ERR_PHASE) {
		call_error(call, CALL_IN_USE, err.msg);
	} else if (result == -1) {
		if (asprintf(&title, "Failed to claim \"%s\"", resource) == -1)
			log_out_of_memory();
		call_error(call, title, err.msg);
		free(title);
	}
	free(resource);
	return result;
}
