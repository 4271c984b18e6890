/*
 * request.c: reads what nginx says about a request.
 */
#include "config.h"

#include "fcgi/http/request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcgiapp.h>

#include "core/base/clock.h"
#include "core/base/uuid_text.h"
#include "fcgi/http/base_path.h"

#define TIMEOUT_MAX_S 86400

/* The parameter's text; NULL if it is absent or empty. */
static const char *
parameter(char **parameters, const char *name)
{
	const char *text = FCGX_GetParam(name, parameters);

	return text == NULL || *text == '\0' ? NULL : text;
}

/* What is taken over into headers and log lines must be harmless there. */
static bool
id_is_safe(const char *id)
{
	size_t length = strlen(id);
	size_t i;

	if (length < 1 || length > REQUEST_ID_MAX_BYTES)
		return false;
	for (i = 0; i < length; i++)
		if (!isalnum((unsigned char)id[i]) && strchr("-_.:/+=@", id[i]) == NULL)
			return false;
	return true;
}

static void
read_id(struct request *request, char **parameters)
{
	const char *sent_as = parameter(parameters, "REQUEST_ID");
	const char *id = parameter(parameters, "HTTP_REQUEST_ID");
	char text[UUID_TEXT_BYTES];

	request->sent_as = sent_as == NULL || !id_is_safe(sent_as) ? "" : sent_as;
	if (id == NULL || !id_is_safe(id))
		id = request->sent_as;
	if (*id == '\0') {
		uuid_text_random(text);
		id = text;
	}
	snprintf(request->id, sizeof(request->id), "%s", id);
}

/*
 * Seconds, as extension-kit reads them: "30", "2.5", "1e3". What it cannot read it ignores, and
 * so do we: a hint must not be why an action is not stopped. More than a day is as good as a day.
 */
static int64_t
timeout_ms(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end != '\0' || !(seconds > 0))
		return 0;
	if (seconds > TIMEOUT_MAX_S)
		seconds = TIMEOUT_MAX_S;
	/* Less than a millisecond is not no limit. */
	return seconds * CLOCK_MS_PER_S < 1 ? 1 : (int64_t)(seconds * CLOCK_MS_PER_S);
}

static void
read_timeout(struct request *request, char **parameters)
{
	const char *text = parameter(parameters, "HTTP_REQUEST_TIMEOUT");

	if (text == NULL)
		text = parameter(parameters, "HTTP_X_REQUEST_TIMEOUT");
	if (text != NULL)
		request->timeout_ms = timeout_ms(text);
}

static int
read_part(struct request *request, char **parameters, struct err *err)
{
	static const char *const names[] = {
		[PART_AGENT] = "agent",
		[PART_METRICS] = "metrics",
		[PART_PAGE] = "page",
		[PART_PAGE_STOP] = "page-stop"
	};
	const char *text = parameter(parameters, "ACTIONKIT_PART");
	size_t i;

	if (text == NULL)
		return 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			request->part = (enum request_part)i;
			return 0;
		}
	return err_set(err, ERR_INTERNAL, "FastCGI parameter ACTIONKIT_PART: there is no part %s",
	    text);
}

static int
read_length(struct request *request, char **parameters, struct err *err)
{
	const char *text = parameter(parameters, "CONTENT_LENGTH");
	int64_t length = 0;

	if (text == NULL)
		return 0;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(length, 10, &length) ||
		    __builtin_add_overflow(length, *text - '0', &length))
			break;
	if (*text != '\0')
		return err_set(err, ERR_REQUEST,
		    "header Content-Length: must be a number of bytes");
	request->length = length;
	return 0;
}

static int
read_path(struct request *request, const struct server_options *options, char **parameters,
    struct err *err)
{
	const char *path = parameter(parameters, "DOCUMENT_URI"), *fault;
	size_t length;

	request->base_path = parameter(parameters, "ACTIONKIT_BASE_PATH");
	if (request->base_path == NULL)
		request->base_path = options->base_path;
	fault = base_path_fault(request->base_path);
	if (fault != NULL)
		return err_set(err, ERR_INTERNAL,
		    "FastCGI parameter ACTIONKIT_BASE_PATH: %s", fault);
	if (path == NULL || *path != '/')
		return err_set(err, ERR_INTERNAL,
		    "FastCGI parameter DOCUMENT_URI is missing or no path");
	length = strlen(request->base_path);
	if (strncmp(path, request->base_path, length) != 0 ||
	    (path[length] != '/' && path[length] != '\0'))
		return err_set(err, ERR_NOT_FOUND, "%s: not below %s", path,
		    request->base_path);
	request->path = path[length] == '\0' ? "/" : path + length;
	return 0;
}

int
request_read(struct request *ret_request, const struct server_options *options,
    char **parameters, struct err *err)
{
	const char *method = parameter(parameters, "REQUEST_METHOD");
	const char *type = parameter(parameters, "CONTENT_TYPE");

	*ret_request = (struct request){
		.method = method == NULL ? "" : method,
		.content_type = type == NULL ? "" : type,
		.if_none_match = parameter(parameters, "HTTP_IF_NONE_MATCH"),
		.content_encoding = parameter(parameters, "HTTP_CONTENT_ENCODING"),
		.origin = parameter(parameters, "HTTP_ORIGIN"),
		.front_address = parameter(parameters, "SERVER_ADDR"),
		.front_port = parameter(parameters, "SERVER_PORT"),
		.query = parameter(parameters, "QUERY_STRING"),
		.own_origin = parameter(parameters, "ACTIONKIT_ORIGIN"),
		.server_name = parameter(parameters, "SERVER_NAME"),
		.host = parameter(parameters, "HTTP_HOST"),
		.fetch_site = parameter(parameters, "HTTP_SEC_FETCH_SITE"),
		.operator = parameter(parameters, "REMOTE_USER"),
		.length = REQUEST_LENGTH_UNKNOWN
	};
	read_id(ret_request, parameters);
	read_timeout(ret_request, parameters);
	if (read_part(ret_request, parameters, err) == -1 ||
	    read_path(ret_request, options, parameters, err) == -1 ||
	    read_length(ret_request, parameters, err) == -1)
		return -1;
	return 0;
}

bool
request_is_page(const struct request *request)
{
	return request->part == PART_PAGE || request->part == PART_PAGE_STOP;
}

int64_t
request_deadline(const struct request *request, int64_t timeout_ms)
{
	if (request->timeout_ms != 0 && request->timeout_ms < timeout_ms)
		timeout_ms = request->timeout_ms;
	return clock_boot_ms() + timeout_ms;
}
