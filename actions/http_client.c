/*
 * http_client.c: requests of libcurl, many at a time. Persists nothing: what is under way when the
 * process ends is over.
 */
#include "actions/http_client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "actions/clocks.h"

#define HTTP_REDIRECTS_MAX 10L
#define HTTP_NAMES_KEPT_S 1L	/* a name is asked for again each second, as programs do */
#define HTTP_STATUS_FINAL 200	/* what is below announces another answer */

const struct ak_field http_settings_fields[] = {
	AK_TEXT(struct http_settings, method),
	AK_INT(struct http_settings, concurrent),
	AK_INT(struct http_settings, connect_ms),
	AK_INT(struct http_settings, read_ms),
	AK_BOOL(struct http_settings, follow_redirects),
	AK_BOOL(struct http_settings, insecure),
	AK_FIELDS_END
};

const struct ak_field http_request_fields[] = {
	AK_TEXT(struct http_request, url),
	AK_TEXT(struct http_request, headers),
	AK_TEXT(struct http_request, body),
	AK_FIELDS_END
};

/* A part of a URL; NULL if it has none. free() it with curl_free(). */
static char *
url_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

char *
http_client_public_url(const char *text)
{
	CURLU *url = curl_url();
	char *public = NULL, *copy = NULL;

	if (url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_QUERY, NULL, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK)
		public = url_part(url, CURLUPART_URL);
	copy = strdup(public == NULL ? "" : public);
	curl_free(public);
	curl_url_cleanup(url);
	return copy;
}

/* Only what goes over the network: a file: would show what this user may read. */
static int
check_url(struct ak_call *call, const char *text)
{
	CURLU *url = curl_url();
	char *scheme = NULL;
	CURLUcode code;
	int result = 0;

	if (url == NULL)
		return ak_error(call, "Out of memory");
	code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
	if (code == CURLUE_OK)
		scheme = url_part(url, CURLUPART_SCHEME);
	if (scheme == NULL)
		result = ak_error(call, "url: cannot be read as a URL: %s",
		    curl_url_strerror(code));
	else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		result = ak_error(call, "url: %s: is not requested, only http: and https: are",
		    scheme);
	curl_free(scheme);
	curl_url_cleanup(url);
	return result;
}

static bool
is_header_name(const char *key)
{
	const char *c;

	for (c = key; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("!#$%&'*+-.^_`|~", *c) == NULL)
			return false;
	return c != key;
}

/* A line feed would begin a header of its own. */
static bool
is_header_value(const char *value)
{
	for (; *value != '\0'; value++)
		if ((unsigned char)*value < ' ' && *value != '\t')
			return false;
	return true;
}

static int
take_headers(struct ak_call *call, struct http_request *request)
{
	size_t count = ak_config_count(call, "headers"), i, used = 0;

	for (i = 0; i < count; i++) {
		const char *key = ak_config_key(call, "headers", i);
		const char *value = ak_config_item(call, "headers", i);

		if (!is_header_name(key))
			return ak_error(call, "headers: \"%s\" is no name of a header", key);
		if (!is_header_value(value))
			return ak_error(call, "headers: %s has line feeds or other control "
			    "characters", key);
		if (used + strlen(key) + strlen(value) + strlen(": \n") > HTTP_CONTENT_BYTES)
			return ak_error(call, "headers: are more than %d bytes",
			    HTTP_CONTENT_BYTES);
		used += (size_t)snprintf(request->headers + used, sizeof(request->headers) - used,
		    "%s: %s\n", key, value);
	}
	return 0;
}

int
http_client_prepare(struct ak_call *call, const char *method, const char *body,
    struct http_settings *ret_settings, struct http_request *ret_request)
{
	const char *url = ak_config_string(call, "url");

	if (check_url(call, url) == -1 || take_headers(call, ret_request) == -1)
		return -1;
	if (body == NULL)
		body = "";
	if (strlen(body) + strlen(ret_request->headers) > HTTP_CONTENT_BYTES)
		return ak_error(call, "body: is, with the headers, more than %d bytes",
		    HTTP_CONTENT_BYTES);
	(void)snprintf(ret_request->url, sizeof(ret_request->url), "%s", url);
	(void)snprintf(ret_request->body, sizeof(ret_request->body), "%s", body);
	(void)snprintf(ret_settings->method, sizeof(ret_settings->method), "%s",
	    method == NULL ? "GET" : method);
	ret_settings->concurrent = ak_config_integer(call, "maxConcurrent");
	ret_settings->connect_ms = ak_config_duration(call, "connectTimeout");
	ret_settings->read_ms = ak_config_duration(call, "readTimeout");
	ret_settings->follow_redirects = ak_config_boolean(call, "followRedirects");
	ret_settings->insecure = ak_config_boolean(call, "insecureSkipVerify");
	return 0;
}

static bool
has_header(const struct http_request *request, const char *name)
{
	const char *line = request->headers;
	size_t length = strlen(name);

	while (line != NULL && *line != '\0') {
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return true;
		line = strchr(line, '\n');
		line = line == NULL ? NULL : line + 1;
	}
	return false;
}

/* libcurl reads "Key:" as one to be left out, and "Key;" as one without a value. */
static void
add_header(struct http_client *client, const char *line, size_t length)
{
	char *text = strndup(line, length);
	struct curl_slist *longer = NULL;

	if (text != NULL) {
		if (length >= 2 && strchr(text, ':') == text + length - 2)
			(void)strcpy(text + length - 2, ";");
		longer = curl_slist_append(client->headers, text);
	}
	if (longer != NULL)
		client->headers = longer;
	free(text);
}

static void
add_headers(struct http_client *client)
{
	const char *line = client->request->headers, *end;

	while ((end = strchr(line, '\n')) != NULL) {
		add_header(client, line, (size_t)(end - line));
		line = end + 1;
	}
	/* What libcurl adds where nobody asked for it. */
	if (!has_header(client->request, "Content-Type"))
		client->headers = curl_slist_append(client->headers, "Content-Type:");
	if (!has_header(client->request, "Expect"))
		client->headers = curl_slist_append(client->headers, "Expect:");
}

/* In the order in which libcurl calls: sent, sent, ..., answered. */
static int
on_traffic(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
	struct http_exchange *exchange = context;

	(void)easy;
	(void)data;
	(void)size;
	if (type == CURLINFO_HEADER_OUT)
		exchange->status = 0;	/* what answered before was only a redirect */
	if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT)
		exchange->sent_ns = clocks_ns(CLOCK_BOOTTIME);
	return 0;
}

static size_t
on_header(char *line, size_t size, size_t count, void *context)
{
	struct http_exchange *exchange = context;
	const struct http_client *client = exchange->client;
	long status = 0;

	/* "HTTP/1.1 200 OK" */
	if (size * count > strlen("HTTP/") && strncmp(line, "HTTP/", strlen("HTTP/")) == 0)
		(void)curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < HTTP_STATUS_FINAL)
		return size * count;
	exchange->answered_ns = clocks_ns(CLOCK_BOOTTIME);
	exchange->status = status;
	if (client->is_stream)
		(void)curl_easy_setopt(exchange->easy, CURLOPT_TIMEOUT_MS, 0L);
	if (client->events->begins != NULL)
		client->events->begins(client->context, exchange);
	return size * count;
}

static size_t
on_data(char *data, size_t size, size_t count, void *context)
{
	const struct http_exchange *exchange = context;
	const struct http_client *client = exchange->client;

	client->events->data(client->context, exchange, data, size * count);
	return size * count;
}

/* Where it is to be measured, and by whose rules it is followed. */
static void
set_connection(const struct http_client *client, CURL *easy)
{
	const struct http_settings *settings = client->settings;
	long verify = settings->insecure ? 0L : 1L;

	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
#if LIBCURL_VERSION_NUM >= 0x075500	/* 7.85 */
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	(void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS,
	    (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, HTTP_NAMES_KEPT_S);
	(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, client->is_stream ? 0L : 1L);
	(void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, client->is_stream ? 0L : 1L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, client->is_stream ? 1L : 0L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify * 2);
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, settings->follow_redirects ? 1L : 0L);
	(void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, HTTP_REDIRECTS_MAX);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_ms);
}

static CURLcode
set_request(const struct http_client *client, CURL *easy)
{
	const struct http_request *request = client->request;
	const char *method = client->settings->method;

	if (strcmp(method, "HEAD") == 0)
		(void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (strcmp(method, "POST") == 0)
		(void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
	if (request->body[0] != '\0' || strcmp(method, "POST") == 0) {
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
	}
	if (strcmp(method, "POST") != 0)
		(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	if (!has_header(request, "Accept-Encoding"))
		(void)curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	if (!has_header(request, "User-Agent"))
		(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "actionkit");
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers);
	return curl_easy_setopt(easy, CURLOPT_URL, request->url);
}

static CURL *
make_easy(struct http_client *client, struct http_exchange *exchange)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		return NULL;
	set_connection(client, easy);
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	/* Only who is verbose is told what was sent. */
	(void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_traffic);
	(void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, exchange);
	if (set_request(client, easy) == CURLE_OK)
		return easy;
	curl_easy_cleanup(easy);
	return NULL;
}

int
http_client_open(struct ak_call *call, struct http_client *client)
{
	size_t count = (size_t)client->settings->concurrent, i;

	if (count == 0 || count > HTTP_CONCURRENT_MAX)
		return ak_error(call, "This execution was not prepared");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (client->multi = curl_multi_init()) == NULL)
		return ak_error(call, "libcurl cannot be used");
	add_headers(client);
	for (i = 0; i < count; i++) {
		struct http_exchange *exchange = &client->exchanges[i];

		exchange->client = client;
		exchange->slot = i;
		exchange->easy = make_easy(client, exchange);
		if (exchange->easy == NULL)
			return ak_error(call, "A request cannot be made of these settings");
	}
	return 0;
}

static void
finish(struct http_client *client, struct http_exchange *exchange, CURLcode result)
{
	(void)curl_multi_remove_handle(client->multi, exchange->easy);
	exchange->is_active = false;
	client->active--;
	client->events->done(client->context, exchange, result);
}

bool
http_client_begin(struct http_client *client)
{
	struct http_exchange *exchange = client->exchanges;

	if (client->active == (size_t)client->settings->concurrent)
		return false;
	while (exchange->is_active)
		exchange++;
	exchange->is_active = true;
	exchange->status = 0;
	exchange->begun_ns = exchange->sent_ns = exchange->answered_ns = clocks_ns(CLOCK_BOOTTIME);
	client->active++;
	(void)curl_easy_setopt(exchange->easy, CURLOPT_TIMEOUT_MS, (long)client->settings->read_ms);
	/* One that cannot even be begun is not forgotten. */
	if (curl_multi_add_handle(client->multi, exchange->easy) != CURLM_OK)
		finish(client, exchange, CURLE_FAILED_INIT);
	return true;
}

static void
take_ends(struct http_client *client)
{
	struct http_exchange *exchange;
	const CURLMsg *message;
	CURLcode result;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		result = message->data.result;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
		finish(client, exchange, result);
	}
}

bool
http_client_wait(struct ak_call *call, struct http_client *client, int64_t ns)
{
	struct curl_waitfd end = { .fd = ak_work_fd(call), .events = CURL_WAIT_POLLIN };
	int64_t ms = ns <= 0 ? 0 : (ns + NS_PER_MS - 1) / NS_PER_MS;
	int running;

	(void)curl_multi_perform(client->multi, &running);
	take_ends(client);
	(void)curl_multi_poll(client->multi, &end, 1, (int)ms, NULL);
	(void)curl_multi_perform(client->multi, &running);
	take_ends(client);
	return end.revents != 0;
}
