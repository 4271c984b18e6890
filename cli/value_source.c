/*
 * value_source.c: reads values that are not to be seen in the list of processes.
 */
#include "config.h"

#include "cli/value_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/utf8.h"

/* As much as a request may have, by default. */
#define SOURCE_MAX_MIB 4
#define SOURCE_MAX_BYTES (SOURCE_MAX_MIB * 1024U * 1024)

static char *
copy(const char *text)
{
	char *value = strdup(text);

	if (value == NULL)
		log_out_of_memory();
	return value;
}

/* Bytes that were read, one more than allowed at most; -1 and errno. */
static ssize_t
read_bytes(int fd, char *bytes)
{
	size_t length = 0;
	ssize_t got = 1;

	while (got > 0 && length <= SOURCE_MAX_BYTES) {
		got = read(fd, bytes + length, SOURCE_MAX_BYTES + 1 - length);
		if (got > 0)
			length += (size_t)got;
		else if (got == -1 && errno == EINTR)
			got = 1;
	}
	return got == -1 ? -1 : (ssize_t)length;
}

static char *
read_all(int fd, const char *name, struct err *err)
{
	char *bytes = malloc(SOURCE_MAX_BYTES + 2);
	ssize_t got;
	size_t length;

	if (bytes == NULL)
		log_out_of_memory();
	got = read_bytes(fd, bytes);
	length = got == -1 ? 0 : (size_t)got;
	bytes[length] = '\0';
	if (got == -1)
		err_sys(err, ERR_USAGE, "%s", name);
	else if (length > SOURCE_MAX_BYTES)
		err_set(err, ERR_USAGE, "%s: has more than %d MiB", name, SOURCE_MAX_MIB);
	else if (memchr(bytes, '\0', length) != NULL || !utf8_valid(bytes, length))
		err_set(err, ERR_USAGE, "%s: is no text in UTF-8", name);
	else
		goto done;
	free(bytes);
	return NULL;
done:
	if (length > 0 && bytes[length - 1] == '\n')
		bytes[--length] = '\0';
	return bytes;
}

char *
value_source_read(const char *text, struct err *err)
{
	char *value;
	int fd;

	if (strcmp(text, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", err);
	if (*text != '@')
		return copy(text);
	if (text[1] == '@')
		return copy(text + 1);
	fd = open(text + 1, O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		err_sys(err, ERR_USAGE, "%s", text + 1);
		return NULL;
	}
	value = read_all(fd, text + 1, err);
	close(fd);
	return value;
}
