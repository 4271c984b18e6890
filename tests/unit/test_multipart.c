/*
 * test_multipart.c: bodies of multipart/form-data, however they are cut.
 */
#include "config.h"

#include "fcgi/http/multipart.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/http/http_err.h"
#include "tests/unit/unit.h"

#define TYPE "multipart/form-data; boundary=bound"
#define FIRST "--bound\r\n"
#define NEXT "\r\n--bound\r\n"
#define REAL "\r\n--bound"
#define LAST "\r\n--bound--\r\n"
#define FIELD(name_) "Content-Disposition: form-data; name=\"" name_ "\"\r\n\r\n"
#define UPLOAD(name_, file_) "Content-Disposition: form-data; name=\"" name_ \
    "\"; filename=\"" file_ "\"\r\n\r\n"
/* A header of part 1 that says this, and the data "x". */
#define WITH(lines_) FIRST lines_ "\r\n\r\nx" LAST
#define DISPOSED(rest_) WITH("Content-Disposition: " rest_)

#define BODY_MAX_BYTES 65536
#define TOLD_MAX_BYTES (2 * BODY_MAX_BYTES)
#define RANDOM_BODIES 3000
#define RANDOM_PIECES 40
#define RANDOM_CUTS 8

/* What the parser found, as text: "begin 1 name [file] type\n" data "\nend\n", ... */
struct told {
	char text[TOLD_MAX_BYTES];
	size_t length;
	bool open;
	int result;
	struct err err;
};

static struct told whole, cut;

static void
tell(struct told *told, const char *text, size_t length)
{
	ck_assert_uint_le(told->length + length, sizeof(told->text));
	memcpy(told->text + told->length, text, length);
	told->length += length;
}

static void
tell_text(struct told *told, const char *text)
{
	tell(told, text, strlen(text));
}

static int
told_begin(void *context, const struct multipart_part *part, struct err *err)
{
	struct told *told = context;
	char number[16];

	(void)err;
	ck_assert(!told->open);
	told->open = true;
	snprintf(number, sizeof(number), "%d", part->number);
	tell_text(told, "begin ");
	tell_text(told, number);
	tell_text(told, " ");
	tell_text(told, part->name);
	if (part->filename != NULL) {
		tell_text(told, " [");
		tell_text(told, part->filename);
		tell_text(told, "]");
	}
	tell_text(told, " ");
	tell_text(told, part->content_type);
	tell_text(told, "\n");
	return 0;
}

static int
told_data(void *context, const char *data, size_t length, struct err *err)
{
	struct told *told = context;

	(void)err;
	ck_assert(told->open);
	ck_assert_uint_gt(length, 0);
	tell(told, data, length);
	return 0;
}

static int
told_end(void *context, struct err *err)
{
	struct told *told = context;

	(void)err;
	ck_assert(told->open);
	told->open = false;
	tell_text(told, "\nend\n");
	return 0;
}

static const struct multipart_events events = {
	.part_begin = told_begin,
	.part_data = told_data,
	.part_end = told_end
};

static void
begin(struct told *told, struct multipart *multipart, const char *type)
{
	told->length = 0;
	told->open = false;
	told->err.msg[0] = '\0';
	told->err.code = 0;
	told->result = multipart_begin(multipart, type, &events, told, &told->err);
}

/* A copy of the piece has ends that the sanitizer watches, and nothing outlives it. */
static void
feed(struct told *told, struct multipart *multipart, const char *data, size_t length)
{
	char *copy;

	if (told->result == -1 || length == 0)
		return;
	copy = malloc(length);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, length);
	told->result = multipart_feed(multipart, copy, length, &told->err);
	free(copy);
}

static void
end(struct told *told, struct multipart *multipart)
{
	if (told->result == 0)
		told->result = multipart_end(multipart, &told->err);
}

static void
parse(struct told *told, const char *type, const char *body, size_t length)
{
	struct multipart multipart;

	begin(told, &multipart, type);
	feed(told, &multipart, body, length);
	end(told, &multipart);
}

static void
same(const char *how, size_t where)
{
	ck_assert_msg(cut.result == whole.result && cut.err.code == whole.err.code &&
	    strcmp(cut.err.msg, whole.err.msg) == 0,
	    "%s %zu: \"%s\" instead of \"%s\"", how, where, cut.err.msg, whole.err.msg);
	ck_assert_msg(cut.length == whole.length &&
	    memcmp(cut.text, whole.text, whole.length) == 0,
	    "%s %zu: \"%.*s\" instead of \"%.*s\"", how, where, (int)cut.length, cut.text,
	    (int)whole.length, whole.text);
}

/* Parses it whole, cut in two at every byte, and byte by byte. */
static void
parse_cut(const char *type, const char *body, size_t length)
{
	struct multipart multipart;
	size_t i;

	parse(&whole, type, body, length);
	for (i = 1; i < length; i++) {
		begin(&cut, &multipart, type);
		feed(&cut, &multipart, body, i);
		feed(&cut, &multipart, body + i, length - i);
		end(&cut, &multipart);
		same("cut at", i);
	}
	begin(&cut, &multipart, type);
	for (i = 0; i < length; i++)
		feed(&cut, &multipart, body + i, 1);
	end(&cut, &multipart);
	same("byte by byte, of", length);
}

static void
finds_in(const char *type, const char *body, size_t length, const char *text)
{
	parse_cut(type, body, length);
	ck_assert_msg(whole.result == 0, "%.*s: %s", (int)length, body, whole.err.msg);
	ck_assert_msg(whole.length == strlen(text) &&
	    memcmp(whole.text, text, whole.length) == 0, "\"%.*s\" instead of \"%s\"",
	    (int)whole.length, whole.text, text);
}

static void
finds(const char *body, const char *text)
{
	finds_in(TYPE, body, strlen(body), text);
}

static void
refuses(const char *body, const char *message)
{
	parse_cut(TYPE, body, strlen(body));
	ck_assert_msg(whole.result == -1, "%s", body);
	ck_assert_str_eq(whole.err.msg, message);
	ck_assert_int_eq(whole.err.code, ERR_REQUEST);
}

START_TEST(test_forms)
{
	finds(FIRST FIELD("request") "{}" LAST, "begin 1 request \n{}\nend\n");
	finds(FIRST FIELD("request") "{}" NEXT UPLOAD("file", "a.txt") "data\r\n" LAST,
	    "begin 1 request \n{}\nend\nbegin 2 file [a.txt] \ndata\r\n\nend\n");
	/* No data, with and without a line end of its own. */
	finds(FIRST UPLOAD("file", "") LAST, "begin 1 file [] \n\nend\n");
	finds(FIRST FIELD("a") "--bound\r\n" FIELD("b") "--bound--",
	    "begin 1 a \n\nend\nbegin 2 b \n\nend\n");
	/* No part at all, as Go writes it. */
	finds(LAST, "");
	finds("--bound--", "");
}
END_TEST

START_TEST(test_around)
{
	finds("Read it with a new client.\r\n" FIRST FIELD("a") "1" LAST "The end.",
	    "begin 1 a \n1\nend\n");
	finds("--boun\r\n--bound2\r\n--bound-x" NEXT FIELD("a") "1" LAST,
	    "begin 1 a \n1\nend\n");
	finds(FIRST FIELD("a") "1" LAST FIRST FIELD("b") "2" LAST,
	    "begin 1 a \n1\nend\n");
	finds(FIRST FIELD("a") "1" REAL "--\n--bound---", "begin 1 a \n1\nend\n");
	/* Blanks behind the boundary. */
	finds("--bound \t \r\n" FIELD("a") "1\r\n--bound\t\r\n" FIELD("b")
	    "2\r\n--bound-- \r\n", "begin 1 a \n1\nend\nbegin 2 b \n2\nend\n");
}
END_TEST

START_TEST(test_false_starts)
{
	static const char *const rows[] = {
		"\r\n--bounX", "\r\n--boun", "\r\n--boun\r\n--boun", "\r", "\r\r", "\r\n",
		"\r\n\r\n", "\r\n-", "\r\n--", "\r\n--\r\n--", "\r\r\n--boun", "--bound",
		"x--bound\r\n", "\n--bound\r\n", "\r\n--bound2", "\r\n--bound-",
		"\r\n--bound-x", "\r\n--bound\n", "\r\n--boundbound", "\r\n--Bound",
		"\r\n--bound-\r\n--bound-", "\r\n--bound\v", "bound", "-", "--",
	};
	static const char nul[] = FIRST FIELD("a") "\r\n--bound\0" LAST;
	static const char told_nul[] = "begin 1 a \n\r\n--bound\0\nend\n";
	char body[1024], text[1024];
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		snprintf(body, sizeof(body), FIRST FIELD("a") "<%s" LAST, rows[i]);
		snprintf(text, sizeof(text), "begin 1 a \n<%s\nend\n", rows[i]);
		finds(body, text);
		snprintf(body, sizeof(body), FIRST FIELD("a") "%s>%s>" LAST, rows[i],
		    rows[i]);
		if (strcmp(rows[i], "--bound") == 0)
			continue;
		snprintf(text, sizeof(text), "begin 1 a \n%s>%s>\nend\n", rows[i],
		    rows[i]);
		finds(body, text);
	}
	finds(FIRST FIELD("a") "--bound2" LAST, "begin 1 a \n--bound2\nend\n");
	parse_cut(TYPE, nul, sizeof(nul) - 1);
	ck_assert_int_eq(whole.result, 0);
	ck_assert_mem_eq(whole.text, told_nul, sizeof(told_nul) - 1);
	ck_assert_uint_eq(whole.length, sizeof(told_nul) - 1);
}
END_TEST

START_TEST(test_headers)
{
	finds(WITH("CONTENT-disposition:Form-Data;NAME=a;FileName=b"),
	    "begin 1 a [b] \nx\nend\n");
	finds(WITH("Content-Disposition: \t form-data ;\tname=a ; filename=b;; \t"),
	    "begin 1 a [b] \nx\nend\n");
	finds(WITH("Content-Type: application/json; charset=utf-8 \r\nX-Any: \r\n"
	    "Content-Disposition: form-data; name=a\r\nContent-Length: 1"),
	    "begin 1 a application/json; charset=utf-8\nx\nend\n");
	finds(WITH("Content-Transfer-Encoding: Binary\r\n"
	    "Content-Disposition: form-data; name=a"), "begin 1 a \nx\nend\n");
}
END_TEST

START_TEST(test_names)
{
	static const struct {
		const char *sent, *name;
	} rows[] = {
		{ "\"a b.txt\"", "a b.txt" },
		{ "\"a;b=c, d\"", "a;b=c, d" },
		{ "\"a\\\"b\\\\c\"", "a\"b\\c" },	/* Go, older curls */
		{ "\"a%22b\"", "a\"b" },		/* browsers, newer curls */
		{ "\"%0D%0A%00%2f%22%\"", "%0D%0A%00%2f\"%" },
		{ "\"C:\\dir\\new.txt\"", "C:\\dir\\new.txt" },
		{ "\"\\\\\\\\host\\\\x\"", "\\\\host\\x" },
		{ "\"..\"", ".." },
		{ "\"../../etc/passwd\"", "../../etc/passwd" },
		{ "\"\xc3\xa4\xff\"", "\xc3\xa4\xff" },
		{ "\"\t\"", "\t" },
		{ "a.txt", "a.txt" },
		{ "\"a\"; filename*=UTF-8''sz%C3%A4ne.json", "sz\xc3\xa4ne.json" },
		{ "a; FILENAME*=utf-8'de'b%20c", "b c" },
		{ "\"a\"; filename*=UTF-8''", "" },
		{ "\"a\"; other=\"x\"", "a" },
	};
	char body[1024], text[1024];
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		snprintf(body, sizeof(body), DISPOSED("form-data; name=a; filename=%s"),
		    rows[i].sent);
		snprintf(text, sizeof(text), "begin 1 a [%s] \nx\nend\n", rows[i].name);
		finds(body, text);
	}
}
END_TEST

START_TEST(test_bad)
{
	static const struct {
		const char *body, *message;
	} rows[] = {
		{ "", "the boundary that Content-Type names is not in the body" },
		{ "--other\r\n" FIELD("a") "1\r\n--other--\r\n",
		    "the boundary that Content-Type names is not in the body" },
		{ "--boun", "the boundary that Content-Type names is not in the body" },
		{ "--bound", "the body ends before part 1" },
		{ "--bound-", "the body ends before part 1" },
		{ "--bound ", "the body ends before part 1" },
		{ "--bound\r", "the body ends before part 1" },
		{ "--bound\r\r\n", "the boundary before part 1 is not alone on its line" },
		{ "--bound x\r\n", "the boundary before part 1 is not alone on its line" },
		{ FIRST, "the body ends inside the headers of part 1" },
		{ FIRST "Content-Disposition: form-data; name=a\r\n",
		    "the body ends inside the headers of part 1" },
		{ FIRST FIELD("a"), "the body ends inside part 1" },
		{ FIRST FIELD("a") "1\r\n--boun", "the body ends inside part 1" },
		{ FIRST FIELD("a") "1\r\n--bound", "the body ends inside part 1" },
		{ FIRST FIELD("a") "1\r\n--bound-", "the body ends inside part 1" },
		{ FIRST FIELD("a") "1\r\n--bound\r", "the body ends before part 2" },
		{ FIRST FIELD("a") "1\r\n--bound\rx",
		    "the boundary before part 2 is not alone on its line" },
		{ FIRST FIELD("a") "1" NEXT, "the body ends inside the headers of part 2" },
		{ FIRST FIELD("a") "1" NEXT FIELD("b"), "the body ends inside part 2" },

		{ FIRST FIELD("a") "1\r\n--bound--2" LAST,
		    "the last boundary, after part 1, goes on with other text" },
		{ "--bound---", "the last boundary, after part 0, goes on with other text" },

		{ FIRST "\r\n" LAST, "part 1: header Content-Disposition is missing" },
		{ FIRST FIELD("a") "1" NEXT "Content-Type: text/plain\r\n\r\n" LAST,
		    "part 2: header Content-Disposition is missing" },
		{ WITH("Content-Disposition"), "part 1: a header is not \"name: value\"" },
		{ WITH("Content-Disposition : form-data; name=a"),
		    "part 1: a header is not \"name: value\"" },
		{ WITH(": form-data"), "part 1: a header is not \"name: value\"" },
		{ FIRST NEXT, "part 1: header Content-Disposition is missing" },
		{ FIRST FIRST, "part 1: a header is not \"name: value\"" },
		{ DISPOSED("form-data;\r\n name=a"),
		    "part 1: header Content-Disposition: name is missing" },
		{ WITH("X: y\r\n z"), "part 1: a header is folded" },
		{ WITH("X: y\r\n\tz"), "part 1: a header is folded" },
		{ WITH("X: y\nX: z"), "part 1: a header does not end with CR LF" },
		{ FIRST "\n", "part 1: a header does not end with CR LF" },
		{ WITH("X: \ry"), "part 1: a header has a control character" },
		{ WITH("X: y\r"), "part 1: a header has a control character" },
		{ WITH("X: \x7f"), "part 1: a header has a control character" },
		{ DISPOSED("form-data; name=\"a\rb\""),
		    "part 1: a header has a control character" },

		{ DISPOSED(""), "part 1: header Content-Disposition: must be form-data" },
		{ DISPOSED("attachment; name=a"),
		    "part 1: header Content-Disposition: must be form-data" },
		{ DISPOSED("form-data x; name=a"),
		    "part 1: header Content-Disposition: must be form-data" },
		{ DISPOSED("form-data"),
		    "part 1: header Content-Disposition: name is missing" },
		{ DISPOSED("form-data; name=\"\""),
		    "part 1: header Content-Disposition: name is missing" },
		{ DISPOSED("form-data; filename=a"),
		    "part 1: header Content-Disposition: name is missing" },
		{ DISPOSED("form-data; name*=UTF-8''a"),
		    "part 1: header Content-Disposition: name is missing" },
		{ DISPOSED("form-data; name=a; name=a"),
		    "part 1: header Content-Disposition: name is there twice" },
		{ DISPOSED("form-data; name=a; filename=b; FILENAME=c"),
		    "part 1: header Content-Disposition: filename is there twice" },
		{ DISPOSED("form-data; name=a; filename*=UTF-8''b; filename*=UTF-8''b"),
		    "part 1: header Content-Disposition: "
		    "filename* is there twice" },
		{ DISPOSED("form-data; name=a; filename*=latin1''b"),
		    "part 1: header Content-Disposition: "
		    "filename* must begin with UTF-8''" },
		{ DISPOSED("form-data; name=a; filename*=b"),
		    "part 1: header Content-Disposition: "
		    "filename* must begin with UTF-8''" },
		{ DISPOSED("form-data; name=a; filename*=UTF-8''%C3"),
		    "part 1: header Content-Disposition: "
		    "filename* is not UTF-8" },
		{ DISPOSED("form-data; name=a; filename*=UTF-8''a%0Ab"),
		    "part 1: header Content-Disposition: "
		    "filename* has a control character" },
		{ DISPOSED("form-data; name=a; filename*=UTF-8''a%00b"),
		    "part 1: header Content-Disposition: "
		    "filename* has a control character" },
		{ DISPOSED("form-data; name=a; filename*=UTF-8''a%4"),
		    "part 1: header Content-Disposition: "
		    "filename*: a percent sign without two hexadecimal digits" },
		{ DISPOSED("form-data; name=a; filename*0=b"),
		    "part 1: header Content-Disposition: "
		    "filename* must be in one piece, not in several" },
		{ DISPOSED("form-data; name=\"a"), "part 1: header Content-Disposition: "
		    "parameter name: the closing quote is missing" },
		{ DISPOSED("form-data; name=\"a\\\""), "part 1: header "
		    "Content-Disposition: parameter name: the closing quote is missing" },
		{ DISPOSED("form-data; name=\"a\"b"), "part 1: header Content-Disposition: "
		    "parameter name: text after the value" },
		{ DISPOSED("form-data; name=a/b"), "part 1: header Content-Disposition: "
		    "parameter name: text after the value" },
		{ DISPOSED("form-data; name="), "part 1: header Content-Disposition: "
		    "parameter name: the value is missing" },
		{ DISPOSED("form-data; name = a"),
		    "part 1: header Content-Disposition: a parameter is not name=value" },
		{ DISPOSED("form-data; =a"),
		    "part 1: header Content-Disposition: a parameter is not name=value" },
		{ WITH("Content-Disposition: form-data; name=a\r\n"
		    "content-disposition: form-data; name=b"),
		    "part 1: header Content-Disposition: is there twice" },
		{ WITH("Content-Type: a/b\r\nContent-Type: a/b"),
		    "part 1: header Content-Type: is there twice" },
		{ WITH("Content-Transfer-Encoding: base64"),
		    "part 1: header Content-Transfer-Encoding: "
		    "must be binary, 8bit or 7bit" },
	};
	static const char nul[] = WITH("X: \0");
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++)
		refuses(rows[i].body, rows[i].message);
	parse_cut(TYPE, nul, sizeof(nul) - 1);
	ck_assert_int_eq(whole.result, -1);
	ck_assert_str_eq(whole.err.msg, "part 1: a header has a control character");
}
END_TEST

START_TEST(test_boundary)
{
	static const char seventy[] =
	    "1234567890123456789012345678901234567890123456789012345678901234567890";
	static const struct {
		const char *parameters, *boundary;	/* NULL: the message is */
		const char *message;
	} rows[] = {
		{ "; boundary=x", "x", NULL },
		{ " ;\tBoundary=\"x\"; charset=utf-8", "x", NULL },
		{ "; boundary=\"a'()+_,-./:=? z\"", "a'()+_,-./:=? z", NULL },
		{ "; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW;",
		    "----WebKitFormBoundary7MA4YWxkTrZu0gW", NULL },
		{ "; boundary=-", "-", NULL },
		{ "; boundary=--", "--", NULL },
		{ "", NULL, "Content-Type: boundary is missing" },
		{ "; charset=utf-8", NULL, "Content-Type: boundary is missing" },
		{ "; boundary=", NULL,
		    "Content-Type: parameter boundary: the value is missing" },
		{ "; boundary=\"\"", NULL,
		    "Content-Type: boundary must have 1 to 70 characters" },
		{ "; boundary=\"x \"", NULL,
		    "Content-Type: boundary must not end with a space" },
		{ "; boundary=x#y", NULL,
		    "Content-Type: boundary has a character that is not allowed" },
		{ "; boundary=\"x\\\"y\"", NULL,
		    "Content-Type: boundary has a character that is not allowed" },
		{ "; boundary=\"x\xc3\xa4\"", NULL,
		    "Content-Type: boundary has a character that is not allowed" },
		{ "; boundary=\"x\r\ny\"", NULL,
		    "Content-Type: boundary has a character that is not allowed" },
		{ "; boundary=x; boundary=x", NULL,
		    "Content-Type: boundary is there twice" },
		{ "; boundary", NULL, "Content-Type: a parameter is not name=value" },
	};
	char type[16384], body[1024];
	size_t i;

	for (i = 0; i < UNIT_COUNT(rows); i++) {
		snprintf(type, sizeof(type), "multipart/form-data%s", rows[i].parameters);
		ck_assert(multipart_is_type(type));
		if (rows[i].boundary == NULL) {
			parse(&whole, type, "", 0);
			ck_assert_int_eq(whole.result, -1);
			ck_assert_int_eq(whole.err.code, HTTP_ERR_MEDIA_TYPE);
			ck_assert_str_eq(whole.err.msg, rows[i].message);
			continue;
		}
		snprintf(body, sizeof(body), "--%s\r\n" FIELD("a") "1\r\n--%s--",
		    rows[i].boundary, rows[i].boundary);
		finds_in(type, body, strlen(body), "begin 1 a \n1\nend\n");
	}

	snprintf(type, sizeof(type), "multipart/form-data; boundary=%s", seventy);
	snprintf(body, sizeof(body), "--%s\r\n" FIELD("a") "1\r\n--%s--", seventy, seventy);
	finds_in(type, body, strlen(body), "begin 1 a \n1\nend\n");
	snprintf(type, sizeof(type), "multipart/form-data; boundary=%s1", seventy);
	parse(&whole, type, "", 0);
	ck_assert_str_eq(whole.err.msg,
	    "Content-Type: boundary must have 1 to 70 characters");
	snprintf(type, sizeof(type), "multipart/form-data; boundary=%09000d", 1);
	parse(&whole, type, "", 0);
	ck_assert_int_eq(whole.err.code, HTTP_ERR_MEDIA_TYPE);
	ck_assert_str_eq(whole.err.msg, "Content-Type has more than 8191 bytes");
}
END_TEST

START_TEST(test_type)
{
	static const char *const others[] = {
		"", "application/json", "multipart/mixed; boundary=x",
		"multipart/form-data2; boundary=x", "multipart/form-data x; boundary=x",
		"multipart/form", "x multipart/form-data"
	};
	size_t i;

	ck_assert(multipart_is_type("MULTIPART/Form-Data"));
	for (i = 0; i < UNIT_COUNT(others); i++) {
		ck_assert_msg(!multipart_is_type(others[i]), "%s", others[i]);
		parse(&whole, others[i], "", 0);
		ck_assert_int_eq(whole.err.code, HTTP_ERR_MEDIA_TYPE);
		ck_assert_ptr_nonnull(strstr(whole.err.msg, "must be multipart/form-data"));
	}
}
END_TEST

/* Appends to a body of BODY_MAX_BYTES. */
static void
append(char *body, const char *format, ...)
{
	size_t length = strlen(body);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(body + length, BODY_MAX_BYTES - length, format, arguments);
	va_end(arguments);
}

/* Fills body with a form of one part, whose headers have this length. */
static void
with_headers(char *body, size_t length)
{
	static const char disposition[] = "Content-Disposition: form-data; name=a\r\n";
	int filler = (int)(length - strlen(disposition) - strlen("X: \r\n\r\n"));

	strcpy(body, FIRST);
	append(body, "%sX: %0*d\r\n\r\nx" LAST, disposition, filler, 1);
}

START_TEST(test_limits)
{
	static char body[BODY_MAX_BYTES];
	int i;

	for (i = 0; i < MULTIPART_PARTS_MAX; i++)
		append(body, i == 0 ? FIRST FIELD("p") "%d" : NEXT FIELD("p") "%d", i);
	append(body, LAST);
	parse(&whole, TYPE, body, strlen(body));
	ck_assert_int_eq(whole.result, 0);
	body[strlen(body) - strlen("--\r\n")] = '\0';
	append(body, "\r\n");
	parse(&whole, TYPE, body, strlen(body));
	ck_assert_str_eq(whole.err.msg, "more than 128 parts");

	strcpy(body, FIRST "Content-Disposition: form-data; name=a");
	for (i = 1; i < MULTIPART_HEADERS_MAX; i++)
		append(body, "\r\nX: y");
	append(body, "\r\n\r\nx" LAST);
	finds(body, "begin 1 a \nx\nend\n");
	strcpy(body, FIRST "Content-Disposition: form-data; name=a");
	for (i = 0; i < MULTIPART_HEADERS_MAX; i++)
		append(body, "\r\nX: y");
	append(body, "\r\n\r\nx" LAST);
	refuses(body, "part 1: more than 16 headers");

	with_headers(body, MULTIPART_HEADERS_MAX_BYTES);
	finds(body, "begin 1 a \nx\nend\n");
	with_headers(body, MULTIPART_HEADERS_MAX_BYTES + 1);
	refuses(body, "part 1: more than 8192 bytes of headers");
	strcpy(body, FIRST);
	append(body, "%010000d", 1);
	refuses(body, "part 1: more than 8192 bytes of headers");

	snprintf(body, sizeof(body), DISPOSED("form-data; name=\"%0*d\""),
	    MULTIPART_NAME_MAX_BYTES, 1);
	parse(&whole, TYPE, body, strlen(body));
	ck_assert_int_eq(whole.result, 0);
	snprintf(body, sizeof(body), DISPOSED("form-data; name=\"%0*d\""),
	    MULTIPART_NAME_MAX_BYTES + 1, 1);
	refuses(body,
	    "part 1: header Content-Disposition: name has more than 256 bytes");

	snprintf(body, sizeof(body), DISPOSED("form-data; name=a; filename=\"%0*d\""),
	    MULTIPART_FILENAME_MAX_BYTES, 1);
	parse(&whole, TYPE, body, strlen(body));
	ck_assert_int_eq(whole.result, 0);
	snprintf(body, sizeof(body), DISPOSED("form-data; name=a; filename=\"%0*d\""),
	    MULTIPART_FILENAME_MAX_BYTES + 1, 1);
	refuses(body,
	    "part 1: header Content-Disposition: filename has more than 1024 bytes");
}
END_TEST

/* Which event fails, counted from 1. */
static int failing;

static int
may_fail(struct err *err)
{
	return --failing == 0 ? err_set(err, ERR_FULL, "no space") : 0;
}

static int
failing_begin(void *context, const struct multipart_part *part, struct err *err)
{
	(void)context;
	(void)part;
	return may_fail(err);
}

static int
failing_data(void *context, const char *data, size_t length, struct err *err)
{
	(void)context;
	(void)data;
	(void)length;
	return may_fail(err);
}

static int
failing_end(void *context, struct err *err)
{
	(void)context;
	return may_fail(err);
}

/* What a callback says comes through as it is, from every place that calls one. */
START_TEST(test_callbacks)
{
	static const struct multipart_events all_fail = {
		.part_begin = failing_begin,
		.part_data = failing_data,
		.part_end = failing_end
	};
	static const char body[] = FIRST FIELD("a") "1\r\n--bounx\r\n--bound2\r\n--bound-x"
	    NEXT FIELD("b") "2" LAST;
	struct multipart multipart;
	struct err err;
	int i, result;
	size_t at;

	for (i = 1;; i++) {
		failing = i;
		ck_assert_int_eq(multipart_begin(&multipart, TYPE, &all_fail, NULL, &err),
		    0);
		result = 0;
		for (at = 0; result == 0 && at < sizeof(body) - 1; at++)
			result = multipart_feed(&multipart, body + at, 1, &err);
		if (result == 0)
			break;
		ck_assert_int_eq(err.code, ERR_FULL);
		ck_assert_str_eq(err.msg, "no space");
	}
	ck_assert_int_gt(i, 8);
}
END_TEST

static uint32_t seed = 1;

/* Below limit; the same numbers in every run. */
static size_t
draw(size_t limit)
{
	seed = seed * 1664525 + 1013904223;
	return (size_t)(seed >> 8) % limit;
}

/* Whether this, behind a boundary in data, makes it a real one. */
static bool
makes_real(const char *rest, const char *end)
{
	if (rest == end)
		return true;	/* a line end follows */
	if (*rest == '-')
		return rest + 1 < end && rest[1] == '-';
	return *rest == '\r' || *rest == ' ' || *rest == '\t';
}

/* Data, behind its headers, full of what looks like a boundary and is none. */
static size_t
draw_data(char *ret_data)
{
	static const char *const pieces[] = {
		"\r\n--boun", "\r\n--bou", "\r\n--", "\r\n-", "\r\n", "\r", "\n", "--bound",
		"bound", "\r\n--bound2", "\r\n--bound-x", "-", "--", "x", " ", "\r\n--boune",
		"\r\n--bound.\r\n", "data data data", "\r\r\n", "d"
	};
	/* The empty line before the data is a line end, too. */
	char *text = ret_data - strlen("\r\n"), *at, *end = ret_data;
	size_t count = draw(RANDOM_PIECES);
	const char *piece;

	for (; count > 0; count--) {
		piece = pieces[draw(UNIT_COUNT(pieces))];
		end = stpcpy(end, piece);
	}
	for (at = text; (at = memmem(at, (size_t)(end - at), REAL, strlen(REAL))) != NULL;) {
		at += strlen(REAL);
		if (makes_real(at, end))
			at[-1] = '_';
	}
	return (size_t)(end - ret_data);
}

/* Any data comes out as it went in, in one piece or in some. */
START_TEST(test_random)
{
	static char body[BODY_MAX_BYTES], text[BODY_MAX_BYTES];
	struct multipart multipart;
	size_t length, expected, data, at, next;
	int round, part, parts;

	for (round = 0; round < RANDOM_BODIES; round++) {
		length = 0;
		expected = 0;
		parts = (int)draw(4);
		for (part = 1; part <= parts; part++) {
			length += (size_t)snprintf(body + length, sizeof(body) - length,
			    "%s", part == 1 ? FIRST UPLOAD("f", "n") :
			    NEXT UPLOAD("f", "n"));
			data = draw_data(body + length);
			expected += (size_t)snprintf(text + expected,
			    sizeof(text) - expected, "begin %d f [n] \n", part);
			memcpy(text + expected, body + length, data);
			length += data;
			expected += data;
			memcpy(text + expected, "\nend\n", strlen("\nend\n"));
			expected += strlen("\nend\n");
		}
		memcpy(body + length, LAST, strlen(LAST));
		length += strlen(LAST);

		parse(&whole, TYPE, body, length);
		ck_assert_msg(whole.result == 0, "%d: %s", round, whole.err.msg);
		ck_assert_msg(whole.length == expected &&
		    memcmp(whole.text, text, expected) == 0, "round %d: %.*s", round,
		    (int)length, body);
		begin(&cut, &multipart, TYPE);
		for (at = 0; at < length; at = next) {
			next = at + 1 + draw(length / RANDOM_CUTS + 1);
			if (next > length)
				next = length;
			feed(&cut, &multipart, body + at, next - at);
		}
		end(&cut, &multipart);
		same("round", (size_t)round);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_forms, test_around, test_false_starts, test_headers, test_names,
		test_bad, test_boundary, test_type, test_limits, test_callbacks,
		test_random, NULL
	};

	return unit_main("multipart", NULL, tests);
}
