/*
 * http.c: requests to an extension, with libcurl.
 */
#include "config.h"

#include "cli/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/url.h"

#define HTTP_CONNECT_MS 10000L
/* An upload may take long; but nothing at all for so long is a failure. */
#define HTTP_SILENCE_S 180L
/* From all that was sent to the last byte of the reply: a handler may take long, too. */
#define HTTP_REPLY_S 180
/* Artifacts of 5 MiB each come as base64. */
#define HTTP_REPLY_MAX_MIB 64
#define HTTP_REPLY_MAX_BYTES (HTTP_REPLY_MAX_MIB * 1024U * 1024)
/* Of all lines before the reply, those of 100 Continue included. */
#define HTTP_HEAD_MAX_KIB 256
#define HTTP_HEAD_MAX_BYTES (HTTP_HEAD_MAX_KIB * 1024U)
#define HTTP_PATH_MAX_BYTES 8192
/* Of what is refused. */
#define HTTP_NAMED_BYTES 200

static char *
format(const char *first, const char *second)
{
	char *text;

	if (asprintf(&text, "%s%s", first, second) == -1)
		log_out_of_memory();
	return text;
}

/* Owned; NULL if there is none. */
static char *
url_part(CURLU *url, CURLUPart part)
{
	char *text = NULL, *copy;

	if (curl_url_get(url, part, &text, 0) != CURLUE_OK)
		return NULL;
	copy = format(text, "");
	curl_free(text);
	return copy;
}

/* Without slashes at its end; NULL allowed. */
static char *
cut_slashes(char *text)
{
	size_t length = text == NULL ? 0 : strlen(text);

	while (length > 0 && text[length - 1] == '/')
		text[--length] = '\0';
	return text;
}

static bool
is_http(CURLU *url)
{
	char *scheme = url_part(url, CURLUPART_SCHEME);
	bool result = scheme != NULL &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

	free(scheme);
	return result;
}

/* Takes an URL apart: what paths of the extension come behind, and what they may begin with. */
static int
split_url(struct http *http, const char *text, struct err *err)
{
	CURLU *url = curl_url();

	if (url == NULL)
		log_out_of_memory();
	if (curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK && is_http(url)) {
		http->prefix = cut_slashes(url_part(url, CURLUPART_PATH));
		curl_url_set(url, CURLUPART_PATH, "", 0);
		curl_url_set(url, CURLUPART_QUERY, NULL, 0);
		curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
		http->origin = cut_slashes(url_part(url, CURLUPART_URL));
	}
	curl_url_cleanup(url);
	if (http->prefix == NULL || http->origin == NULL)
		return err_set(err, ERR_USAGE, "%s: is not a URL of http or https", text);
	return 0;
}

/* Gives up what is under way. */
static void refuse(struct http *http, const char *format, ...) AK_PRINTF(2, 3);

static void
refuse(struct http *http, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(http->refused, sizeof(http->refused), format, values);
	va_end(values);
}

/* Called once a second at least, also while nothing moves. */
static int
on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
    curl_off_t up)
{
	struct http *http = context;
	int64_t now_ms = clock_boot_ms();

	(void)down_total;
	(void)down;
	if (up < up_total || http->waiting_since_ms == 0)
		http->waiting_since_ms = now_ms;
	if (now_ms - http->waiting_since_ms > HTTP_REPLY_S * CLOCK_MS_PER_S) {
		refuse(http, "no whole reply within %d s", HTTP_REPLY_S);
		return 1;
	}
	if (http->go_on == NULL || http->go_on(http->context, up, up_total))
		return 0;
	refuse(http, "given up");
	return 1;
}

static size_t
on_head(char *data, size_t size, size_t count, void *context)
{
	struct http *http = context;

	(void)data;
	http->head_bytes += size * count;
	if (http->head_bytes <= HTTP_HEAD_MAX_BYTES)
		return size * count;
	refuse(http, "more than %d KiB of headers", HTTP_HEAD_MAX_KIB);
	return 0;
}

static size_t
on_body(char *data, size_t size, size_t count, void *context)
{
	struct http *http = context;
	struct http_reply *reply = http->reply;
	size_t length = size * count;
	size_t needed = reply->length + length + 1;
	char *body = reply->body;

	if (length > HTTP_REPLY_MAX_BYTES - reply->length) {
		refuse(http, "a reply of more than %d MiB", HTTP_REPLY_MAX_MIB);
		return 0;
	}
	if (needed > http->body_room) {
		http->body_room = 2 * needed;
		body = realloc(body, http->body_room);
		if (body == NULL)
			log_out_of_memory();
	}
	memcpy(body + reply->length, data, length);
	reply->body = body;
	reply->length += length;
	body[reply->length] = '\0';
	return length;
}

bool
http_take_option(struct http_target *target, int key, const char *value)
{
	const char **member = key == 'u' ? &target->url :
	    key == 'U' ? &target->unix_socket : key == 'c' ? &target->cacert :
	    key == 'C' ? &target->cert : key == 'K' ? &target->key : NULL;

	if (member == NULL)
		return false;
	*member = value;
	return true;
}

/* libcurl would not say which file it is. */
static int
check_file(const char *option, const char *path, struct err *err)
{
	if (path == NULL || access(path, R_OK) == 0)
		return 0;
	return err_sys(err, ERR_USAGE, "%s %s", option, path);
}

static int
check_target(const struct http_target *target, struct err *err)
{
	if (check_file("--cacert", target->cacert, err) == -1 ||
	    check_file("--cert", target->cert, err) == -1 ||
	    check_file("--key", target->key, err) == -1)
		return -1;
	if (target->key != NULL && target->cert == NULL)
		return err_set(err, ERR_USAGE, "--key %s: needs a --cert", target->key);
	return 0;
}

/* Keys that need a passphrase are refused: it would be asked for on the terminal. */
static void
set_certificates(CURL *curl, const struct http_target *target)
{
	if (target->cacert != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, target->cacert);
	if (target->cert == NULL)
		return;
	curl_easy_setopt(curl, CURLOPT_SSLCERT, target->cert);
	curl_easy_setopt(curl, CURLOPT_SSLKEY,
	    target->key == NULL ? target->cert : target->key);
	curl_easy_setopt(curl, CURLOPT_KEYPASSWD, "");
}

int
http_open(struct http *http, const struct http_target *target, struct err *err)
{
	CURL *curl;

	*http = (struct http){ .curl = NULL };
	if (check_target(target, err) == -1 || split_url(http, target->url, err) == -1)
		return -1;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (curl = curl_easy_init()) == NULL)
		log_out_of_memory();
	http->curl = curl;
	url_http_only(curl);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, HTTP_CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, HTTP_SILENCE_S);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, http);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
	if (target->unix_socket != NULL)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, target->unix_socket);
	set_certificates(curl, target);
	return 0;
}

void
http_close(struct http *http)
{
	free(http->origin);
	free(http->prefix);
	if (http->curl != NULL) {
		curl_easy_cleanup(http->curl);
		curl_global_cleanup();
	}
	*http = (struct http){ .curl = NULL };
}

/*
 * Paths carry the prefix below which nginx serves the extension, unless nginx takes it away
 * and the extension does not know of it.
 */
static char *
full_url(const struct http *http, const char *path)
{
	size_t length = strlen(http->prefix);
	char *base, *url;

	if (strncmp(path, http->prefix, length) == 0 &&
	    (path[length] == '/' || path[length] == '\0'))
		return format(http->origin, path);
	base = format(http->origin, http->prefix);
	url = format(base, path);
	free(base);
	return url;
}

/* Files are streamed from disk; the file name that is sent is the last part of the path. */
static curl_mime *
make_multipart(CURL *curl, struct json_object *body, const struct http_file *files,
    size_t count)
{
	curl_mime *mime = curl_mime_init(curl);
	curl_mimepart *part;
	size_t i;

	if (mime == NULL || (part = curl_mime_addpart(mime)) == NULL)
		log_out_of_memory();
	curl_mime_name(part, "request");
	curl_mime_type(part, "application/json");
	curl_mime_data(part, json_text(body, NULL), CURL_ZERO_TERMINATED);
	for (i = 0; i < count; i++) {
		part = curl_mime_addpart(mime);
		if (part == NULL)
			log_out_of_memory();
		curl_mime_name(part, files[i].parameter);
		curl_mime_filedata(part, files[i].path);
		curl_mime_type(part, "application/octet-stream");
	}
	return mime;
}

/* Those of the protocol. What else libcurl is given as a method goes out as it is. */
static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };

static const char *
find_method(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcasecmp(methods[i], name) == 0)
			return methods[i];
	return NULL;
}

/* What does not begin with a slash could name another host; control characters, a header. */
static bool
is_path(const char *path)
{
	size_t length = strlen(path), i;

	for (i = 0; i < length; i++)
		if (path[i] <= ' ' || path[i] > '~')
			return false;
	return *path == '/' && length <= HTTP_PATH_MAX_BYTES;
}

static int
perform(struct http *http, const char *method, const char *path,
    struct http_reply *ret_reply, struct err *err)
{
	char message[CURL_ERROR_SIZE] = "";
	char *url = full_url(http, path);
	curl_off_t retry_after = 0;
	CURLcode code;

	curl_easy_setopt(http->curl, CURLOPT_URL, url);
	curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, message);
	http->reply = ret_reply;
	http->waiting_since_ms = 0;
	http->head_bytes = 0;
	http->body_room = 0;
	*http->refused = '\0';
	code = curl_easy_perform(http->curl);
	curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_OK) {
		curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &ret_reply->status);
		curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &retry_after);
		ret_reply->retry_after_s = retry_after;
	} else {
		err_set(err, ERR_INTERNAL, "%s %s: %s", method, url,
		    *http->refused != '\0' ? http->refused :
		    *message == '\0' ? curl_easy_strerror(code) : message);
	}
	free(url);
	return code == CURLE_OK ? 0 : -1;
}

int
http_call(struct http *http, const char *method, const char *path,
    struct json_object *body, const struct http_file *files, size_t file_count,
    struct http_reply *ret_reply, struct err *err)
{
	struct curl_slist *headers = NULL;
	curl_mime *mime = NULL;
	int result;

	*ret_reply = (struct http_reply){ .body = NULL };
	if (!is_path(path))
		return err_set(err, ERR_INTERNAL, "\"%.*s\" is no path", HTTP_NAMED_BYTES, path);
	if (find_method(method) == NULL)
		return err_set(err, ERR_INTERNAL, "\"%.*s\" is no method of the protocol",
		    HTTP_NAMED_BYTES, method);
	/* No "Expect: 100-continue": it costs a round trip, and nginx needs none. */
	headers = curl_slist_append(headers, "Expect:");
	if (file_count > 0) {
		mime = make_multipart(http->curl, body, files, file_count);
		curl_easy_setopt(http->curl, CURLOPT_MIMEPOST, mime);
	} else if (body != NULL) {
		headers = curl_slist_append(headers, "Content-Type: application/json");
		curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, json_text(body, NULL));
	} else {
		curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
	}
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
	result = perform(http, find_method(method), path, ret_reply, err);
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
	curl_mime_free(mime);
	curl_slist_free_all(headers);
	if (result == -1)
		http_reply_done(ret_reply);
	return result;
}

void
http_reply_done(struct http_reply *reply)
{
	free(reply->body);
	*reply = (struct http_reply){ .body = NULL };
}
