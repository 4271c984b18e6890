/*
 * base64.c: writes bytes as text, and reads them back.
 */
#include "config.h"

#include "core/base/base64.h"

#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(const void *data, size_t size, char *ret_text)
{
	const unsigned char *from = data;
	unsigned int group;
	size_t left;

	for (left = size; left > 0; left -= left < 3 ? left : 3) {
		group = (unsigned int)from[0] << 16;
		if (left > 1)
			group |= (unsigned int)from[1] << 8;
		if (left > 2)
			group |= from[2];
		ret_text[0] = digits[group >> 18];
		ret_text[1] = digits[group >> 12 & 63];
		ret_text[2] = left > 1 ? digits[group >> 6 & 63] : '=';
		ret_text[3] = left > 2 ? digits[group & 63] : '=';
		from += left < 3 ? left : 3;
		ret_text += 4;
	}
	*ret_text = '\0';
}

/* The value of a digit; -1 if it is none. */
static int
value_of(char c)
{
	const char *found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? -1 : (int)(found - digits);
}

ssize_t
base64_decode(const char *text, size_t length, void *ret_data)
{
	unsigned char *data = ret_data;
	size_t padding = 0, count = 0, size = 0, i;
	unsigned int bits = 0;
	int digit;

	for (i = 0; i < length; i++) {
		if (text[i] == '\r' || text[i] == '\n')
			continue;
		padding += text[i] == '=';
		digit = text[i] == '=' ? 0 : padding > 0 ? -1 : value_of(text[i]);
		if (digit == -1 || padding > 2)
			return -1;
		bits = bits << 6 | (unsigned int)digit;
		if (++count % 4 != 0)
			continue;
		if (data != NULL) {
			data[size] = (unsigned char)(bits >> 16);
			data[size + 1] = (unsigned char)(bits >> 8);
			data[size + 2] = (unsigned char)bits;
		}
		size += 3;
		bits = 0;
	}
	return count % 4 != 0 ? -1 : (ssize_t)(size - padding);
}
