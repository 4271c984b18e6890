/*
 * artifacts.c: saves what an extension hands out, whose names are not to be trusted.
 */
#include "config.h"

#include "cli/artifacts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/base64.h"
#include "core/base/file_name.h"
#include "core/base/log.h"

#define ARTIFACT_MODE 0640
#define ARTIFACT_DIR_MODE 0750
#define ARTIFACT_SAME_MAX 1000		/* of one name */
#define ARTIFACT_NUMBER_BYTES 16

/* With room for a number behind it. */
static void
make_name(const char *label, char ret_name[ARTIFACT_NAME_BYTES])
{
	file_name_clean(label, ret_name, ARTIFACT_NAME_BYTES - ARTIFACT_NUMBER_BYTES + 1);
	if (*ret_name == '\0')
		snprintf(ret_name, ARTIFACT_NAME_BYTES, "artifact");
}

/* A second file of a name gets a number before its suffix. */
static int
create(int directory, char name[ARTIFACT_NAME_BYTES])
{
	char plain[ARTIFACT_NAME_BYTES];
	const char *suffix;
	int i, fd, stem;

	memcpy(plain, name, sizeof(plain));
	suffix = strrchr(plain, '.');
	if (suffix == NULL)
		suffix = plain + strlen(plain);
	stem = (int)(suffix - plain);
	for (i = 2; i < ARTIFACT_SAME_MAX; i++) {
		fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, ARTIFACT_MODE);
		if (fd != -1 || errno != EEXIST)
			return fd;
		if (snprintf(name, ARTIFACT_NAME_BYTES, "%.*s-%d%s", stem, plain, i,
		    suffix) >= ARTIFACT_NAME_BYTES)
			break;
	}
	errno = EEXIST;
	return -1;
}

static int
write_all(int fd, const unsigned char *data, size_t length)
{
	ssize_t written;

	for (; length > 0; data += written, length -= (size_t)written) {
		written = write(fd, data, length);
		if (written == -1 && errno == EINTR)
			written = 0;
		if (written == -1)
			return -1;
	}
	return 0;
}

static int
save(const char *directory, char name[ARTIFACT_NAME_BYTES], const unsigned char *data,
    size_t length, struct err *err)
{
	int dir, fd = -1, result = -1;

	if (mkdir(directory, ARTIFACT_DIR_MODE) == -1 && errno != EEXIST)
		return err_sys(err, ERR_INTERNAL, "%s", directory);
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return err_sys(err, ERR_INTERNAL, "%s", directory);
	fd = create(dir, name);
	if (fd == -1 || write_all(fd, data, length) == -1)
		err_sys(err, ERR_INTERNAL, "%s/%s", directory, name);
	else
		result = 0;
	if (fd != -1 && close(fd) == -1 && result == 0)
		result = err_sys(err, ERR_INTERNAL, "%s/%s", directory, name);
	close(dir);
	return result;
}

int
artifact_save(const char *directory, struct json_object *artifact,
    char ret_name[ARTIFACT_NAME_BYTES], struct err *err)
{
	const char *label = json_member_string(artifact, "label");
	const char *text = json_member_string(artifact, "data");
	unsigned char *data;
	ssize_t length;
	int result;

	if (label == NULL || text == NULL)
		return err_set(err, ERR_INTERNAL, "an artifact without label or data");
	make_name(label, ret_name);
	data = malloc(strlen(text) + 1);
	if (data == NULL)
		log_out_of_memory();
	length = base64_decode(text, strlen(text), data);
	result = length == -1 ? err_set(err, ERR_INTERNAL, "artifact %s: is no base64", label) :
	    save(directory, ret_name, data, (size_t)length, err);
	free(data);
	return result;
}
