/*
 * route.h: which path is what.
 *
 * The table is built once, before the responders are forked, from the registered
 * actions and discoveries. An action that is not enabled can still be asked for its status and be
 * stopped; its other paths are unknown.
 */
#ifndef FCGI_HTTP_ROUTE_H
#define FCGI_HTTP_ROUTE_H

#include <stddef.h>

#include "core/action/description.h"
#include "core/actionkit.h"
#include "core/base/err.h"
#include "fcgi/http/index.h"

enum route_kind {
	ROUTE_TEXT,		/* lists and descriptions: of the index */
	ROUTE_LIVENESS,
	ROUTE_READINESS,
#ifdef ENABLE_COVERAGE
	ROUTE_COVERAGE_META,
	ROUTE_COVERAGE_COUNTERS,
#endif
	ROUTE_DISCOVER,
	ROUTE_VERB
};

struct route {
	char path[DESCRIPTION_PATH_BYTES]; /* without the base path */
	const char *method;	/* the only one; "GET" stands for HEAD, too */
	enum route_kind kind;
	const struct ak_action *action;	/* of verbs */
	enum verb verb;
	const struct ak_discovery *discovery;	/* of ROUTE_DISCOVER */
};

struct routes {
	struct route *rows;	/* sorted by path, which is unique */
	size_t count;
};

/*
 * index has the texts, whatever its base path. Returns 0, or -1 with ERR_USAGE if two routes
 * have the same path.
 */
int routes_build(struct routes *ret_routes, const struct index *index, struct err *err);
void routes_done(struct routes *routes);

/*
 * The route, or NULL with ERR_NOT_FOUND, or with HTTP_ERR_METHOD; *ret_allow is then what the
 * path allows ("GET, HEAD"), else NULL.
 */
const struct route *routes_find(const struct routes *routes, const char *method,
    const char *path, const char **ret_allow, struct err *err);

#endif
