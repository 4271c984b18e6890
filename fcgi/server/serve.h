/*
 * serve.h: `actionkit serve`.
 */
#ifndef FCGI_SERVER_SERVE_H
#define FCGI_SERVER_SERVE_H

/* Entry of the subcommand: argv[0] is "serve". Returns the exit status. */
int serve_main(int argc, char **argv);

#endif
