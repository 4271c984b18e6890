/*
 * dispatch.h: from a request to its reply.
 */
#ifndef FCGI_HTTP_DISPATCH_H
#define FCGI_HTTP_DISPATCH_H

#include <stdbool.h>

#include <fcgiapp.h>

#include "fcgi/http/site.h"

/*
 * Answers one request and logs it. Returns whether its body was read to the end, so
 * that the connection is fit for more.
 */
bool dispatch(struct responder *responder, FCGX_Request *fcgi);

#endif
