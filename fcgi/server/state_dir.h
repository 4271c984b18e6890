/*
 * state_dir.h: the state directory and what is in it: who may use it, and whether a server could.
 *
 * The table of its files is here; core/base/state_file.h says what their modes follow from.
 */
#ifndef FCGI_SERVER_STATE_DIR_H
#define FCGI_SERVER_STATE_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "fcgi/http/server_options.h"

/* Is told what is wrong, in a sentence that begins with a path. */
typedef void state_dir_report(void *context, const char *fault);

/*
 * Whether nobody but this user can have put there what is in it: it is this user's, nobody else may
 * write to it, and no file is a symbolic link. 0, or -1 with ERR_USAGE.
 */
int state_dir_trust(const char *state_dir, struct err *err);

/*
 * Makes it if it is missing, not its parents, for this user alone; one that is there must be
 * trusted, and the lock of the server is made fit to be opened. 0, or -1 with ERR_USAGE.
 */
int state_dir_make(const struct server_options *options, struct err *err);

/*
 * Sets modes and groups right, of the directory and of all that is in it, as --state-group says.
 * What cannot be changed, because it is somebody else's, is logged as an error: a server that does
 * not start undoes nothing. Returns 0; or -1 with ERR_USAGE if the group cannot be had.
 */
int state_dir_settle(const struct server_options *options, struct err *err);

/* Tells what is not as that would leave it, and changes nothing. How much it was. */
size_t state_dir_look(const struct server_options *options, state_dir_report *report,
    void *context);

/*
 * Tells what would keep this process from serving there, and changes nothing: rights, locks,
 * schema, migrations, space, and, unless it would inherit it, the place of the socket. How much
 * it was; none where there is no such directory yet, unless a server is to be replaced.
 */
size_t state_dir_test(const struct server_options *options, bool inherits_socket,
    state_dir_report *report, void *context);

#endif
