/*
 * query.c: the call query for metrics. It runs in every phase and touches no row.
 */
#include "config.h"

#include "core/action/context.h"
#include "core/action/parameters.h"
#include "core/calls/calls_internal.h"
#include "core/calls/visit.h"

int
query_visit(struct visit *visit, char **ret_reply, struct err *err)
{
	const struct ak_parameter *parameters = visit->action->metrics->parameters;
	struct json_object *values = NULL;
	char why[ERR_MESSAGE_BYTES];
	int result = 0;

	if (context_take(&visit->call, visit->request, err) == -1 ||
	    parameters_check(parameters, json_member(visit->request, "config"), &values,
	    err) == -1)
		return -1;
	visit->call.parameters = parameters;
	visit->call.config = values;
	if (visit_run(visit) == -1) {
		call_error_text(visit->call.error, why, sizeof(why));
		result = err_set(err, ERR_HANDLER, "%s", why);
	} else {
		*ret_reply = visit_text(visit_reply(visit, false));
	}
	json_object_put(values);
	return result;
}
