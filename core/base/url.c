/*
 * url.c: reads URLs with libcurl's parser, the same that is used to connect, and compares
 * them with the prefixes that the operator allows.
 */
#include "config.h"

#include "core/base/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/log.h"

/* A part of a URL, owned, curl_free(); NULL if it has none. */
static char *
part(CURLU *url, CURLUPart what, unsigned int flags)
{
	char *text = NULL;

	switch (curl_url_get(url, what, &text, flags)) {
	case CURLUE_OK:
		return text;
	case CURLUE_OUT_OF_MEMORY:
		log_out_of_memory();
	default:
		return NULL;
	}
}

static bool
has_part(CURLU *url, CURLUPart what)
{
	char *text = part(url, what, 0);
	bool has = text != NULL;

	curl_free(text);
	return has;
}

static bool
starts_with(const char *text, const char *start)
{
	return strncasecmp(text, start, strlen(start)) == 0;
}

bool
url_is(const char *text)
{
	return starts_with(text, "http://") || starts_with(text, "https://");
}

/* Where the path of a URL begins in its text, and where it ends. */
static const char *
path_in(const char *text, size_t *ret_length)
{
	const char *authority = strstr(text, "://");
	const char *path = authority == NULL ? text : authority + strlen("://");

	path += strcspn(path, "/?#\\");
	*ret_length = strcspn(path, "?#");
	return path;
}

/*
 * The length of an escaped character at the beginning of a text, which may be escaped itself any
 * number of times ("%2e", "%252E"); 0 if it is another one. hex: its two digits.
 */
static size_t
escaped(const char *text, const char *hex)
{
	const char *digits = text + 1;

	if (*text != '%')
		return 0;
	while (strncmp(digits, "25", 2) == 0)
		digits += 2;
	return strncasecmp(digits, hex, 2) == 0 ? (size_t)(digits + 2 - text) : 0;
}

/* Whether a segment is a step to another place, "." or "..", be it with parameters: "..;x". */
static bool
is_step(const char *segment, const char *end)
{
	const char *at = segment;

	while (at < end && *at == '.' && at - segment < 2)
		at++;
	return at > segment && (at == end || *at == ';' || escaped(at, "3b") > 0);
}

/*
 * Servers differ in what they resolve, and in how often they decode; libcurl, from one version to
 * the next, too. So the text is looked at, whatever they make of it: what may be a step, a
 * separator or a NUL is refused.
 */
static bool
has_steps(const char *text)
{
	static const char *const hidden[] = { "2e", "2f", "5c", "00" };
	size_t length, i;
	const char *at = path_in(text, &length), *end = at + length, *segment = at;

	for (;; at++) {
		if (at == end || *at == '/') {
			if (is_step(segment, at))
				return true;
			segment = at + 1;
		}
		if (at == end)
			return false;
		for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
			if (*at == '\\' || escaped(at, hidden[i]) > 0)
				return true;
	}
}

void
url_public(const char *text, char *ret_text, size_t size)
{
	const char *authority = strstr(text, "://"), *host, *path, *at;
	size_t length, begun;

	path = path_in(text, &length);
	host = authority == NULL ? text : authority + strlen("://");
	begun = (size_t)(host - text);
	/* A password may have another "@" in it. */
	for (at = host; at < path; at++)
		if (*at == '@')
			host = at + 1;
	snprintf(ret_text, size, "%.*s%.*s", (int)begun, text, (int)(path + length - host),
	    host);
}

CURLU *
url_parse(const char *text, const char **ret_fault)
{
	CURLU *url = curl_url();
	CURLUcode code;

	if (url == NULL)
		log_out_of_memory();
	code = curl_url_set(url, CURLUPART_URL, text, 0);
	if (code != CURLUE_OK)
		*ret_fault = curl_url_strerror(code);
	else if (!url_is(text))
		*ret_fault = "must begin with http:// or https://";
	else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		*ret_fault = "must not name a user";
	else if (has_steps(text))
		*ret_fault = "must not have \".\" or \"..\" in its path, nor escaped dots or "
		    "slashes";
	else
		return url;
	curl_url_cleanup(url);
	return NULL;
}

void
url_http_only(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500	/* 7.85 */
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

const char *
url_prefix_fault(const char *text)
{
	const char *fault = NULL;
	CURLU *url = url_parse(text, &fault);

	if (url == NULL)
		return fault;
	if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		fault = "must not have a query or a fragment";
	curl_url_cleanup(url);
	return fault;
}

static bool
same_part(CURLU *one, CURLU *other, CURLUPart what)
{
	char *text = part(one, what, CURLU_DEFAULT_PORT);
	char *other_text = part(other, what, CURLU_DEFAULT_PORT);
	bool same = text != NULL && other_text != NULL && strcasecmp(text, other_text) == 0;

	curl_free(text);
	curl_free(other_text);
	return same;
}

/* Whole segments: "/a" allows "/a" and "/a/b", not "/ab". */
static bool
is_below(CURLU *url, CURLU *prefix)
{
	char *path = part(url, CURLUPART_PATH, 0);
	char *top = part(prefix, CURLUPART_PATH, 0);
	size_t length = top == NULL ? 0 : strlen(top);
	bool below;

	while (length > 0 && top[length - 1] == '/')
		length--;
	below = path != NULL && top != NULL && strncmp(path, top, length) == 0 &&
	    (path[length] == '/' || (path[length] == '\0' && top[length] == '\0'));
	curl_free(path);
	curl_free(top);
	return below;
}

bool
url_allowed(CURLU *url, const char *const *prefixes, size_t count)
{
	const char *fault;
	bool allowed = false;
	CURLU *prefix;

	for (size_t i = 0; i < count && !allowed; i++) {
		prefix = url_parse(prefixes[i], &fault);
		if (prefix == NULL)
			continue;
		allowed = same_part(url, prefix, CURLUPART_SCHEME) &&
		    same_part(url, prefix, CURLUPART_HOST) &&
		    same_part(url, prefix, CURLUPART_PORT) && is_below(url, prefix);
		curl_url_cleanup(prefix);
	}
	return allowed;
}

void
url_file_name(const char *text, char *ret_name, size_t size)
{
	const char *fault, *last;
	CURLU *url = url_parse(text, &fault);
	char *path = url == NULL ? NULL : part(url, CURLUPART_PATH, CURLU_URLDECODE);

	last = path == NULL ? NULL : strrchr(path, '/');
	snprintf(ret_name, size, "%s", last == NULL ? "" : last + 1);
	curl_free(path);
	curl_url_cleanup(url);
}
