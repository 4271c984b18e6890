/*
 * status_codes.h: which HTTP status codes are as they should be: "200-299;404;error".
 */
#ifndef ACTIONS_STATUS_CODES_H
#define ACTIONS_STATUS_CODES_H

#include <stdbool.h>

#define STATUS_CODE_MIN 100
#define STATUS_CODE_MAX 599

struct status_codes {
	bool has[STATUS_CODE_MAX + 1];
	bool has_error;			/* that there is no answer is as it should be, too */
};

/* Reads codes and ranges that are separated by ";". Returns false where that is not possible. */
bool status_codes_read(const char *text, struct status_codes *ret_codes);

bool status_codes_have(const struct status_codes *codes, long status);

#endif
