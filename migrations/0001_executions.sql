-- The first schema: executions, what they hold, and what happened to them.
--
-- Times ending in _at are milliseconds: of the wall clock (Unix epoch), except due_at, which
-- counts on CLOCK_BOOTTIME so that no clock change triggers or delays it. runtime.boot_wall_at
-- is the wall time of the boot that due_at counts from.

CREATE TABLE runtime (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	boot_id TEXT NOT NULL,
	boot_wall_at INTEGER NOT NULL
) STRICT;

CREATE TABLE executions (
	id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
	action TEXT NOT NULL,
	action_version TEXT NOT NULL,
	phase TEXT NOT NULL CHECK (phase IN
	    ('prepared', 'starting', 'running', 'stopping', 'stopped')),
	-- The action's state as it was last saved; what stop() gets.
	state TEXT NOT NULL CHECK (json_valid(state)),
	-- Whose it is, for people.
	target TEXT,
	experiment_key TEXT,
	execution_uri TEXT,
	created_at INTEGER NOT NULL,
	changed_at INTEGER NOT NULL,
	-- When the reaper must look at it: heartbeat missed, never started, next attempt to
	-- stop; 0 is at once.
	due_at INTEGER NOT NULL,
	-- Time between two heartbeats in ms; 0 before start.
	heartbeat_interval INTEGER NOT NULL DEFAULT 0 CHECK (heartbeat_interval >= 0),
	-- Who asked first that it be stopped, and why. Only an operator who gives a stop up
	-- changes it later.
	stop_by TEXT CHECK (stop_by IN ('agent', 'extension', 'action')),
	stop_reason TEXT,
	stop_attempts INTEGER NOT NULL DEFAULT 0,
	last_error TEXT,
	-- The process that last ran a handler that changes things. For people only.
	runner_pid INTEGER,
	-- Replies for repeated calls.
	start_result TEXT,
	status_result TEXT,
	stop_result TEXT,
	CHECK ((stop_by IS NULL) = (stop_reason IS NULL)),
	CHECK (phase NOT IN ('stopping', 'stopped') OR stop_by IS NOT NULL)
) STRICT;

CREATE INDEX executions_due ON executions (due_at) WHERE phase <> 'stopped';
CREATE INDEX executions_failing ON executions (id)
    WHERE phase <> 'stopped' AND last_error IS NOT NULL;
CREATE INDEX executions_old ON executions (changed_at) WHERE phase = 'stopped';

-- A resource ("netdev:eth0") that one execution holds until it is stopped.
CREATE TABLE claims (
	resource TEXT PRIMARY KEY NOT NULL,
	execution TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
	claimed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX claims_execution ON claims (execution);

-- The audit trail: a line per change of phase and per failure. Outlives its execution.
CREATE TABLE events (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	execution TEXT NOT NULL,
	action TEXT NOT NULL,
	phase TEXT NOT NULL,
	who TEXT NOT NULL,
	pid INTEGER NOT NULL,
	why TEXT
) STRICT;
CREATE INDEX events_execution ON events (execution, id);
CREATE INDEX events_at ON events (at);

-- What an operator wants stopped. The reaper sees a new row within a second and notes when
-- it has passed it on to the executions. execution NULL means all.
CREATE TABLE stop_requests (
	id INTEGER PRIMARY KEY,
	execution TEXT,
	reason TEXT NOT NULL,
	requested_at INTEGER NOT NULL DEFAULT
	    (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
	handled_at INTEGER
) STRICT;
CREATE INDEX stop_requests_new ON stop_requests (id) WHERE handled_at IS NULL;

-- What is not stopped yet, in words.
CREATE VIEW active AS
SELECT e.id, e.action, e.phase,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.created_at / 1000.0, 'unixepoch') AS created,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.changed_at / 1000.0, 'unixepoch') AS changed,
    CASE WHEN e.due_at = 0 THEN 'now' ELSE
    strftime('%Y-%m-%dT%H:%M:%fZ', (e.due_at + r.boot_wall_at) / 1000.0, 'unixepoch') END
    AS due,
    CASE e.phase
    WHEN 'prepared' THEN 'waits for its start'
    WHEN 'starting' THEN 'start() runs in process ' || e.runner_pid
    WHEN 'running' THEN 'runs until it is stopped or its heartbeat is missed'
    ELSE 'is being stopped, attempt ' || e.stop_attempts END ||
    CASE WHEN e.stop_by IS NULL THEN '' ELSE ' (' || e.stop_by || ': ' || e.stop_reason || ')'
    END AS what,
    e.target, e.experiment_key, e.execution_uri, e.stop_by, e.stop_reason, e.stop_attempts,
    e.last_error, e.state
FROM executions e, runtime r WHERE e.phase <> 'stopped' ORDER BY e.created_at;

-- What was, until its retention is over.
CREATE VIEW history AS
SELECT id, action,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created,
    strftime('%Y-%m-%dT%H:%M:%fZ', changed_at / 1000.0, 'unixepoch') AS stopped,
    stop_by, stop_reason, stop_attempts, last_error,
    json_extract(start_result, '$.error.title') AS start_error,
    target, experiment_key, execution_uri, state
FROM executions WHERE phase = 'stopped' ORDER BY changed_at;

-- Stops that keep failing.
CREATE VIEW failing AS
SELECT id, action, phase, stop_attempts, last_error, changed AS since, due AS next_attempt,
    stop_by, stop_reason, state
FROM active WHERE last_error IS NOT NULL;
