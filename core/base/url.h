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

/*
 * Parses and normalises an http or https URL; owned, curl_url_cleanup(). NULL, and
 * *ret_fault in words.
 */
CURLU *url_parse(const char *text, const char **ret_fault);

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
