/*
 * err.c: sets and wraps errors.
 */
#include "config.h"

#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/utf8.h"

/* Longer than a message, so that what is cut here is cut again between two characters. */
#define ERR_TEXT_BYTES (ERR_MESSAGE_BYTES + 4)

/* Puts "first: second" into the message, cut to its size between two characters. */
static void
put_message(struct err *err, const char *first, const char *second)
{
	char joined[2 * ERR_TEXT_BYTES];
	size_t length;
	int wanted;

	wanted = snprintf(joined, sizeof(joined), "%s%s%s", first,
	    second == NULL ? "" : ": ", second == NULL ? "" : second);
	length = wanted < 0 ? 0 : strlen(joined);
	length = utf8_cut(joined, length, sizeof(err->msg) - 1);
	memcpy(err->msg, joined, length);
	err->msg[length] = '\0';
}

static AK_PRINTF(2, 0) void
format_text(char text[ERR_TEXT_BYTES], const char *format, va_list arguments)
{
	if (vsnprintf(text, ERR_TEXT_BYTES, format, arguments) < 0)
		text[0] = '\0';
}

enum err_code
err_code_of(int sys, enum err_code otherwise)
{
	switch (sys) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_FULL;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EINTR:
		return ERR_BUSY;
	default:
		return otherwise;
	}
}

int
err_set(struct err *err, int code, const char *format, ...)
{
	char text[ERR_TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	format_text(text, format, arguments);
	va_end(arguments);
	err->code = code;
	err->sys = 0;
	put_message(err, text, NULL);
	return -1;
}

int
err_sys(struct err *err, int code, const char *format, ...)
{
	int saved = errno;
	char text[ERR_TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	format_text(text, format, arguments);
	va_end(arguments);
	err->code = code;
	err->sys = saved;
	put_message(err, text, strerror(saved));
	return -1;
}

int
err_wrap(struct err *err, const char *format, ...)
{
	char text[ERR_TEXT_BYTES], message[ERR_MESSAGE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	format_text(text, format, arguments);
	va_end(arguments);
	memcpy(message, err->msg, sizeof(message));
	message[sizeof(message) - 1] = '\0';
	put_message(err, text, message);
	return -1;
}
