/*
 * multipart_header.c: the headers of a part of multipart/form-data.
 */
#include "config.h"

#include "fcgi/http/multipart_header.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/base/utf8.h"
#include "fcgi/http/mime.h"
#include "fcgi/http/percent.h"

#define CHARSET "UTF-8"

int
multipart_fault(int part, struct err *err, const char *text)
{
	return err_set(err, ERR_REQUEST, "part %d: %s", part, text);
}

/* What the percent signs of filename* stand for. */
static int
decode_filename(struct multipart_head *head, const char *text, struct err *err)
{
	size_t length = 0;
	int byte;

	for (; *text != '\0'; text++) {
		if (length == MULTIPART_FILENAME_MAX_BYTES)
			return err_set(err, ERR_REQUEST, "filename* has more than %d bytes",
			    MULTIPART_FILENAME_MAX_BYTES);
		head->filename[length++] = *text;
		if (*text != '%')
			continue;
		byte = percent_byte(text);
		if (byte == -1)
			return err_set(err, ERR_REQUEST,
			    "filename*: a percent sign without two hexadecimal digits");
		if (iscntrl(byte))
			return err_set(err, ERR_REQUEST, "filename* has a control character");
		head->filename[length - 1] = (char)byte;
		text += 2;
	}
	head->filename[length] = '\0';
	if (!utf8_valid(head->filename, length))
		return err_set(err, ERR_REQUEST, "filename* is not UTF-8");
	return 0;
}

/*
 * filename*=UTF-8'en'a%20b (RFC 8187). RFC 7578 does not want it, but clients send it, and it says
 * more than a filename beside it.
 */
static int
take_extended(struct multipart_head *head, const char *text, struct err *err)
{
	const char *language = strchr(text, '\'');
	const char *name = language == NULL ? NULL : strchr(language + 1, '\'');

	if (name == NULL || (size_t)(language - text) != strlen(CHARSET) ||
	    strncasecmp(text, CHARSET, strlen(CHARSET)) != 0)
		return err_set(err, ERR_REQUEST, "filename* must begin with " CHARSET "''");
	return decode_filename(head, name + 1, err);
}

static int
take_disposition(struct multipart_head *head, char *value, struct err *err)
{
	struct multipart_part *part = &head->part;
	bool extended = false;
	const char *name, *text;
	int more;

	if (head->disposed)
		return err_set(err, ERR_REQUEST, "is there twice");
	head->disposed = true;
	if (!mime_is(value, "form-data"))
		return err_set(err, ERR_REQUEST, "must be form-data");
	value = mime_parameters(value);
	while ((more = mime_next(&value, &name, &text, err)) == 1) {
		if (strcasecmp(name, "name") == 0) {
			if (part->name != NULL)
				return err_set(err, ERR_REQUEST, "name is there twice");
			part->name = text;
		} else if (strcasecmp(name, "filename") == 0) {
			if (part->filename != NULL)
				return err_set(err, ERR_REQUEST,
				    "filename is there twice");
			part->filename = text;
		} else if (strcasecmp(name, "filename*") == 0) {
			if (extended)
				return err_set(err, ERR_REQUEST,
				    "filename* is there twice");
			extended = true;
			if (take_extended(head, text, err) == -1)
				return -1;
		} else if (strncasecmp(name, "filename*", strlen("filename*")) == 0)
			return err_set(err, ERR_REQUEST,
			    "filename* must be in one piece, not in several");
	}
	if (more == -1)
		return -1;
	if (part->name == NULL || *part->name == '\0')
		return err_set(err, ERR_REQUEST, "name is missing");
	if (strlen(part->name) > MULTIPART_NAME_MAX_BYTES)
		return err_set(err, ERR_REQUEST, "name has more than %d bytes",
		    MULTIPART_NAME_MAX_BYTES);
	if (part->filename != NULL &&
	    strlen(part->filename) > MULTIPART_FILENAME_MAX_BYTES)
		return err_set(err, ERR_REQUEST, "filename has more than %d bytes",
		    MULTIPART_FILENAME_MAX_BYTES);
	if (extended)
		part->filename = head->filename;
	return 0;
}

static int
take_type(struct multipart_head *head, char *value, struct err *err)
{
	if (*head->part.content_type != '\0')
		return err_set(err, ERR_REQUEST, "is there twice");
	head->part.content_type = value;
	return 0;
}

/* RFC 7578 wants none. What is said to be encoded would be stored as it is, and be wrong. */
static int
take_encoding(struct multipart_head *head, char *value, struct err *err)
{
	(void)head;
	if (strcasecmp(value, "binary") == 0 || strcasecmp(value, "8bit") == 0 ||
	    strcasecmp(value, "7bit") == 0)
		return 0;
	return err_set(err, ERR_REQUEST, "must be binary, 8bit or 7bit");
}

static int
take_header(struct multipart_head *head, const char *name, char *value, struct err *err)
{
	static const struct {
		const char *name;
		int (*take)(struct multipart_head *head, char *value, struct err *err);
	} headers[] = {
		{ "Content-Disposition", take_disposition },
		{ "Content-Type", take_type },
		{ "Content-Transfer-Encoding", take_encoding },
	};
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (strcasecmp(name, headers[i].name) != 0)
			continue;
		if (headers[i].take(head, value, err) == 0)
			return 0;
		return err_wrap(err, "part %d: header %s", head->part.number,
		    headers[i].name);
	}
	return 0;
}

int
multipart_take_header(struct multipart_head *head, char *line, size_t length,
    struct err *err)
{
	char *value;
	size_t i;

	if (++head->count > MULTIPART_HEADERS_MAX)
		return err_set(err, ERR_REQUEST, "part %d: more than %d headers",
		    head->part.number, MULTIPART_HEADERS_MAX);
	for (i = 0; i < length; i++)
		if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
			return multipart_fault(head->part.number, err,
			    "a header has a control character");
	if (multipart_is_blank(*line))
		return multipart_fault(head->part.number, err, "a header is folded");
	value = line + mime_token(line);
	if (value == line || *value != ':')
		return multipart_fault(head->part.number, err, "a header is not \"name: value\"");
	*value++ = '\0';
	while (multipart_is_blank(*value))
		value++;
	for (length = strlen(value); length > 0; length--) {
		if (!multipart_is_blank(value[length - 1]))
			break;
		value[length - 1] = '\0';
	}
	return take_header(head, line, value, err);
}
