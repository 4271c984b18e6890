-- The worker of an execution: the process (pid and start time, of that boot) that looks after its
-- work(), and how that ended. Written by the start that spawned it, in the transaction that says
-- `running`, then by the worker, or by whoever finds that nothing of it is left.

CREATE TABLE workers (
	execution TEXT PRIMARY KEY NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
	boot_id TEXT NOT NULL,
	pid INTEGER NOT NULL,
	start_time INTEGER NOT NULL,
	-- Of the wall clock, in ms.
	began_at INTEGER NOT NULL,
	-- The directory of a cgroup that has all of it, or NULL.
	cgroup TEXT,
	ended_at INTEGER,
	ended TEXT CHECK (ended IN ('completed', 'failed', 'errored', 'died')),
	-- Of one that died: what killed it, or the status that it exited with; whether for memory.
	signal INTEGER,
	exit_status INTEGER,
	oom INTEGER NOT NULL DEFAULT 0,
	-- What the reply says of it, an ActionKitError.
	error TEXT CHECK (error IS NULL OR json_valid(error)),
	-- What it told last, for people.
	told TEXT,
	-- How much of what it told was dropped, because nobody could take it.
	lost INTEGER NOT NULL DEFAULT 0,
	-- The last row of its outbox that was sent to anybody.
	sent INTEGER NOT NULL DEFAULT 0,
	CHECK ((ended IS NULL) = (ended_at IS NULL))
) STRICT;
CREATE INDEX workers_at_work ON workers (execution) WHERE ended IS NULL;

-- What workers told, until the agent has it: its next status call says up to where.
CREATE TABLE outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	execution TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind IN
	    ('message', 'metric', 'artifact', 'summary', 'modification')),
	body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX outbox_execution ON outbox (execution, id);

-- Workers in words.
CREATE VIEW worker_words AS
SELECT w.execution,
    CASE WHEN w.ended IS NULL THEN CASE WHEN w.boot_id <> r.boot_id THEN
    'its worker is gone with the machine''s last boot' ELSE
    'works in process ' || w.pid || ' since ' ||
    strftime('%Y-%m-%dT%H:%M:%fZ', w.began_at / 1000.0, 'unixepoch') END
    ELSE 'its worker ' || w.ended || ' at ' ||
    strftime('%Y-%m-%dT%H:%M:%fZ', w.ended_at / 1000.0, 'unixepoch') END ||
    CASE WHEN w.signal IS NULL THEN '' ELSE ', by signal ' || w.signal END ||
    CASE WHEN w.oom THEN ', for want of memory' ELSE '' END ||
    coalesce(': ' || json_extract(w.error, '$.title'), '') AS what,
    w.told, w.lost,
    (SELECT count(*) FROM outbox o WHERE o.execution = w.execution AND o.id > w.sent) AS waiting
FROM workers w, runtime r;

-- The same as before, with the worker.
DROP VIEW failing;
DROP VIEW active;
DROP VIEW history;

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
    END || coalesce('; ' || w.what, '') AS what,
    w.told AS worker_told, w.waiting AS worker_waiting,
    e.error, e.target, e.experiment_key, e.execution_uri, e.stop_by, e.stop_reason,
    e.stop_attempts, e.last_error,
    (SELECT count(*) FROM files f WHERE f.execution = e.id) AS files, e.state
FROM runtime r, executions e LEFT JOIN worker_words w ON w.execution = e.id
WHERE e.phase <> 'stopped' ORDER BY e.created_at;

CREATE VIEW failing AS
SELECT id, action, phase, stop_attempts, last_error, changed AS since, due AS next_attempt,
    stop_by, stop_reason, files, state
FROM active WHERE last_error IS NOT NULL;

CREATE VIEW history AS
SELECT id, action,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created,
    strftime('%Y-%m-%dT%H:%M:%fZ', changed_at / 1000.0, 'unixepoch') AS stopped,
    error, stop_by, stop_reason, stop_attempts, last_error,
    w.what AS worker, target, experiment_key, execution_uri, state
FROM executions LEFT JOIN worker_words w ON w.execution = id
WHERE phase = 'stopped' ORDER BY changed_at;
