/*
 * socket.h: the listening socket, and the locks that keep two servers apart.
 *
 * The locks belong to the process, not to the descriptor: the kernel frees them when the
 * process ends, children do not inherit them, and they survive an exec in place.
 */
#ifndef FCGI_SERVER_SOCKET_H
#define FCGI_SERVER_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "fcgi/http/server_options.h"

#define SOCKET_INSTANCE_FILE "server.lock"

struct sockets {
	int instance;		/* the locked file in the state directory */
	int lock;		/* the one beside the socket; -1 with systemd's socket */
	int listener;
};

#define SOCKETS_NONE { -1, -1, -1 }

/*
 * Makes this process the only server of the state directory, which is created if it is
 * missing (not its parents). Returns 0, or -1 with ERR_USAGE.
 */
int socket_lock_state(struct sockets *sockets, const struct server_options *options,
    struct err *err);

/*
 * Takes the listener from systemd (LISTEN_FDS), or binds options->socket, in the place
 * of one that a dead server left. Returns 0, or -1 with ERR_USAGE.
 */
int socket_listen(struct sockets *sockets, const struct server_options *options,
    struct err *err);

/*
 * Pid of the server that uses a state directory; 0 if none does, -1 and err if that cannot be
 * told. Takes no lock; read permission is enough.
 */
pid_t socket_state_holder(const char *state_dir, struct err *err);

/* Whether the three are closed in a program that is executed. 0, or -1 and errno. */
int socket_close_on_exec(const struct sockets *sockets, bool close_them);

/* Closes all, and removes a socket that was bound here. */
void socket_close(struct sockets *sockets, const struct server_options *options);

#endif
