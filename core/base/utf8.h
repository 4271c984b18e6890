/*
 * utf8.h: well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates), which is all that
 * JSON may hold.
 */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands for bytes that are not a character: U+FFFD. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"
#define UTF8_CHARACTER_BYTES 4	/* of the longest */
/* Of the longest escape, with its NUL: two surrogates. */
#define UTF8_ESCAPE_BYTES 13

/* Bytes (1 to 4) of the character that text begins with; 0 if it is none. */
size_t utf8_character(const char *text, size_t length);

bool utf8_valid(const char *text, size_t length);

/* Number of characters of a text that ends in NUL; a byte that is in none counts as one. */
size_t utf8_count(const char *text);

/* The code point of a character of so many bytes, as utf8_character() has found it. */
uint32_t utf8_point(const char *character, size_t bytes);

/*
 * Whether a character is seen as nothing, but changes how others are seen: controls, which
 * terminals obey (C0, DEL, C1), format characters such as U+202E, which turns the text behind
 * it round (category Cf), and separators of lines and paragraphs.
 */
bool utf8_is_unseen(uint32_t point);

/* Writes a code point as JSON escapes it: \u202e, or a pair of surrogates. */
void utf8_escape(uint32_t point, char ret_text[UTF8_ESCAPE_BYTES]);

/* How much of text (length bytes) fits into max_bytes without cutting a character. */
size_t utf8_cut(const char *text, size_t length, size_t max_bytes);

#endif
