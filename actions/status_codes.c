/*
 * status_codes.c: reads which HTTP status codes are as they should be. Persists nothing.
 */
#include "actions/status_codes.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STATUS_PART_BYTES 16

/* A code at *text, which is moved behind it; -1 if there is none. */
static long
read_code(const char **text)
{
	char *end;
	long code;

	if (!isdigit((unsigned char)**text))
		return -1;
	code = strtol(*text, &end, 10);
	*text = end;
	return code < STATUS_CODE_MIN || code > STATUS_CODE_MAX ? -1 : code;
}

/* "404", "200-299" or "error". */
static bool
read_part(const char *part, struct status_codes *codes)
{
	long first, last;

	if (strcasecmp(part, "error") == 0) {
		codes->has_error = true;
		return true;
	}
	first = last = read_code(&part);
	if (*part == '-') {
		part++;
		last = read_code(&part);
	}
	if (*part != '\0' || first == -1 || last < first)
		return false;
	for (; first <= last; first++)
		codes->has[first] = true;
	return true;
}

bool
status_codes_read(const char *text, struct status_codes *ret_codes)
{
	char part[STATUS_PART_BYTES];
	bool has_any = false;
	size_t length = 0;

	memset(ret_codes, 0, sizeof(*ret_codes));
	for (;; text++) {
		if (*text != ';' && *text != '\0') {
			if (isspace((unsigned char)*text))
				continue;
			if (length == sizeof(part) - 1)
				return false;
			part[length++] = *text;
			continue;
		}
		part[length] = '\0';
		if (length > 0 && !read_part(part, ret_codes))
			return false;
		has_any = has_any || length > 0;
		length = 0;
		if (*text == '\0')
			return has_any;
	}
}

bool
status_codes_have(const struct status_codes *codes, long status)
{
	return status >= STATUS_CODE_MIN && status <= STATUS_CODE_MAX && codes->has[status];
}
