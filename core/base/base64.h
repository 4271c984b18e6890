/*
 * base64.h: bytes as text (RFC 4648, with padding).
 */
#ifndef CORE_BASE_BASE64_H
#define CORE_BASE_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* Characters that so many bytes become. */
#define BASE64_LENGTH(size_) (((size_) + 2) / 3 * 4)
/* Most bytes that so many characters become. */
#define BASE64_SIZE(length_) ((length_) / 4 * 3)

/* Writes BASE64_LENGTH(size) characters and a NUL. */
void base64_encode(const void *data, size_t size, char *ret_text);

/*
 * Writes at most BASE64_SIZE(length) bytes, or none if ret_data is NULL. Returns their number,
 * or -1 if text is anything else. Line breaks are passed over: MIME has one after 76 characters.
 */
ssize_t base64_decode(const char *text, size_t length, void *ret_data);

#endif
