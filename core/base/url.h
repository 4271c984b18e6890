/*
 * url.h: URLs that files are downloaded from, and which of them are allowed.
 */
#ifndef CORE_BASE_URL_H
#define CORE_BASE_URL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether a text means an http or https URL, valid or not. */
bool url_is(const char *text);

#define URL_PUBLIC_BYTES 1024

/*
 * What may be shown of a URL, valid or not: neither user and password, nor query and fragment,
 * where signatures and keys are. Cut off where it does not fit.
 */
void url_public(const char *text, char *ret_text, size_t size);

/*
 * Parses and normalises an http or https URL; owned, curl_url_cleanup(). NULL, and
 * *ret_fault in words.
 */
CURLU *url_parse(const char *text, const char **ret_fault);

/* Whatever a URL says, and wherever it leads to: no other protocol than these two. */
void url_http_only(CURL *curl);

/* What is wrong with a prefix of allowed URLs, in words; NULL: nothing. */
const char *url_prefix_fault(const char *text);

/*
 * Whether one of the prefixes has the same scheme, host and port as the URL, and a path that
 * the URL's path equals or is below of.
 */
bool url_allowed(CURLU *url, const char *const *prefixes, size_t count);

/* The last part of the path, decoded: what the file is called there. Empty if it has none. */
void url_file_name(const char *text, char *ret_name, size_t size);

#endif
