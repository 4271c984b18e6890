-- How long an external action shall run, in ms, as prepare was told; 0: not known. The agent ends
-- it; where it does not, the reaper does at ends_at: boot time, as due_at; 0: never.

ALTER TABLE executions ADD COLUMN duration INTEGER NOT NULL DEFAULT 0 CHECK (duration >= 0);
ALTER TABLE executions ADD COLUMN ends_at INTEGER NOT NULL DEFAULT 0 CHECK (ends_at >= 0);

-- What the action said when it refused start or status, the last time that it did. Why it cannot be
-- stopped is last_error.
ALTER TABLE executions ADD COLUMN error TEXT;
UPDATE executions SET error = json_extract(start_result, '$.error.title')
    WHERE json_valid(start_result);

-- The same as before, with the errors.
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
    END AS what,
    e.error, e.target, e.experiment_key, e.execution_uri, e.stop_by, e.stop_reason,
    e.stop_attempts, e.last_error,
    (SELECT count(*) FROM files f WHERE f.execution = e.id) AS files, e.state
FROM executions e, runtime r WHERE e.phase <> 'stopped' ORDER BY e.created_at;

CREATE VIEW failing AS
SELECT id, action, phase, stop_attempts, last_error, changed AS since, due AS next_attempt,
    stop_by, stop_reason, files, state
FROM active WHERE last_error IS NOT NULL;

CREATE VIEW history AS
SELECT id, action,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created,
    strftime('%Y-%m-%dT%H:%M:%fZ', changed_at / 1000.0, 'unixepoch') AS stopped,
    error, stop_by, stop_reason, stop_attempts, last_error,
    target, experiment_key, execution_uri, state
FROM executions WHERE phase = 'stopped' ORDER BY changed_at;
