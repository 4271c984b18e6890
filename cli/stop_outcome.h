/*
 * stop_outcome.h: what has become of executions that were to be stopped.
 */
#ifndef CLI_STOP_OUTCOME_H
#define CLI_STOP_OUTCOME_H

#include "core/base/json.h"
#include "core/store/store.h"

/* The row of the execution ?1, as stop_outcome_read() reads it. */
extern const char stop_outcome_select[];

/*
 * Looks at each of executions (an array of objects with an id); an array with their rows and
 * "outcome": stopped, failing (its stop() has failed since it was asked for) or waiting; owned.
 * handled: the request was passed on to them. *ret_over: none is waiting. NULL and err on
 * failure.
 */
struct json_object *stop_outcome_read(struct store *store, struct json_object *executions,
    bool handled, bool *ret_over, struct err *err);

/* Prints and releases what was found; EXIT_SUCCESS if all are stopped, else EXIT_FAILURE. */
int stop_outcome_report(struct json_object *found, bool json);

#endif
