/*
 * utf8.c: tells characters from other bytes.
 */
#include "config.h"

#include "core/base/utf8.h"

#include <string.h>

static bool
is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t
utf8_character(const char *text, size_t length)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t bytes, i;

	if (length == 0)
		return 0;
	if (byte[0] < 0x80)
		return 1;
	if (byte[0] >= 0xc2 && byte[0] <= 0xdf)
		bytes = 2;
	else if (byte[0] >= 0xe0 && byte[0] <= 0xef)
		bytes = 3;
	else if (byte[0] >= 0xf0 && byte[0] <= 0xf4)
		bytes = 4;
	else
		return 0;
	if (length < bytes)
		return 0;

	/* The second byte is where overlong forms, surrogates and the end show. */
	switch (byte[0]) {
	case 0xe0:
		low = 0xa0;
		break;
	case 0xed:
		high = 0x9f;
		break;
	case 0xf0:
		low = 0x90;
		break;
	case 0xf4:
		high = 0x8f;
		break;
	default:
		break;
	}
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (i = 2; i < bytes; i++)
		if (!is_continuation(byte[i]))
			return 0;
	return bytes;
}

bool
utf8_valid(const char *text, size_t length)
{
	size_t at = 0, bytes;

	while (at < length) {
		if ((bytes = utf8_character(text + at, length - at)) == 0)
			return false;
		at += bytes;
	}
	return true;
}

size_t
utf8_count(const char *text)
{
	size_t length = strlen(text), at = 0, bytes, count = 0;

	while (at < length) {
		bytes = utf8_character(text + at, length - at);
		at += bytes == 0 ? 1 : bytes;
		count++;
	}
	return count;
}

size_t
utf8_cut(const char *text, size_t length, size_t max_bytes)
{
	size_t cut = max_bytes;

	if (length <= max_bytes)
		return length;
	while (cut > 0 && is_continuation((unsigned char)text[cut]))
		cut--;
	return cut;
}
