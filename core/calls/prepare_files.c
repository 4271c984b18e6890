/*
 * prepare_files.c: the files of a prepare. It persists their directory, and rows that are
 * committed with `prepared`.
 */
#include "config.h"

#include "core/calls/prepare_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/action/parameters.h"
#include "core/base/base64.h"
#include "core/base/log.h"
#include "core/base/url.h"
#include "core/calls/download.h"
#include "core/calls/incoming.h"
#include "core/store/files.h"

#define PATH_BYTES 2048

/* The config with {"name": original name} for every part that came beside it; owned. */
static struct json_object *
config_with_parts(const struct visit *visit)
{
	const struct incoming *incoming = visit->incoming;
	struct json_object *config = json_member(visit->request, "config");
	struct json_object *merged = json_new_object(), *part;

	if (config != NULL) {
		json_object_object_foreach(config, name, value)
			json_add(merged, name, json_object_get(value));
	}
	for (size_t i = 0; i < incoming->count; i++) {
		part = json_new_object();
		json_add_string(part, "name", incoming->files[i].original_name);
		json_add(merged, incoming->files[i].parameter->name, part);
	}
	return merged;
}

int
prepare_files_check(const struct visit *visit, struct json_object **ret_values,
    struct err *err)
{
	const struct ak_parameter *parameter = visit->action->parameters;
	struct json_object *config = config_with_parts(visit);
	int result = parameters_check(parameter, config, ret_values, err);

	json_object_put(config);
	if (result == -1)
		return -1;
	for (; parameter != NULL && parameter->name != NULL; parameter++)
		if (parameter->type == AK_FILE)
			json_object_object_del(*ret_values, parameter->name);
	return 0;
}

static int
take_base64(struct incoming *incoming, const char *parameter, const char *text,
    struct err *err)
{
	size_t length = strlen(text);
	char *data = malloc(BASE64_SIZE(length) + 1);
	ssize_t size;
	int result;

	if (data == NULL)
		log_out_of_memory();
	size = base64_decode(text, length, data);
	/* It has no name of its own. */
	result = incoming_begin(incoming, parameter, parameter, err);
	if (result == 0 && size > 0)
		result = incoming_write(incoming, data, (size_t)size, err);
	if (result == 0)
		result = incoming_end(incoming, err);
	free(data);
	return result;
}

static int
take_one(struct visit *visit, const char *parameter, struct json_object *sent,
    struct err *err)
{
	struct incoming *incoming = visit->incoming;
	const char *text = json_string(sent);

	if (incoming_find(incoming, parameter) != NULL)
		return 0;
	/* Only a client that says itself what parts stand for. */
	if (text == NULL)
		return err_set(err, ERR_CONFIG, "%s: must be text, or be sent as a file",
		    parameter);
	if (url_is(text))
		return download(incoming, parameter, text, visit->deadline_ms, err);
	return take_base64(incoming, parameter, text, err);
}

/* What the config has for a parameter that is a file, or NULL. */
static struct json_object *
sent_for(const struct visit *visit, const struct ak_parameter *parameter)
{
	return parameter->type != AK_FILE ? NULL :
	    json_member(json_member(visit->request, "config"), parameter->name);
}

bool
prepare_files_sent(const struct visit *visit)
{
	const struct ak_parameter *parameter = visit->action->parameters;

	for (; parameter != NULL && parameter->name != NULL; parameter++)
		if (sent_for(visit, parameter) != NULL)
			return true;
	return false;
}

int
prepare_files_take(struct visit *visit, struct err *err)
{
	const struct ak_parameter *parameter = visit->action->parameters;
	struct json_object *sent;

	for (; parameter != NULL && parameter->name != NULL; parameter++) {
		sent = sent_for(visit, parameter);
		if (sent != NULL && take_one(visit, parameter->name, sent, err) == -1)
			return -1;
	}
	return 0;
}

static void
make_path(const struct visit *visit, const struct incoming_file *file,
    char ret_path[PATH_BYTES])
{
	snprintf(ret_path, PATH_BYTES, "%s/%s/%s/%s/%s", visit->session->options->state_dir,
	    FILES_DIR, visit->id, file->parameter->name, file->name);
}

/* The earlier prepare is over from here on: its files go before the new ones come. */
static int
forget(struct visit *visit, struct err *err)
{
	struct store *store = &visit->session->store;
	int result;

	if (visit_begin(visit, STORE_NORMAL, err) == -1)
		return -1;
	/* A stop that is wanted since must not be lost with its row. */
	result = visit_may_begin(visit, err);
	if (result == 0)
		result = execution_event(store, &visit->row, "agent", "prepared again", err);
	if (result == 0)
		result = execution_forget(store, visit->id, err);
	if (store_end(store, result, err) == -1)
		return -1;
	return visit_load(visit, err);
}

int
prepare_files_move(struct visit *visit, struct json_object *values, struct err *err)
{
	struct incoming *incoming = visit->incoming;
	const char *state_dir = visit->session->options->state_dir;
	int kept = files_kept(&visit->session->store, visit->id, err);
	struct json_object *file;
	char path[PATH_BYTES];

	if (kept == -1)
		return -1;
	if (kept == 0 && incoming->count == 0)
		return 0;
	if (visit->row.phase == PHASE_PREPARED && forget(visit, err) == -1)
		return -1;
	visit->moved_files = true;
	if (files_settle(&visit->session->store, state_dir, visit->id, INT64_MAX, err) == -1 ||
	    incoming_move(incoming, visit->id, err) == -1)
		return -1;
	for (size_t i = 0; i < incoming->count; i++) {
		make_path(visit, &incoming->files[i], path);
		file = json_new_object();
		json_add_string(file, "path", path);
		json_add_string(file, "name", incoming->files[i].original_name);
		json_add_int(file, "size", incoming->files[i].size);
		json_add(values, incoming->files[i].parameter->name, file);
	}
	return 0;
}

int
prepare_files_write(struct visit *visit, struct err *err)
{
	const struct incoming *incoming = visit->incoming;
	const struct incoming_file *file = incoming->files;
	char path[PATH_BYTES];

	for (; file < incoming->files + incoming->count; file++) {
		make_path(visit, file, path);
		if (files_add(&visit->session->store, visit->id, file->parameter->name, path,
		    file->original_name, file->size, err) == -1)
			return -1;
	}
	return !visit->own_directory ? 0 :
	    files_add_own(&visit->session->store, visit->id, visit->directory, err);
}
