/*
 * base64.c: writes bytes as text.
 */
#include "config.h"

#include "core/base64.h"

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
