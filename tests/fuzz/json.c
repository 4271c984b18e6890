/*
 * json.c: fuzzes the reading of JSON. What is read and written is read again as the same.
 */
#include "config.h"

#include "core/base/json.h"

#include <string.h>

#include "core/base/utf8.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *value = NULL, *again = NULL;
	size_t length, length_again;
	const char *text, *text_again;
	struct err err;

	if (json_parse((const char *)data, size, &value, &err) == -1) {
		fuzz_must(err.code == ERR_REQUEST, "a wrong code");
		fuzz_must(utf8_valid(err.msg, strlen(err.msg)), "a message is no UTF-8");
		return 0;
	}
	text = json_text(value, &length);
	fuzz_must(utf8_valid(text, length), "what is written is no UTF-8");
	fuzz_must(json_parse(text, length, &again, &err) == 0, "what is written is no JSON");
	text_again = json_text(again, &length_again);
	fuzz_must(length == length_again && memcmp(text, text_again, length) == 0,
	    "what is read again is written differently");
	json_object_put(value);
	json_object_put(again);
	return 0;
}
