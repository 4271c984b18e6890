/*
 * index.c: makes the texts of the lists and the descriptions, and their revision.
 */
#include "config.h"

#include "fcgi/http/index.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/action/describe_discovery.h"
#include "core/action/description.h"
#include "core/action/discovery.h"
#include "core/action/registry.h"
#include "core/base/json.h"
#include "core/base/log.h"

#define FIXED_TEXTS 4		/* both lists, alone and in one; all attributes */
#define TEXTS_PER_DISCOVERY 2	/* itself and its target type */

void
index_binary(char ret_binary[INDEX_BINARY_BYTES])
{
	struct stat st = { .st_size = 0 };

	if (stat("/proc/self/exe", &st) == -1)
		log_warn("/proc/self/exe cannot be read: the revision of the actions "
		    "depends on the version only");
	snprintf(ret_binary, INDEX_BINARY_BYTES, "%s-%jd-%jd.%09ld", PACKAGE_VERSION,
	    (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* Takes json. */
static void
add(struct index *index, const char *path, struct json_object *json)
{
	struct index_text *text = &index->texts[index->count++];

	snprintf(text->path, sizeof(text->path), "%s", path);
	text->text = strdup(json_text(json, &text->length));
	if (text->text == NULL)
		log_out_of_memory();
	json_object_put(json);
}

static void
add_actions(struct index *index, const char *base_path)
{
	const struct ak_action *action;
	char path[DESCRIPTION_PATH_BYTES];
	size_t i;

	for (i = 0; i < registry_count(); i++) {
		action = registry_at(i);
		if (!registry_enabled(action))
			continue;
		snprintf(path, sizeof(path), "/%s", action->id);
		add(index, path, description_json(action, base_path));
	}
}

static void
add_discoveries(struct index *index, const char *base_path)
{
	struct json_object *list = json_new_object();
	const struct ak_discovery *discovery;
	char path[DESCRIPTION_PATH_BYTES];
	size_t i;

	discovery_list(list, base_path);
	add(index, DISCOVERIES_PATH, list);
	add(index, DISCOVERY_ATTRIBUTES_PATH, discovery_attributes_json());
	for (i = 0; i < registry_discoveries(); i++) {
		discovery = registry_discovery_at(i);
		if (!discovery_offered(discovery))
			continue;
		discovery_path(discovery, DISCOVERY_DESCRIPTION, path);
		add(index, path, discovery_json(discovery, base_path));
		if (!discovery_type_is_new(i))
			continue;
		discovery_path(discovery, DISCOVERY_TARGET_TYPE, path);
		add(index, path, discovery_target_type_json(discovery->target_type));
	}
}

void
index_build(struct index *ret_index, const char *base_path, const char *binary)
{
	bool discoveries = discovery_offered_count() > 0;
	struct index index = { .count = 0 };
	struct json_object *list;
	uint64_t sum;
	size_t i;

	snprintf(index.base_path, sizeof(index.base_path), "%s", base_path);
	index.texts = calloc(FIXED_TEXTS + registry_count() +
	    TEXTS_PER_DISCOVERY * registry_discoveries(), sizeof(*index.texts));
	if (index.texts == NULL)
		log_out_of_memory();
	list = description_list(base_path);
	if (discoveries)
		discovery_list(list, base_path);
	add(&index, "/", list);
	add(&index, "/actions", description_list(base_path));
	add_actions(&index, base_path);
	if (discoveries)
		add_discoveries(&index, base_path);

	sum = etag_add(ETAG_START, binary, strlen(binary) + 1);
	for (i = 0; i < index.count; i++)
		sum = etag_add(sum, index.texts[i].text, index.texts[i].length + 1);
	etag_format(sum, index.revision);
	*ret_index = index;
}

void
index_done(struct index *index)
{
	size_t i;

	for (i = 0; i < index->count; i++)
		free(index->texts[i].text);
	free(index->texts);
	*index = (struct index){ .count = 0 };
}

const struct index_text *
index_find(const struct index *index, const char *path)
{
	size_t i;

	for (i = 0; i < index->count; i++)
		if (strcmp(index->texts[i].path, path) == 0)
			return &index->texts[i];
	return NULL;
}
