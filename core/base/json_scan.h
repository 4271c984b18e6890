/*
 * json_scan.h: what json_parse.c reads a text with. Out of memory is fatal.
 */
#ifndef CORE_BASE_JSON_SCAN_H
#define CORE_BASE_JSON_SCAN_H

#include "core/base/json.h"

/* A pass over the text: what is before `at` is well-formed. */
struct scan {
	const char *text;
	const char *at;
	const char *end;
	int64_t values;		/* that have begun */
	int64_t max_values;
	struct err *err;
};

/* Says what is wrong at `at`. Returns -1. */
int scan_fail(const struct scan *scan, const char *format, ...) AK_PRINTF(2, 3);
/* Fails because something else is missing, or the text ends. */
int scan_fail_expected(const struct scan *scan, const char *what);

bool scan_is_at(const struct scan *scan, char c);
void scan_space(struct scan *scan);

/* These read what begins at `at`, and return 0, or -1 with err. Values are owned. */
int scan_word(struct scan *scan, const char *word);
int scan_number(struct scan *scan, struct json_object **ret_value);
int scan_string(struct scan *scan, struct json_object **ret_value);
/* What a string means, from its quote on; NUL-terminated, owned. NULL and err on failure. */
char *scan_text(struct scan *scan, bool is_name, size_t *ret_length);

#endif
