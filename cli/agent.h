/*
 * agent.h: an execution from the agent's side: prepare, start, status, metrics, stop.
 */
#ifndef CLI_AGENT_H
#define CLI_AGENT_H


#include "cli/http.h"
#include "cli/report.h"
#include "core/base/uuid_text.h"


/* They are exit statuses too. */
enum outcome {
	OUTCOME_PASSED = 0,
	OUTCOME_FAILED = 1,		/* what the action checks is not as it should be */
	OUTCOME_ERRORED = 2,
	OUTCOME_USAGE = 3,
	OUTCOME_INTERRUPTED = 128	/* and the number of the signal */
};

struct agent {
	struct http http;
	struct report report;
	struct json_object *description; /* owned, as all JSON here */
	struct json_object *config;
	struct json_object *query_config;
	struct json_object *target;	/* NULL: none */
	const struct http_file *files;
	size_t file_count;
	int64_t timeout_ms;		/* of the whole run until it is stopped; 0: none */
	int64_t stop_timeout_ms;	/* of all attempts to stop it */
	char id[UUID_TEXT_BYTES];
	/* What came of it. */
	enum outcome outcome;
	struct json_object *error;	/* the first one */
	/* Private. */
	struct json_object *state;
	bool prepared;			/* or may be: there is something to stop */
	bool uploading;
	int64_t end_by_ms;		/* boot time; INT64_MAX: no limit */
	bool stopping;			/* it is being stopped: only this cuts a call short: */
	int64_t stop_by_ms;
	long status;			/* of the last reply; 0: there was none */
	int64_t retry_after_s;
	bool metrics_failed;
};

/*
 * Every signal that would end the process stops the action; SIGINT, SIGTERM and SIGQUIT, if they
 * come after one, leave that to the server.
 */
void agent_catch_signals(void);
/* The first of these signals, SIGPIPE where nobody read the output; 0 if there was none. */
int agent_interrupted_by(void);

/*
 * Whether a signal, or the end of whoever reads the output, has asked to stop the action, and
 * then a signal to leave that to the server.
 */
bool agent_interrupted(void);
bool agent_must_leave(void);
/* Whether the time for the run is over. */
bool agent_timed_out(const struct agent *agent);

/*
 * Finds an action by its id; from now on the time of the run counts. 0, 1 if the extension has none
 * such, or -1 with err.
 */
int agent_find(struct agent *agent, const char *id, struct err *err);

/* Runs the action to its end; then outcome and error say how it was. */
void agent_run(struct agent *agent);

/* Releases everything, also after a failure. */
void agent_done(struct agent *agent);

#endif
