/*
 * page_check.c: whether a request comes from the operator's page.
 */
#include "config.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "fcgi/http/http_err.h"
#include "fcgi/http/page.h"

#define HOST_BYTES 256

/* The host without its port, and without the brackets of IPv6; whether it fits. */
static bool
read_host(const char *text, char ret_host[HOST_BYTES])
{
	size_t length;

	if (*text == '[')
		length = strcspn(++text, "]");
	else
		length = strcspn(text, ":");
	if (length == 0 || length >= HOST_BYTES)
		return false;
	memcpy(ret_host, text, length);
	ret_host[length] = '\0';
	return true;
}

/*
 * A name of somebody else's may have our address. An address is no name, localhost is always
 * ourselves, and server_name is what nginx is called.
 */
static bool
is_ours(const struct request *request)
{
	unsigned char address[sizeof(struct in6_addr)];
	char host[HOST_BYTES];

	if (request->host == NULL || !read_host(request->host, host))
		return false;
	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1 ||
	    strcasecmp(host, "localhost") == 0 ||
	    (request->server_name != NULL && strcasecmp(host, request->server_name) == 0);
}

static bool
is_reading(const struct request *request)
{
	return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

int
page_check(const struct request *request, struct err *err)
{
	const char *site = request->fetch_site;

	if (!is_ours(request))
		return err_set(err, HTTP_ERR_ORIGIN, "header Host: neither an address, nor "
		    "localhost, nor the server_name of nginx");
	if (site != NULL && strcmp(site, "same-origin") != 0 &&
	    (strcmp(site, "none") != 0 || !is_reading(request)))
		return err_set(err, HTTP_ERR_ORIGIN,
		    "header Sec-Fetch-Site: another page sent this");
	if (request->origin == NULL && is_reading(request))
		return 0;
	if (request->origin == NULL || request->own_origin == NULL ||
	    strcasecmp(request->origin, request->own_origin) != 0)
		return err_set(err, HTTP_ERR_ORIGIN,
		    "header Origin: another page sent this, or none did");
	return 0;
}
