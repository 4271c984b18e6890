/*
 * reexec.h: SIGHUP: this process goes on as the program that is at its path by now.
 *
 * The pid stays, and so do the listener, the locks, and the children. What the new
 * program has to know of them is in an environment variable. It is tested before; where it
 * cannot serve all the same, it goes back to the program before, whose file it has open.
 */
#ifndef FCGI_SERVER_REEXEC_H
#define FCGI_SERVER_REEXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/config/scoreboard.h"
#include "fcgi/http/server_options.h"
#include "fcgi/server/children.h"
#include "fcgi/server/socket.h"

struct inheritance {
	struct sockets sockets;
	pid_t responders[SCOREBOARD_SLOTS];
	size_t count;
	int former;		/* the program before, or -1: this is it */
};

/*
 * Notes where the program is, before it is replaced, the arguments (borrowed; argv[0] is
 * "serve"), and the options, of which the next program keeps some (borrowed).
 */
void reexec_remember(int argc, char **argv, const struct server_options *options);

/* Starts the test of the program, as a child. Returns 0, or -1 with err. */
int reexec_test(struct children *children, struct err *err);

/* Executes the program in place. Returns only if that fails: -1 with err. */
int reexec(const struct sockets *sockets, const struct children *children,
    struct err *err);

/* Whether this process was executed by reexec(), until reexec_inherited() was called. */
bool reexec_goes_on(void);

/* Whether this process is the test that reexec_test() has started. */
bool reexec_is_test(void);

/* This program can serve: there is no way back any more. */
void reexec_stay(const struct inheritance *inheritance);

/*
 * Goes back to the program before, from which all of inheritance is. Returns only if that
 * fails: -1 with err.
 */
int reexec_back(const struct inheritance *inheritance, struct err *err);

/*
 * Whether this process was executed by reexec(), and what it has from before. To be
 * called once: the variable is not passed on.
 */
bool reexec_inherited(struct inheritance *ret_inheritance);

#endif
