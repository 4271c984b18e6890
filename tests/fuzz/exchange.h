/*
 * exchange.h: one request and its reply, without a connection.
 */
#ifndef TESTS_FUZZ_EXCHANGE_H
#define TESTS_FUZZ_EXCHANGE_H

#include <stddef.h>

#include "fcgi/http/site.h"

/*
 * Has a request answered and checks that the reply is one of the protocol's. The text is a
 * line with method and URI, lines NAME=value with other parameters, an empty line, and the
 * body, which arrives in pieces. CONTENT_LENGTH is right unless it is given; ABORTED=1 is a
 * client that goes away in the middle of it.
 */
void exchange(struct responder *responder, const char *text, size_t size);

#endif
