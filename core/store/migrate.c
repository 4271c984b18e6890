/*
 * migrate.c: brings a database, an empty one too, to this binary's schema.
 */
#include "config.h"

#include <stdio.h>

#include "core/store/migrations.h"
#include "core/store/store_internal.h"

#define MIGRATE_SQL_BYTES 64

int
store_schema(void)
{
	return (int)migrations_count;
}

static int
apply(struct store *store, const struct migration *migration, struct err *err)
{
	char sql[MIGRATE_SQL_BYTES];

	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", migration->version);
	if (store_exec(store, (const char *)migration->sql, err) == -1 ||
	    store_exec(store, sql, err) == -1)
		return err_wrap(err, "migration %s", migration->name);
	return 0;
}

int
store_migrate(struct store *store, struct err *err)
{
	int version = store_schema_version(store, err);

	if (version == -1)
		return -1;
	if ((size_t)version > migrations_count)
		return store_wrong_version(version, err);
	for (size_t i = (size_t)version; i < migrations_count; i++)
		if (apply(store, &migrations[i], err) == -1)
			return -1;
	return 0;
}
