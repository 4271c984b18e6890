/*
 * prepare_files.h: the files of a prepare, from what the client sent to what its handler sees.
 *
 * What a client sends for a parameter of type file is a part of the request beside its JSON, or
 * text in the config: a URL, or base64. All become files of the same kind.
 */
#ifndef CORE_CALLS_PREPARE_FILES_H
#define CORE_CALLS_PREPARE_FILES_H

#include "core/calls/visit.h"

/*
 * The config of the request with {"name": original name} for every part that came beside it,
 * for parameters_check(); a part wins over what the config says. Owned.
 */
struct json_object *prepare_files_config(const struct visit *visit);

/*
 * Brings what the config stands for into visit->incoming: values are those of
 * parameters_check(). May take until the deadline. 0, or -1.
 */
int prepare_files_take(struct visit *visit, struct json_object *values, struct err *err);

/*
 * Under the execution's lock: forgets what an earlier prepare has left, its row and its
 * files, then makes the new ones those of the execution, and puts {"path", "name", "size"} into
 * values. Does nothing where there are neither. 0, or -1.
 */
int prepare_files_move(struct visit *visit, struct json_object *values, struct err *err);

/* The rows; in the transaction that writes `prepared`, after it has. 0, or -1. */
int prepare_files_write(struct visit *visit, struct err *err);

#endif
