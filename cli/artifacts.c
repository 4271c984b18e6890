/*
 * artifacts.c: saves what an extension hands out, whose names are not to be trusted.
 */
#include "config.h"

#include "cli/artifacts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

#define ARTIFACT_MODE 0640
#define ARTIFACT_DIR_MODE 0750
#define ARTIFACT_SAME_MAX 1000		/* of one name */
#define ARTIFACT_NUMBER_BYTES 16
#define BASE64_INVALID -1

/* The last part of the label, of characters that mean nothing to anybody. */
static void
make_name(const char *label, char ret_name[ARTIFACT_NAME_BYTES])
{
	const char *last = strrchr(label, '/'), *c = last == NULL ? label : last + 1;
	size_t length = 0;

	while (*c == '.' || *c == '-')
		c++;
	for (; *c != '\0' && length < ARTIFACT_NAME_BYTES - ARTIFACT_NUMBER_BYTES; c++)
		ret_name[length++] = isascii((unsigned char)*c) &&
		    (isalnum((unsigned char)*c) || strchr("._-", *c) != NULL) ? *c : '_';
	ret_name[length] = '\0';
	if (length == 0)
		snprintf(ret_name, ARTIFACT_NAME_BYTES, "artifact");
}

static int
base64_digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? BASE64_INVALID : (int)(found - digits);
}

/* Strict, padding included. -1 if it is none. */
static ssize_t
decode(const char *text, size_t length, unsigned char *ret_data)
{
	size_t padding = 0, i, written = 0;
	unsigned int bits = 0;
	int digit;

	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	if (length % 4 != 0)
		return -1;
	for (i = 0; i < length; i++) {
		digit = i >= length - padding ? 0 : base64_digit(text[i]);
		if (digit == BASE64_INVALID)
			return -1;
		bits = bits << 6 | (unsigned int)digit;
		if (i % 4 != 3)
			continue;
		ret_data[written++] = (unsigned char)(bits >> 16);
		ret_data[written++] = (unsigned char)(bits >> 8);
		ret_data[written++] = (unsigned char)bits;
		bits = 0;
	}
	return (ssize_t)(written - padding);
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
	length = decode(text, strlen(text), data);
	result = length == -1 ? err_set(err, ERR_INTERNAL, "artifact %s: is no base64", label) :
	    save(directory, ret_name, data, (size_t)length, err);
	free(data);
	return result;
}
