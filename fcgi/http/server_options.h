/*
 * server_options.h: the options of `actionkit serve`: those of core, and those that only a
 * server reads.
 */
#ifndef FCGI_HTTP_SERVER_OPTIONS_H
#define FCGI_HTTP_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "core/config/options.h"
#include "fcgi/http/base_path.h"

#define SERVER_RESPONDERS_MAX 128
#define SERVER_OPTIONS_DEFAULT "/etc/actionkit/actionkit.conf"
#define SERVER_SOCKET_DEFAULT "/run/actionkit/fcgi.sock"

/* All times in milliseconds, all sizes in bytes. */
struct server_options {
	struct options core;		/* first: the rows of both tables address one object */
	char socket[OPTIONS_PATH_BYTES];
	char socket_group[64];		/* empty: the process's own */
	char state_group[64];		/* may read the state directory; empty: nobody may */
	char base_path[BASE_PATH_BYTES];
	int64_t responders;
	int64_t body_timeout_ms;
	int64_t request_timeout_ms;
	int64_t shutdown_timeout_ms;
	int64_t max_body_bytes;		/* of JSON */
	int64_t max_values;		/* in it */
	struct option_list enable_action;
	struct option_list allow_origin; /* whose pages may send requests */
	char options_file[OPTIONS_PATH_BYTES];
	bool test;			/* check options and actions, then exit */
};

/*
 * Fills options from defaults, options file, environment and argv, as option_table_parse().
 * Returns 0, 1 if --help was asked for, or -1 after mistakes were reported.
 */
int server_options_parse(int argc, char **argv, struct server_options *ret_options,
    const struct option_mistakes *mistakes);

/*
 * Options that hold until the server ends, whatever the program says that HUP executes in its
 * place: option_table_hand_over() before, and option_table_take_over() behind it.
 */
void server_options_hand_over(const struct server_options *options);
void server_options_take_over(struct server_options *options,
    void (*differs)(const char *name, const char *kept, const char *said));

/* Has the actions offered that are; that they are there was checked with the options. */
void server_options_enable(const struct server_options *options);

/* The name of an option ("state-dir"), in the order of the help; NULL behind the last. */
const char *server_options_name(size_t index);

/* The number of a group that an option names, or gives. */
gid_t server_options_gid(const char *group);

/*
 * Why a group that an option ("socket-group") names could not be given a file: errno of chown().
 * Sets err. Always returns -1.
 */
int server_options_not_given(const char *option, const char *group, const char *path,
    struct err *err);

/* Prints one paragraph per option. */
void server_options_help(FILE *out);

#endif
