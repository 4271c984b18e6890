/*
 * origin.c: which web pages may send requests.
 */
#include "config.h"

#include "fcgi/http/origin.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "fcgi/http/http_err.h"

#define ORIGIN_SHOWN_BYTES 200

/*
 * As browsers send it. "null" is what they send for pages of any origin: to allow it would be
 * to allow all.
 */
const char *
origin_fault(const char *origin)
{
	static const char *const schemes[] = { "https://", "http://" };
	static const char *const ports[] = { ":443", ":80" };
	const char *host, *at;
	size_t i;

	for (i = 0; i < 2; i++)
		if (strncasecmp(origin, schemes[i], strlen(schemes[i])) == 0)
			break;
	if (i == 2)
		return "must be https:// or http:// with a host, and a port if need be";
	host = origin + strlen(schemes[i]);
	for (at = host; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at) && strchr("-._:[]", *at) == NULL)
			return "must have nothing behind the host and the port";
	if (*host == '\0' || *host == ':' || at[-1] == ':')
		return "must have a host, and a port behind a colon";
	at -= strlen(ports[i]);
	if (at > host && strcmp(at, ports[i]) == 0)
		return "must not have the port that its scheme has anyway: browsers do not send it";
	return NULL;
}

int
origin_check(const struct request *request, const struct server_options *options,
    struct err *err)
{
	const struct option_list *allowed = &options->allow_origin;
	size_t i;

	if (request->origin == NULL)
		return 0;
	for (i = 0; i < allowed->count; i++)
		if (strcasecmp(request->origin, allowed->items[i]) == 0)
			return 0;
	return err_set(err, HTTP_ERR_ORIGIN, "header Origin: a web page of %.*s sent this, and "
	    "--allow-origin does not name it", ORIGIN_SHOWN_BYTES, request->origin);
}
