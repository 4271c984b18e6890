/*
 * page.h: what the operator's page asks for: the same JSON as `list`, `show` and `status` have with
 * --json, and, where nginx lets it, to stop and to abandon.
 */
#ifndef FCGI_HTTP_PAGE_H
#define FCGI_HTTP_PAGE_H

#include "core/base/err.h"
#include "fcgi/http/body.h"
#include "fcgi/http/reply.h"
#include "fcgi/http/request.h"
#include "fcgi/http/site.h"

/*
 * Refuses (-1, HTTP_ERR_ORIGIN) what did not come from the page itself: another site's page, in a
 * browser that can reach nginx, must neither read nor stop anything, whatever name it gives our
 * address (DNS rebinding).
 */
int page_check(const struct request *request, struct err *err);

/*
 *	GET list?which=active|failing|history&from=0&count=100&search=TEXT
 *	GET show?id=ID
 *	GET status
 *	POST stop {"id", "reason"}, POST abandon {"id", "reason"}
 * Returns 0 and the reply, or -1 with err; *ret_allow is set with HTTP_ERR_METHOD.
 */
int page_answer(struct responder *responder, const struct body *body, struct reply *ret_reply,
    const char **ret_allow, struct err *err);

#endif
