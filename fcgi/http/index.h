/*
 * index.h: the list of actions and their descriptions, as texts that are made once.
 */
#ifndef FCGI_HTTP_INDEX_H
#define FCGI_HTTP_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/actionkit.h"
#include "fcgi/http/base_path.h"

#define INDEX_REVISION_BYTES 17
#define INDEX_BINARY_BYTES 128

struct index_text {
	const struct ak_action *action;	/* NULL: the list */
	char *text;
	size_t length;
};

struct index {
	char base_path[BASE_PATH_BYTES];
	/*
	 * A hash over all texts and the binary: the same in every process of a server,
	 * another one when the set of actions or the binary changes.
	 */
	char revision[INDEX_REVISION_BYTES];
	struct index_text *texts;	/* the list first */
	size_t count;
};

/*
 * Names the running binary by version, size and time of change, fit for a file. To be called
 * once, before fork, so that all processes agree even if the file is replaced.
 */
void index_binary(char ret_binary[INDEX_BINARY_BYTES]);

/* Makes the texts of all enabled actions with base_path before every path. */
void index_build(struct index *ret_index, const char *base_path, const char *binary);
void index_done(struct index *index);

/* The text of an enabled action, or of the list (NULL). Borrowed. */
const struct index_text *index_find(const struct index *index,
    const struct ak_action *action);

/*
 * Whether an If-None-Match header names this revision: quoted, unquoted, weak, in a
 * list, or by "*". header may be NULL.
 */
bool index_matches(const struct index *index, const char *header);

#endif
