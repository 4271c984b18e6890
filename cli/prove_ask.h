/*
 * prove_ask.h: a request to a server's socket over FastCGI, as nginx would pass it on.
 */
#ifndef CLI_PROVE_ASK_H
#define CLI_PROVE_ASK_H

#include "core/base/err.h"
#include "core/base/json.h"

struct ask_reply {
	int status;			/* of HTTP; 0: the process that answered died */
	struct json_object *body;	/* owned; NULL: it is no JSON */
};

/*
 * One request on a connection of its own; body may be NULL. 0, also where the reply was lost, or -1
 * where nobody listens.
 */
int ask(const char *socket_path, const char *method, const char *path, struct json_object *body,
    struct ask_reply *ret_reply, struct err *err);
void ask_reply_done(struct ask_reply *reply);

#endif
