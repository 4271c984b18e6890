/*
 * artifact.c: files that a handler adds to its reply.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/action/call.h"
#include "core/base/base64.h"
#include "core/base/log.h"
#include "core/base/utf8.h"

/* Limits of the schema; its limit of the data is one of characters. */
#define LABEL_CHARACTERS_MAX 256
#define DATA_CHARACTERS_MAX 6973030

_Static_assert(BASE64_LENGTH(AK_ARTIFACT_BYTES_MAX) <= DATA_CHARACTERS_MAX &&
    BASE64_LENGTH(AK_ARTIFACT_BYTES_MAX + 1) > DATA_CHARACTERS_MAX,
    "AK_ARTIFACT_BYTES_MAX is what the schema allows");

/* Says why; always -1. */
static int AK_PRINTF(3, 4)
refuse(struct ak_call *call, const char *label, const char *format, ...)
{
	char *detail, *title;
	va_list arguments;

	va_start(arguments, format);
	detail = call_format(format, arguments);
	va_end(arguments);
	if (asprintf(&title, "Failed to add artifact \"%s\"", label) == -1)
		log_out_of_memory();
	call_unreported(call, title, detail);
	free(title);
	free(detail);
	return -1;
}

static int
check_label(struct ak_call *call, const char *label)
{
	if (label == NULL || label[0] == '\0')
		return refuse(call, "", "it has no label");
	if (utf8_count(label) > LABEL_CHARACTERS_MAX)
		return refuse(call, label, "the label has %zu characters, more than %d",
		    utf8_count(label), LABEL_CHARACTERS_MAX);
	return 0;
}

static int
check_size(struct ak_call *call, const char *label, size_t size)
{
	if (size > AK_ARTIFACT_BYTES_MAX)
		return refuse(call, label, "it has %zu bytes, more than %d", size,
		    AK_ARTIFACT_BYTES_MAX);
	if (size > AK_ARTIFACTS_BYTES_MAX - call->artifacts_size)
		return refuse(call, label, "with it the artifacts of this call have %zu "
		    "bytes, more than %d", call->artifacts_size + size,
		    AK_ARTIFACTS_BYTES_MAX);
	return 0;
}

static void
append(struct ak_call *call, const char *label, const void *data, size_t size)
{
	struct json_object *artifact = json_new_object();
	char *text = malloc(BASE64_LENGTH(size) + 1);

	if (text == NULL)
		log_out_of_memory();
	base64_encode(data, size, text);
	json_add_string(artifact, "label", label);
	json_add_string(artifact, "data", text);
	free(text);
	if (call->artifacts == NULL)
		call->artifacts = json_new_array();
	json_append(call->artifacts, artifact);
	call->artifacts_size += size;
	call_has_told(call);
}

int
ak_artifact(struct ak_call *call, const char *label, const void *data, size_t size)
{
	int result = -1;

	if (check_label(call, label) == 0 && check_size(call, label, size) == 0) {
		if (data == NULL && size > 0) {
			refuse(call, label, "it has no data");
		} else {
			append(call, label, data, size);
			result = 0;
		}
	}
	return call_told(call, result);
}

/*
 * Reads up to the end, or more than may be, whichever comes first. Files of /proc do not
 * say how large they are. Returns the bytes, or -1 with errno; *ret_data is the caller's in
 * both cases.
 */
static ssize_t
read_all(int fd, size_t size, char **ret_data)
{
	size_t room = size + 1, used = 0;
	char *data = NULL;
	ssize_t got = 1;

	while (got != 0 && used <= AK_ARTIFACT_BYTES_MAX) {
		if (data == NULL || used == room) {
			room = data == NULL ? room : 2 * room;
			if ((data = realloc(data, room)) == NULL)
				log_out_of_memory();
			*ret_data = data;
		}
		got = read(fd, data + used, room - used);
		if (got == -1 && errno != EINTR)
			return -1;
		used += got == -1 ? 0 : (size_t)got;
	}
	return (ssize_t)used;
}

static int
append_file(struct ak_call *call, const char *label, const char *path, int fd)
{
	struct stat status;
	char *data = NULL;
	ssize_t size;
	int result = -1;

	if (fstat(fd, &status) == -1)
		return refuse(call, label, "%s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return refuse(call, label, "%s is not a regular file", path);
	if (check_size(call, label, (size_t)status.st_size) == -1)
		return -1;
	size = read_all(fd, (size_t)status.st_size, &data);
	if (size == -1)
		refuse(call, label, "%s: %s", path, strerror(errno));
	else if ((result = check_size(call, label, (size_t)size)) == 0)
		append(call, label, data, (size_t)size);
	free(data);
	return result;
}

static int
add_file(struct ak_call *call, const char *label, const char *path)
{
	int fd, result;

	if (check_label(call, label) == -1)
		return -1;
	if (path == NULL)
		return refuse(call, label, "it has no path");
	/* A FIFO or a terminal must not make the handler wait or be its own. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return refuse(call, label, "%s: %s", path, strerror(errno));
	result = append_file(call, label, path, fd);
	close(fd);
	return result;
}

int
ak_artifact_file(struct ak_call *call, const char *label, const char *path)
{
	return call_told(call, add_file(call, label, path));
}
