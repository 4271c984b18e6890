/*
 * utf8.c: tells characters from other bytes.
 */
#include "config.h"

#include "core/base/utf8.h"

#include <stdio.h>
#include <string.h>

#define POINT_SPACE 0x20
#define POINT_SUPPLEMENTARY 0x10000	/* the first that takes two surrogates */
#define SURROGATE_HIGH 0xd800
#define SURROGATE_LOW 0xdc00
#define SURROGATE_BITS 10
#define CONTINUATION_BITS 6

/* C0 controls are not in it. In order. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{ 0x7f, 0x9f },			/* DEL, C1 controls */
	{ 0xad, 0xad },			/* soft hyphen */
	{ 0x600, 0x605 },
	{ 0x61c, 0x61c },		/* Arabic letter mark */
	{ 0x6dd, 0x6dd },
	{ 0x70f, 0x70f },
	{ 0x890, 0x891 },
	{ 0x8e2, 0x8e2 },
	{ 0x180e, 0x180e },
	{ 0x200b, 0x200f },		/* of no width, marks of direction */
	{ 0x2028, 0x202e },		/* separators, embeddings and overrides of direction */
	{ 0x2060, 0x206f },		/* joiners, isolates of direction */
	{ 0xfeff, 0xfeff },		/* byte order mark */
	{ 0xfff9, 0xfffb },
	{ 0x110bd, 0x110bd },
	{ 0x110cd, 0x110cd },
	{ 0x13430, 0x1343f },
	{ 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe007f }		/* tags */
};

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

uint32_t
utf8_point(const char *character, size_t bytes)
{
	/* What the first byte has of it. */
	static const unsigned char bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t point = (unsigned char)character[0] & bits[bytes];

	for (size_t i = 1; i < bytes; i++)
		point = point << CONTINUATION_BITS | ((unsigned char)character[i] & 0x3f);
	return point;
}

bool
utf8_is_unseen(uint32_t point)
{
	if (point < POINT_SPACE)
		return true;
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]) &&
	    point >= unseen[i].first; i++)
		if (point <= unseen[i].last)
			return true;
	return false;
}

void
utf8_escape(uint32_t point, char ret_text[UTF8_ESCAPE_BYTES])
{
	unsigned int beyond = (unsigned int)point - POINT_SUPPLEMENTARY;

	if (point < POINT_SUPPLEMENTARY)
		snprintf(ret_text, UTF8_ESCAPE_BYTES, "\\u%04x", (unsigned int)point & 0xffff);
	else
		snprintf(ret_text, UTF8_ESCAPE_BYTES, "\\u%04x\\u%04x",
		    (SURROGATE_HIGH | beyond >> SURROGATE_BITS) & 0xffff,
		    (SURROGATE_LOW | (beyond & ((1U << SURROGATE_BITS) - 1))) & 0xffff);
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
