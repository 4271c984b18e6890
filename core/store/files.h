/*
 * files.h: the files that a prepare brings along: directories and rows.
 *
 * <state-dir>/files/
 *	incoming/<unique>/<parameter>/<name>	of a live process (incoming.h)
 *	<execution>/<parameter>/<name>		of an execution: rows in `files`
 *	<execution>/own.d/			the same, what ak_directory() has made
 * The rows are committed with `prepared`, or later before own.d is made, and deleted with
 * `stopped`. An execution's directory
 * is made and removed under its lock, and it is there for good only if it has rows.
 */
#ifndef CORE_STORE_FILES_H
#define CORE_STORE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/store/store.h"

#define FILES_DIR "files"
#define FILES_INCOMING_DIR "incoming"
/* The directory of ak_directory(): a row as of a file. No parameter of type file is called so. */
#define FILES_OWN_DIR "own.d"

/*
 * Opens <state_dir>/files, made if it is missing and make is set. Returns a descriptor, or -1
 * as file_tree_open().
 */
int files_open(const char *state_dir, bool make, struct err *err);

/* A row; inside the transaction that writes `prepared`. 0, or -1. */
int files_add(struct store *store, const char *execution, const char *parameter,
    const char *path, const char *original_name, int64_t size, struct err *err);

/* The path of an execution's own.d, owned. Out of memory is fatal. */
char *files_own_path(const char *state_dir, const char *execution);

/*
 * Its row, unless it is there; inside a transaction. 0, or -1: with ERR_PHASE if the execution is
 * over, and nobody would remove it.
 */
int files_add_own(struct store *store, const char *execution, const char *path,
    struct err *err);

/* Makes it, unless it is there. The caller holds the execution's lock. 0, or -1. */
int files_make_own(const char *state_dir, const char *execution, struct err *err);

/* Deletes the rows of an execution; inside the transaction that writes `stopped`. 0, or -1. */
int files_forget(struct store *store, const char *execution, struct err *err);

/* Whether an execution has rows: 1, 0, or -1. */
int files_kept(struct store *store, const char *execution, struct err *err);

/*
 * Removes the directory of an execution unless it has rows, until deadline_ms (boot time): the
 * one place for that, whatever the rows are missing for. The caller holds the execution's
 * lock, and no transaction is open. Returns 0; 1 if there was no time for all; or -1 with
 * err, and what is left is swept.
 */
int files_settle(struct store *store, const char *state_dir, const char *execution,
    int64_t deadline_ms, struct err *err);

#endif
