/*
 * call.h: one call of a handler, from the runtime's side.
 *
 * The public half (messages, errors, getters) is in actionkit.h.
 */
#ifndef CORE_ACTION_CALL_H
#define CORE_ACTION_CALL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/action/description.h"
#include "core/actionkit.h"
#include "core/base/err.h"
#include "core/base/json.h"

/* More in one reply is a mistake of the action; what is beyond is dropped, with a warning. */
#define CALL_MESSAGES_MAX 10000
#define CALL_METRICS_MAX 10000
/* More is an error: a modification must not be lost in silence. */
#define CALL_MODIFICATIONS_MAX 10000

struct ak_call {
	/* What was asked; borrowed. */
	const struct ak_action *action;	/* NULL: discovery is run */
	const struct ak_discovery *discovery;
	enum verb verb;
	const char *execution;		/* UUID, lower case */
	int64_t deadline_ms;		/* boot time */
	const struct ak_parameter *parameters; /* that config is of; NULL in other verbs */
	struct json_object *config;	/* as parameters_check() made it, or NULL */
	struct json_object *target;	/* or NULL, like the next two: context_take() */
	struct json_object *context;
	struct json_object *properties;
	int64_t timestamp_ms;		/* of a query, wall time; 0: now */
	void *state;			/* the handler's struct */
	unsigned int state_version;	/* of what it was filled from */

	/*
	 * How ak_save() and ak_claim() reach the store: set by core/calls, NULL where they
	 * do nothing. They return 0, or -1 with err.
	 */
	int (*save)(struct ak_call *call, struct err *err);
	int (*claim)(struct ak_call *call, const char *resource, struct err *err);
	/* The path is the keeper's, until the handler returns. */
	int (*get_directory)(struct ak_call *call, const char **ret_path, struct err *err);
	/* NULL: of all executions. Where it fails err->sys is what errno is to be. */
	int (*ask_stop)(struct ak_call *call, const char *execution, const char *reason,
	    struct err *err);
	void *keeper;			/* of these, and of the next two */

	/*
	 * In work() only, set by core/keeper. tell() takes what is in the reply's parts, commits
	 * all that it has when it is time for that, and returns in how many ms it will be
	 * (INT64_MAX: nothing is left). progress() commits now, as ak_progress() says.
	 */
	int64_t (*tell)(struct ak_call *call);
	int (*progress)(struct ak_call *call, struct err *err);
	/* Waits so long for the end; whether that has come. */
	bool (*wait)(struct ak_call *call, int64_t ms);
	int end_fd;			/* can be read when work() must end */
	int64_t end_grace_ms;		/* of programs that it runs, after SIGTERM */
	/* In status() and stop(): how work() ended; borrowed, NULL while it has not. */
	const struct ak_work_end *work_end;

	/* Where the server keeps its state, and what must stay free there; borrowed, or NULL. */
	const char *state_dir;
	int64_t reserved_bytes;
	int64_t reserved_memory_bytes;
	/* A descriptor that programs inherit (ak_exec()); borrowed, 0: none. */
	int kept_fd;
	/* What the last one said, as text; owned, or NULL. */
	char *said, *complained, *tail;

	/* In discover() only: what was found; the code of what went wrong with that, or 0. */
	struct discovered *discovered;
	int discover_code;
	/* Where the first function is noted that only handlers may call. */
	const char **forbidden;
	size_t repairs;			/* text_repairs() when its code began */

	/* The reply so far; owned, NULL while empty. */
	struct json_object *messages;
	struct json_object *metrics;
	struct json_object *artifacts;
	struct json_object *modifications;
	struct json_object *summary;
	struct json_object *error;	/* ActionKitError */
	struct json_object *verdict;	/* the same, of a stop() that has succeeded */
	bool completed;
	bool metrics_dropped;		/* over CALL_METRICS_MAX; the agent was told */
	size_t artifacts_size;		/* bytes of all artifacts, before base64 */
};

/*
 * Runs the action's handler for call->verb (a missing optional one does nothing). Returns 0,
 * or -1 if it failed; call->error is then set, also where the handler forgot to, and not set
 * where it returned 0. It has failed as well where it has closed what is the server's
 * (descriptors.h): then descriptors_lost(), and the process is to end after the call.
 */
int call_run(struct ak_call *call);

/*
 * To be called when code of an action has returned: ends the process where it is a child that the
 * code has forked, and sets the call's error where the code has closed what is the server's.
 */
void call_came_back(struct ak_call *call);

/* Adds an error reply of the runtime's own, unless there is one: title, detail or NULL. */
void call_error(struct ak_call *call, const char *title, const char *detail);

/* The title of the error that another execution holds what is claimed. */
#define CALL_IN_USE "In use by another execution"

/* What a handler is called in the log: "start() of ACTION, execution ID"; owned. */
char *call_handler(enum verb verb, const struct ak_action *action, const char *execution);

/* A line in the log that begins with whose call it is. */
void call_warn(const struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3);

/* A message of the runtime's own. */
void call_message(struct ak_call *call, enum ak_level level, const char *text);

/*
 * What a handler told cannot be reported. In stop() that is a warning in the reply and in the
 * log: no report is worth an effect that is not undone. Else it is the call's error, unless there
 * is one. detail may be NULL.
 */
void call_unreported(struct ak_call *call, const char *title, const char *detail);
/* The same, with a title that says it all. Always -1. */
int call_misreported(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3);
/* Something was told: in work() it is taken along. */
void call_has_told(struct ak_call *call);

/* What a function that reports returns for a result of 0 or -1: in stop() always 0. */
int call_told(const struct ak_call *call, int result);

/*
 * A mistake of the author, such as reading a parameter that is not in the table: the call's
 * error, unless there is one.
 */
void call_misuse(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3);

/*
 * Whether this is a discovery, which has no config, target or state to ask of with function; it
 * has failed then.
 */
bool call_forbidden(const struct ak_call *call, const char *function);

/* The handlers of which a function is, as bits. */
#define CALL_IN(verb_) (1U << (verb_))
/* Those that get the request's config, target and context. */
#define CALL_IN_ASKED (CALL_IN(VERB_PREPARE) | CALL_IN(VERB_QUERY))

/*
 * Whether this is a handler of them; else that is a mistake of the author, also where function
 * takes a call that it does not change.
 */
bool call_is_in(const struct ak_call *call, unsigned int verbs, const char *function);

/*
 * Text of any length, with bytes that are not UTF-8 replaced; owned. Out of memory is fatal.
 */
char *call_format(const char *format, va_list arguments) AK_PRINTF(1, 0);

/* Moves the reply's parts into the reply object. */
void call_reply(struct ak_call *call, struct json_object *reply);

/* Title and detail of an ActionKitError (or NULL) as one line, "title: detail", cut to size. */
void call_error_text(struct json_object *error, char *ret_text, size_t size);

/* Frees the reply's parts. */
void call_done(struct ak_call *call);

/* ActionKitError: {title, detail, status}; detail and status may be NULL. Owned. */
struct json_object *call_error_json(const char *title, const char *detail,
    const char *status);

#endif
