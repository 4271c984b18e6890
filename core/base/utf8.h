/*
 * utf8.h: well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates), which is all that
 * JSON may hold.
 */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* What stands for bytes that are not a character: U+FFFD. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Bytes (1 to 4) of the character that text begins with; 0 if it is none. */
size_t utf8_character(const char *text, size_t length);

bool utf8_valid(const char *text, size_t length);

/* Number of characters of a text that ends in NUL; a byte that is in none counts as one. */
size_t utf8_count(const char *text);

/* How much of text (length bytes) fits into max_bytes without cutting a character. */
size_t utf8_cut(const char *text, size_t length, size_t max_bytes);

#endif
