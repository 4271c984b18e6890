/*
 * http.h: requests to an extension, with libcurl.
 *
 * Proxies of the environment are not used: an extension is near.
 */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/json.h"

struct http {
	CURL *curl;
	char *origin;			/* "http://host:port" */
	char *prefix;			/* path of the URL without a slash at its end */
	/* Asked again and again during a request; false ends it. total 0: not known. */
	bool (*go_on)(void *context, int64_t sent_bytes, int64_t total_bytes);
	void *context;
};

/* A file that goes with a request; borrowed. */
struct http_file {
	const char *parameter;
	const char *path;
};

struct http_reply {
	long status;
	int64_t retry_after_s;		/* 0: none was named */
	char *body;			/* owned, ends in NUL */
	size_t length;
};

/* unix_socket may be NULL. 0, or -1 with ERR_USAGE for an URL that is none. */
int http_open(struct http *http, const char *url, const char *unix_socket, struct err *err);
void http_close(struct http *http);

/*
 * One request to a path of the extension: body as JSON, or NULL; with files as
 * multipart/form-data whose part `request` it is. 0, or -1 if there was no reply.
 */
int http_call(struct http *http, const char *method, const char *path,
    struct json_object *body, const struct http_file *files, size_t file_count,
    struct http_reply *ret_reply, struct err *err);
void http_reply_done(struct http_reply *reply);

#endif
