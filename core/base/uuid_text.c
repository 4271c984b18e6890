/*
 * uuid_text.c: UUIDs as text, with libuuid.
 */
#include "config.h"

#include "core/base/uuid_text.h"

#include <string.h>

#include <uuid/uuid.h>

_Static_assert(UUID_TEXT_BYTES == UUID_STR_LEN, "libuuid writes as many");

int
uuid_text_parse(const char *text, char ret_text[UUID_TEXT_BYTES])
{
	uuid_t uuid;

	if (strlen(text) != UUID_TEXT_BYTES - 1 || uuid_parse(text, uuid) == -1)
		return -1;
	if (uuid_is_null(uuid))
		return 1;
	uuid_unparse_lower(uuid, ret_text);
	return 0;
}

void
uuid_text_random(char ret_text[UUID_TEXT_BYTES])
{
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, ret_text);
}
