/*
 * route.c: builds the table of paths and looks them up.
 */
#include "config.h"

#include "fcgi/http/route.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/action/describe_discovery.h"
#include "core/action/discovery.h"
#include "core/action/registry.h"
#include "core/base/log.h"
#include "fcgi/http/http_err.h"

#define FIXED_ROUTES (sizeof(fixed) / sizeof(fixed[0]))

static const struct {
	const char *path;
	enum route_kind kind;
} fixed[] = {
	{ "/health/liveness", ROUTE_LIVENESS },
	{ "/health/readiness", ROUTE_READINESS },
#ifdef ENABLE_COVERAGE
	{ "/coverage/meta", ROUTE_COVERAGE_META },
	{ "/coverage/counters", ROUTE_COVERAGE_COUNTERS },
#endif
};

/* Its path is left to the caller. */
static struct route *
add(struct routes *routes, const char *method, enum route_kind kind)
{
	struct route *route = &routes->rows[routes->count++];

	*route = (struct route){ .method = method, .kind = kind, .verb = VERB_COUNT };
	return route;
}

static void
add_path(struct routes *routes, const char *path, enum route_kind kind)
{
	struct route *route = add(routes, "GET", kind);

	snprintf(route->path, sizeof(route->path), "%s", path);
}

static void
add_action(struct routes *routes, const struct ak_action *action)
{
	bool enabled = registry_enabled(action);
	struct route *route;
	enum verb verb;

	for (verb = 0; verb < VERB_COUNT; verb++) {
		if (!description_has(action, verb) ||
		    (!enabled && verb != VERB_STATUS && verb != VERB_STOP))
			continue;
		route = add(routes, NULL, ROUTE_VERB);
		route->action = action;
		route->verb = verb;
		description_endpoint(action, verb, &route->method, route->path);
	}
}

static void
add_discovery(struct routes *routes, const struct ak_discovery *discovery)
{
	struct route *route;

	if (!discovery_offered(discovery))
		return;
	route = add(routes, "GET", ROUTE_DISCOVER);
	route->discovery = discovery;
	discovery_path(discovery, DISCOVERY_TARGETS, route->path);
}

static int
compare(const void *left, const void *right)
{
	const struct route *a = left, *b = right;

	return strcmp(a->path, b->path);
}

int
routes_build(struct routes *ret_routes, const struct index *index, struct err *err)
{
	struct routes routes = { .count = 0 };
	size_t i;

	routes.rows = calloc(FIXED_ROUTES + index->count + registry_count() * VERB_COUNT +
	    registry_discoveries(), sizeof(*routes.rows));
	if (routes.rows == NULL)
		log_out_of_memory();
	for (i = 0; i < FIXED_ROUTES; i++)
		add_path(&routes, fixed[i].path, fixed[i].kind);
	for (i = 0; i < index->count; i++)
		add_path(&routes, index->texts[i].path, ROUTE_TEXT);
	for (i = 0; i < registry_count(); i++)
		add_action(&routes, registry_at(i));
	for (i = 0; i < registry_discoveries(); i++)
		add_discovery(&routes, registry_discovery_at(i));
	qsort(routes.rows, routes.count, sizeof(*routes.rows), compare);
	for (i = 1; i < routes.count; i++)
		if (compare(&routes.rows[i - 1], &routes.rows[i]) == 0) {
			err_set(err, ERR_USAGE, "%s: two endpoints have this path",
			    routes.rows[i].path);
			routes_done(&routes);
			return -1;
		}
	*ret_routes = routes;
	return 0;
}

void
routes_done(struct routes *routes)
{
	free(routes->rows);
	*routes = (struct routes){ .count = 0 };
}

static int
compare_path(const void *path, const void *row)
{
	const struct route *route = row;

	return strcmp(path, route->path);
}

const struct route *
routes_find(const struct routes *routes, const char *method, const char *path,
    const char **ret_allow, struct err *err)
{
	const struct route *route;
	bool get;

	*ret_allow = NULL;
	route = bsearch(path, routes->rows, routes->count, sizeof(*routes->rows),
	    compare_path);
	if (route == NULL) {
		err_set(err, ERR_NOT_FOUND, "%s: there is no such path", path);
		return NULL;
	}
	get = strcmp(route->method, "GET") == 0;
	if (strcmp(method, route->method) == 0 || (get && strcmp(method, "HEAD") == 0))
		return route;
	*ret_allow = get ? "GET, HEAD" : route->method;
	err_set(err, HTTP_ERR_METHOD, "%s: allows %s only, not %s", path, *ret_allow, method);
	return NULL;
}
