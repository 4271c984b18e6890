/*
 * index.h: the lists of actions and discoveries, and their descriptions, as texts that are made
 * once.
 */
#ifndef FCGI_HTTP_INDEX_H
#define FCGI_HTTP_INDEX_H

#include <stddef.h>

#include "core/action/description.h"
#include "fcgi/http/base_path.h"
#include "fcgi/http/etag.h"

#define INDEX_BINARY_BYTES 128

struct index_text {
	char path[DESCRIPTION_PATH_BYTES]; /* without the base path */
	char *text;
	size_t length;
};

struct index {
	char base_path[BASE_PATH_BYTES];
	/*
	 * A hash over all texts and the binary: the same in every process of a server,
	 * another one when what is offered or the binary changes.
	 */
	char revision[ETAG_BYTES];
	struct index_text *texts;
	size_t count;
};

/*
 * Names the running binary by version, size and time of change, fit for a file. To be called
 * once, before fork, so that all processes agree even if the file is replaced.
 */
void index_binary(char ret_binary[INDEX_BINARY_BYTES]);

/* Makes the texts of all that is offered, with base_path before every path. */
void index_build(struct index *ret_index, const char *base_path, const char *binary);
void index_done(struct index *index);

/* The text of a path, or NULL. Borrowed. */
const struct index_text *index_find(const struct index *index, const char *path);

#endif
