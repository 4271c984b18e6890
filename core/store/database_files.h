/*
 * database_files.h: the files that SQLite opens are the server's own (descriptors.h), too.
 */
#ifndef CORE_STORE_DATABASE_FILES_H
#define CORE_STORE_DATABASE_FILES_H

/* From now on, in this process; before the first database is opened. */
void database_files_own(void);

#endif
