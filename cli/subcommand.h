/*
 * subcommand.h: what `actionkit NAME` runs.
 *
 * A subcommand is a file that ends with its struct subcommand, and one entry in the list
 * below. Help, parsing and completion come from that struct.
 */
#ifndef CLI_SUBCOMMAND_H
#define CLI_SUBCOMMAND_H

struct arguments;

struct cli_option {
	int key;			/* what arguments_next() returns for it */
	const char *name;
	const char *argument;		/* in the help; NULL: a flag */
	const char *help;
};
#define CLI_OPTIONS_END { 0, NULL, NULL, NULL }

/* Those that mean the same everywhere. */
#define CLI_STATE_DIR \
	{ 'S', "state-dir", "DIR", "Directory of the database; or ACTIONKIT_STATE_DIR." }
#define CLI_JSON { 'j', "json", NULL, "Print JSON, for programs." }

struct subcommand {
	const char *name;
	const char *help;		/* one line */
	const char *operands;		/* in the help: "ID"; NULL: none */
	const char *about;		/* paragraphs of the help, its exit status too */
	const struct cli_option *options;
	int usage_status;		/* exit status of a wrong command line; 0: EX_USAGE */
	int (*run)(struct arguments *arguments); /* returns the exit status */
	int (*entry)(int argc, char **argv); /* instead: it parses its options itself */
};

/* All of them, in the order of the help. */
#define SUBCOMMANDS(SUBCOMMAND) \
	SUBCOMMAND(serve) \
	SUBCOMMAND(run) \
	SUBCOMMAND(list) \
	SUBCOMMAND(show) \
	SUBCOMMAND(stop) \
	SUBCOMMAND(status) \
	SUBCOMMAND(actions) \
	SUBCOMMAND(describe) \
	SUBCOMMAND(discover) \
	SUBCOMMAND(check) \
	SUBCOMMAND(new) \
	SUBCOMMAND(prove) \
	SUBCOMMAND(nginx) \
	SUBCOMMAND(recover) \
	SUBCOMMAND(completion)

#define SUBCOMMAND_DECLARED(name_) extern const struct subcommand subcommand_##name_;
SUBCOMMANDS(SUBCOMMAND_DECLARED)

/* Not one of these: a server runs it. */
extern const struct subcommand subcommand_work;

/* In the order of the help; NULL behind the last. */
const struct subcommand *subcommand_at(unsigned int index);

#endif
