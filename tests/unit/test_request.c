/*
 * test_request.c: what nginx says about a request, and If-None-Match.
 */
#include "config.h"

#include "fcgi/http/request.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/http/index.h"
#include "tests/unit/unit.h"

#define PARAMETERS_MAX 8
#define UUID_LENGTH 36

static struct server_options options;
static struct request request;
static struct err err;

/* Reads a request with these parameters ("NAME=value") and those that always are there. */
static int
read_request(const char *first, ...)
{
	char *parameters[PARAMETERS_MAX + 3] = {
		(char *)(uintptr_t)"REQUEST_METHOD=POST"
	};
	int count = 1;
	const char *parameter;
	va_list arguments;

	va_start(arguments, first);
	for (parameter = first; parameter != NULL && count <= PARAMETERS_MAX;
	    parameter = va_arg(arguments, const char *))
		parameters[count++] = (char *)(uintptr_t)parameter;
	va_end(arguments);
	parameters[count] = (char *)(uintptr_t)"DOCUMENT_URI=/";
	memset(&err, 0, sizeof(err));
	return request_read(&request, &options, parameters, &err);
}

static void
refused(const char *parameter, enum err_code code, const char *word)
{
	ck_assert_msg(read_request(parameter, NULL) == -1, "%s", parameter);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.msg, word) != NULL, "\"%s\" is not in \"%s\"", word,
	    err.msg);
}

START_TEST(test_plain)
{
	ck_assert_int_eq(read_request("CONTENT_LENGTH=", "CONTENT_TYPE=", NULL), 0);
	ck_assert_str_eq(request.method, "POST");
	ck_assert_str_eq(request.path, "/");
	ck_assert_str_eq(request.base_path, "");
	ck_assert_str_eq(request.content_type, "");
	ck_assert_ptr_null(request.if_none_match);
	ck_assert_int_eq(request.length, REQUEST_LENGTH_UNKNOWN);
	ck_assert_int_eq(request.timeout_ms, 0);
	ck_assert_uint_eq(strlen(request.id), UUID_LENGTH);
}
END_TEST

START_TEST(test_length)
{
	ck_assert_int_eq(read_request("CONTENT_LENGTH=0", NULL), 0);
	ck_assert_int_eq(request.length, 0);
	ck_assert_int_eq(read_request("CONTENT_LENGTH=9223372036854775807", NULL), 0);
	ck_assert_int_eq(request.length, INT64_MAX);
	refused("CONTENT_LENGTH=9223372036854775808", ERR_REQUEST, "Content-Length");
	refused("CONTENT_LENGTH=-1", ERR_REQUEST, "Content-Length");
	refused("CONTENT_LENGTH=1x", ERR_REQUEST, "Content-Length");
}
END_TEST

START_TEST(test_timeout)
{
	static const struct {
		const char *parameter;
		int64_t ms;
	} rows[] = {
		{ "HTTP_REQUEST_TIMEOUT=30", 30000 },
		{ "HTTP_REQUEST_TIMEOUT=2.5", 2500 },
		{ "HTTP_REQUEST_TIMEOUT=0.0019", 1 },
		{ "HTTP_REQUEST_TIMEOUT=007", 7000 },
		{ "HTTP_REQUEST_TIMEOUT=99999999999999999999999", 86400000 },
		{ "HTTP_REQUEST_TIMEOUT=0.00001", 1 },
		{ "HTTP_REQUEST_TIMEOUT=1e1", 10000 },
		{ "HTTP_REQUEST_TIMEOUT=inf", 86400000 },
		{ "HTTP_X_REQUEST_TIMEOUT=1", 1000 },
		/* Hints that cannot be read are none. */
		{ "HTTP_REQUEST_TIMEOUT=0", 0 },
		{ "HTTP_REQUEST_TIMEOUT=-1", 0 },
		{ "HTTP_REQUEST_TIMEOUT=1s", 0 },
		{ "HTTP_REQUEST_TIMEOUT=1,5", 0 },
		{ "HTTP_REQUEST_TIMEOUT=nan", 0 },
		{ "HTTP_REQUEST_TIMEOUT=soon", 0 },
		{ "HTTP_X_REQUEST_TIMEOUT=\xff", 0 },
	};
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		ck_assert_int_eq(read_request(rows[i].parameter, NULL), 0);
		ck_assert_int_eq(request.timeout_ms, rows[i].ms);
	}
}
END_TEST

START_TEST(test_id)
{
	char parameter[256];

	ck_assert_int_eq(read_request("HTTP_REQUEST_ID=a-b_c.d:e/f+g=h@1", NULL), 0);
	ck_assert_str_eq(request.id, "a-b_c.d:e/f+g=h@1");
	ck_assert_int_eq(read_request("HTTP_REQUEST_ID=a b", NULL), 0);
	ck_assert_uint_eq(strlen(request.id), UUID_LENGTH);
	ck_assert_int_eq(read_request("HTTP_REQUEST_ID=a\nb", NULL), 0);
	ck_assert_uint_eq(strlen(request.id), UUID_LENGTH);
	snprintf(parameter, sizeof(parameter), "HTTP_REQUEST_ID=%0*d", REQUEST_ID_MAX_BYTES,
	    1);
	ck_assert_int_eq(read_request(parameter, NULL), 0);
	ck_assert_uint_eq(strlen(request.id), REQUEST_ID_MAX_BYTES);
	snprintf(parameter, sizeof(parameter), "HTTP_REQUEST_ID=%0*d",
	    REQUEST_ID_MAX_BYTES + 1, 1);
	ck_assert_int_eq(read_request(parameter, NULL), 0);
	ck_assert_uint_eq(strlen(request.id), UUID_LENGTH);
}
END_TEST

START_TEST(test_base_path)
{
	strcpy(options.base_path, "/chaos");
	ck_assert_int_eq(read_request("DOCUMENT_URI=/chaos/actions", NULL), 0);
	ck_assert_str_eq(request.path, "/actions");
	ck_assert_int_eq(read_request("DOCUMENT_URI=/chaos", NULL), 0);
	ck_assert_str_eq(request.path, "/");
	ck_assert_int_eq(read_request("DOCUMENT_URI=/chaos/", NULL), 0);
	ck_assert_str_eq(request.path, "/");
	refused("DOCUMENT_URI=/chaotic/actions", ERR_NOT_FOUND, "/chaotic/actions");
	refused("DOCUMENT_URI=/actions", ERR_NOT_FOUND, "/chaos");

	ck_assert_int_eq(read_request("ACTIONKIT_BASE_PATH=/other",
	    "DOCUMENT_URI=/other/actions", NULL), 0);
	ck_assert_str_eq(request.path, "/actions");
	ck_assert_str_eq(request.base_path, "/other");
	ck_assert_int_eq(read_request("ACTIONKIT_BASE_PATH=", "DOCUMENT_URI=/chaos/x",
	    NULL), 0);
	ck_assert_str_eq(request.path, "/x");
	refused("ACTIONKIT_BASE_PATH=other/", ERR_INTERNAL, "ACTIONKIT_BASE_PATH");
	refused("DOCUMENT_URI=", ERR_INTERNAL, "DOCUMENT_URI");
}
END_TEST

START_TEST(test_if_none_match)
{
	static const char *const hits[] = {
		"\"r1\"", "r1", "W/\"r1\"", "*", "\"r0\", \"r1\"", "\"r0\",W/\"r1\"",
		" \"r1\" ", "r0 , r1", "\"r0\", *"
	};
	static const char *const misses[] = {
		"", "\"r2\"", "r", "r11", "\"r11\"", "\"r1", "W/", ",", "\"\"", "**", "R1"
	};
	struct index index = { .revision = "r1" };
	size_t i;

	ck_assert(!etag_matches(index.revision, NULL));
	for (i = 0; i < UNIT_COUNT(hits); i++)
		ck_assert_msg(etag_matches(index.revision, hits[i]), "%s", hits[i]);
	for (i = 0; i < UNIT_COUNT(misses); i++)
		ck_assert_msg(!etag_matches(index.revision, misses[i]), "%s", misses[i]);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_plain, test_length, test_timeout, test_id, test_base_path,
		test_if_none_match, NULL
	};

	return unit_main("request", NULL, tests);
}
