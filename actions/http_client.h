/*
 * http_client.h: HTTP requests for actions that measure a server: the same one again and again,
 * several at a time, each with an answer, an error, or neither when the work is over.
 */
#ifndef ACTIONS_HTTP_CLIENT_H
#define ACTIONS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actionkit.h>
#include <curl/curl.h>

#define HTTP_METHOD_BYTES 8
#define HTTP_URL_BYTES 4096
#define HTTP_CONTENT_BYTES 65536	/* of a body and the headers together */
#define HTTP_HEADERS_MAX 64
#define HTTP_CONCURRENT_MAX 100

/* How it is asked; a part of the action's state. */
struct http_settings {
	char method[HTTP_METHOD_BYTES];
	int64_t concurrent;		/* at most so many at a time */
	int64_t connect_ms;		/* for name, TCP and TLS */
	int64_t read_ms;		/* for all of it; if is_stream, until there are headers */
	bool follow_redirects;
	bool insecure;			/* whatever the certificate is */
};
extern const struct ak_field http_settings_fields[];

/* What is asked; for AK_LOCAL, since it may hold secrets. */
struct http_request {
	char url[HTTP_URL_BYTES];
	char headers[HTTP_CONTENT_BYTES + 1];	/* "Key: value", a line each */
	char body[HTTP_CONTENT_BYTES + 1];
};
extern const struct ak_field http_request_fields[];

/* Rows of the parameters that all such actions have, for their tables. */
#define HTTP_URL_PARAMETER \
	{ \
		.name = "url", \
		.label = "URL", \
		.description = "What is requested.", \
		.type = AK_URL, \
		.required = true, \
		.max_length = HTTP_URL_BYTES - 1, \
	}
#define HTTP_HEADERS_PARAMETER \
	{ \
		.name = "headers", \
		.label = "Headers", \
		.type = AK_KEY_VALUE, \
		.max_items = HTTP_HEADERS_MAX, \
	}
#define HTTP_CLIENT_PARAMETERS \
	{ \
		.name = "followRedirects", \
		.label = "Follow redirects", \
		.description = "At most 10. POST becomes GET, other methods are kept.", \
		.type = AK_BOOLEAN, \
		.default_value = "false", \
		.advanced = true, \
	}, \
	{ \
		.name = "connectTimeout", \
		.label = "Connection timeout", \
		.description = "For finding the name, TCP and TLS.", \
		.type = AK_DURATION, \
		.default_value = "5s", \
		.min = AK_LIMIT(1), \
		.advanced = true, \
	}, \
	{ \
		.name = "readTimeout", \
		.label = "Timeout of a request", \
		.type = AK_DURATION, \
		.default_value = "5s", \
		.min = AK_LIMIT(1), \
		.advanced = true, \
	}, \
	{ \
		.name = "insecureSkipVerify", \
		.label = "Skip certificate verification", \
		.type = AK_BOOLEAN, \
		.default_value = "false", \
		.advanced = true, \
	}

/*
 * In prepare(): takes url, headers, maxConcurrent and what HTTP_CLIENT_PARAMETERS has from the
 * config, and method and body where they are given (NULL: GET, none). Returns 0, or -1 with the
 * call's error.
 */
int http_client_prepare(struct ak_call *call, const char *method, const char *body,
    struct http_settings *ret_settings, struct http_request *ret_request);

/*
 * The URL for people and metrics: without user, password, query and fragment, where keys and
 * signatures are; free() it.
 */
char *http_client_public_url(const char *url);

/* One request, and what came of it. */
struct http_exchange {
	struct http_client *client;
	CURL *easy;
	size_t slot;			/* below http_settings.concurrent */
	bool is_active;
	long status;			/* of the last hop; 0: no answer yet */
	int64_t begun_ns, sent_ns, answered_ns;	/* since boot: up to its last, its first byte */
};

/* What the action does with it. */
struct http_events {
	/* An answer begins, once for each hop. May be NULL. */
	void (*begins)(void *context, const struct http_exchange *exchange);
	/* A part of its body. */
	void (*data)(void *context, const struct http_exchange *exchange, const char *data,
	    size_t size);
	/* It is over: CURLE_OK, or why it was broken off. */
	void (*done)(void *context, const struct http_exchange *exchange, CURLcode result);
};

struct http_client {
	const struct http_settings *settings;
	const struct http_request *request;
	const struct http_events *events;
	void *context;
	bool is_stream;			/* bodies may last; connections are kept */
	CURLM *multi;
	struct curl_slist *headers;
	size_t active;
	struct http_exchange exchanges[HTTP_CONCURRENT_MAX];
};

/*
 * In work(): makes a client of its settings, request, events, context and is_stream. There is
 * nothing to free it with: its process ends with the work, and waits for nobody then. Returns 0, or
 * -1 with the call's error.
 */
int http_client_open(struct ak_call *call, struct http_client *client);

/* Begins a request. Returns false where as many as may be are under way. */
bool http_client_begin(struct http_client *client);

/*
 * Goes on with all that is under way for at most ns nanoseconds, or until the work must end.
 * Returns whether it must.
 */
bool http_client_wait(struct ak_call *call, struct http_client *client, int64_t ns);

#endif
