/*
 * verify.c: checks the tables of all registered actions, and has those of discoveries checked.
 */
#include "config.h"

#include "core/action/verify.h"

#include <stdint.h>
#include <string.h>

#include "core/action/description.h"
#include "core/action/needs.h"
#include "core/action/parameters.h"
#include "core/action/registry.h"
#include "core/action/verify_mistakes.h"
#include "core/action/verify_parts.h"
#include "core/base/duration.h"

/* Limits of the schema; text is counted in characters. */
#define ID_CHARACTERS_MAX 255
#define LABEL_CHARACTERS_MAX 255
#define VERSION_CHARACTERS_MAX 64
#define DESCRIPTION_CHARACTERS_MAX 2000
#define ICON_CHARACTERS_MAX 1000000
#define CATEGORY_CHARACTERS_MAX 255

#define FLAGS_KNOWN ((unsigned int)AK_DISABLE_HEARTBEAT | (unsigned int)AK_GUARDED)

/* What is wrong where the name of a need is not one. */
static const char *const need_names[] = {
	[AK_NEED_CAPABILITY] = "there is no such capability",
	[AK_NEED_PROGRAM] = "is neither the name of a program nor an absolute path",
	[AK_NEED_PATH] = "is not an absolute path",
	[AK_NEED_MODULE] = "is not the name of a module",
	[AK_NEED_LINUX] = "is not a version, such as 5.16",
};

static const char id_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
/* What a path may have that no proxy decodes, cuts off or counts as a query. */
static const char path_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
    "/~!$&'()*+,;=:@";

/* Where the table of an action says it. */
static const char *const endpoint_names[VERB_COUNT] = {
	[VERB_PREPARE] = "prepare_endpoint",
	[VERB_START] = "start_endpoint",
	[VERB_STATUS] = "status_endpoint",
	[VERB_STOP] = "stop_endpoint",
	[VERB_QUERY] = "metrics: endpoint",
};

static void
check_interval(struct verify *verify, const char *interval)
{
	int64_t ms;

	if (interval == NULL)
		return;
	if (duration_parse(interval, &ms) == -1)
		verify_mistake(verify, "call_interval \"%s\" is not a duration",
		    interval);
	else if (ms == 0)
		verify_mistake(verify, "call_interval \"%s\" is less than 1ms",
		    interval);
}

static bool
has_only(const char *text, const char *characters)
{
	return strspn(text, characters) == strlen(text);
}

/* Paths that the server answers itself. */
static bool
is_reserved(const char *path)
{
	return strcmp(path, "/") == 0 || strcmp(path, "/actions") == 0 ||
	    strncmp(path, "/health/", strlen("/health/")) == 0 ||
	    strncmp(path, "/coverage/", strlen("/coverage/")) == 0;
}

void
verify_id(struct verify *verify, const char *id)
{
	if (!verify_text(verify, "id", id, true, ID_CHARACTERS_MAX))
		return;
	if (!has_only(id, id_characters))
		verify_mistake(verify, "id must consist of A-Z, a-z, 0-9, '.', '_', '-'");
	else if (has_only(id, "."))
		verify_mistake(verify, "id must not consist of dots");
	else if (strcmp(id, "actions") == 0)
		verify_mistake(verify, "id is the name of the list of actions");
}

void
verify_icon(struct verify *verify, const char *icon)
{
	if (icon != NULL && verify_text(verify, "icon", icon, false, ICON_CHARACTERS_MAX) &&
	    strncmp(icon, "data:", strlen("data:")) != 0)
		verify_mistake(verify, "icon must begin with \"data:\"");
}

static void
check_texts(struct verify *verify, const struct ak_action *action)
{
	verify_text(verify, "label", action->label, true, LABEL_CHARACTERS_MAX);
	verify_text(verify, "version", action->version, true, VERSION_CHARACTERS_MAX);
	verify_text(verify, "description", action->description, true,
	    DESCRIPTION_CHARACTERS_MAX);
	verify_text(verify, "technology", action->technology, false,
	    CATEGORY_CHARACTERS_MAX);
	verify_text(verify, "category", action->category, false,
	    CATEGORY_CHARACTERS_MAX);
	verify_icon(verify, action->icon);
}

static void
check_kind(struct verify *verify, const struct ak_action *action)
{
	if (action->kind == 0)
		verify_mistake(verify, "kind is missing");
	verify_enum(verify, "kind", (int)action->kind, AK_OTHER);
}

static void
check_time_control(struct verify *verify, const struct ak_action *action)
{
	const struct ak_parameter *duration;

	switch (action->time_control) {
	case AK_INSTANTANEOUS:
		if (action->status != NULL)
			verify_mistake(verify,
			    "instantaneous time control excludes status()");
		if (action->stop != NULL)
			verify_mistake(verify,
			    "instantaneous time control excludes stop()");
		if (action->work != NULL)
			verify_mistake(verify,
			    "instantaneous time control excludes work()");
		return;
	case AK_INTERNAL:
		if (action->status == NULL && action->work == NULL)
			verify_mistake(verify, "internal time control needs status() or "
			    "work()");
		return;
	case AK_EXTERNAL:
		duration = parameters_find(action->parameters, "duration");
		if (duration == NULL || duration->type != AK_DURATION)
			verify_mistake(verify, "external time control needs a parameter "
			    "\"duration\" of type duration");
		if (action->kind == AK_ATTACK && action->stop == NULL && action->work == NULL)
			verify_mistake(verify, "an attack that the agent ends needs stop() or "
			    "work()");
		return;
	}
	if (action->time_control == 0)
		verify_mistake(verify, "time_control is missing");
	else
		verify_mistake(verify, "time_control %d is unknown",
		    (int)action->time_control);
}

static void
check_metrics(struct verify *verify, const struct ak_action *action)
{
	size_t outer;

	if (action->query_metrics != NULL && action->metrics == NULL)
		verify_mistake(verify, "query_metrics() needs metrics");
	if (action->metrics == NULL)
		return;
	if (action->query_metrics == NULL)
		verify_mistake(verify, "metrics need query_metrics()");
	outer = verify_enter(verify, "metrics");
	check_interval(verify, action->metrics->call_interval);
	verify_parameters(verify, action->metrics->parameters,
	    "query_metrics() gets no files");
	verify_leave(verify, outer);
}

static bool
has_id(const struct ak_action *action)
{
	return action->id != NULL && action->id[0] != '\0';
}

/* Looks for the first verb of an action that has the path; VERB_COUNT if none has. */
static enum verb
find_path(const struct ak_action *action, const char *path)
{
	char other[DESCRIPTION_PATH_BYTES];
	const char *method;
	enum verb verb;

	for (verb = 0; verb < VERB_COUNT; verb++) {
		if (!description_has(action, verb))
			continue;
		description_endpoint(action, verb, &method, other);
		if (strcmp(other, path) == 0)
			break;
	}
	return verb;
}

/*
 * A path that another action, or this one, has already. index is the action's; registry_count()
 * and VERB_COUNT of a path that is no action's.
 */
static void
check_path_is_free(struct verify *verify, size_t index, enum verb verb, const char *path)
{
	const char *own = index < registry_count() ? registry_at(index)->id : NULL;
	const struct ak_action *other;
	enum verb taken;
	size_t i;

	for (i = 0; i < registry_count(); i++) {
		other = registry_at(i);
		if (!has_id(other))
			continue;
		if (strcmp(path + 1, other->id) == 0)
			verify_mistake(verify, "path \"%s\" describes action %s", path,
			    other->id);
		/* Two actions of one id share all paths: that is said once. */
		if (i > index || (own != NULL && i < index && strcmp(other->id, own) == 0))
			continue;
		taken = find_path(other, path);
		if (taken != VERB_COUNT && (i < index || taken < verb))
			verify_mistake(verify, "path \"%s\" is that of %s of %s already",
			    path, verb_name(taken), other->id);
	}
}

void
verify_path_is_free(struct verify *verify, const char *path)
{
	if (is_reserved(path))
		verify_mistake(verify, "path \"%s\" is reserved", path);
	check_path_is_free(verify, registry_count(), VERB_COUNT, path);
}

/* Proxies merge or resolve empty segments and those of dots. */
static bool
has_odd_segment(const char *path)
{
	size_t length;

	for (; *path == '/'; path += length) {
		path++;
		length = strcspn(path, "/");
		if (length == 0 || (length <= 2 && strspn(path, ".") >= length))
			return true;
	}
	return false;
}

static bool
check_path(struct verify *verify, const char *path)
{
	size_t before = verify->mistakes;

	if (strlen(path) >= DESCRIPTION_PATH_BYTES)
		verify_mistake(verify, "path has %zu bytes, more than %d", strlen(path),
		    DESCRIPTION_PATH_BYTES - 1);
	else if (path[0] != '/')
		verify_mistake(verify, "path \"%s\" must begin with /", path);
	else if (!has_only(path, path_characters))
		verify_mistake(verify, "path \"%s\" has a character that does not belong "
		    "into a path", path);
	else if (strcmp(path, "/") != 0 && has_odd_segment(path))
		verify_mistake(verify, "path \"%s\" has a segment that is empty or dots",
		    path);
	return verify->mistakes == before;
}

static void
check_endpoint(struct verify *verify, size_t index, enum verb verb,
    const struct ak_endpoint *endpoint)
{
	const struct ak_action *action = registry_at(index);
	char path[DESCRIPTION_PATH_BYTES];
	const char *method;
	size_t outer;

	if (!description_has(action, verb)) {
		if (endpoint->method != NULL || endpoint->path != NULL)
			verify_mistake(verify, "%s is set but never called",
			    endpoint_names[verb]);
		return;
	}
	outer = verify_enter(verify, "%s", endpoint_names[verb]);
	method = endpoint->method;
	if (method != NULL && strcmp(method, "POST") != 0 &&
	    strcmp(method, "PUT") != 0 && strcmp(method, "DELETE") != 0)
		verify_mistake(verify, "method \"%s\" is not POST, PUT or DELETE", method);
	if (endpoint->path != NULL && !check_path(verify, endpoint->path))
		goto out;
	/* A path that comes from the id is as good as that. */
	if (endpoint->path == NULL && !has_id(action))
		goto out;
	description_endpoint(action, verb, &method, path);
	if (is_reserved(path))
		verify_mistake(verify, "path \"%s\" is reserved", path);
	else
		check_path_is_free(verify, index, verb, path);
out:
	verify_leave(verify, outer);
}

static void
check_needs(struct verify *verify, const struct ak_need *needs)
{
	size_t count = 0, outer;

	for (; needs != NULL && needs->name != NULL; needs++, count++) {
		if (!VERIFY_IS_ROW(verify, count, "a need", "AK_NEEDS_END", needs->name,
		    needs->package, needs->what_for))
			return;
		outer = verify_enter(verify, "need \"%s\"", needs->name);
		if (needs->kind < AK_NEED_CAPABILITY || needs->kind > AK_NEED_LINUX)
			verify_mistake(verify, "kind %d is unknown", (int)needs->kind);
		else if (!needs_name_valid(needs))
			verify_mistake(verify, "%s", need_names[needs->kind]);
		verify_leave(verify, outer);
	}
	if (count > AK_NEEDS_MAX)
		verify_mistake(verify, "there are %zu needs, more than %d", count,
		    AK_NEEDS_MAX);
}

static void
check_action(struct verify *verify, size_t index)
{
	const struct ak_action *action = registry_at(index);
	const struct ak_endpoint none = { .method = NULL };
	size_t i;

	verify_id(verify, action->id);
	for (i = 0; has_id(action) && i < index; i++)
		if (has_id(registry_at(i)) &&
		    strcmp(registry_at(i)->id, action->id) == 0) {
			verify_mistake(verify, "id is that of another action");
			break;
		}
	check_texts(verify, action);
	check_kind(verify, action);
	if (action->start == NULL && action->work == NULL)
		verify_mistake(verify, "start() is missing, and so is work()");
	check_interval(verify, action->call_interval);
	if (action->call_interval != NULL && !description_has(action, VERB_STATUS))
		verify_mistake(verify, "call_interval needs status(), stop() or work()");
	check_endpoint(verify, index, VERB_PREPARE, &action->prepare_endpoint);
	check_endpoint(verify, index, VERB_START, &action->start_endpoint);
	check_endpoint(verify, index, VERB_STATUS, &action->status_endpoint);
	check_endpoint(verify, index, VERB_STOP, &action->stop_endpoint);
	check_endpoint(verify, index, VERB_QUERY,
	    action->metrics == NULL ? &none : &action->metrics->endpoint);
	verify_target_selection(verify, action->target_selection);
	verify_text(verify, "target_type", action->target_type, false, SIZE_MAX);
	verify_target_templates(verify, action->target_templates);
	verify_parameters(verify, action->parameters, description_has(action, VERB_STOP) ? NULL :
	    "a file needs stop() or work(), or it would never be removed");
	if (!verify->endless)
		check_time_control(verify, action);
	verify_widgets(verify, action->widgets);
	verify_hint(verify, &action->hint);
	if ((action->flags & ~FLAGS_KNOWN) != 0)
		verify_mistake(verify, "flags 0x%x are unknown", action->flags & ~FLAGS_KNOWN);
	check_needs(verify, action->needs);
	verify_state(verify, &action->state);
	check_metrics(verify, action);
}

size_t
verify_registry(void (*report)(void *context, const char *mistake), void *context)
{
	struct verify verify = { .report = report, .context = context };
	const struct ak_action *action;
	size_t i;

	if (registry_lost() != 0)
		verify_mistake(&verify, "ak_register() or ak_register_discovery() has failed, "
		    "without an action or for want of memory: %zu times", registry_lost());
	else if (registry_count() == 0 && registry_discoveries() == 0)
		verify_mistake(&verify, "no action and no discovery was registered");
	for (i = 0; i < registry_count(); i++) {
		action = registry_at(i);
		verify.where[0] = '\0';
		if (has_id(action))
			verify_enter(&verify, "%s", action->id);
		else
			verify_enter(&verify, "action %zu", i + 1);
		check_action(&verify, i);
	}
	verify_discoveries(&verify);
	return verify.mistakes;
}
