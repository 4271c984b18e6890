/*
 * prove_server.h: a server of one's own: `serve` with a state directory that nobody else knows.
 *
 * The caller is its parent, and a subreaper (prctl(2)): whatever the server and its actions
 * begin descends from the caller, and is found and ended that way. SIGCHLD is blocked.
 */
#ifndef CLI_PROVE_SERVER_H
#define CLI_PROVE_SERVER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/config/scoreboard.h"

#define PROVE_SOCKET_BYTES 108
#define PROVE_DIR_BYTES 80		/* so that the socket's path fits */

struct prove_server {
	const char *action;		/* the one that it offers; borrowed */
	char dir[PROVE_DIR_BYTES];	/* "": none was made; of the state, the socket, the log */
	char socket[PROVE_SOCKET_BYTES];
	char state_dir[PATH_MAX];
	pid_t pid;			/* of the supervisor; 0: it does not run */
	const struct scoreboard *board;
};

/* Makes a directory below TMPDIR and begins a server in it. 0, or -1. */
int prove_server_new(struct prove_server *server, const char *action, struct err *err);

/* Begins it again where it is not running, and waits until it answers. 0, or -1. */
int prove_server_begin(struct prove_server *server, struct err *err);

/* SIGKILL for all that descends from this process, as if at the same moment. */
void prove_server_kill(struct prove_server *server);

/* Forgets the database, of a server that is not running. */
void prove_server_lose(const struct prove_server *server);

/* Ends it, as SIGTERM does or else by force. keep: its directory stays, for who looks into it. */
void prove_server_end(struct prove_server *server, bool keep);

/* Takes note that a process has ended, of which waitpid() has told. */
void prove_server_ended(void *server, pid_t pid);
/* The same for all that have, without waiting. */
void prove_server_reap(struct prove_server *server);

/* The responder, when there is one that has answered before: its end is no reason for a pause. */
pid_t prove_server_responder(struct prove_server *server);
/* The reaper at work; 0: there is none. */
pid_t prove_server_reaper(struct prove_server *server);

/*
 * A process that the server's own do not need, and that is no child of this process before (0:
 * none): left by an action, or at work for one. 0 if there is none.
 */
pid_t prove_server_other(const struct prove_server *server, pid_t apart);
/* One of these that calls itself so (process_has_name()). */
pid_t prove_server_named(const struct prove_server *server, const char *name);

#endif
