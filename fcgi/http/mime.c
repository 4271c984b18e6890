/*
 * mime.c: takes header values with parameters apart.
 */
#include "config.h"

#include "fcgi/http/mime.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"
#define QUOTE_ENCODED "%22"

static bool
is_token(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte < 0x80 && isgraph(byte) && strchr("()<>@,;:\\\"/[]?=", byte) == NULL;
}

size_t
mime_token(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0' && is_token(text[length]))
		length++;
	return length;
}

bool
mime_is(const char *value, const char *word)
{
	size_t length = strlen(word);

	if (strncasecmp(value, word, length) != 0)
		return false;
	value += length;
	value += strspn(value, BLANKS);
	return *value == ';' || *value == '\0';
}

char *
mime_parameters(char *value)
{
	return value + strcspn(value, ";");
}

/*
 * Decodes what is behind the opening quote, in place. Returns where the text goes on behind
 * the closing quote; NULL if there is none.
 */
static char *
unquote(char *text)
{
	char *to = text;

	for (; *text != '"'; text++) {
		if (*text == '\0')
			return NULL;
		if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
			*to++ = *++text;
		else if (strncmp(text, QUOTE_ENCODED, strlen(QUOTE_ENCODED)) == 0) {
			*to++ = '"';
			text += strlen(QUOTE_ENCODED) - 1;
		} else
			*to++ = *text;
	}
	*to = '\0';
	return text + 1;
}

int
mime_next(char **at, const char **ret_name, const char **ret_value, struct err *err)
{
	char *name, *value, *end;

	/* An empty parameter is none: some clients end with a semicolon. */
	name = *at + strspn(*at, ";" BLANKS);
	if (*name == '\0')
		return 0;
	end = name + mime_token(name);
	if (end == name || *end != '=')
		return err_set(err, ERR_REQUEST, "a parameter is not name=value");
	*end++ = '\0';
	value = end;
	if (*value == '"') {
		end = unquote(++value);
		if (end == NULL)
			return err_set(err, ERR_REQUEST,
			    "parameter %s: the closing quote is missing", name);
	} else {
		end += mime_token(value);
		if (end == value)
			return err_set(err, ERR_REQUEST,
			    "parameter %s: the value is missing", name);
	}
	*at = end + strspn(end, BLANKS);
	if (**at != ';' && **at != '\0')
		return err_set(err, ERR_REQUEST,
		    "parameter %s: text after the value", name);
	if (**at == ';')
		(*at)++;
	*end = '\0';
	*ret_name = name;
	*ret_value = value;
	return 1;
}
