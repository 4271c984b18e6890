/*
 * incoming.h: the files of a request, on their way to an execution.
 *
 * They are written to <state-dir>/files/incoming/<unique>/<parameter>/<name>, a directory that
 * belongs to this process through a flock: one that nobody holds is swept. When the execution
 * is known, and its lock is held, the directory is renamed to its id.
 */
#ifndef CORE_CALLS_INCOMING_H
#define CORE_CALLS_INCOMING_H

#include <stdint.h>
#include <sys/types.h>

#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/uuid_text.h"
#include "core/config/options.h"

#define INCOMING_NAME_BYTES 129

struct incoming_file {
	const struct ak_parameter *parameter;
	char name[INCOMING_NAME_BYTES];	/* on disk */
	char *original_name;		/* valid UTF-8 */
	int64_t size;
};

struct incoming {
	const struct options *options;
	const struct ak_parameter *parameters;
	int files_fd;			/* files/ */
	int fd;				/* the directory of its own, with the flock */
	char unique[UUID_TEXT_BYTES];
	int file_fd;			/* that is being written, or -1 */
	struct incoming_file files[OPTIONS_FILES_MAX];
	size_t count;
	int64_t total;			/* bytes of all files */
	int64_t unchecked;		/* bytes written since free space was looked at */
};

void incoming_init(struct incoming *incoming, const struct options *options,
    const struct ak_parameter *parameters);

/*
 * Whether so many bytes may be written: 0, or -1 with ERR_FULL if less than --keep-free would
 * be left.
 */
int incoming_check_space(const struct options *options, int64_t bytes, struct err *err);

/*
 * Begins the file of a parameter, which a client calls original_name. Returns 0, or -1 with
 * ERR_REQUEST (no such file parameter, a second file for it, an unusable name), ERR_TOO_LARGE
 * (more files than --max-files), ERR_FULL or ERR_INTERNAL.
 */
int incoming_begin(struct incoming *incoming, const char *parameter,
    const char *original_name, struct err *err);
/* Writes more of it: 0, or -1 with ERR_TOO_LARGE (naming parameter and limit) or ERR_FULL. */
int incoming_write(struct incoming *incoming, const char *data, size_t length,
    struct err *err);
/* Takes note of what another process has written, within the limits. */
void incoming_wrote(struct incoming *incoming, int64_t size);
/* Ends it, when it is on the disk: 0, or -1 as before. */
int incoming_end(struct incoming *incoming, struct err *err);

/* The file of a parameter, borrowed, or NULL. */
const struct incoming_file *incoming_find(const struct incoming *incoming,
    const char *parameter);

/*
 * Makes its directory that of an execution, which must not have one, and whose lock the caller
 * holds. From now on the caller must remove it. 0, or -1.
 */
int incoming_move(struct incoming *incoming, const char *execution, struct err *err);

/* Removes what was not moved, and frees all. Legal at any time after incoming_init(). */
void incoming_done(struct incoming *incoming);

#endif
