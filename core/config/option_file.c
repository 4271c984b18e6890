/*
 * option_file.c: reads an options file, and takes it apart.
 */
#include "config.h"

#include "core/config/option_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"

#define COMMENT '#'
#define SPACE " \t\r"

static ssize_t
read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while (length < size) {
		got = read(fd, text + length, size - length);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

char *
option_file_read(const char *path, struct err *err)
{
	char *text = NULL;
	ssize_t length;
	int fd;

	/* A pipe without a writer must not keep a server from its start. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1) {
		err_sys(err, ERR_USAGE, "%s", path);
		return NULL;
	}
	text = malloc(OPTION_FILE_MAX_BYTES + 1);
	if (text == NULL)
		log_out_of_memory();
	length = read_all(fd, text, OPTION_FILE_MAX_BYTES + 1);
	if (length == -1)
		err_sys(err, ERR_USAGE, "%s", path);
	else if (length > OPTION_FILE_MAX_BYTES)
		err_set(err, ERR_USAGE, "%s: is longer than %d bytes", path,
		    OPTION_FILE_MAX_BYTES);
	else if (memchr(text, '\0', (size_t)length) != NULL)
		err_set(err, ERR_USAGE, "%s: is not a text", path);
	else
		goto out;
	free(text);
	text = NULL;
out:
	close(fd);
	if (text != NULL)
		text[length] = '\0';
	return text;
}

bool
option_file_next(char **rest, struct option_line *ret_line)
{
	char *line, *end;

	while ((line = strsep(rest, "\n")) != NULL) {
		ret_line->number++;
		line += strspn(line, SPACE);
		if (*line == '\0' || *line == COMMENT)
			continue;
		for (end = line + strlen(line); strchr(SPACE, end[-1]) != NULL; end--)
			;
		*end = '\0';
		ret_line->name = line;
		line += strcspn(line, SPACE);
		if (*line != '\0')
			*line++ = '\0';
		ret_line->value = line + strspn(line, SPACE);
		return true;
	}
	return false;
}
