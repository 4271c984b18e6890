/*
 * json_parse.c: reads JSON text in one pass, by the letter of RFC 8259, into json-c's objects.
 *
 * json-c's own parser is not used: it is lenient, and without memory it loses members and
 * ends of strings and says nothing. What is lost from a state is never undone.
 */
#include "config.h"

#include "core/base/json_scan.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"

#define NAME_SHOWN_BYTES 100

static int scan_value(struct scan *scan, int depth, struct json_object **ret_value);

/* json-c makes room for 16 members or 32 elements at once: 800 bytes for {}. */
static void
give_back(struct json_object *container)
{
	struct lh_table *members = json_object_get_object(container);
	int size, result;

	if (members == NULL) {
		result = json_object_array_shrink(container, 0);
	} else {
		/* As much as json-c wants to be free before it makes more room. */
		size = members->count + members->count / 2 + 1;
		result = size < members->size ? lh_table_resize(members, size) : 0;
	}
	if (result == -1)
		log_out_of_memory();
}

static int
scan_elements(struct scan *scan, int depth, struct json_object *array)
{
	struct json_object *value;

	scan->at++;
	scan_space(scan);
	if (scan_is_at(scan, ']')) {
		scan->at++;
		return 0;
	}
	for (;;) {
		if (scan_value(scan, depth, &value) == -1)
			return -1;
		json_append(array, value);
		if (scan_is_at(scan, ']'))
			break;
		if (!scan_is_at(scan, ','))
			return scan_fail_expected(scan, "',' or ']'");
		scan->at++;
	}
	scan->at++;
	return 0;
}

static int
scan_member(struct scan *scan, int depth, struct json_object *object)
{
	struct json_object *value;
	const char *first;
	size_t length;
	char *name;
	int result = -1;

	scan_space(scan);
	if (!scan_is_at(scan, '"'))
		return scan_fail_expected(scan, "a name");
	first = scan->at;
	name = scan_text(scan, true, &length);
	if (name == NULL)
		return -1;
	if (json_object_object_get_ex(object, name, NULL)) {
		scan->at = first;
		scan_fail(scan, "\"%.*s\" is there twice in one object", NAME_SHOWN_BYTES, name);
		goto out;
	}
	scan_space(scan);
	if (!scan_is_at(scan, ':')) {
		scan_fail_expected(scan, "':'");
		goto out;
	}
	scan->at++;
	result = scan_value(scan, depth, &value);
	if (result == 0)
		json_add(object, name, value);
out:
	free(name);
	return result;
}

static int
scan_members(struct scan *scan, int depth, struct json_object *object)
{
	scan->at++;
	scan_space(scan);
	if (scan_is_at(scan, '}')) {
		scan->at++;
		return 0;
	}
	for (;;) {
		if (scan_member(scan, depth, object) == -1)
			return -1;
		if (scan_is_at(scan, '}'))
			break;
		if (!scan_is_at(scan, ','))
			return scan_fail_expected(scan, "',' or '}'");
		scan->at++;
	}
	scan->at++;
	return 0;
}

static int
scan_container(struct scan *scan, int depth, struct json_object **ret_value)
{
	bool is_object = scan_is_at(scan, '{');
	struct json_object *container = is_object ? json_new_object() : json_new_array();
	int result = is_object ? scan_members(scan, depth, container) :
	    scan_elements(scan, depth, container);

	if (result == -1) {
		json_object_put(container);
		return -1;
	}
	give_back(container);
	*ret_value = container;
	return 0;
}

/* true, false or null. */
static int
scan_literal(struct scan *scan, struct json_object **ret_value)
{
	char first = *scan->at;

	if (scan_word(scan, first == 't' ? "true" : first == 'f' ? "false" : "null") == -1)
		return -1;
	*ret_value = first == 'n' ? NULL : json_new_bool(first == 't');
	return 0;
}

/*
 * A value with the space around it, within depth arrays and objects. *ret_value is untouched on
 * failure.
 */
static int
scan_value(struct scan *scan, int depth, struct json_object **ret_value)
{
	int rc;

	scan_space(scan);
	if (scan->at == scan->end)
		return scan_fail_expected(scan, "a value");
	if (depth == JSON_DEPTH_MAX && (*scan->at == '{' || *scan->at == '['))
		return scan_fail(scan, "nested more than %d deep", JSON_DEPTH_MAX);
	if (scan->values++ == scan->max_values)
		return err_set(scan->err, ERR_TOO_LARGE, "more than %" PRId64 " values",
		    scan->max_values);
	switch (*scan->at) {
	case '{':
	case '[':
		rc = scan_container(scan, depth + 1, ret_value);
		break;
	case '"':
		rc = scan_string(scan, ret_value);
		break;
	case 't':
	case 'f':
	case 'n':
		rc = scan_literal(scan, ret_value);
		break;
	case '-':
	case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		rc = scan_number(scan, ret_value);
		break;
	default:
		return scan_fail_expected(scan, "a value");
	}
	if (rc == 0)
		scan_space(scan);
	return rc;
}

/* What is no UTF-8, or says that it is, in words; NULL: nothing. */
static const char *
encoding_fault(const char *text, size_t length)
{
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return "a byte order mark (BOM), which must not be there";
	if (length >= 4 && (memcmp(text, "\xff\xfe", 2) == 0 ||
	    memcmp(text, "\xfe\xff", 2) == 0 || text[0] == '\0' || text[1] == '\0'))
		return "the text is UTF-16 or UTF-32, and must be UTF-8";
	return NULL;
}

int
json_parse_within(const char *text, size_t length, int64_t max_values,
    struct json_object **ret_value, struct err *err)
{
	struct scan scan = {
		.text = text, .at = text, .end = text + length, .max_values = max_values,
		.err = err
	};
	const char *fault = encoding_fault(text, length);
	struct json_object *value;

	if (fault != NULL)
		return scan_fail(&scan, "%s", fault);
	if (length > INT_MAX)
		return err_set(err, ERR_REQUEST, "the text is too long");
	if (scan_value(&scan, 0, &value) == -1)
		return -1;
	if (scan.at != scan.end) {
		json_object_put(value);
		return scan_fail(&scan, "the text goes on after its value");
	}
	*ret_value = value;
	return 0;
}

int
json_parse(const char *text, size_t length, struct json_object **ret_value,
    struct err *err)
{
	return json_parse_within(text, length, JSON_VALUES_MAX, ret_value, err);
}
