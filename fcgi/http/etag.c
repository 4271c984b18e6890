/*
 * etag.c: makes and compares entity tags.
 */
#include "config.h"

#include "fcgi/http/etag.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FACTOR UINT64_C(0x100000001b3)

uint64_t
etag_add(uint64_t sum, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)text[i]) * FACTOR;
	return sum;
}

void
etag_format(uint64_t sum, char ret_etag[ETAG_BYTES])
{
	snprintf(ret_etag, ETAG_BYTES, "%016" PRIx64, sum);
}

bool
etag_matches(const char *etag, const char *header)
{
	size_t etag_length = strlen(etag), length;

	while (header != NULL && *header != '\0') {
		header += strspn(header, ", \t");
		length = strcspn(header, ",");
		while (length > 0 && isspace((unsigned char)header[length - 1]))
			length--;
		if (length == 1 && *header == '*')
			return true;
		if (length > 2 && (header[0] == 'W' || header[0] == 'w') &&
		    header[1] == '/') {
			header += 2;
			length -= 2;
		}
		if (length >= 2 && header[0] == '"' && header[length - 1] == '"') {
			header++;
			length -= 2;
		}
		if (length == etag_length && strncmp(header, etag, length) == 0)
			return true;
		header += strcspn(header, ",");
	}
	return false;
}
