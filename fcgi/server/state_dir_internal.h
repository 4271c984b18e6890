/*
 * state_dir_internal.h: what state_dir.c and state_dir_test.c share: the table of the files.
 */
#ifndef FCGI_SERVER_STATE_DIR_INTERNAL_H
#define FCGI_SERVER_STATE_DIR_INTERNAL_H

#include <sys/types.h>

#include "core/base/state_file.h"

struct state_entry {
	const char *name;	/* below the state directory */
	enum state_access access;
	mode_t type;		/* S_IFREG or S_IFDIR */
};

/* All that a server makes there, but what is in files/; ends with a row without a name. */
extern const struct state_entry state_entries[];

#endif
