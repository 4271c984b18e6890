/*
 * etag.h: which version of a text it is.
 */
#ifndef FCGI_HTTP_ETAG_H
#define FCGI_HTTP_ETAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETAG_BYTES 17

/* FNV-1a, 64 bits: a change is found, a forger is not expected. */
#define ETAG_START UINT64_C(0xcbf29ce484222325)

/* The sum goes on over text. */
uint64_t etag_add(uint64_t sum, const char *text, size_t length);
/* Without quotes. */
void etag_format(uint64_t sum, char ret_etag[ETAG_BYTES]);

/*
 * Whether an If-None-Match header names this etag: quoted, unquoted, weak, in a list, or by
 * "*". header may be NULL.
 */
bool etag_matches(const char *etag, const char *header);

#endif
