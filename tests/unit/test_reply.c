/*
 * test_reply.c: what an error is in HTTP, and the head of a reply.
 */
#include "config.h"

#include "fcgi/http/reply.h"

#include <string.h>

#include "core/base/json.h"
#include "fcgi/http/http_err.h"
#include "tests/unit/unit.h"

#define REQUEST_ID "5f6a"

static char head[REPLY_HEAD_BYTES + 1];

static const char *
make_head(const struct reply *reply)
{
	size_t length = reply_head(reply, REQUEST_ID, head);

	ck_assert_uint_lt(length, sizeof(head));
	head[length] = '\0';
	return head;
}

START_TEST(test_text)
{
	struct reply reply;

	reply_text(&reply, 200, "{}", 2);
	reply.etag = "abc";
	ck_assert_str_eq(make_head(&reply), "Status: 200 OK\r\n"
	    "Content-Type: application/json\r\nContent-Length: 2\r\n"
	    "Request-Id: " REQUEST_ID "\r\nETag: \"abc\"\r\n\r\n");
	reply_done(&reply);
}
END_TEST

START_TEST(test_not_modified)
{
	struct reply reply;

	reply_not_modified(&reply, "abc");
	ck_assert_str_eq(make_head(&reply), "Status: 304 Not Modified\r\n"
	    "Request-Id: " REQUEST_ID "\r\nETag: \"abc\"\r\n\r\n");
	ck_assert_ptr_null(reply.body);
	ck_assert_uint_eq(reply.length, 0);
	reply_done(&reply);
}
END_TEST

START_TEST(test_take)
{
	struct reply reply;
	char *text = strdup("{\"a\":1}");

	ck_assert_ptr_nonnull(text);
	reply_take(&reply, 200, text);
	ck_assert_ptr_nonnull(strstr(make_head(&reply), "Content-Length: 7\r\n"));
	ck_assert_ptr_eq(reply.body, text);
	reply_done(&reply);
	ck_assert_ptr_null(reply.owned);
	reply_done(&reply);
}
END_TEST

START_TEST(test_errors)
{
	static const struct {
		int code;
		const char *status;
		const char *title;
		bool retry;
	} rows[] = {
		{ ERR_INTERNAL, "500 ", "Internal error", false },
		{ ERR_USAGE, "500 ", NULL, false },
		{ ERR_REQUEST, "400 Bad Request", "Invalid request", false },
		{ ERR_NOT_FOUND, "404 Not Found", NULL, false },
		{ HTTP_ERR_METHOD, "405 Method Not Allowed", NULL, false },
		{ ERR_PHASE, "409 Conflict", NULL, false },
		{ HTTP_ERR_LENGTH, "411 Length Required", NULL, false },
		{ ERR_TOO_LARGE, "413 ", NULL, false },
		{ HTTP_ERR_MEDIA_TYPE, "415 ", NULL, false },
		{ ERR_CONFIG, "422 ", NULL, false },
		{ ERR_DRAINING, "503 Service Unavailable", NULL, true },
		{ ERR_BUSY, "503 Service Unavailable", NULL, true },
		{ ERR_STOPPING, "503 Service Unavailable", NULL, true },
		{ ERR_FULL, "507 ", NULL, false },
		{ ERR_STORE, "500 ", NULL, false },
		{ 0, "500 ", "Internal error", false },
		{ ERR_LAST + 99, "500 ", "Internal error", false },
		{ -1, "500 ", "Internal error", false },
	};
	struct json_object *json;
	struct reply reply;
	struct err err, ignored;
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		err_set(&err, rows[i].code, "what is wrong");
		reply_error(&reply, &err);
		ck_assert_msg(strncmp(make_head(&reply) + strlen("Status: "),
		    rows[i].status, strlen(rows[i].status)) == 0, "%d: %s",
		    rows[i].code, head);
		ck_assert_int_eq(strstr(head, "Retry-After: ") != NULL, rows[i].retry);
		ck_assert_int_eq(json_parse(reply.body, reply.length, &json, &ignored), 0);
		ck_assert_str_eq(json_member_string(json, "detail"), "what is wrong");
		ck_assert_str_eq(json_member_string(json, "status"), "errored");
		ck_assert_str_ne(json_member_string(json, "title"), "");
		if (rows[i].title != NULL)
			ck_assert_str_eq(json_member_string(json, "title"), rows[i].title);
		json_object_put(json);
		reply_done(&reply);
	}
}
END_TEST

START_TEST(test_handler)
{
	struct json_object *json;
	struct reply reply;
	struct err err, ignored;

	err_set(&err, ERR_HANDLER, "tc: exit status 2");
	reply_error(&reply, &err);
	ck_assert_int_eq(reply.status, 500);
	ck_assert_int_eq(json_parse(reply.body, reply.length, &json, &ignored), 0);
	ck_assert_str_eq(json_member_string(json, "title"), "tc: exit status 2");
	json_object_put(json);
	reply_done(&reply);
	reply_error_text(&reply, &err, strdup("{\"title\":\"tc\"}"));
	ck_assert_int_eq(reply.status, 500);
	ck_assert_uint_eq(reply.length, strlen("{\"title\":\"tc\"}"));
	ck_assert_str_eq(reply.body, "{\"title\":\"tc\"}");
	reply_done(&reply);
}
END_TEST

/* Paths of requests get into messages, whatever their bytes are. */
START_TEST(test_foreign_bytes)
{
	struct json_object *json;
	struct reply reply;
	struct err err, ignored;

	err_set(&err, ERR_NOT_FOUND, "/\xff\"\n: there is no such path");
	reply_error(&reply, &err);
	ck_assert_int_eq(json_parse(reply.body, reply.length, &json, &ignored), 0);
	json_object_put(json);
	reply_done(&reply);
}
END_TEST

START_TEST(test_allow)
{
	struct reply reply;
	struct err err;

	err_set(&err, HTTP_ERR_METHOD, "no");
	reply_error(&reply, &err);
	reply.allow = "GET, HEAD";
	ck_assert_ptr_nonnull(strstr(make_head(&reply), "\r\nAllow: GET, HEAD\r\n"));
	reply_done(&reply);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_text, test_not_modified, test_take, test_errors, test_handler,
		test_foreign_bytes, test_allow, NULL
	};

	return unit_main("reply", NULL, tests);
}
