/*
 * actionkit.h: the public interface of actionkit-fcgi.
 *
 * An extension is a set of actions. An action is a constant struct ak_action: its
 * description, the table of its parameters, the table of the fields of its state, and up
 * to five handlers. The runtime answers the ActionKit HTTP protocol for it, keeps every
 * execution in SQLite, and calls stop() for every execution that was started, whatever
 * died in between. An author writes no HTTP, no JSON, no SQL and no signal handling.
 *
 *	#include <actionkit.h>
 *
 *	extern const struct ak_action my_action;
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		ak_register(&my_action);
 *		return ak_main(argc, argv);
 *	}
 *
 * Build it with: cc x.c $(pkg-config --cflags --libs actionkit)
 *
 * Conventions. Strings are UTF-8 and end in NUL. Every pointer in a table must stay valid
 * for the life of the program, as string literals and file-scope tables do. Strings that
 * the runtime hands out belong to the call and are valid until the handler returns.
 * Durations are milliseconds in int64_t unless they are text ("30s").
 */
#ifndef ACTIONKIT_H
#define ACTIONKIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AK_API __attribute__((visibility("default")))
#define AK_PRINTF(format_, first_) \
	__attribute__((format(printf, format_, first_)))

/* One call of a handler: what was asked, and the reply that is being made. */
struct ak_call;

/*
 * Descriptions (ActionDescription of the protocol)
 */

enum ak_kind {
	AK_ATTACK = 1,
	AK_CHECK,
	AK_LOAD_TEST,
	AK_OTHER
};

enum ak_time_control {
	AK_INSTANTANEOUS = 1,	/* over when start() returns */
	AK_INTERNAL,		/* over when status() says ak_completed() */
	AK_EXTERNAL		/* over when the parameter `duration` is */
};

/* Types of parameters, and the getter that reads each. */
enum ak_type {
	AK_STRING = 1,		/* ak_config_string */
	AK_TEXTAREA,		/* ak_config_string */
	AK_URL,			/* ak_config_string */
	AK_REGEX,		/* ak_config_string */
	AK_BITRATE,		/* ak_config_string: "10mbit", "512kbps" */
	AK_STRING_ARRAY,	/* ak_config_count, ak_config_item */
	AK_INTEGER,		/* ak_config_integer */
	AK_PERCENTAGE,		/* ak_config_integer */
	AK_STRESSNG_WORKERS,	/* ak_config_integer */
	AK_BOOLEAN,		/* ak_config_boolean */
	AK_DURATION,		/* ak_config_duration */
	AK_KEY_VALUE,		/* ak_config_count, ak_config_key, ak_config_item */
	AK_SEPARATOR,		/* not sent */
	AK_HEADER,		/* not sent */
	AK_TARGET_SELECTION	/* not sent */
};

/* A limit that may be absent. AK_LIMIT(2) is one that is there. */
struct ak_limit {
	bool set;
	int64_t value;
};
#define AK_LIMIT(value_) { true, (value_) }

/* A choice of a string or string array parameter. */
struct ak_option {
	const char *label;
	const char *value;
};
#define AK_OPTIONS_END { NULL, NULL }

/*
 * One row of a parameter table; the table ends with AK_PARAMETERS_END. name, label and
 * type are required. The runtime refuses a request that breaks the table with one error
 * that names every fault, before prepare() runs, and fills in defaults.
 */
struct ak_parameter {
	const char *name;
	const char *label;
	const char *description;
	enum ak_type type;
	bool required;
	bool advanced;			/* shown in the advanced section */
	const char *default_value;	/* as text: "30s", "true", "[\"a\"]" */
	struct ak_limit min;		/* of integer, percentage; ms of duration */
	struct ak_limit max;
	const struct ak_option *options; /* ends with AK_OPTIONS_END */
	bool options_open;		/* text that is not an option is allowed */
};
#define AK_PARAMETERS_END { .name = NULL }

/* Where the agent calls a handler. What is NULL is filled in: POST, /<id>/<verb>. */
struct ak_endpoint {
	const char *method;		/* POST, PUT or DELETE */
	const char *path;
};

/* Required with query_metrics(), and only with it. */
struct ak_metrics {
	struct ak_endpoint endpoint;
	const char *call_interval;	/* "5s" */
	const struct ak_parameter *parameters;
};

/*
 * State: what an execution must remember from one handler to the next
 *
 * A plain struct of the author's, described field by field so that it can be kept in the
 * database and shown to the agent. Wrong member types do not compile.
 */

enum ak_field_kind {
	AK_FIELD_INT = 1,		/* int64_t */
	AK_FIELD_BOOL,			/* bool */
	AK_FIELD_DOUBLE,		/* double */
	AK_FIELD_STRING			/* char[N]; at most N - 1 bytes */
};

struct ak_field {
	const char *name;		/* NULL ends the table */
	enum ak_field_kind kind;
	size_t offset;
	size_t size;
};

#define AK_FIELD_(type_, member_, kind_, expected_) \
	{ #member_, kind_, offsetof(type_, member_), \
	  sizeof(((type_ *)0)->member_) * \
	  sizeof(char[_Generic(&((type_ *)0)->member_, expected_: 1)]) }
#define AK_INT(type_, member_) \
	AK_FIELD_(type_, member_, AK_FIELD_INT, int64_t *)
#define AK_BOOL(type_, member_) \
	AK_FIELD_(type_, member_, AK_FIELD_BOOL, bool *)
#define AK_DOUBLE(type_, member_) \
	AK_FIELD_(type_, member_, AK_FIELD_DOUBLE, double *)
#define AK_TEXT(type_, member_) \
	AK_FIELD_(type_, member_, AK_FIELD_STRING, \
	    char (*)[sizeof(((type_ *)0)->member_)])
#define AK_FIELDS_END { NULL, AK_FIELD_INT, 0, 0 }

struct ak_state {
	size_t size;			/* 0: the action has no state */
	const struct ak_field *fields;
};
#define AK_STATE(type_, fields_) { sizeof(type_), (fields_) }

/*
 * An action
 *
 * Every handler gets the call and a pointer to the state struct: zeroed for prepare(), as
 * last saved for the others, NULL where the action has no state. It returns 0, or -1 after
 * ak_error(), ak_errno() or ak_failed(). What it leaves in the state is saved.
 *
 * prepare	may be NULL. Checks the config, fills the state. Must not change anything that
 *		would have to be undone.
 * start	required. Makes the change. Record with ak_save() what stop() needs before
 *		changing anything: the process may be killed on any line.
 * status	is called every call_interval while the execution runs, maybe beside stop().
 *		Observes, changes nothing.
 * stop		undoes the change. Must be idempotent: it is called again after a failure or
 *		a crash, and also when start() failed or died half-way or never ran. It
 *		returns 0 only when nothing is left to undo.
 * query_metrics answers with ak_metric(); it has no state (state is NULL).
 */
struct ak_action {
	const char *id;			/* "org.example.my-action" */
	const char *label;
	const char *version;		/* change it with the description */
	const char *description;
	const char *icon;		/* data URI, or NULL */
	const char *technology;		/* or NULL */
	const char *category;		/* or NULL */
	enum ak_kind kind;
	enum ak_time_control time_control;
	const struct ak_parameter *parameters;	/* or NULL: none */
	struct ak_state state;
	struct ak_endpoint prepare_endpoint;
	struct ak_endpoint start_endpoint;
	struct ak_endpoint status_endpoint;
	struct ak_endpoint stop_endpoint;
	const char *call_interval;	/* of status; NULL: 5s, 15s without status() */
	const struct ak_metrics *metrics;
	int (*prepare)(struct ak_call *call, void *state);
	int (*start)(struct ak_call *call, void *state);
	int (*status)(struct ak_call *call, void *state);
	int (*stop)(struct ak_call *call, void *state);
	int (*query_metrics)(struct ak_call *call, void *state);
};

/*
 * The program
 */

/*
 * Adds an action (borrowed, must stay valid) to those the program offers. Nothing is
 * checked yet: ak_main() checks all of them and reports all mistakes at once. Returns 0,
 * or -1 if action is NULL or memory is out.
 */
AK_API int ak_register(const struct ak_action *action);

/* Forgets all registered actions (for tests). */
AK_API void ak_registry_clear(void);

/*
 * Runs the actionkit program: its subcommands, options and environment are in actionkit(1).
 * Returns the exit status for main().
 */
AK_API int ak_main(int argc, char **argv);

/*
 * What was asked
 *
 * Config values exist in prepare() and query_metrics(); keep in the state what later
 * handlers need. Values are checked and defaults are filled in before the handler runs. An
 * optional parameter without a value reads as 0, false, NULL or an empty list. Reading a
 * parameter that is not in the table, or with the wrong getter, makes the handler fail.
 */

/* The id of the execution, a UUID in lower case. */
AK_API const char *ak_execution_id(const struct ak_call *call);

/* Milliseconds until the runtime kills the process that runs this handler; at least 0. */
AK_API int64_t ak_time_left(const struct ak_call *call);

/* Whether the parameter has a value: sent, or by default. */
AK_API bool ak_config_has(struct ak_call *call, const char *name);
AK_API int64_t ak_config_integer(struct ak_call *call, const char *name);
AK_API bool ak_config_boolean(struct ak_call *call, const char *name);
/* In milliseconds. */
AK_API int64_t ak_config_duration(struct ak_call *call, const char *name);
AK_API const char *ak_config_string(struct ak_call *call, const char *name);
/* Number of items of a string array or of pairs of a key-value list. */
AK_API size_t ak_config_count(struct ak_call *call, const char *name);
/* Item, or value of the pair, at index; NULL beyond the end. */
AK_API const char *ak_config_item(struct ak_call *call, const char *name, size_t index);
/* Key of the pair at index; NULL beyond the end. */
AK_API const char *ak_config_key(struct ak_call *call, const char *name, size_t index);

/* Name of the target, in prepare() and query_metrics(); NULL if the request has none. */
AK_API const char *ak_target_name(const struct ak_call *call);
/* Value at index of a target attribute; NULL beyond the end. */
AK_API const char *ak_target_attribute(const struct ak_call *call, const char *key,
    size_t index);

/*
 * The reply
 */

/*
 * A technical error ("errored"). Returns -1, to be returned by the handler. The last error
 * of a handler counts; one that has set an error has failed, whatever it returns.
 */
AK_API int ak_error(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3);

/* The same, with the text of errno as detail. Reads errno first of all. */
AK_API int ak_errno(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3);

/* What the action checks is not as it should be ("failed"). Returns -1. */
AK_API int ak_failed(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3);

enum ak_level {
	AK_DEBUG = 1,
	AK_INFO,
	AK_WARN,
	AK_ERROR
};

/* A line for the agent's log, stamped with the time of now. */
AK_API void ak_message(struct ak_call *call, enum ak_level level, const char *format, ...)
    AK_PRINTF(3, 4);

struct ak_label {
	const char *name;		/* NULL ends the list */
	const char *value;
};
#define AK_LABELS_END { NULL, NULL }

/*
 * A measurement, stamped with the time of now. labels (borrowed, copied) may be NULL. A
 * value that is no finite number makes the handler fail: JSON cannot say it.
 */
AK_API void ak_metric(struct ak_call *call, const char *name, double value,
    const struct ak_label *labels);

/* The summary of the step, at most 512 characters; AK_INFO or AK_WARN. The last one wins. */
AK_API void ak_summary(struct ak_call *call, enum ak_level level, const char *format, ...)
    AK_PRINTF(3, 4);

/* In status(): the action is over. The agent will call stop. */
AK_API void ak_completed(struct ak_call *call);

/*
 * What must survive
 */

/*
 * Commits the state struct to the database now, durable against a power cut: to record
 * what stop() will need before the system is changed. Returns 0, or -1 with the call's
 * error set; the handler must then change nothing and return -1. In prepare() and
 * query_metrics() it does nothing: their state is saved with their success, or never.
 */
AK_API int ak_save(struct ak_call *call);

/*
 * Takes a resource ("netdev:eth0") for this execution, durably, until it is stopped, in
 * prepare() or start(). Returns 0, also when the execution holds it already, or -1 with the
 * call's error set to name the execution that holds it.
 */
AK_API int ak_claim(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3);

/*
 * Processes
 *
 * A pid alone may be given to another process. A pid and its start time, kept together in
 * the state, name one process until the machine reboots.
 */

/*
 * Start time of a process, in clock ticks since boot. Returns -1 and sets errno: ESRCH if
 * there is no such process.
 */
AK_API int64_t ak_process_start_time(int64_t pid);

/*
 * Sends a signal to the process that has this pid and start time, and to no other. signal
 * 0 only looks. Returns 0, or -1 and sets errno: ESRCH if that process is gone.
 */
AK_API int ak_process_signal(int64_t pid, int64_t start_time, int signal);

/*
 * Whether the process is one that the runtime must not touch: pid 1, a process of this
 * server, or an ancestor of it.
 */
AK_API bool ak_process_is_ours(int64_t pid);

#ifdef __cplusplus
}
#endif

#endif
