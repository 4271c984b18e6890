/*
 * supervisor.h: the parent of all: it forks responders and reaper, watches them, and
 * turns signals into what they ask for.
 *
 * It runs no action code and holds no database handle.
 */
#ifndef FCGI_SERVER_SUPERVISOR_H
#define FCGI_SERVER_SUPERVISOR_H

#include "fcgi/http/server_options.h"
#include "fcgi/http/site.h"

/* Runs until a signal ends it. Returns the exit status of the program. */
int supervisor_run(const struct server_options *options, struct site *site);

#endif
