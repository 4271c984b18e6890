/*
 * query_string.c: finds and decodes a value.
 */
#include "config.h"

#include "fcgi/http/query_string.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/http/percent.h"

#define NUMBER_BYTES 24

/* What is behind "name=", up to the next "&"; NULL where there is none. */
static const char *
find(const char *query, const char *name, size_t *ret_length)
{
	size_t length = strlen(name);

	while (query != NULL && *query != '\0') {
		if (strncmp(query, name, length) == 0 && query[length] == '=') {
			*ret_length = strcspn(query + length + 1, "&");
			return query + length + 1;
		}
		query += strcspn(query, "&");
		query += *query == '&';
	}
	return NULL;
}

int
query_string_text(const char *query, const char *name, char *ret_text, size_t size,
    struct err *err)
{
	size_t length, i, used = 0;
	const char *value = find(query, name, &length);
	int byte;

	ret_text[0] = '\0';
	for (i = 0; value != NULL && i < length; i++) {
		byte = value[i] == '+' ? ' ' : (unsigned char)value[i];
		if (value[i] == '%') {
			/* What ends the value is no digit. */
			byte = percent_byte(value + i);
			i += 2;
		}
		if (byte <= 0)
			return err_set(err, ERR_REQUEST, "%s: is not encoded as it must be", name);
		if (used + 1 >= size)
			return err_set(err, ERR_REQUEST, "%s: at most %zu bytes", name, size - 1);
		ret_text[used++] = (char)byte;
	}
	ret_text[used] = '\0';
	return 0;
}

int
query_string_number(const char *query, const char *name, int64_t preset, int64_t max,
    int64_t *ret_number, struct err *err)
{
	char text[NUMBER_BYTES];
	int64_t number;

	if (query_string_text(query, name, text, sizeof(text), err) == -1)
		return -1;
	if (text[0] == '\0') {
		*ret_number = preset;
		return 0;
	}
	number = strtoll(text, NULL, 10);
	if (text[strspn(text, "0123456789")] != '\0' || number > max)
		return err_set(err, ERR_REQUEST, "%s: must be a number from 0 to %" PRId64, name,
		    max);
	*ret_number = number;
	return 0;
}
