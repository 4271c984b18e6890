/*
 * execution_id.h: ids of executions as people write them: in any case, with dashes or without,
 * and no more of them than tells them apart.
 */
#ifndef CORE_STORE_EXECUTION_ID_H
#define CORE_STORE_EXECUTION_ID_H

#include "core/base/uuid_text.h"
#include "core/store/store.h"

/* How many digits are needed at least, and are shown at least. */
#define EXECUTION_ID_LEAST 4
#define EXECUTION_ID_SHOWN 8

/*
 * Brings an id, or its beginning, into the form of the database. Returns 0, or -1 with ERR_USAGE
 * where it is none.
 */
int execution_id_parse(const char *text, char ret_beginning[UUID_TEXT_BYTES], struct err *err);

/*
 * The execution, or else the one that only has events left, whose id begins so:
 * execution_id_parse() has made it. Returns 0, or -1: ERR_NOT_FOUND where there is none, or more
 * than one, which the message then names.
 */
int execution_id_find(struct store *store, const char *beginning, char ret_id[UUID_TEXT_BYTES],
    struct err *err);

/*
 * The beginning of an id that no other has: before and after are its neighbours in order, NULL
 * where there are none.
 */
void execution_id_shorten(const char *id, const char *before, const char *after,
    char ret_short[UUID_TEXT_BYTES]);

#endif
