/*
 * query_string.h: what is behind the "?" of a URL.
 */
#ifndef FCGI_HTTP_QUERY_STRING_H
#define FCGI_HTTP_QUERY_STRING_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/*
 * The value of a name, decoded; empty where it is not there (query may be NULL). Returns 0, or -1
 * with ERR_REQUEST: too long for size, a NUL, or a "%" that is no byte.
 */
int query_string_text(const char *query, const char *name, char *ret_text, size_t size,
    struct err *err);

/* The same as a number from 0 to max; preset where it is not there. */
int query_string_number(const char *query, const char *name, int64_t preset, int64_t max,
    int64_t *ret_number, struct err *err);

#endif
