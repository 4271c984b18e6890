/*
 * percent.c: reads the two digits behind a percent sign.
 */
#include "config.h"

#include "fcgi/http/percent.h"

#include <ctype.h>

static int
hex_digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

int
percent_byte(const char *text)
{
	int high = hex_digit(text[1]);
	int low = high == -1 ? -1 : hex_digit(text[2]);

	return low == -1 ? -1 : high * 16 + low;
}
