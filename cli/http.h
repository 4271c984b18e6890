/*
 * http.h: requests to an extension, with libcurl.
 *
 * Proxies of the environment are not used: an extension is near. What answers may mean harm: the
 * bytes and the time of a reply have limits, and what a description names is checked before it
 * is sent.
 */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/json.h"

#define HTTP_REFUSED_BYTES 64

/* Where an extension is, and who we are to it: borrowed texts, NULL where nothing is given. */
struct http_target {
	const char *url;
	const char *unix_socket;	/* instead of the URL's host */
	const char *cacert;		/* PEM files: who signs its certificate, */
	const char *cert, *key;		/* our certificate, and its key if that is not in it */
};

struct http_reply {
	long status;
	int64_t retry_after_s;		/* 0: none was named */
	char *body;			/* owned, ends in NUL */
	size_t length;
};

struct http {
	CURL *curl;
	char *origin;			/* "http://host:port" */
	char *prefix;			/* path of the URL without a slash at its end */
	/* Asked again and again during a request; false ends it. total 0: not known. */
	bool (*go_on)(void *context, int64_t sent_bytes, int64_t total_bytes);
	void *context;
	/* Private, of the request that is under way. */
	struct http_reply *reply;
	int64_t waiting_since_ms;	/* boot time: all was sent by then; 0: not yet */
	size_t head_bytes;
	size_t body_room;		/* bytes that its body may have without more memory */
	char refused[HTTP_REFUSED_BYTES]; /* why it was given up; empty: it was not */
};

/* A file that goes with a request; borrowed. */
struct http_file {
	const char *parameter;
	const char *path;
};

/*
 * The options of a target, for the subcommands that have one; their keys are of http.c.
 * http_take_option() takes the value of one of them: whether it was one.
 */
#define HTTP_OPTIONS(about_url_) \
	{ 'u', "url", "URL", about_url_ }, \
	{ 'U', "unix-socket", "PATH", "Connect to this socket of nginx." }, \
	{ 'c', "cacert", "PATH", "Trust this certificate, or those who sign with it." }, \
	{ 'C', "cert", "PATH", "Show this certificate." }, \
	{ 'K', "key", "PATH", "Its key, if that is in another file." }
bool http_take_option(struct http_target *target, int key, const char *value);

/* Returns 0, or -1 with ERR_USAGE: a URL that is none, a file that cannot be read. */
int http_open(struct http *http, const struct http_target *target, struct err *err);
void http_close(struct http *http);

/*
 * One request to a path of the extension: body as JSON, or NULL; with files as
 * multipart/form-data whose part `request` it is. Method and path may be of a description: they
 * are refused unless they can stand in a request. 0, or -1 if there was no whole reply.
 */
int http_call(struct http *http, const char *method, const char *path,
    struct json_object *body, const struct http_file *files, size_t file_count,
    struct http_reply *ret_reply, struct err *err);
void http_reply_done(struct http_reply *reply);

#endif
