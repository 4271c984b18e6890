/*
 * base64.h: bytes as text (RFC 4648, with padding).
 */
#ifndef CORE_BASE64_H
#define CORE_BASE64_H

#include <stddef.h>

/* Characters that so many bytes become. */
#define BASE64_LENGTH(size_) (((size_) + 2) / 3 * 4)

/* Writes BASE64_LENGTH(size) characters and a NUL. */
void base64_encode(const void *data, size_t size, char *ret_text);

#endif
