/*
 * actionkit.h: the public interface of actionkit-fcgi.
 *
 * An extension is a set of actions. An action is a constant struct ak_action: its
 * description, the table of its parameters, the table of the fields of its state, and up
 * to five handlers and a body. The runtime answers the ActionKit HTTP protocol for it, keeps every
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
#include <type_traits>
extern "C" {
#endif

/* The version of this header: a major, a minor and a patch number, of two digits each. */
#define AK_VERSION 100
#define AK_VERSION_TEXT "0.1.0"

#define AK_API __attribute__((visibility("default")))
#define AK_PRINTF(format_, first_) \
	__attribute__((format(printf, format_, first_)))
/* Which arguments must not be NULL. */
#define AK_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
/* What it returns says whether the caller may go on. */
#define AK_USE_RESULT __attribute__((warn_unused_result))

/*
 * A table with its end, which must not be forgotten:
 *
 *	static const struct ak_parameter parameters[] = AK_TABLE(
 *		{ .name = "pid", ... },
 *		{ .name = "duration", ... }
 *	);
 *
 * Without a comma after the last row. The same as a list in braces with its end behind it: it is
 * for all tables that have one (AK_PARAMETERS_END, AK_OPTIONS_END, AK_FIELDS_END, AK_WIDGETS_END,
 * AK_NEEDS_END, AK_TARGET_TEMPLATES_END, AK_CHART_GROUPS_END, AK_CHART_CONTENT_END, AK_LABELS_END,
 * and, of discoveries, AK_ATTRIBUTES_END, AK_COLUMNS_END, AK_ORDER_END). A table without an end is
 * refused by name where what lies behind it can be told from a row.
 */
#ifdef __cplusplus
#define AK_TABLE(...) { __VA_ARGS__, {} }
#else
#define AK_TABLE(...) { __VA_ARGS__, { 0 } }
#endif

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
	AK_REGEX,		/* ak_config_string, ak_config_match */
	AK_BITRATE,		/* ak_config_bitrate, ak_config_string: "10mbit" */
	AK_STRING_ARRAY,	/* ak_config_count, ak_config_item */
	AK_INTEGER,		/* ak_config_integer */
	AK_PERCENTAGE,		/* ak_config_integer */
	AK_STRESSNG_WORKERS,	/* ak_config_integer */
	AK_BOOLEAN,		/* ak_config_boolean */
	AK_DURATION,		/* ak_config_duration */
	AK_KEY_VALUE,		/* ak_config_count, ak_config_key, ak_config_item */
	AK_SEPARATOR,		/* not sent */
	AK_HEADER,		/* not sent */
	AK_TARGET_SELECTION,	/* not sent */
	AK_FILE			/* ak_config_file, ak_config_file_name, ak_config_file_size */
};

/* A number that may be absent. AK_LIMIT(2) is one that is there. */
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

enum ak_hint_type {
	AK_HINT_INFO = 1,
	AK_HINT_WARNING
};

/* What people are told while they fill in the form. All zero: nothing. */
struct ak_hint {
	enum ak_hint_type type;
	const char *content;		/* may be Markdown */
};

/* The units in which people may say a duration, combined with |. */
enum ak_duration_unit {
	AK_MILLISECONDS = 1 << 0,
	AK_SECONDS = 1 << 1,
	AK_MINUTES = 1 << 2,
	AK_HOURS = 1 << 3,
	AK_DAYS = 1 << 4
};

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
	/*
	 * As text: "30s" with its unit, "true", "50" percent, a JSON array: ["a"] of a string
	 * array, [{"key": "a", "value": "b"}] of a key-value list.
	 */
	const char *default_value;
	struct ak_limit min;		/* of integer, percentage; ms of duration */
	struct ak_limit max;
	const struct ak_option *options; /* ends with AK_OPTIONS_END */
	bool options_open;		/* text that is not an option is allowed */
	/*
	 * Names of target attributes, ending with NULL, whose values are options, too. Only
	 * the agent knows these, so that the runtime then accepts any text.
	 */
	const char *const *option_attributes;
	size_t max_length;		/* bytes of text, an item, a key or a value; 0: any */
	size_t max_items;		/* of a string array or key-value list; 0: any */
	unsigned int duration_units;	/* AK_SECONDS | AK_MINUTES; 0: the agent's choice */
	/* How names of files may end: ".json", ".tar.gz", ending with NULL; of a file. */
	const char *const *accepted_file_types;
	struct ak_hint hint;
	/* Not shown for new steps any more; then neither required nor with a default. */
	bool deprecated;
	const char *deprecation_message;
	struct ak_limit order;		/* deprecated by the protocol: the table has one */
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
 * Targets: what the action is done to, chosen by people (TargetSelection)
 */

enum ak_quantity {
	AK_ANY_NUMBER = 1,		/* people may choose a part of them, at random */
	AK_EXACTLY_ONE,
	AK_ALL_TARGETS			/* all that the query finds */
};

enum ak_missing_query {
	AK_INCLUDE_ALL = 1,
	AK_INCLUDE_NONE
};

enum ak_blast_radius_mode {
	AK_BLAST_PERCENTAGE = 1,	/* so many percent of the targets */
	AK_BLAST_MAXIMUM		/* so many targets */
};

/* All zero: not said, which is 100 percent. */
struct ak_blast_radius {
	enum ak_blast_radius_mode mode;
	int64_t value;
};

/* A query that people start from. */
struct ak_target_template {
	const char *label;
	const char *description;	/* or NULL */
	const char *query;
};
#define AK_TARGET_TEMPLATES_END { NULL, NULL, NULL }

/* Only target_type is required; what is zero is left to the platform. */
struct ak_target_selection {
	const char *target_type;	/* as its discovery calls it */
	const char *target_query;	/* narrows down what can be chosen */
	const struct ak_target_template *templates;	/* AK_TARGET_TEMPLATES_END */
	enum ak_quantity quantity;
	struct ak_blast_radius default_blast_radius;
	enum ak_missing_query missing_query;	/* what is chosen at first */
};

/*
 * Widgets: how what the action tells is shown after the experiment
 *
 * A table that ends with AK_WIDGETS_END. A row has a type, a title (a predefined one has
 * none), and the one member that goes with its type.
 */

enum ak_widget_type {
	AK_WIDGET_STATE_OVER_TIME = 1,
	AK_WIDGET_LOG,
	AK_WIDGET_MARKDOWN,
	AK_WIDGET_PREDEFINED,
	AK_WIDGET_LINE_CHART
};

/* Rows of coloured segments. Each member names a label of the metrics; url may be NULL. */
struct ak_state_over_time {
	const char *identity;		/* one row for each of its values */
	const char *label;
	const char *tooltip;
	const char *state;		/* success, info, warn, danger */
	const char *url;
	bool hide_value;
};

/* The messages of one type, as a log. */
struct ak_log_widget {
	const char *log_type;
};

/* The messages of one type, as Markdown. */
struct ak_markdown_widget {
	const char *message_type;
	bool append;			/* to what was told before, or instead of it */
};

/* One that the platform knows. */
struct ak_predefined_widget {
	const char *id;
};

enum ak_chart_mode {
	AK_CHART_SELECT = 1,		/* one chart, people choose whose */
	AK_CHART_PER_VALUE		/* a chart for each value */
};

enum ak_chart_match {
	AK_MATCH_FALLBACK = 1,		/* what is in no other group */
	AK_MATCH_EQUALS,		/* the label key is value */
	AK_MATCH_NOT_EMPTY		/* the label key has a value */
};

/* A part of the points of a chart. */
struct ak_chart_group {
	const char *title;
	const char *color;		/* success, info, warn, danger */
	enum ak_chart_match match;
	const char *key;		/* NULL of AK_MATCH_FALLBACK */
	const char *value;		/* of AK_MATCH_EQUALS */
};
#define AK_CHART_GROUPS_END { NULL, NULL, (enum ak_chart_match)0, NULL, NULL }

/* A line of the tooltip of a chart's point. */
struct ak_chart_content {
	const char *title;
	const char *from;		/* a label of the metric */
	const char *unit;		/* or NULL */
};
#define AK_CHART_CONTENT_END { NULL, NULL, NULL }

struct ak_line_chart {
	const char *metric;		/* name of the metrics that are shown */
	const char *from;		/* the label that tells charts apart */
	enum ak_chart_mode mode;
	const struct ak_chart_group *groups;	/* AK_CHART_GROUPS_END, or NULL */
	bool show_summary;		/* of the groups, as a pie chart */
	const char *value_title;	/* in the tooltip, or NULL */
	const char *value_unit;		/* in the tooltip, or NULL */
	const struct ak_chart_content *content;	/* AK_CHART_CONTENT_END, or NULL */
};

struct ak_widget {
	enum ak_widget_type type;
	const char *title;
	struct ak_state_over_time state_over_time;
	struct ak_log_widget log;
	struct ak_markdown_widget markdown;
	struct ak_predefined_widget predefined;
	struct ak_line_chart line_chart;
};
#define AK_WIDGETS_END { .type = (enum ak_widget_type)0 }

/* Flags of an action, combined with |. */
enum ak_flag {
	/* Between agent and platform; the runtime goes on to watch the agent's calls. */
	AK_DISABLE_HEARTBEAT = 1 << 0,
	/* Offered only where --enable-action names it: what does harm that stop() cannot undo. */
	AK_GUARDED = 1 << 1
};

/*
 * Needs: what an action cannot do without on the machine
 *
 * A table that ends with AK_NEEDS_END. A prepare where something is missing is refused, and told
 * all of it; what is optional is only shown, by `actionkit check` and `actionkit actions`.
 */

enum ak_need_kind {
	AK_NEED_CAPABILITY = 1,		/* an effective one: "CAP_NET_ADMIN" */
	AK_NEED_PROGRAM,		/* as ak_exec() finds it: "tc" */
	AK_NEED_PATH,			/* "/sys/devices/system/cpu/cpufreq" */
	AK_NEED_MODULE,			/* of the kernel, loaded or not: "sch_netem" */
	AK_NEED_LINUX			/* a version, or a newer one: "5.16" */
};

struct ak_need {
	enum ak_need_kind kind;
	const char *name;		/* NULL ends the table */
	const char *package;		/* that has it, or NULL */
	const char *what_for;		/* "host names", or NULL */
	bool optional;			/* it does something without */
};
#define AK_NEEDS_END { .name = NULL }
#define AK_NEEDS_MAX 32

/*
 * State: what an execution must remember from one handler to the next
 *
 * A plain struct of the author's, described field by field so that it can be kept in the
 * database and told to the agent. Wrong member types do not compile.
 */

enum ak_field_kind {
	AK_FIELD_INT = 1,		/* int64_t */
	AK_FIELD_BOOL,			/* bool */
	AK_FIELD_DOUBLE,		/* double */
	AK_FIELD_STRING,		/* char[N]; at most N - 1 bytes */
	AK_FIELD_LIST,			/* AK_TEXT_LIST(items, bytes) */
	AK_FIELD_STRUCT,		/* a struct with a table of its own */
	AK_FIELD_JSON			/* char[N] that holds JSON text; empty is null */
};

struct ak_field {
	const char *name;		/* NULL ends the table */
	enum ak_field_kind kind;
	size_t offset;
	size_t size;
	size_t items;			/* of a list: how many it has room for, */
	size_t item_size;		/* and of how many bytes */
	const struct ak_field *fields;	/* of a struct */
	bool local;			/* is kept in the database, and not told to the agent */
};

/*
 * A list of texts within a state struct: AK_TEXT_LIST(8, 32) rooms; has room for 8 texts of
 * at most 31 bytes. The first rooms.count of rooms.item[] are in it.
 */
#define AK_TEXT_LIST(items_, bytes_) \
	struct { int64_t count; char item[items_][bytes_]; }

#ifdef __cplusplus
extern "C++" {
template <typename actual, typename expected> struct ak_same_ {
	static_assert(std::is_same<actual, expected>::value, "the member has another type");
	static constexpr size_t one = 1;
};
}
#define AK_SIZE_(type_, member_, expected_) \
	(sizeof(((type_ *)0)->member_) * \
	 ak_same_<decltype(&((type_ *)0)->member_), expected_>::one)
#else
#define AK_SIZE_(type_, member_, expected_) \
	(sizeof(((type_ *)0)->member_) * \
	 sizeof(char[_Generic(&((type_ *)0)->member_, expected_: 1)]))
#endif
#define AK_FIELD_(type_, member_, kind_, expected_) \
	{ #member_, kind_, offsetof(type_, member_), \
	  AK_SIZE_(type_, member_, expected_), 0, 0, NULL, false }
#define AK_INT(type_, member_) \
	AK_FIELD_(type_, member_, AK_FIELD_INT, int64_t *)
#define AK_BOOL(type_, member_) \
	AK_FIELD_(type_, member_, AK_FIELD_BOOL, bool *)
#define AK_DOUBLE(type_, member_) \
	AK_FIELD_(type_, member_, AK_FIELD_DOUBLE, double *)
#define AK_TEXT(type_, member_) \
	AK_FIELD_(type_, member_, AK_FIELD_STRING, \
	    char (*)[sizeof(((type_ *)0)->member_)])
#define AK_JSON(type_, member_) \
	AK_FIELD_(type_, member_, AK_FIELD_JSON, \
	    char (*)[sizeof(((type_ *)0)->member_)])
#define AK_LIST(type_, member_) \
	{ #member_, AK_FIELD_LIST, offsetof(type_, member_), \
	  sizeof(((type_ *)0)->member_), \
	  AK_SIZE_(type_, member_.item, \
	      char (*)[sizeof(((type_ *)0)->member_.item) / \
	      sizeof(((type_ *)0)->member_.item[0])] \
	      [sizeof(((type_ *)0)->member_.item[0])]) / \
	  sizeof(((type_ *)0)->member_.item[0]), \
	  sizeof(((type_ *)0)->member_.item[0]), NULL, false }
/* A member that is a struct, whose own members are in the table fields_. */
#define AK_STRUCT(type_, member_, fields_) \
	{ #member_, AK_FIELD_STRUCT, offsetof(type_, member_), \
	  sizeof(((type_ *)0)->member_), 0, 0, (fields_), false }
/*
 * The same for what stays on this machine: secrets, and what is too large to travel to the agent
 * and back with every status. It is lost with the database, so stop() must do without it.
 */
#define AK_LOCAL(type_, member_, fields_) \
	{ #member_, AK_FIELD_STRUCT, offsetof(type_, member_), \
	  sizeof(((type_ *)0)->member_), 0, 0, (fields_), true }
#define AK_FIELDS_END { NULL, AK_FIELD_INT, 0, 0, 0, 0, NULL, false }

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
 * start	required, but with work(). Makes the change. Record with ak_save() what stop()
 *		needs before changing anything: the process may be killed on any line.
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
	const char *icon;		/* data URI, or NULL; icon.sh makes one of a file */
	const char *technology;		/* or NULL */
	const char *category;		/* or NULL */
	enum ak_kind kind;
	enum ak_time_control time_control;
	const struct ak_parameter *parameters;	/* or NULL: none */
	const struct ak_target_selection *target_selection;	/* or NULL: no target */
	/* These two are deprecated by the protocol: target_selection says them. */
	const char *target_type;
	const struct ak_target_template *target_templates;
	const struct ak_widget *widgets;	/* AK_WIDGETS_END, or NULL */
	struct ak_hint hint;
	unsigned int flags;		/* of enum ak_flag, combined with | */
	struct ak_state state;
	unsigned int state_version;	/* see ak_state_version() */
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
	int (*work)(struct ak_call *call, void *state);	/* see "What takes long" */
	const struct ak_need *needs;	/* AK_NEEDS_END, or NULL */
};

/*
 * Discoveries: what the targets of actions are, told to the platform (DiscoveryKit)
 *
 * Names that begin with "steadybit." are the agent's: steadybit.label, steadybit.extension
 * and steadybit.group are refused in all tables, but for steadybit.label in columns.
 */

/* How something is called: one of it, and none or many of it. */
struct ak_plural {
	const char *one;
	const char *other;
};

/* How people see an attribute of targets. */
struct ak_attribute {
	const char *name;		/* "lamp.room" */
	struct ak_plural label;
};
#define AK_ATTRIBUTES_END { .name = NULL }

/* A column of the table in which people see the targets. */
struct ak_column {
	const char *attribute;
	/* What is shown where the target does not have it, ending with NULL; or NULL. */
	const char *const *fallbacks;
};
#define AK_COLUMNS_END { .attribute = NULL }

enum ak_direction {
	AK_ASCENDING = 1,
	AK_DESCENDING
};

/* What that table is sorted by. */
struct ak_order {
	const char *attribute;
	enum ak_direction direction;
};
#define AK_ORDER_END { .attribute = NULL }

/* A kind of targets; several discoveries may find it. */
struct ak_target_type {
	const char *id;			/* "org.example.lamp" */
	const char *version;		/* change it with anything else here */
	const char *category;		/* or NULL */
	const char *icon;		/* data URI, or NULL; icon.sh makes one of a file */
	struct ak_plural label;
	const struct ak_column *columns;	/* AK_COLUMNS_END */
	const struct ak_order *order;		/* AK_ORDER_END */
};

/*
 * A discovery finds all targets of a type again and again. discover() calls ak_discovered()
 * and ak_discovered_attribute(), and returns 0; or -1 after ak_error() or ak_errno(): what the
 * platform knows stays until a discovery succeeds without it. It fails where it cannot tell
 * everything: whatever it leaves out is gone. It changes nothing and may run in several
 * processes at once. It has no config, no target and no state: ak_error*, ak_errno,
 * ak_message* (which go to the server's log) and ak_time_left are all that it may call of what
 * handlers may.
 */
struct ak_discovery {
	const char *id;			/* "org.example.lamps" */
	const char *call_interval;	/* "1m": a number with a unit; NULL: 30s */
	const struct ak_target_type *target_type;
	/* AK_ATTRIBUTES_END; or NULL: the platform makes labels of the names. */
	const struct ak_attribute *attributes;
	int (*discover)(struct ak_call *call);
};

/* Limits of one discovery; texts in bytes. */
#define AK_DISCOVERED_TARGETS_MAX 10000
#define AK_DISCOVERED_KEYS_MAX 512	/* of a target */
#define AK_DISCOVERED_VALUES_MAX 256	/* of a key; of more, the first when they are sorted */
#define AK_DISCOVERED_TEXT_MAX 1024	/* an id, a label, a key, a value */
#define AK_DISCOVERED_BYTES_MAX (16 * 1024 * 1024)

/* The type of the targets that org.actionkit.host finds; becomes what --host-type says. */
#define AK_TARGET_HOST "org.actionkit.host"

/*
 * What was asked
 *
 * Config values exist in prepare() and query_metrics(); keep in the state what later
 * handlers need. Values are checked and defaults are filled in before the handler runs. An
 * optional parameter without a value reads as 0, false, NULL or an empty list. Reading a
 * parameter that is not in the table, with the wrong getter, or in another handler makes the
 * handler fail, and so does any function that is called where it is not for.
 */

/* The id of the execution, a UUID in lower case. */
AK_API const char *ak_execution_id(const struct ak_call *call) AK_NONNULL(1);

/* Milliseconds until the runtime kills the process that runs this handler; at least 0. */
AK_API int64_t ak_time_left(const struct ak_call *call) AK_NONNULL(1);

/* Whether the parameter has a value: sent, or by default. */
AK_API bool ak_config_has(struct ak_call *call, const char *name) AK_NONNULL(1, 2);
AK_API int64_t ak_config_integer(struct ak_call *call, const char *name) AK_NONNULL(1, 2);
AK_API bool ak_config_boolean(struct ak_call *call, const char *name) AK_NONNULL(1, 2);
/* In milliseconds. */
AK_API int64_t ak_config_duration(struct ak_call *call, const char *name) AK_NONNULL(1, 2);
AK_API const char *ak_config_string(struct ak_call *call, const char *name) AK_NONNULL(1, 2);
/* In bits per second: "1kbit" is 1000, "1kbps" (bytes) is 8000. */
AK_API int64_t ak_config_bitrate(struct ak_call *call, const char *name) AK_NONNULL(1, 2);
/*
 * Whether text matches a regex: 1, or 0, or -1 where that is not a POSIX extended regular
 * expression (or the parameter has no value). Agents write them for other languages, too,
 * so that any text is accepted as one: get it with ak_config_string() then.
 */
AK_API int ak_config_match(struct ak_call *call, const char *name, const char *text)
    AK_NONNULL(1, 2, 3);
/* Number of items of a string array or of pairs of a key-value list. */
AK_API size_t ak_config_count(struct ak_call *call, const char *name) AK_NONNULL(1, 2);
/* Item, or value of the pair, at index; NULL beyond the end. */
AK_API const char *ak_config_item(struct ak_call *call, const char *name, size_t index)
    AK_NONNULL(1, 2);
/* Key of the pair at index; NULL beyond the end. */
AK_API const char *ak_config_key(struct ak_call *call, const char *name, size_t index)
    AK_NONNULL(1, 2);
/* Value of the first pair with this key; NULL if there is none. */
AK_API const char *ak_config_value(struct ak_call *call, const char *name, const char *key)
    AK_NONNULL(1, 2, 3);

/*
 * In prepare(): puts the values of these parameters, until NULL, into the fields of the state that
 * are called like them; of "failIn" also fail_in, of "fail-in" as well. A field may be within a
 * struct: the first in the order of the table. An integer takes a number, a duration in
 * milliseconds and a bitrate in bits per second, a text also the path of a file, a list a string
 * array, JSON anything. What has no value leaves its field as it is. Returns 0, or -1 with the
 * call's error set: a value is too long for its field, a list has too many items.
 */
AK_API int ak_config_keep(struct ak_call *call, const char *name, ...)
    __attribute__((sentinel));

/*
 * Files. A parameter of type file is named with letters, digits, "_" and "-", and its action
 * must have stop(). It is sent as text of base64, as a URL where the operator allows that, or
 * beside the request; the action sees none of this, but a file on disk.
 *
 * ak_config_file() is its absolute path: a regular file that only this user may read and
 * write, in a directory that holds nothing else. Keep the path in the state for the other
 * handlers; the file belongs to the execution, and is removed when prepare() fails and when
 * the execution is stopped, not before. stop() must cope with a file that is gone: after the
 * database was lost, nobody knows that it is needed.
 */
AK_API const char *ak_config_file(struct ak_call *call, const char *name) AK_NONNULL(1, 2);
/* How the client called the file; the path ends in a harmless form of that. */
AK_API const char *ak_config_file_name(struct ak_call *call, const char *name) AK_NONNULL(1, 2);
/* In bytes. */
AK_API int64_t ak_config_file_size(struct ak_call *call, const char *name) AK_NONNULL(1, 2);

/* Name of the target, in prepare() and query_metrics(); NULL if the request has none. */
AK_API const char *ak_target_name(const struct ak_call *call) AK_NONNULL(1);
/* Value at index of a target attribute; NULL beyond the end. */
AK_API const char *ak_target_attribute(const struct ak_call *call, const char *key,
    size_t index) AK_NONNULL(1, 2);
/* Number of values of a target attribute. */
AK_API size_t ak_target_attribute_count(const struct ak_call *call, const char *key)
    AK_NONNULL(1, 2);
/* Key of the target attribute at index; NULL beyond the end. */
AK_API const char *ak_target_attribute_key(const struct ak_call *call, size_t index) AK_NONNULL(1);

/*
 * Whose execution it is, in prepare() and query_metrics(): 0 or NULL where the request does not
 * say. The key of the experiment and the URI of its execution are kept for people, too: see
 * actionkit(1).
 */
AK_API const char *ak_experiment_key(const struct ak_call *call) AK_NONNULL(1);
AK_API const char *ak_experiment_uri(const struct ak_call *call) AK_NONNULL(1);
/* The experiment's execution; it has one id of ours for each of its steps and targets. */
AK_API int64_t ak_experiment_execution(const struct ak_call *call) AK_NONNULL(1);
AK_API const char *ak_execution_uri(const struct ak_call *call) AK_NONNULL(1);
AK_API int64_t ak_agent_pid(const struct ak_call *call) AK_NONNULL(1);
AK_API const char *ak_agent_aws_account_id(const struct ak_call *call) AK_NONNULL(1);

/* What the agent itself depends on, and no action may cut off. */
struct ak_restricted_endpoint {
	const char *name;	/* empty if the agent does not say it */
	const char *url;	/* the same */
	const char *cidr;
	uint16_t port_min;
	uint16_t port_max;
};

/* What the next one calls: size is that of the struct which the caller knows. */
AK_API bool ak_restricted_endpoint_as(const struct ak_call *call, size_t index,
    struct ak_restricted_endpoint *ret_endpoint, size_t size) AK_NONNULL(1, 3) AK_USE_RESULT;

/* The endpoint at index, in prepare() and query_metrics(). Returns false beyond the end. */
static inline AK_NONNULL(1, 3) AK_USE_RESULT bool
ak_restricted_endpoint_at(const struct ak_call *call, size_t index,
    struct ak_restricted_endpoint *ret_endpoint)
{
	return ak_restricted_endpoint_as(call, index, ret_endpoint, sizeof(*ret_endpoint));
}

/*
 * Properties of the experiment's execution, in prepare() and query_metrics(). What is absent, or
 * of another type, reads as 0, false or NULL: people define them, not the action.
 */
AK_API bool ak_property_has(const struct ak_call *call, const char *key) AK_NONNULL(1, 2);
AK_API const char *ak_property_string(const struct ak_call *call, const char *key) AK_NONNULL(1, 2);
AK_API int64_t ak_property_integer(const struct ak_call *call, const char *key) AK_NONNULL(1, 2);
AK_API double ak_property_double(const struct ak_call *call, const char *key) AK_NONNULL(1, 2);
AK_API bool ak_property_boolean(const struct ak_call *call, const char *key) AK_NONNULL(1, 2);
/* Number of items of a list, and the text at index of one. */
AK_API size_t ak_property_count(const struct ak_call *call, const char *key) AK_NONNULL(1, 2);
AK_API const char *ak_property_item(const struct ak_call *call, const char *key,
    size_t index) AK_NONNULL(1, 2);
/* A property of any type, as JSON text; NULL if it is absent. */
AK_API const char *ak_property_json(const struct ak_call *call, const char *key) AK_NONNULL(1, 2);

/*
 * For when query_metrics() is asked, in milliseconds since the Unix epoch; now, if the
 * request does not say, and in other handlers.
 */
AK_API int64_t ak_query_timestamp(const struct ak_call *call) AK_NONNULL(1);

/*
 * The reply
 *
 * Details, labels and fields may be NULL, and what is zero in them has a default. Text that is not
 * UTF-8 is mended, and the log says so. What cannot be told, such as a number that is not finite,
 * makes a handler fail. Not stop(): no report is worth an effect that is not undone. There it is a
 * warning in the reply and in the server's log, and the function returns 0.
 */

/*
 * A technical error ("errored"). Returns -1, to be returned by the handler. The last error
 * of a handler counts; one that has set an error has failed, whatever it returns.
 */
AK_API int ak_error(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3) AK_NONNULL(1);

/* The same, with the text of errno as detail. Reads errno first of all. */
AK_API int ak_errno(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3) AK_NONNULL(1);

/* What the action checks is not as it should be ("failed"). Returns -1. */
AK_API int ak_failed(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3) AK_NONNULL(1);

enum ak_error_status {
	AK_ERRORED = 1,			/* as ak_error() says */
	AK_FAILED			/* as ak_failed() says */
};

/* What an error has beside its title. What is zero is left out. */
struct ak_error_details {
	enum ak_error_status status;	/* 0: AK_ERRORED */
	const char *type;		/* URI of what kind of problem it is */
	const char *detail;		/* what happened this time */
	const char *instance;		/* URI of what happened this time */
};

/* An error with details (borrowed, copied; NULL: none). Returns -1. */
AK_API int ak_error_as(struct ak_call *call, const struct ak_error_details *details,
    const char *format, ...) AK_PRINTF(3, 4) AK_NONNULL(1);

enum ak_level {
	AK_DEBUG = 1,
	AK_INFO,
	AK_WARN,
	AK_ERROR
};

/* A line for the agent's log, stamped with the time of now. */
AK_API void ak_message(struct ak_call *call, enum ak_level level, const char *format, ...)
    AK_PRINTF(3, 4) AK_NONNULL(1);

struct ak_label {
	const char *name;		/* NULL ends the list */
	const char *value;
};
#define AK_LABELS_END { NULL, NULL }

/* Whose clock a timestamp is of. */
enum ak_timestamp_source {
	AK_TIMESTAMP_EXTENSION = 1,	/* this machine's; the agent corrects it */
	AK_TIMESTAMP_EXTERNAL		/* another system's; is left as it is */
};

/* What a message is beside its text. What is zero is left out. */
struct ak_message_details {
	enum ak_level level;		/* 0: AK_INFO */
	const char *type;		/* what a log or Markdown widget selects it by */
	const struct ak_label *fields;	/* shown beside it; AK_LABELS_END */
	int64_t timestamp_ms;		/* since the Unix epoch; 0: now */
	enum ak_timestamp_source timestamp_source;
};

/* A message with details (borrowed, copied; NULL: none). */
AK_API void ak_message_as(struct ak_call *call, const struct ak_message_details *details,
    const char *format, ...) AK_PRINTF(3, 4) AK_NONNULL(1);

/*
 * A measurement, stamped with the time of now. labels (borrowed, copied) may be NULL. A
 * value that is not a finite number cannot be told: JSON cannot say it.
 */
AK_API void ak_metric(struct ak_call *call, const char *name, double value,
    const struct ak_label *labels) AK_NONNULL(1);

/* What a measurement is beside its name and value. What is zero is left out. */
struct ak_metric_details {
	const struct ak_label *labels;	/* AK_LABELS_END */
	int64_t timestamp_ms;		/* when it was measured; 0: now */
	enum ak_timestamp_source timestamp_source;
};

/* A measurement with details (borrowed, copied; NULL: none). */
AK_API void ak_metric_as(struct ak_call *call, const char *name, double value,
    const struct ak_metric_details *details) AK_NONNULL(1);

/* The most bytes of one artifact, and of all artifacts of one call. */
#define AK_ARTIFACT_BYTES_MAX 5229771
#define AK_ARTIFACTS_BYTES_MAX (8 * AK_ARTIFACT_BYTES_MAX)

/*
 * A file that people find with the experiment: a report, a log. label is its name there, at
 * most 256 characters. The data is copied, or read from the file at path. Returns 0, or -1
 * where it is too large or cannot be read: the call's error is set then.
 */
AK_API int ak_artifact(struct ak_call *call, const char *label, const void *data,
    size_t size) AK_NONNULL(1);
AK_API int ak_artifact_file(struct ak_call *call, const char *label, const char *path)
    AK_NONNULL(1);

/* What is done to a property of the experiment's execution. */
enum ak_modification {
	AK_SET_PROPERTY = 1,		/* it becomes the value */
	AK_ADD_TO_PROPERTY		/* it is a list, and gets the value, too */
};

/*
 * Modifies the property key (1 to 64 characters), in every handler but query_metrics(). The
 * value (copied) is text, a number, a truth value, or any JSON; the published schema knows
 * objects only, and so do clients that validate with it. Returns 0, or -1 with the call's
 * error set: no key, not a finite number, not JSON.
 */
AK_API int ak_modify_string(struct ak_call *call, enum ak_modification how,
    const char *key, const char *value) AK_NONNULL(1);
AK_API int ak_modify_integer(struct ak_call *call, enum ak_modification how,
    const char *key, int64_t value) AK_NONNULL(1);
AK_API int ak_modify_double(struct ak_call *call, enum ak_modification how,
    const char *key, double value) AK_NONNULL(1);
AK_API int ak_modify_boolean(struct ak_call *call, enum ak_modification how,
    const char *key, bool value) AK_NONNULL(1);
AK_API int ak_modify_json(struct ak_call *call, enum ak_modification how, const char *key,
    const char *json) AK_NONNULL(1);

/*
 * The summary of the step; AK_INFO or AK_WARN. The last one wins. What is beyond 512 characters
 * is cut off, and the log says so.
 */
AK_API void ak_summary(struct ak_call *call, enum ak_level level, const char *format, ...)
    AK_PRINTF(3, 4) AK_NONNULL(1);

/* In status(), and nowhere else: the action is over. The agent will call stop. */
AK_API void ak_completed(struct ak_call *call) AK_NONNULL(1);

/*
 * What must survive
 */

/*
 * Commits the state struct to the database now, durable against a power cut: to record
 * what stop() will need before the system is changed. Returns 0, or -1 with the call's
 * error set; the handler must then change nothing and return -1. In prepare() and
 * query_metrics() it does nothing: their state is saved with their success, or never.
 */
AK_API int ak_save(struct ak_call *call) AK_NONNULL(1) AK_USE_RESULT;

/*
 * The state_version of the action that last saved the state: an execution may have been
 * begun by an older program, or by a newer one. Members that the older one did not know are
 * zero, and those that it does not know of the newer one's are kept. A state whose members
 * have other types is an error that names both versions; the handler is not called. 0 where
 * the state comes from the agent's request because the database was lost.
 */
AK_API unsigned int ak_state_version(const struct ak_call *call) AK_NONNULL(1);

/*
 * Takes a resource ("netdev:eth0") for this execution, durably, until it is stopped, in
 * prepare() or start(), and nowhere else. Returns 0, also when the execution holds it already, or
 * -1 with the call's error set to name the execution that holds it.
 */
AK_API int ak_claim(struct ak_call *call, const char *format, ...) AK_PRINTF(2, 3)
    AK_NONNULL(1) AK_USE_RESULT;

/*
 * Writes text of at most size bytes with its NUL, for a member of the state or any other. Returns
 * 0; or -1 with the call's error set, which names the member, and nothing in ret_text but a NUL: a
 * path that is cut is another one.
 */
AK_API int ak_format(struct ak_call *call, char *ret_text, size_t size, const char *format,
    ...) AK_PRINTF(4, 5);

/*
 * The absolute path of a directory that this execution has of its own (mode 0700, for large or
 * secret things, or for programs), made by the first call in prepare(), start() or work(). It is
 * removed with all that is in it when prepare() fails and when the execution is stopped, after
 * stop(), whatever died in between. It is not kept over a power cut as ak_save() keeps the state.
 * status() and stop() get the path, too, and must cope with a directory that is not there. The
 * path belongs to the call. NULL with the call's error set: it cannot be made.
 */
AK_API const char *ak_directory(struct ak_call *call);

/*
 * How many bytes must stay free in the file system of path for the server itself, to record what
 * is undone: 0 where its state is elsewhere. For start() of actions that fill disks.
 */
AK_API int64_t ak_reserved_space(const struct ak_call *call, const char *path) AK_NONNULL(1, 2);

/*
 * How many bytes of memory must stay available, in prepare(): --memory-reserve, or a tenth of all
 * memory if that is less. For actions that fill memory: keep it in the state.
 */
AK_API int64_t ak_reserved_memory(const struct ak_call *call) AK_NONNULL(1);

/*
 * Asks that an execution be stopped (StopAction of other kits), or all that are not stopped, this
 * one, too (StopAllActiveActions): for a reason of at most 511 bytes, which agents are told. It
 * notes that durably and returns at once: from then on none of them can be started, and the reaper
 * stops them. This execution, in start(): when that has returned. Returns 0, also where it is
 * stopped already, or -1 and sets errno, not the call's error: ESRCH (there is no such execution),
 * EINVAL (no id, no reason), EBUSY, ENOSPC or EIO (it cannot be noted), ENOTSUP (in discover()).
 */
AK_API int ak_stop(struct ak_call *call, const char *id, const char *reason);
AK_API int ak_stop_all(struct ak_call *call, const char *reason);

/*
 * The same for other processes, of the server with this state directory, which they must be allowed
 * to write; id may be NULL: all. It is an operator's request, as `actionkit stop` makes it, without
 * waiting for what comes of it.
 */
AK_API int ak_stop_in(const char *state_dir, const char *id, const char *reason);

/*
 * What takes long
 *
 * Handlers are short, and run in processes that come and go. What lasts as long as the execution
 * (a load, a check again and again, a program that runs) belongs into work(): it begins when
 * start() has succeeded, in a process of its own, the worker, and goes on until it returns or the
 * execution is stopped. An action has start(), work() or both; with work() it is asked for its
 * status and is stopped, with or without handlers for that.
 *
 * work() gets the state as start() left it, and may tell everything, save the state, and run
 * programs. It has no config, target or files: keep what it needs of them in the state. It returns
 * 0, completed, or -1 after ak_failed() or ak_error(), which is what the action has come to. While
 * there is a worker it alone changes the state: what status() changes is dropped, and stop() gets
 * what the worker saved last.
 *
 * When the execution is to be stopped, work() is told, and what it does not end within 5 seconds (a
 * third of --stop-timeout if that is less) is killed, with all that it has forked. Only then stop()
 * runs. A worker that dies is not started again: the action has errored, and is stopped. What it
 * has told and committed until then reaches the agent, each of it once.
 */

/*
 * In work(): waits ms, or until it must end. Returns 1 if it must end now, 0 when the time is over.
 * What was told is committed meanwhile.
 */
AK_API int ak_work_wait(struct ak_call *call, int64_t ms) AK_NONNULL(1);

/*
 * In work(): a descriptor that can be read as soon as it must end, for poll() and
 * curl_multi_poll(); do not read it. What was told is committed by the functions that tell,
 * within a tenth of a second, but not while work() waits on its own: call ak_progress() before.
 */
AK_API int ak_work_fd(struct ak_call *call) AK_NONNULL(1);

/*
 * In work(): commits the state and all that was told, in one transaction, not durable against a
 * power cut. Before a change that stop() must undo, it is ak_save() that is needed. Returns 0, or
 * -1 where the database cannot be written now: no reason to end, for all of it is kept until the
 * next time. (A state that cannot be kept at all is the call's error.)
 */
AK_API int ak_progress(struct ak_call *call) AK_NONNULL(1);

enum ak_work_how {
	AK_WORK_COMPLETED = 1,		/* returned 0, or was stopped */
	AK_WORK_FAILED,			/* by ak_failed() */
	AK_WORK_ERRORED,		/* by ak_error() */
	AK_WORK_DIED			/* killed, exited, gone with the machine */
};

/* How a worker ended. */
struct ak_work_end {
	enum ak_work_how how;
	int signal;			/* that killed it; 0: none, or not known */
	int exit_status;		/* where it exited */
	bool oom;			/* killed for want of memory, as far as that can be seen */
};

/*
 * In status() and stop(): how work() ended (ret_end may be NULL); false while it runs, or where it
 * never began.
 */
AK_API bool ak_work_ended(struct ak_call *call, struct ak_work_end *ret_end)
    AK_NONNULL(1) AK_USE_RESULT;

/*
 * In stop(): the result of the action, although the stop itself has succeeded; for what is only
 * known at the end. (An error of stop() means that it is not undone, and is tried again.) Where
 * stop() says nothing, work() that has failed, errored or died is the result. details (borrowed,
 * copied) may be NULL: AK_ERRORED.
 */
AK_API void ak_verdict(struct ak_call *call, const struct ak_error_details *details,
    const char *format, ...) AK_PRINTF(3, 4) AK_NONNULL(1);

/*
 * Programs
 */

/* What becomes of what a program writes. */
enum ak_exec_output {
	AK_EXEC_DROP = 0,
	AK_EXEC_TEXT,			/* it is text for the handler */
	AK_EXEC_MESSAGES		/* each line is a message */
};

/* The most that is kept of AK_EXEC_TEXT; a program that writes more is killed, an error. */
#define AK_EXEC_TEXT_BYTES_MAX (1024 * 1024)
/* Variable of the environment that names the execution. */
#define AK_EXEC_VARIABLE "AK_EXECUTION"

/* A program to be run. Only argv is required. Borrowed. */
struct ak_exec {
	/*
	 * Ends with NULL. argv[0] is an absolute path, or a name that is looked for in
	 * /usr/local/sbin, /usr/local/bin, /usr/sbin, /usr/bin, /sbin and /bin. No shell.
	 */
	const char *const *argv;
	const char *input;		/* its standard input; NULL: none */
	/* "NAME=value", ends with NULL; beside PATH, LANG=C.UTF-8 and AK_EXECUTION. */
	const char *const *environment;
	const char *directory;		/* where it begins; NULL: "/" */
	int64_t timeout_ms;		/* 0: as long as the handler has */
	enum ak_exec_output out;	/* messages of AK_INFO */
	enum ak_exec_output err;	/* messages of AK_WARN; what is said again is counted */
	/* Of both, whatever becomes of them, the last so many bytes are kept; 0: none. */
	size_t tail_bytes;
};

/* How it ended. The texts are valid until the next ak_exec() or the end of the handler. */
struct ak_exec_end {
	int exit_status;		/* -1: it was killed */
	int signal;			/* that killed it, or 0 */
	bool timed_out;			/* it was we who killed it */
	const char *out;		/* of AK_EXEC_TEXT, else "" */
	size_t out_size;
	const char *err;
	size_t err_size;
	const char *tail;		/* as it was written, in that order as far as it is seen */
	size_t tail_size;
};

/*
 * Runs a program and waits for its end. ret_end may be NULL: then everything but exit status 0 is
 * the call's error, with the end of what the program wrote to standard error as its detail. Else
 * only what cannot be run, or writes too much, is. Returns 0; 1 in work(), where the program was
 * ended because work() must end; or -1 with the call's error set.
 *
 * It is killed, with its process group, 500 ms before the handler's deadline or after timeout_ms,
 * and dies with the handler; what it leaves behind in its group is killed when it ends. While
 * anything of it lives nobody else works on the execution, but for status(). In work() it has no
 * deadline: when work() must end it gets SIGTERM, and SIGKILL later. Lines are cut at 4 KiB, and
 * after 1000 messages only counted.
 */
AK_API int ak_exec(struct ak_call *call, const struct ak_exec *exec,
    struct ak_exec_end *ret_end) AK_NONNULL(1, 2);

/*
 * What was discovered
 */

/*
 * In discover(): a target, of the discovery's type; the attributes that follow are of this
 * one. id is unique among all. Both are copied. Returns 0, or -1 with the call's error set:
 * empty, not UTF-8, over a limit.
 */
AK_API int ak_discovered(struct ak_call *call, const char *id, const char *label) AK_NONNULL(1);

/*
 * A value of one of its attributes (copied); NULL and "" are left out, for an attribute that
 * is not known is best not told. A key may have several values: their order and repetitions do
 * not count. Returns 0, or -1 with the call's error set, also for a name that is the agent's.
 */
AK_API int ak_discovered_attribute(struct ak_call *call, const char *key,
    const char *value) AK_NONNULL(1);

/*
 * How this host is called, and its domain: --hostname and --domainname, or what the system
 * says, or, of the domain, NULL. DNS is not asked. Handlers that aim at the host compare its
 * targets with this name. Valid until the next call.
 */
AK_API const char *ak_host_name(void);
AK_API const char *ak_domain_name(void);

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

/*
 * The program
 */

/* The version of the library that the program runs with: AK_VERSION_TEXT of its header. */
AK_API const char *ak_version(void);

/* All structs of this header that a program and its library must agree on. */
#define AK_STRUCTS_(item_) \
	item_(ak_limit) item_(ak_option) item_(ak_hint) item_(ak_parameter) \
	item_(ak_endpoint) item_(ak_metrics) item_(ak_blast_radius) \
	item_(ak_target_template) item_(ak_target_selection) item_(ak_state_over_time) \
	item_(ak_log_widget) item_(ak_markdown_widget) item_(ak_predefined_widget) \
	item_(ak_chart_group) item_(ak_chart_content) item_(ak_line_chart) \
	item_(ak_widget) item_(ak_need) item_(ak_field) item_(ak_state) item_(ak_action) \
	item_(ak_plural) item_(ak_attribute) item_(ak_column) item_(ak_order) \
	item_(ak_target_type) item_(ak_discovery) item_(ak_error_details) item_(ak_label) \
	item_(ak_message_details) item_(ak_metric_details) item_(ak_work_end) \
	item_(ak_exec) item_(ak_exec_end)

/* What a program was compiled with: it is refused where its library has other structs. */
struct ak_layout {
	const char *version;		/* AK_VERSION_TEXT */
	const size_t *sizes;		/* of AK_STRUCTS_, in their order */
	size_t count;
};
#define AK_SIZEOF_(name_) sizeof(struct name_),
#define AK_LAYOUT_ \
	static const size_t sizes[] = { AK_STRUCTS_(AK_SIZEOF_) }; \
	static const struct ak_layout layout = { \
		AK_VERSION_TEXT, sizes, sizeof(sizes) / sizeof(sizes[0]) \
	}

/* What the next two call. */
AK_API int ak_register_as(const struct ak_action *action, const struct ak_layout *layout);
AK_API int ak_register_discovery_as(const struct ak_discovery *discovery,
    const struct ak_layout *layout);

/*
 * Adds an action (borrowed, must stay valid) to those the program offers. Nothing is
 * checked yet: ak_main() checks all of them and reports all mistakes at once, also that action
 * was NULL or memory out. Returns 0, or -1, then as well, and if the program was compiled with
 * another version of this header than its library, with other structs: ak_main() then says so and
 * runs nothing.
 */
static inline int
ak_register(const struct ak_action *action)
{
	AK_LAYOUT_;

	return ak_register_as(action, &layout);
}

/* The same for a discovery. */
static inline int
ak_register_discovery(const struct ak_discovery *discovery)
{
	AK_LAYOUT_;

	return ak_register_discovery_as(discovery, &layout);
}

/* Forgets all registered actions and discoveries (for tests). */
AK_API void ak_registry_clear(void);

/*
 * Runs the actionkit program: its subcommands, options and environment are in actionkit(1).
 * Returns the exit status for main().
 */
AK_API int ak_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif
