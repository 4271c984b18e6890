/*
 * store_internal.h: what store.c, ready.c, rehearse.c, rescue.c, migrate.c and rebase.c share.
 */
#ifndef CORE_STORE_STORE_INTERNAL_H
#define CORE_STORE_STORE_INTERNAL_H

#include "core/store/store.h"

/* Opening, migrating and recovering: how long they wait for the gate and for others. */
#define STORE_OPEN_WAIT_MS 10000

/* What holds for rows, whoever writes them. */
#define STORE_RULES "PRAGMA foreign_keys = ON; PRAGMA ignore_check_constraints = ON"

/* Opens the gate and the database file for writing, with our settings. */
int store_connect(struct store *store, const char *state_dir, struct err *err);

/* Opens the database for looking only, whatever its schema is. 0, or -1 with err. */
int store_look(struct store *store, const char *state_dir, struct err *err);

/* The schema's version, or -1 with err. */
int store_schema_version(struct store *store, struct err *err);

/* Applies the migrations that are missing. Inside a transaction. 0, or -1 as store_open(). */
int store_migrate(struct store *store, struct err *err);

/*
 * Sets due_at right for this boot, as store_make_ready() says, and notes the boot. Inside a
 * transaction. 0, or -1.
 */
int store_rebase(struct store *store, int64_t serving_since_ms, struct err *err);

/* Copies all of an open database into another open one, as of one moment. 0, or -1. */
int store_copy(struct store *copy, struct store *store, struct err *err);

/* Runs statements without results. */
int store_exec(struct store *store, const char *sql, struct err *err);

/* Puts ERR_USAGE: the schema is not the one of this binary. Returns -1. */
int store_wrong_version(int version, struct err *err);

#endif
