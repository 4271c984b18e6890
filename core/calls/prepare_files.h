/*
 * prepare_files.h: the files of a prepare, from what the client sent to what its handler sees.
 *
 * What a client sends for a parameter of type file is a part of the request beside its JSON, or
 * text in the config: a URL, or base64. All become files of the same kind. What was sent stays
 * where it is, in the request and in visit->incoming: the handler's value is made once, of the
 * file that is there for it then.
 */
#ifndef CORE_CALLS_PREPARE_FILES_H
#define CORE_CALLS_PREPARE_FILES_H

#include "core/calls/visit.h"

/*
 * Checks the request's config, and what came for its files, against the action's table. A part
 * wins over what the config says. Returns 0 and *ret_values (owned), those of parameters_check()
 * without any files, or -1.
 */
int prepare_files_check(const struct visit *visit, struct json_object **ret_values,
    struct err *err);

/* Whether the config, which was checked, has anything for them. */
bool prepare_files_sent(const struct visit *visit);

/*
 * Brings what the config, which was checked, has for files into visit->incoming. May take until
 * the deadline. 0, or -1.
 */
int prepare_files_take(struct visit *visit, struct err *err);

/*
 * Under the execution's lock: forgets what an earlier prepare has left, its row and its
 * files, then makes the new ones those of the execution, and puts {"path", "name", "size"} into
 * values. Does nothing where there are neither. 0, or -1.
 */
int prepare_files_move(struct visit *visit, struct json_object *values, struct err *err);

/* The rows; in the transaction that writes `prepared`, after it has. 0, or -1. */
int prepare_files_write(struct visit *visit, struct err *err);

#endif
