/*
 * discover.c: runs a discovery, and makes a reply of what it has found.
 */
#include "config.h"

#include "core/action/discover.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "core/action/call.h"
#include "core/action/discovered.h"
#include "core/action/discovery.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/text.h"

#define DISCOVERY_FAILED "Discovery failed"

static bool
is_excluded(const char *key)
{
	const struct discovery_settings *settings = discovery_settings();
	const char *exclude;
	size_t i, length;

	for (i = 0; i < settings->excludes_count; i++) {
		exclude = settings->excludes[i];
		length = strlen(exclude);
		if (length > 0 && exclude[length - 1] == '*' ?
		    strncmp(key, exclude, length - 1) == 0 : strcmp(key, exclude) == 0)
			return true;
	}
	return false;
}

/* What a public function was asked for, and by whom it may be. */
static struct discovered *
discovered_of(struct ak_call *call, const char *function)
{
	if (call->discovered == NULL)
		call_misuse(call, "%s() was called outside discover()", function);
	return call->discovered;
}

static int
tell(struct ak_call *call, int result, const struct err *err)
{
	if (result == -1) {
		call->discover_code = err->code;
		return ak_error(call, "%s", err->msg);
	}
	return 0;
}

int
ak_discovered(struct ak_call *call, const char *id, const char *label)
{
	struct discovered *discovered = discovered_of(call, __func__);
	struct err err;

	if (discovered == NULL)
		return -1;
	return tell(call, discovered_target(discovered, id, label, &err), &err);
}

int
ak_discovered_attribute(struct ak_call *call, const char *key, const char *value)
{
	struct discovered *discovered = discovered_of(call, __func__);
	struct err err;

	if (discovered == NULL)
		return -1;
	if (key != NULL && discovery_name_is_reserved(key))
		return ak_error(call, "attribute %s is the agent's own", key);
	if (value == NULL || *value == '\0' || (key != NULL && is_excluded(key)))
		return 0;
	return tell(call, discovered_pair(discovered, key, value, &err), &err);
}

static void
log_messages(const struct ak_discovery *discovery, struct json_object *messages)
{
	static const struct {
		const char *level;
		void (*log)(const char *format, ...) AK_PRINTF(1, 2);
	} levels[] = {
		{ "debug", log_debug }, { "info", log_info }, { "warn", log_warn },
		{ "error", log_error }
	};
	const char *level, *text;
	size_t i, l;

	for (i = 0; i < json_count(messages); i++) {
		level = json_member_string(json_element(messages, i), "level");
		text = json_member_string(json_element(messages, i), "message");
		for (l = 0; l < sizeof(levels) / sizeof(levels[0]); l++)
			if (level != NULL && text != NULL &&
			    strcmp(levels[l].level, level) == 0)
				levels[l].log("%s: %s", discovery->id, text);
	}
}

/* What it called or told that only handlers may; NULL if there is nothing. */
static const char *
misuse_of(const struct ak_call *call)
{
	const struct {
		bool used;
		const char *function;
	} parts[] = {
		{ call->metrics != NULL, "ak_metric" },
		{ call->artifacts != NULL, "ak_artifact" },
		{ call->modifications != NULL, "ak_modify_*" },
		{ call->summary != NULL, "ak_summary" },
		{ call->completed, "ak_completed" },
	};
	size_t i;

	if (*call->forbidden != NULL)
		return *call->forbidden;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].used)
			return parts[i].function;
	return NULL;
}

/* Runs it, and brings what it has found into order. 0, or -1 with err. */
static int
run(const struct ak_discovery *discovery, struct ak_call *call, struct err *err)
{
	const char *group = discovery_settings()->group;
	struct discovered *discovered = call->discovered;
	const char *misuse;
	sigset_t mask;
	int result;

	process_let_signals(&mask);
	result = discovery->discover(call);
	misuse = misuse_of(call);
	call_came_back(call);
	process_hold_signals(&mask);
	if (misuse != NULL)
		return err_set(err, ERR_HANDLER, "discover() called %s(), which only handlers "
		    "of actions may", misuse);
	if (call->error != NULL) {
		call_error_text(call->error, err->msg, sizeof(err->msg));
		err->code = call->discover_code != 0 ? call->discover_code : ERR_HANDLER;
		return -1;
	}
	if (result != 0)
		return err_set(err, ERR_HANDLER, "discover() returned %d without ak_error()",
		    result);
	if (group != NULL && *group != '\0' &&
	    discovered_pair_of_all(discovered, DISCOVERY_GROUP, group, err) == -1)
		return -1;
	return discovered_sort(discovered, err);
}

struct json_object *
discover_error(struct json_object *error, const struct err *err)
{
	struct json_object *object = json_new_object();

	json_add_string(object, "title", DISCOVERY_FAILED);
	json_add_string(object, "detail", err->msg);
	json_add_string(object, "type", json_member_string(error, "type"));
	json_add_string(object, "instance", json_member_string(error, "instance"));
	return object;
}

int
discover(const struct ak_discovery *discovery, int64_t deadline_ms, char **ret_text,
    size_t *ret_length, struct json_object **ret_error, struct err *err)
{
	struct discovered discovered = { .count = 0 };
	const char *forbidden = NULL;
	struct ak_call call = {
		.verb = VERB_COUNT, .discovery = discovery, .execution = "",
		.deadline_ms = deadline_ms,
		.discovered = &discovered, .forbidden = &forbidden,
		.repairs = text_repairs()
	};
	int result = run(discovery, &call, err);

	log_messages(discovery, call.messages);
	if (result == 0) {
		if (discovered.cut)
			log_warn("%s: an attribute has more than %d values: the others are "
			    "left out", discovery->id, AK_DISCOVERED_VALUES_MAX);
		*ret_text = discovered_text(&discovered,
		    discovery_type(discovery->target_type->id), ret_length);
	} else {
		*ret_error = discover_error(call.error, err);
	}
	call_done(&call);
	discovered_done(&discovered);
	return result;
}
