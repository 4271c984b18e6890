/*
 * test_route.c: which path is what, with and without actions that are not enabled.
 */
#include "config.h"

#include "fcgi/http/route.h"

#include <stdio.h>
#include <string.h>

#include "core/action/registry.h"
#include "fcgi/http/http_err.h"
#include "tests/unit/unit.h"

static int
handler(struct ak_call *call, void *state)
{
	(void)call;
	(void)state;
	return 0;
}

static const struct ak_action first = {
	.id = "org.first", .label = "First", .version = "1", .kind = AK_ATTACK,
	.time_control = AK_INTERNAL, .start = handler, .status = handler, .stop = handler
};
static const struct ak_action second = {
	.id = "org.second", .label = "Second", .version = "1", .kind = AK_OTHER,
	.time_control = AK_INSTANTANEOUS, .start = handler,
	.start_endpoint = { .method = "PUT", .path = "/somewhere/else" }
};
static const struct ak_action thief = {
	.id = "org.thief", .label = "Thief", .version = "1", .kind = AK_OTHER,
	.time_control = AK_INSTANTANEOUS, .start = handler,
	.start_endpoint = { .path = "/health/liveness" }
};

static struct routes routes;
static struct err err;

static void
setup(void)
{
	ck_assert_int_eq(ak_register(&first), 0);
	ck_assert_int_eq(ak_register(&second), 0);
}

static const struct route *
find(const char *method, const char *path)
{
	const char *allow;
	const struct route *route = routes_find(&routes, method, path, &allow, &err);

	ck_assert_msg(route != NULL, "%s %s: %s", method, path, err.msg);
	ck_assert_ptr_null(allow);
	return route;
}

static int
build(void)
{
	struct index index;
	int result;

	index_build(&index, "", "binary");
	result = routes_build(&routes, &index, &err);
	index_done(&index);
	return result;
}

static void
unknown(const char *method, const char *path)
{
	const char *allow;

	ck_assert_ptr_null(routes_find(&routes, method, path, &allow, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_null(allow);
	ck_assert_ptr_nonnull(strstr(err.msg, path));
}

static void
wrong_method(const char *method, const char *path, const char *allowed)
{
	const char *allow;

	ck_assert_ptr_null(routes_find(&routes, method, path, &allow, &err));
	ck_assert_int_eq(err.code, HTTP_ERR_METHOD);
	ck_assert_str_eq(allow, allowed);
	ck_assert_ptr_nonnull(strstr(err.msg, method));
}

START_TEST(test_fixed)
{
	ck_assert_int_eq(build(), 0);
	ck_assert_int_eq(find("GET", "/")->kind, ROUTE_TEXT);
	ck_assert_int_eq(find("HEAD", "/actions")->kind, ROUTE_TEXT);
	ck_assert_int_eq(find("GET", "/health/liveness")->kind, ROUTE_LIVENESS);
	ck_assert_int_eq(find("HEAD", "/health/readiness")->kind, ROUTE_READINESS);
	wrong_method("POST", "/", "GET, HEAD");
	wrong_method("OPTIONS", "/health/liveness", "GET, HEAD");
	wrong_method("", "/actions", "GET, HEAD");
	unknown("GET", "/health");
	unknown("GET", "/actions/");
	unknown("GET", "//");
	unknown("GET", "");
	routes_done(&routes);
	ck_assert_uint_eq(routes.count, 0);
}
END_TEST

START_TEST(test_verbs)
{
	static const enum verb verbs[] = {
		VERB_PREPARE, VERB_START, VERB_STATUS, VERB_STOP
	};
	char path[DESCRIPTION_PATH_BYTES];
	const struct route *route;
	size_t i;

	ck_assert_int_eq(build(), 0);
	route = find("GET", "/org.first");
	ck_assert_int_eq(route->kind, ROUTE_TEXT);
	for (i = 0; i < UNIT_COUNT(verbs); i++) {
		snprintf(path, sizeof(path), "/org.first/%s", verb_name(verbs[i]));
		route = find("POST", path);
		ck_assert_int_eq(route->kind, ROUTE_VERB);
		ck_assert_int_eq(route->verb, verbs[i]);
		ck_assert_ptr_eq(route->action, &first);
		wrong_method("GET", path, "POST");
		wrong_method("HEAD", path, "POST");
	}
	unknown("POST", "/org.first/query");
	unknown("POST", "/org.first/Start");
	unknown("POST", "/org.third/start");
	routes_done(&routes);
}
END_TEST

START_TEST(test_override)
{
	const struct route *route;

	ck_assert_int_eq(build(), 0);
	route = find("PUT", "/somewhere/else");
	ck_assert_int_eq(route->verb, VERB_START);
	ck_assert_ptr_eq(route->action, &second);
	wrong_method("POST", "/somewhere/else", "PUT");
	unknown("POST", "/org.second/start");
	unknown("POST", "/org.second/stop");
	ck_assert_int_eq(find("POST", "/org.second/prepare")->verb, VERB_PREPARE);
	routes_done(&routes);
}
END_TEST

START_TEST(test_not_enabled)
{
	ck_assert_int_eq(registry_enable("org.second"), 0);
	ck_assert_int_eq(build(), 0);
	unknown("GET", "/org.first");
	unknown("POST", "/org.first/prepare");
	unknown("POST", "/org.first/start");
	ck_assert_int_eq(find("POST", "/org.first/status")->verb, VERB_STATUS);
	ck_assert_int_eq(find("POST", "/org.first/stop")->verb, VERB_STOP);
	ck_assert_int_eq(find("GET", "/org.second")->kind, ROUTE_TEXT);
	routes_done(&routes);
}
END_TEST

START_TEST(test_same_path)
{
	ck_assert_int_eq(ak_register(&thief), 0);
	ck_assert_int_eq(build(), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "/health/liveness"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		test_fixed, test_verbs, test_override, test_not_enabled, test_same_path,
		NULL
	};

	return unit_main("route", setup, tests);
}
