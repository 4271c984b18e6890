/*
 * example.c: an action to copy from. It dims an imaginary lamp, sets it back at the end,
 * and uses everything that an action may be made of. Its state keeps how bright the lamp
 * was.
 *
 * Copy this file, rename what is called example, and delete what you do not need: only
 * id, label, version, description, kind, time_control and start() are required. Then add
 * a line to actions.def, or a call of ak_register() to a main() of your own. Behind it is a second
 * action, a check, for what takes long: a worker, and programs that it runs. At the end is a
 * discovery, which finds the lamps that the action aims at.
 *
 * What it leaves out is what the protocol has given up: order of a parameter, target_type
 * and target_templates of an action.
 */
#include <actionkit.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Made of example.svg by icon.sh when the program is built: see local.mk. */
extern const char example_icon[];

#define GREETING_BYTES 64
#define PLAN_BYTES 128
#define ROOMS_MAX 4
#define ROOM_BYTES 32
#define FAIL_IN_BYTES 16
#define SCENE_BYTES 1024
#define MS_PER_S 1000
#define NS_PER_MS 1000000
#define PERCENT_MAX 100
#define EXAMPLE_EPOCH_MS 946684800000	/* the first of January 2000 */

/*
 * State
 *
 * What an execution must remember from one handler to the next. Handlers run in different
 * processes: a static variable set in start() is not there in stop(). The struct is: it is
 * kept in the database and given to every later handler. Put into it what stop() needs to
 * undo the change, and nothing that means something to one process only, such as a pointer
 * or a file descriptor.
 */
struct example_time {
	int64_t started_ms;		/* boot time; 0 before start() */
	int64_t duration_ms;
};

struct example_state {
	int64_t brightness;		/* wanted, in percent */
	int64_t brightness_before;	/* what stop() sets again */
	struct example_time time;	/* a struct within, with a table of its own */
	bool dimmed;			/* the lamp may have been changed */
	double ratio;			/* wanted brightness, 0 to 1 */
	char greeting[GREETING_BYTES];	/* text has its room in the struct */
	char fail_in[FAIL_IN_BYTES];
	AK_TEXT_LIST(ROOMS_MAX, ROOM_BYTES) rooms;	/* rooms.count, rooms.item[] */
	char plan[PLAN_BYTES];		/* JSON as it is, of any shape */
	char scene[SCENE_BYTES];	/* the path of a file, empty if there is none */
};

/* Members that are not in these tables are lost between two handlers. */
static const struct ak_field example_time_fields[] = {
	AK_INT(struct example_time, started_ms),
	AK_INT(struct example_time, duration_ms),
	AK_FIELDS_END
};

static const struct ak_field example_fields[] = {
	AK_INT(struct example_state, brightness),
	AK_INT(struct example_state, brightness_before),
	AK_STRUCT(struct example_state, time, example_time_fields),
	AK_BOOL(struct example_state, dimmed),
	AK_DOUBLE(struct example_state, ratio),
	AK_TEXT(struct example_state, greeting),
	AK_TEXT(struct example_state, fail_in),
	AK_LIST(struct example_state, rooms),
	AK_JSON(struct example_state, plan),
	AK_TEXT(struct example_state, scene),
	AK_FIELDS_END
};

/*
 * Change it with the meaning of a member, and read in the handlers what an older program
 * has left: an execution may outlive the program that began it.
 */
#define EXAMPLE_STATE_VERSION 2
#define EXAMPLE_STATE_WITH_ROOMS 2	/* the first that has rooms */

/*
 * Parameters
 *
 * The form that people fill in, in this order. The runtime checks what was filled in
 * against the table before prepare() runs, so that no handler needs to.
 */
static const struct ak_option example_fail_in_options[] = {
	{ "Nowhere", "nowhere" },
	{ "Prepare: what was asked for is not possible", "prepare" },
	{ "Start: the system refused", "start" },
	{ "Status: what was checked is not as it should be", "status" },
	AK_OPTIONS_END
};

static const struct ak_option example_room_options[] = {
	{ "Kitchen", "kitchen" },
	{ "Hall", "hall" },
	AK_OPTIONS_END
};

/* The agent also offers the values of these attributes of the targets. */
static const char *const example_room_attributes[] = { "lamp.room", NULL };

/* How the names of files may end. */
static const char *const example_scene_types[] = { ".json", ".txt", NULL };

static const struct ak_parameter example_parameters[] = {
	/*
	 * An action with external time control must have this one, under this name. What
	 * is required must be sent: its default is only what the form shows at first.
	 */
	{
		.name = "duration",
		.label = "Duration",
		.description = "How long the lamp stays dimmed.",
		.type = AK_DURATION,
		.required = true,
		.default_value = "30s",
		.min = AK_LIMIT(0),		/* in milliseconds */
		.duration_units = AK_SECONDS | AK_MINUTES | AK_HOURS,
	},
	{
		.name = "brightness",
		.label = "Brightness",
		.description = "How bright the lamp is meanwhile.",
		.type = AK_PERCENTAGE,
		.default_value = "50",		/* if nothing is sent */
		.min = AK_LIMIT(0),
		.max = AK_LIMIT(PERCENT_MAX),
	},
	/* One of a list; other text is refused. */
	{
		.name = "failIn",
		.label = "Fail in",
		.description = "Shows what an error of this action looks like.",
		.type = AK_STRING,
		.default_value = "nowhere",
		.hint = { AK_HINT_WARNING, "Anything but **Nowhere** fails." },
		.options = example_fail_in_options,
	},
	/* Any number of a list, and other text, too. */
	{
		.name = "rooms",
		.label = "Rooms",
		.type = AK_STRING_ARRAY,
		.default_value = "[\"kitchen\"]",
		.options = example_room_options,
		.option_attributes = example_room_attributes,
		.options_open = true,
		/* As much as the state has room for. */
		.max_items = ROOMS_MAX,
		.max_length = ROOM_BYTES - 1,
	},
	/* A line between two parts of the form. This and the next are never sent. */
	{ .name = "line", .label = "-", .type = AK_SEPARATOR },
	{ .name = "title", .label = "Every other type", .type = AK_HEADER },
	{
		.name = "greeting",
		.label = "Greeting",
		.description = "The first message in the log.",
		.type = AK_STRING,		/* text without a list */
		.default_value = "Hello",
		.max_length = GREETING_BYTES - 1,
	},
	/* Steps that were made with it go on; new ones do not offer it. */
	{
		.name = "salutation",
		.label = "Salutation",
		.type = AK_STRING,
		.max_length = GREETING_BYTES - 1,
		.deprecated = true,
		.deprecation_message = "Use Greeting.",
	},
	{
		.name = "lamps",
		.label = "Number of lamps",
		.type = AK_INTEGER,
		.default_value = "1",
		.min = AK_LIMIT(1),
	},
	{
		.name = "verbose",
		.label = "Verbose",
		.type = AK_BOOLEAN,
		.default_value = "true",
	},
	{
		.name = "labels",
		.label = "Labels",
		.type = AK_KEY_VALUE,
		.default_value = "[{\"key\":\"owner\",\"value\":\"nobody\"}]",
	},
	/* Without a default: such a parameter has no value if nothing is filled in. */
	{ .name = "note", .label = "Note", .type = AK_TEXTAREA, .advanced = true },
	{ .name = "manual", .label = "Manual", .type = AK_URL, .advanced = true },
	{
		.name = "pattern",
		.label = "Lamps whose name matches",
		.type = AK_REGEX,
		.advanced = true,		/* shown when people ask for it */
		.default_value = ".*",
	},
	{
		.name = "bandwidth",
		.label = "Bandwidth of the lamp's cable",
		.type = AK_BITRATE,
		.advanced = true,
		.default_value = "10mbit",
	},
	{
		.name = "workers",
		.label = "Number of hands at the switch",
		.description = "0 is one for each processor.",
		.type = AK_STRESSNG_WORKERS,
		.advanced = true,
		.default_value = "0",
	},
	/*
	 * Something that people upload. It is on disk until the execution is stopped, and
	 * needs a stop() for that. Its name has letters, digits, "_" and "-" only.
	 */
	{
		.name = "scene",
		.label = "Scene",
		.description = "What the lamp shows meanwhile.",
		.type = AK_FILE,
		.advanced = true,
		.accepted_file_types = example_scene_types,
	},
	/* Where in the form the targets are chosen. Never sent: see ak_target_name(). */
	{ .name = "targets", .label = "Targets", .type = AK_TARGET_SELECTION },
	AK_PARAMETERS_END
};

/*
 * Targets
 *
 * People choose what the action is done to with a query; these are queries that they can
 * start from. The handlers of one execution see one target.
 */
#define EXAMPLE_LAMP "org.actionkit.lamp"

static const struct ak_target_template example_templates[] = {
	{ "By room", "Lamps in one room.", "lamp.room=\"\"" },
	{ .label = "By name", .query = "lamp.name=\"\"" },
	AK_TARGET_TEMPLATES_END
};

static const struct ak_target_selection example_targets = {
	.target_type = EXAMPLE_LAMP,	/* as a discovery calls it: below */
	.target_query = "lamp.dimmable=\"true\"",
	.templates = example_templates,
	.quantity = AK_ANY_NUMBER,
	.default_blast_radius = { AK_BLAST_PERCENTAGE, 50 },
	.missing_query = AK_INCLUDE_NONE,
};

/*
 * Widgets
 *
 * How messages and metrics are shown beside the experiment. They are found by the type of
 * a message, and by the name and the labels of a metric.
 */
#define EXAMPLE_LOG "EXAMPLE_LOG"
#define EXAMPLE_REPORT "EXAMPLE_REPORT"

static const struct ak_chart_group example_groups[] = {
	{ "Dimmed", "warn", AK_MATCH_EQUALS, "state", "warn" },
	{ "In a room", "info", AK_MATCH_NOT_EMPTY, "room", NULL },
	{ "Other", "success", AK_MATCH_FALLBACK, NULL, NULL },
	AK_CHART_GROUPS_END
};

static const struct ak_chart_content example_content[] = {
	{ "Room", "room", NULL },
	AK_CHART_CONTENT_END
};

static const struct ak_widget example_widgets[] = {
	{
		.type = AK_WIDGET_STATE_OVER_TIME,
		.title = "Lamps",
		.state_over_time = {
			.identity = "id",	/* labels of the metrics */
			.label = "name",
			.state = "state",
			.tooltip = "tooltip",
			.url = "url",
			.hide_value = true,
		},
	},
	{
		.type = AK_WIDGET_LINE_CHART,
		.title = "Brightness",
		.line_chart = {
			.metric = "example_lamp_ratio",
			.from = "id",
			.mode = AK_CHART_SELECT,
			.groups = example_groups,
			.show_summary = true,
			.value_title = "Brightness",
			.value_unit = "of 1",
			.content = example_content,
		},
	},
	{
		.type = AK_WIDGET_LOG,
		.title = "What the lamp says",
		.log = { .log_type = EXAMPLE_LOG },
	},
	{
		.type = AK_WIDGET_MARKDOWN,
		.title = "Report",
		.markdown = { .message_type = EXAMPLE_REPORT, .append = true },
	},
	{
		.type = AK_WIDGET_PREDEFINED,
		.predefined = { .id = "com.steadybit.widget.predefined.HttpCheck" },
	},
	AK_WIDGETS_END
};

/*
 * The lamp
 *
 * It stands for the system: a firewall rule, a service, a file. It is no more than a
 * variable, so that this action changes nothing on the machine, and for that reason it is
 * a different lamp in every process.
 */
static int64_t lamp_brightness = PERCENT_MAX;

static int64_t
lamp_get(void)
{
	return lamp_brightness;
}

static void
lamp_set(int64_t brightness)
{
	lamp_brightness = brightness;
}

/* Milliseconds since this boot: not disturbed by anybody who sets the clock. */
static int64_t
example_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

/*
 * Handlers
 *
 * Each returns 0, or -1 after it has said why with one of
 *	ak_error()	it cannot be done: a technical error
 *	ak_errno()	the same, when a system call failed; adds the text of errno
 *	ak_failed()	it was done, and showed that the system is not as it should be
 * all of which return -1. What is in the state is saved in either case.
 */

/*
 * What the agent itself needs must be spared: an action that cuts connections would leave
 * these alone. This one has nothing to do with them, and only tells of them.
 */
static void
example_look_around(struct ak_call *call)
{
	struct ak_restricted_endpoint endpoint;
	size_t i;

	for (i = 0; ak_restricted_endpoint_at(call, i, &endpoint); i++)
		ak_message(call, AK_DEBUG, "Spared: %s (%s), ports %d to %d of %s",
		    endpoint.name, endpoint.url, endpoint.port_min, endpoint.port_max,
		    endpoint.cidr);
	if (ak_experiment_key(call) != NULL)
		ak_message(call, AK_DEBUG, "Part of experiment %s (%s), execution %" PRId64
		    " (%s)", ak_experiment_key(call),
		    ak_experiment_uri(call) == NULL ? "" : ak_experiment_uri(call),
		    ak_experiment_execution(call),
		    ak_execution_uri(call) == NULL ? "" : ak_execution_uri(call));
	if (ak_agent_pid(call) != 0)
		ak_message(call, AK_DEBUG, "Asked by agent %" PRId64 " of account %s",
		    ak_agent_pid(call), ak_agent_aws_account_id(call) == NULL ? "unknown" :
		    ak_agent_aws_account_id(call));
	for (i = 0; ak_target_attribute_key(call, i) != NULL; i++)
		ak_message(call, AK_DEBUG, "Attribute %s has %zu values",
		    ak_target_attribute_key(call, i),
		    ak_target_attribute_count(call, ak_target_attribute_key(call, i)));

	/* Properties are what people say of an experiment: they may be of any type. */
	if (ak_property_has(call, "LAMP_OWNER"))
		ak_message(call, AK_DEBUG, "Owner: %s",
		    ak_property_json(call, "LAMP_OWNER"));
}

/*
 * Keeps in the state what the other handlers need. Parameters go into the members that are called
 * like them, failIn into fail_in, a list with all its texts, a file as its path; what is too long
 * for its member is an error that says so. Other text is put together with ak_format(), which
 * never cuts it.
 */
static int
example_keep(struct ak_call *call, struct example_state *s)
{
	if (ak_config_keep(call, "failIn", "brightness", "greeting", "rooms", "scene",
	    NULL) == -1)
		return -1;
	if (ak_config_has(call, "salutation") && ak_format(call, s->greeting,
	    sizeof(s->greeting), "%s", ak_config_string(call, "salutation")) == -1)
		return -1;
	s->time.duration_ms = ak_config_duration(call, "duration");
	s->ratio = (double)s->brightness / PERCENT_MAX;
	return ak_format(call, s->plan, sizeof(s->plan), "{\"from\":%d,\"to\":[%" PRId64
	    "]}", PERCENT_MAX, s->brightness);
}

/*
 * Checks what was asked for, and notes in the state what the other handlers need: only
 * prepare() and query_metrics() see the parameters and the target. It must not change
 * anything that would have to be undone: prepare() may be called again, and without a
 * start() to follow.
 */
static int
example_prepare(struct ak_call *call, void *state)
{
	struct example_state *s = state;
	const char *host, *target;
	size_t i;

	if (example_keep(call, s) == -1)
		return -1;
	if (strcmp(s->fail_in, "prepare") == 0)
		return ak_error(call, "The lamp cannot be dimmed to %" PRId64 " %%: asked "
		    "to fail in prepare", ak_config_integer(call, "brightness"));
	if (ak_config_has(call, "scene"))
		ak_message(call, AK_INFO, "Scene: %s, %" PRId64 " bytes, at %s",
		    ak_config_file_name(call, "scene"), ak_config_file_size(call, "scene"),
		    ak_config_file(call, "scene"));

	/*
	 * What no two executions may change at the same time is claimed by a name that all
	 * actions of the program agree upon, such as "netdev:eth0". A claim that another
	 * execution holds fails and says which; it is given back when the execution is
	 * stopped. Every execution has a lamp of its own here, so this one succeeds.
	 */
	if (ak_claim(call, "lamp:%s", ak_execution_id(call)) == -1)
		return -1;

	/* A request may have no target, a target any number of values per attribute. */
	target = ak_target_name(call);
	host = ak_target_attribute(call, "host.hostname", 0);
	ak_message(call, AK_INFO, "Target: %s, on host %s",
	    target == NULL ? "none" : target, host == NULL ? "unknown" : host);
	example_look_around(call);
	for (i = 0; i < ak_config_count(call, "labels"); i++)
		ak_message(call, AK_DEBUG, "Label: %s is %s",
		    ak_config_key(call, "labels", i), ak_config_item(call, "labels", i));
	if (ak_config_value(call, "labels", "owner") != NULL)
		ak_message(call, AK_DEBUG, "Owned by %s",
		    ak_config_value(call, "labels", "owner"));
	if (ak_config_boolean(call, "verbose"))
		ak_message(call, AK_DEBUG, "%" PRId64 " lamps, %" PRId64 " workers, cable "
		    "of %s, which is %" PRId64 " bits per second",
		    ak_config_integer(call, "lamps"), ak_config_integer(call, "workers"),
		    ak_config_string(call, "bandwidth"),
		    ak_config_bitrate(call, "bandwidth"));
	/* A regex is the agent's; POSIX knows some of them. */
	if (ak_config_match(call, "pattern", target == NULL ? "" : target) == 0)
		ak_message(call, AK_WARN, "The target does not match %s",
		    ak_config_string(call, "pattern"));
	if (ak_config_has(call, "note"))
		ak_message(call, AK_DEBUG, "Note: %s", ak_config_string(call, "note"));
	if (ak_config_has(call, "manual"))
		ak_message(call, AK_DEBUG, "Manual: %s", ak_config_string(call, "manual"));
	return 0;
}

/*
 * Beside the log, an action may tell where it belongs: to a widget, to the files of the
 * experiment, to its properties. Each may be done in every handler.
 */
static int
example_report(struct ak_call *call, const struct example_state *s)
{
	const struct ak_label fields[] = {
		{ "greeting", s->greeting },
		AK_LABELS_END
	};
	const struct ak_message_details line = {
		.level = AK_INFO,
		.type = EXAMPLE_LOG,
		.fields = fields,
	};
	const struct ak_message_details report = {
		.level = AK_INFO,
		.type = EXAMPLE_REPORT,
	};

	ak_message_as(call, &line, "At %" PRId64 " %%", s->brightness);
	ak_message_as(call, &report, "## Lamp\n\nDimmed in %" PRId64 " rooms.\n",
	    s->rooms.count);
	/*
	 * Numbers and text have functions of their own, such as ak_modify_integer(). These
	 * are objects, because clients that take the published schema at its word accept
	 * nothing else.
	 */
	if (ak_modify_json(call, AK_SET_PROPERTY, "LAMP_PLAN",
	    s->plan[0] == '\0' ? "{}" : s->plan) == -1 ||
	    ak_modify_json(call, AK_ADD_TO_PROPERTY, "LAMP_CHANGES",
	    s->dimmed ? "{\"dimmed\":true}" : "{}") == -1)
		return -1;
	if (ak_artifact(call, "lamp.json", s->plan, strlen(s->plan)) == -1)
		return -1;
	return ak_artifact_file(call, "system.txt", "/proc/version");
}

/*
 * Makes the change. Three steps, always in this order: find out what stop() will need,
 * save it, change the system. This process may be killed on any line; stop() is then
 * called with what was saved last, so that a change that was not saved before could never
 * be undone.
 *
 * start() must check again what could hurt: when the database was lost, the state comes
 * from the agent's request, and has not been through prepare(). It may even be empty.
 */
static int
example_start(struct ak_call *call, void *state)
{
	struct example_state *s = state;

	if (s->brightness < 0 || s->brightness > PERCENT_MAX)
		return ak_error(call, "A brightness of %" PRId64 " %% is not possible",
		    s->brightness);
	if (ak_claim(call, "lamp:%s", ak_execution_id(call)) == -1)
		return -1;

	s->brightness_before = lamp_get();
	s->time.started_ms = example_now_ms();
	s->dimmed = true;
	if (ak_save(call) == -1) {
		s->dimmed = false;
		return -1;
	}

	if (strcmp(s->fail_in, "start") == 0) {
		/* As a system call would. The execution is stopped after this. */
		errno = EPERM;
		return ak_errno(call, "Failed to dim the lamp: asked to fail in start");
	}
	lamp_set(s->brightness);

	if (s->greeting[0] != '\0')
		ak_message(call, AK_INFO, "%s", s->greeting);
	if (example_report(call, s) == -1)
		return -1;
	ak_message(call, AK_INFO, "Dimmed the lamp from %" PRId64 " %% to %" PRId64 " %%",
	    s->brightness_before, s->brightness);
	/* What is shown in short for this step; the last one counts. */
	ak_summary(call, AK_INFO, "The lamp is at %" PRId64 " %%", s->brightness);
	return 0;
}

/*
 * Is called again and again while the execution runs. It only looks: it may run beside
 * stop(), and what it finds is told in messages and metrics. The state is left as it is.
 */
static int
example_status(struct ak_call *call, void *state)
{
	const struct example_state *s = state;
	const struct ak_label labels[] = {
		{ "id", ak_execution_id(call) },
		{ "name", "The lamp" },
		{ "room", s->rooms.count > 0 ? s->rooms.item[0] : "" },
		{ "state", s->dimmed ? "warn" : "success" },
		{ "tooltip", s->dimmed ? "dimmed" : "bright" },
		{ "url", "https://example.org/lamp" },
		AK_LABELS_END
	};
	/* Somebody else's measurement has somebody else's time. */
	const struct ak_metric_details measured = {
		.labels = labels,
		.timestamp_ms = EXAMPLE_EPOCH_MS,
		.timestamp_source = AK_TIMESTAMP_EXTERNAL,
	};
	/* An error may say more than what it is. */
	const struct ak_error_details flicker = {
		.status = AK_FAILED,
		.type = "https://example.org/errors/flicker",
		.detail = "asked to fail in status",
		.instance = "urn:lamp:1",
	};
	int64_t elapsed_ms;

	if (strcmp(s->fail_in, "status") == 0) {
		ak_message(call, AK_ERROR, "The lamp flickers");
		ak_summary(call, AK_WARN, "The lamp flickered");
		return ak_error_as(call, &flicker, "The lamp flickers");
	}
	if (!s->dimmed) {
		ak_message(call, AK_WARN, "The lamp was not dimmed by this execution");
		return 0;
	}
	elapsed_ms = example_now_ms() - s->time.started_ms;
	ak_metric(call, "example_lamp_ratio", s->ratio, labels);
	ak_metric_as(call, "example_lamp_made", 1, &measured);
	ak_metric(call, "example_elapsed_seconds", (double)elapsed_ms / MS_PER_S, NULL);

	/*
	 * With internal time control this is how an action ends. With external time
	 * control the agent ends it after its duration; this says that there is nothing
	 * to wait for.
	 */
	if (s->time.duration_ms > 0 && elapsed_ms >= s->time.duration_ms)
		ak_completed(call);
	return 0;
}

/*
 * Undoes the change, and returns 0 only when nothing is left to undo: it is called again
 * until it does. So it must do no harm when the change is undone already, and also when
 * start() failed, was killed half-way, or never ran.
 */
static int
example_stop(struct ak_call *call, void *state)
{
	struct example_state *s = state;

	if (!s->dimmed) {
		ak_message(call, AK_INFO, "Nothing to undo: the lamp was not dimmed");
		return 0;
	}
	/* What an older program has saved: it did not know of rooms. */
	if (ak_state_version(call) < EXAMPLE_STATE_WITH_ROOMS)
		ak_message(call, AK_DEBUG, "The rooms are not known");
	lamp_set(s->brightness_before);
	ak_message(call, AK_INFO, "Set the lamp back to %" PRId64 " %%",
	    s->brightness_before);
	return 0;
}

/* query_metrics() has parameters of its own. */
static const struct ak_parameter example_query_parameters[] = {
	{
		.name = "unit",
		.label = "Unit",
		.type = AK_STRING,
		.default_value = "percent",
	},
	AK_PARAMETERS_END
};

static const struct ak_metrics example_metrics = {
	.call_interval = "5s",
	.parameters = example_query_parameters,
};

/*
 * Answers with metrics that people choose to watch during an experiment. It may be called
 * in every phase of an execution, and has no state.
 */
static int
example_query_metrics(struct ak_call *call, void *state)
{
	const struct ak_label labels[] = {
		{ "unit", ak_config_string(call, "unit") },
		AK_LABELS_END
	};
	/* When people want to know; a system of its own would be asked for that time. */
	const struct ak_metric_details then = {
		.labels = labels,
		.timestamp_ms = ak_query_timestamp(call),
		.timestamp_source = AK_TIMESTAMP_EXTENSION,
	};

	(void)state;
	ak_metric_as(call, "example_lamp_brightness", (double)lamp_get(), &then);
	return 0;
}

/*
 * The action. Change its version whenever you change what is said of it. Endpoints that
 * are not mentioned are POST /org.actionkit.example/prepare and so on; another is said by
 *	.start_endpoint = { "PUT", "/lamp" },
 */
const struct ak_action action_example = {
	.id = "org.actionkit.example",
	.label = "Example",
	.version = "1.2.0",
	.description = "Dims a lamp that does not exist, and sets it back at the end.",
	.icon = example_icon,
	.technology = "Example",
	.category = "Lamp",
	.kind = AK_ATTACK,
	.time_control = AK_EXTERNAL,
	.parameters = example_parameters,
	.target_selection = &example_targets,
	.widgets = example_widgets,
	.hint = { AK_HINT_INFO, "This action changes **nothing** on the machine." },
	/* If the platform goes away the lamp stays dimmed. Leave it out where that hurts. */
	.flags = AK_DISABLE_HEARTBEAT,
	.state = AK_STATE(struct example_state, example_fields),
	.state_version = EXAMPLE_STATE_VERSION,
	.call_interval = "1s",
	.metrics = &example_metrics,
	.prepare = example_prepare,
	.start = example_start,
	.status = example_status,
	.stop = example_stop,
	.query_metrics = example_query_metrics,
};

/*
 * A worker
 *
 * Handlers are short: they must be over within --handler-timeout, and a process that one of them
 * forks has nobody who looks after it. What takes as long as the execution is work(): it runs in a
 * process of its own, begins when start() (here there is none) has succeeded, and is ended before
 * stop() is called. This is a check: it looks at a lamp again and again, and what it has seen at
 * the end is the result.
 */
struct example_secrets {
	char token[GREETING_BYTES];
};

struct example_check_state {
	int64_t interval_ms;
	int64_t allowed;		/* how often the lamp may flicker */
	int64_t looks, flickers;	/* so far */
	struct example_secrets secrets;
};

static const struct ak_field example_secrets_fields[] = {
	AK_TEXT(struct example_secrets, token),
	AK_FIELDS_END
};

static const struct ak_field example_check_fields[] = {
	AK_INT(struct example_check_state, interval_ms),
	AK_INT(struct example_check_state, allowed),
	AK_INT(struct example_check_state, looks),
	AK_INT(struct example_check_state, flickers),
	/* Stays in the database of this machine; all else is told to the agent. */
	AK_LOCAL(struct example_check_state, secrets, example_secrets_fields),
	AK_FIELDS_END
};

static const struct ak_parameter example_check_parameters[] = {
	{
		.name = "duration",
		.label = "Duration",
		.type = AK_DURATION,
		.required = true,
		.default_value = "10s",
	},
	{
		.name = "interval",
		.label = "Interval",
		.description = "Between two looks at the lamp.",
		.type = AK_DURATION,
		.default_value = "1s",
		.min = AK_LIMIT(10),
	},
	{
		.name = "allowed",
		.label = "Allowed flickers",
		.type = AK_INTEGER,
		.default_value = "0",
		.min = AK_LIMIT(0),
	},
	{
		.name = "token",
		.label = "Token of the lamp",
		.type = AK_STRING,
		.max_length = GREETING_BYTES - 1,
	},
	AK_PARAMETERS_END
};

/* A prepare where one of them is missing is refused, and told all that is. */
static const struct ak_need example_check_needs[] = {
	{ .kind = AK_NEED_PROGRAM, .name = "printenv", .package = "coreutils" },
	AK_NEEDS_END
};

/* work() has no config: what it needs of that is in the state. */
static int
example_check_prepare(struct ak_call *call, void *state)
{
	struct example_check_state *s = state;

	s->interval_ms = ak_config_duration(call, "interval");
	/* The token is kept in the struct within. */
	return ak_config_keep(call, "allowed", "token", NULL);
}

/*
 * Asks a program how bright the lamp is. It dies with the worker, and has no shell between: what
 * people have filled in is never read as a command. Returns what ak_exec() does.
 */
static int
example_ask_lamp(struct ak_call *call, const struct example_check_state *s,
    int64_t *ret_brightness)
{
	const char *const argv[] = { "printenv", "LAMP", NULL };
	char lamp[GREETING_BYTES], token[GREETING_BYTES + sizeof("TOKEN=")];
	const char *const environment[] = { lamp, token, NULL };
	const struct ak_exec exec = {
		.argv = argv,
		.environment = environment,
		.timeout_ms = MS_PER_S,
		.out = AK_EXEC_TEXT,
	};
	struct ak_exec_end end;
	int result;

	(void)snprintf(lamp, sizeof(lamp), "LAMP=%" PRId64, lamp_get());
	(void)snprintf(token, sizeof(token), "TOKEN=%s", s->secrets.token);
	result = ak_exec(call, &exec, &end);
	if (result != 0)
		return result;
	if (end.exit_status != 0 || sscanf(end.out, "%" SCNd64, ret_brightness) != 1)
		*ret_brightness = 0;
	return 0;
}

/* Goes on until it is told to end, or finds that it cannot. */
static int
example_check_work(struct ak_call *call, void *state)
{
	struct example_check_state *s = state;
	int64_t brightness;
	int result;

	while (ak_work_wait(call, s->interval_ms) == 0) {
		result = example_ask_lamp(call, s, &brightness);
		if (result == -1)
			return -1;
		/* The program was ended, because this must end. */
		if (result == 1)
			break;
		s->looks++;
		s->flickers += brightness == 0;
		ak_metric(call, "example_lamp_seen", (double)brightness, NULL);
		/*
		 * The state as it is now is what stop() gets, even if this process is killed. Where
		 * that cannot be committed now, it is with the next one.
		 */
		(void)ak_progress(call);
	}
	ak_message(call, AK_INFO, "Looked %" PRId64 " times", s->looks);
	return 0;
}

/* An error of stop() would mean "not undone, again". What the check has come to is a verdict. */
static int
example_check_stop(struct ak_call *call, void *state)
{
	const struct ak_error_details failed = { .status = AK_FAILED };
	const struct example_check_state *s = state;

	if (s->flickers > s->allowed)
		ak_verdict(call, &failed, "The lamp flickered %" PRId64 " times, and %" PRId64
		    " are allowed", s->flickers, s->allowed);
	return 0;
}

const struct ak_action action_example_check = {
	.id = "org.actionkit.example-check",
	.label = "Example check",
	.version = "1.0.0",
	.description = "Looks again and again whether a lamp that does not exist flickers.",
	.icon = example_icon,
	.technology = "Example",
	.category = "Lamp",
	.kind = AK_CHECK,
	.time_control = AK_EXTERNAL,
	.parameters = example_check_parameters,
	.state = AK_STATE(struct example_check_state, example_check_fields),
	.call_interval = "1s",
	.needs = example_check_needs,
	.prepare = example_check_prepare,
	.work = example_check_work,
	.stop = example_check_stop,
};

/*
 * Discovery
 *
 * Targets are what a discovery finds: people choose among these. An action that aims at what
 * another extension discovers needs none of its own.
 */
static const struct {
	const char *name, *room;
	bool dimmable;
} example_lamps[] = {
	{ "ceiling", "kitchen", true },
	{ "desk", "hall", true },
	{ "torch", NULL, false },
};

/*
 * Tells of all there are, each time: one that is not told any more is gone for the platform.
 * Where not all can be told, fail: what was told before then stays.
 */
static int
example_discover(struct ak_call *call)
{
	size_t i;

	for (i = 0; i < sizeof(example_lamps) / sizeof(example_lamps[0]); i++) {
		if (ak_discovered(call, example_lamps[i].name, example_lamps[i].name) == -1 ||
		    ak_discovered_attribute(call, "lamp.name", example_lamps[i].name) == -1 ||
		    /* NULL, which is left out: nobody knows where the torch is. */
		    ak_discovered_attribute(call, "lamp.room", example_lamps[i].room) == -1 ||
		    ak_discovered_attribute(call, "lamp.dimmable",
		    example_lamps[i].dimmable ? "true" : "false") == -1)
			return -1;
	}
	return 0;
}

/* How people see the attributes: the platform would show their names. */
static const struct ak_attribute example_attributes[] = {
	{ "lamp.name", { "Lamp", "Lamps" } },
	{ "lamp.room", { "Room", "Rooms" } },
	{ "lamp.dimmable", { "Dimmable", "Dimmable" } },
	AK_ATTRIBUTES_END
};

/* And the table of all targets. */
static const struct ak_column example_columns[] = {
	{ .attribute = "lamp.name" },
	{ .attribute = "lamp.room" },
	AK_COLUMNS_END
};

static const struct ak_order example_order[] = {
	{ "lamp.name", AK_ASCENDING },
	AK_ORDER_END
};

static const struct ak_target_type example_lamp_type = {
	.id = EXAMPLE_LAMP,
	.version = "1.0.0",		/* change it with anything else here */
	.category = "example",
	.icon = example_icon,
	.label = { "Lamp", "Lamps" },
	.columns = example_columns,
	.order = example_order,
};

const struct ak_discovery discovery_example = {
	.id = "org.actionkit.example.lamps",
	.call_interval = "1m",
	.target_type = &example_lamp_type,
	.attributes = example_attributes,
	.discover = example_discover,
};
