/*
 * incoming.c: writes the files of a request to disk as they come, within limits. It persists
 * nothing that outlives its process, until incoming_move().
 */
#include "config.h"

#include "core/calls/incoming.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/action/parameters.h"
#include "core/base/file_name.h"
#include "core/base/file_tree.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/base/uuid_text.h"
#include "core/store/files.h"
#include "core/store/space.h"

/* How often a directory may be swept between its making and its flock. */
#define CLAIM_TRIES 16
/* Free space is looked at whenever so much was written. */
#define SPACE_EVERY_BYTES (16 * INT64_C(1024) * 1024)

void
incoming_init(struct incoming *incoming, const struct options *options,
    const struct ak_parameter *parameters)
{
	incoming->options = options;
	incoming->parameters = parameters;
	incoming->files_fd = incoming->fd = incoming->file_fd = -1;
	incoming->count = 0;
	incoming->total = incoming->unchecked = 0;
}

int
incoming_check_space(const struct options *options, int64_t bytes, struct err *err)
{
	return space_check_in(options->state_dir, bytes, options->keep_free_bytes, err);
}

/*
 * Makes a directory and takes its flock. 1 if a sweep was faster: it found the directory
 * before it was held.
 */
static int
claim(struct incoming *incoming, int incoming_fd, struct err *err)
{
	struct stat status;

	uuid_text_random(incoming->unique);
	incoming->fd = file_tree_open(incoming_fd, incoming->unique, true, err);
	if (incoming->fd == -1)
		return err->sys == ENOENT ? 1 : -1;
	if (flock(incoming->fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(incoming->fd, &status) == 0 && status.st_nlink > 0)
		return 0;
	close(incoming->fd);
	incoming->fd = -1;
	return 1;
}

/* The directories, when the first file comes. */
static int
prepare_directory(struct incoming *incoming, struct err *err)
{
	int incoming_fd, result = 1, tries;

	if (incoming->fd != -1)
		return 0;
	incoming->files_fd = files_open(incoming->options->state_dir, true, err);
	if (incoming->files_fd == -1)
		return -1;
	incoming_fd = file_tree_open(incoming->files_fd, FILES_INCOMING_DIR, true, err);
	if (incoming_fd == -1)
		return -1;
	for (tries = 0; result == 1 && tries < CLAIM_TRIES; tries++)
		result = claim(incoming, incoming_fd, err);
	close(incoming_fd);
	if (result == 1)
		return err_set(err, ERR_INTERNAL, "%s/%s: cannot be locked", FILES_DIR,
		    FILES_INCOMING_DIR);
	return result;
}

static int
check_file(const struct incoming *incoming, const char *name, const char *original_name,
    const struct ak_parameter **ret_parameter, struct err *err)
{
	const struct ak_parameter *parameter = parameters_find(incoming->parameters, name);
	int64_t max = incoming->options->max_files;

	if (parameter == NULL || parameter->type != AK_FILE)
		return err_set(err, ERR_REQUEST,
		    "the action has no parameter \"%s\" of type file", name);
	if (incoming_find(incoming, name) != NULL)
		return err_set(err, ERR_REQUEST, "%s: there is a second file for it", name);
	if (file_name_is_dots(original_name))
		return err_set(err, ERR_REQUEST,
		    "%s: the file name is empty or has nothing but dots", name);
	if ((int64_t)incoming->count >= max)
		return err_set(err, ERR_TOO_LARGE,
		    "%s: more than %" PRId64 " files (--max-files)", name, max);
	*ret_parameter = parameter;
	return 0;
}

static int
create(struct incoming *incoming, const struct incoming_file *file, struct err *err)
{
	int fd = file_tree_open(incoming->fd, file->parameter->name, true, err), result = 0;

	if (fd == -1)
		return -1;
	incoming->file_fd = openat(fd, file->name, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, FILE_TREE_FILE_MODE);
	if (incoming->file_fd == -1 || fsync(fd) == -1)
		result = err_sys(err, file_tree_code(errno), "%s", file->name);
	close(fd);
	return result;
}

int
incoming_begin(struct incoming *incoming, const char *parameter, const char *original_name,
    struct err *err)
{
	struct incoming_file *file = &incoming->files[incoming->count];
	const struct ak_parameter *row = NULL;

	if (check_file(incoming, parameter, original_name, &row, err) == -1 ||
	    prepare_directory(incoming, err) == -1 ||
	    space_check(incoming->fd, 1, incoming->options->keep_free_bytes, err) == -1)
		return -1;
	file->parameter = row;
	file->size = 0;
	file_name_clean(original_name, file->name, sizeof(file->name));
	if (file->name[0] == '\0')
		file_name_clean(parameter, file->name, sizeof(file->name));
	if (create(incoming, file, err) == -1)
		return -1;
	file->original_name = text_repair(original_name, strlen(original_name));
	incoming->count++;
	return 0;
}

static int
check_size(struct incoming *incoming, const struct incoming_file *file, size_t length,
    struct err *err)
{
	const struct options *options = incoming->options;
	const char *name = file->parameter->name;

	if ((int64_t)length > options->max_file_bytes - file->size)
		return err_set(err, ERR_TOO_LARGE,
		    "%s: the file has more than %" PRId64 " bytes (--max-file)", name,
		    options->max_file_bytes);
	if ((int64_t)length > options->max_upload_bytes - incoming->total)
		return err_set(err, ERR_TOO_LARGE,
		    "%s: all files have more than %" PRId64 " bytes (--max-upload)", name,
		    options->max_upload_bytes);
	incoming->unchecked += (int64_t)length;
	if (incoming->unchecked < SPACE_EVERY_BYTES)
		return 0;
	incoming->unchecked = 0;
	if (space_check(incoming->fd, (int64_t)length, options->keep_free_bytes, err) == -1)
		return err_wrap(err, "%s", name);
	return 0;
}

int
incoming_write(struct incoming *incoming, const char *data, size_t length, struct err *err)
{
	struct incoming_file *file = &incoming->files[incoming->count - 1];
	ssize_t written;

	if (check_size(incoming, file, length, err) == -1)
		return -1;
	for (; length > 0; data += written, length -= (size_t)written) {
		written = write(incoming->file_fd, data, length);
		if (written == -1 && errno == EINTR)
			written = 0;
		if (written == -1)
			return err_sys(err, file_tree_code(errno), "%s",
			    file->parameter->name);
		incoming_wrote(incoming, written);
	}
	return 0;
}

void
incoming_wrote(struct incoming *incoming, int64_t size)
{
	incoming->files[incoming->count - 1].size += size;
	incoming->total += size;
}

int
incoming_end(struct incoming *incoming, struct err *err)
{
	const struct incoming_file *file = &incoming->files[incoming->count - 1];
	int fd = incoming->file_fd;

	/* Some file systems tell only now that there is no space. */
	if (fsync(fd) == 0) {
		incoming->file_fd = -1;
		if (close(fd) == 0)
			return 0;
	}
	return err_sys(err, file_tree_code(errno), "%s", file->parameter->name);
}

const struct incoming_file *
incoming_find(const struct incoming *incoming, const char *parameter)
{
	for (size_t i = 0; i < incoming->count; i++)
		if (strcmp(incoming->files[i].parameter->name, parameter) == 0)
			return &incoming->files[i];
	return NULL;
}

static void
close_directory(struct incoming *incoming)
{
	close(incoming->fd);
	incoming->fd = -1;
}

int
incoming_move(struct incoming *incoming, const char *execution, struct err *err)
{
	char from[sizeof(FILES_INCOMING_DIR "/") + UUID_TEXT_BYTES];

	if (incoming->fd == -1)
		return 0;
	snprintf(from, sizeof(from), "%s/%s", FILES_INCOMING_DIR, incoming->unique);
	if (renameat(incoming->files_fd, from, incoming->files_fd, execution) == -1 ||
	    fsync(incoming->files_fd) == -1)
		return err_sys(err, file_tree_code(errno), "%s", from);
	/* The handler that comes next must not inherit it. */
	close_directory(incoming);
	return 0;
}

static void
remove_directory(struct incoming *incoming)
{
	int incoming_fd;
	struct err err;

	incoming_fd = file_tree_open(incoming->files_fd, FILES_INCOMING_DIR, false, &err);
	if (incoming_fd == -1 || file_tree_remove(incoming_fd, incoming->unique, INT64_MAX,
	    &err) == -1)
		log_warn("%s/%s: %s", FILES_DIR, FILES_INCOMING_DIR, err.msg);
	if (incoming_fd != -1)
		close(incoming_fd);
	close_directory(incoming);
}

void
incoming_done(struct incoming *incoming)
{
	if (incoming->file_fd != -1)
		close(incoming->file_fd);
	if (incoming->fd != -1)
		remove_directory(incoming);
	if (incoming->files_fd != -1)
		close(incoming->files_fd);
	for (size_t i = 0; i < incoming->count; i++)
		free(incoming->files[i].original_name);
	incoming_init(incoming, incoming->options, incoming->parameters);
}
