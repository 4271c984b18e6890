/*
 * base_path.c: the rules of a base path.
 */
#include "config.h"

#include "fcgi/http/base_path.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

const char *
base_path_fault(const char *path)
{
	const char *segment = path, *end;
	size_t length;

	if (*path == '\0')
		return NULL;
	if (*path != '/')
		return "must start with \"/\"";
	if (path[strlen(path) - 1] == '/')
		return "must not end with \"/\"";
	if (strlen(path) >= BASE_PATH_BYTES)
		return "is too long";
	while (*segment == '/') {
		segment++;
		end = segment + strcspn(segment, "/");
		length = (size_t)(end - segment);
		if (length <= 2 && strncmp(segment, "..", length) == 0)
			return "must not have empty, \".\" or \"..\" segments";
		for (; segment < end; segment++)
			if (!isalnum((unsigned char)*segment) &&
			    strchr("-._~", *segment) == NULL)
				return "must have letters, digits and \"-._~\" only "
				    "between slashes";
	}
	return NULL;
}
