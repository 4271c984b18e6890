/*
 * index.c: makes the texts of the list and the descriptions, and their revision.
 */
#include "config.h"

#include "fcgi/http/index.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/action/description.h"
#include "core/action/registry.h"
#include "core/base/json.h"
#include "core/base/log.h"

/* FNV-1a, 64 bits: a change is found, a forger is not expected. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_FACTOR UINT64_C(0x100000001b3)

static uint64_t
hash(uint64_t sum, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)text[i]) * HASH_FACTOR;
	return sum;
}

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
static struct index_text
make_text(const struct ak_action *action, struct json_object *json)
{
	struct index_text text = { .action = action };

	text.text = strdup(json_text(json, &text.length));
	if (text.text == NULL)
		log_out_of_memory();
	json_object_put(json);
	return text;
}

void
index_build(struct index *ret_index, const char *base_path, const char *binary)
{
	struct index index = { .count = 0 };
	const struct ak_action *action;
	uint64_t sum;
	size_t i;

	snprintf(index.base_path, sizeof(index.base_path), "%s", base_path);
	index.texts = calloc(1 + registry_count(), sizeof(*index.texts));
	if (index.texts == NULL)
		log_out_of_memory();
	index.texts[index.count++] = make_text(NULL, description_list(base_path));
	for (i = 0; i < registry_count(); i++) {
		action = registry_at(i);
		if (registry_enabled(action))
			index.texts[index.count++] = make_text(action,
			    description_json(action, base_path));
	}

	sum = hash(HASH_START, binary, strlen(binary) + 1);
	for (i = 0; i < index.count; i++)
		sum = hash(sum, index.texts[i].text, index.texts[i].length + 1);
	snprintf(index.revision, sizeof(index.revision), "%016" PRIx64, sum);
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
index_find(const struct index *index, const struct ak_action *action)
{
	size_t i;

	for (i = 0; i < index->count; i++)
		if (index->texts[i].action == action)
			return &index->texts[i];
	return NULL;
}

bool
index_matches(const struct index *index, const char *header)
{
	size_t revision = strlen(index->revision), length;

	while (header != NULL && *header != '\0') {
		header += strspn(header, ", \t");
		length = strcspn(header, ",");
		while (length > 0 && isspace((unsigned char)header[length - 1]))
			length--;
		if (length == 1 && *header == '*')
			return true;
		if (length > 2 && (header[0] == 'W' || header[0] == 'w') &&
		    header[1] == '/') {
			header += 2;
			length -= 2;
		}
		if (length >= 2 && header[0] == '"' && header[length - 1] == '"') {
			header++;
			length -= 2;
		}
		if (length == revision &&
		    strncmp(header, index->revision, revision) == 0)
			return true;
		header += strcspn(header, ",");
	}
	return false;
}
