/*
 * front.c: keeps the agent's way to us open, as a restricted endpoint. Persists nothing.
 */
#include "config.h"

#include "fcgi/http/front.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRONT_NAME "actionkit-fcgi"
#define PORT_MAX 65535
#define CIDR_BYTES (INET6_ADDRSTRLEN + 8)
#define URL_BYTES 128

/* The address and all of its bits; whether it is one. */
static bool
read_cidr(const char *address, char cidr[CIDR_BYTES])
{
	unsigned char bytes[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, address, bytes) == 1)
		snprintf(cidr, CIDR_BYTES, "%.*s/32", INET6_ADDRSTRLEN, address);
	else if (inet_pton(AF_INET6, address, bytes) == 1)
		snprintf(cidr, CIDR_BYTES, "%.*s/128", INET6_ADDRSTRLEN, address);
	else
		return false;
	return true;
}

/* A member of this type, made where there is none; NULL where it is another. */
static struct json_object *
own_member(struct json_object *object, const char *name, json_type type,
    struct json_object *(*make)(void))
{
	struct json_object *member = json_member(object, name);

	if (member == NULL) {
		member = make();
		json_add(object, name, member);
	}
	return json_object_is_type(member, type) ? member : NULL;
}

void
front_restrict(const struct request *request, struct json_object *object)
{
	struct json_object *context, *endpoints = NULL, *endpoint;
	char cidr[CIDR_BYTES], url[URL_BYTES];
	long port;

	if (request->front_address == NULL || request->front_port == NULL ||
	    !read_cidr(request->front_address, cidr))
		return;
	port = strtol(request->front_port, NULL, 10);
	if (port < 1 || port > PORT_MAX)
		return;
	context = own_member(object, "executionContext", json_type_object, json_new_object);
	if (context != NULL)
		endpoints = own_member(context, "restrictedEndpoints", json_type_array,
		    json_new_array);
	if (endpoints == NULL)
		return;
	snprintf(url, sizeof(url), strchr(request->front_address, ':') == NULL ?
	    "http://%s:%ld" : "http://[%s]:%ld", request->front_address, port);
	endpoint = json_new_object();
	json_add_string(endpoint, "name", FRONT_NAME);
	json_add_string(endpoint, "url", url);
	json_add_string(endpoint, "cidr", cidr);
	json_add_int(endpoint, "portMin", port);
	json_add_int(endpoint, "portMax", port);
	json_append(endpoints, endpoint);
}
