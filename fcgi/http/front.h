/*
 * front.h: the address at which the agent reaches this extension.
 */
#ifndef FCGI_HTTP_FRONT_H
#define FCGI_HTTP_FRONT_H

#include "core/base/json.h"
#include "fcgi/http/request.h"

/*
 * Adds it to the restricted endpoints of a prepare (executionContext): no action may cut the agent
 * off from stop. Does nothing where nginx does not say it, or is reached by a unix socket, or
 * where the request is not what it must be, which others refuse.
 */
void front_restrict(const struct request *request, struct json_object *object);

#endif
