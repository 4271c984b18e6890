-- Files that a prepare brought along, each below files/<execution>/ in the state directory. A
-- row is committed with `prepared`, and gone with `stopped`.

CREATE TABLE files (
	execution TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
	parameter TEXT NOT NULL,
	path TEXT NOT NULL,
	-- As the client called it; the path ends in a harmless form of it.
	original_name TEXT NOT NULL,
	size INTEGER NOT NULL CHECK (size >= 0),
	PRIMARY KEY (execution, parameter)
) STRICT;

-- The same as before, with the number of files.
DROP VIEW failing;
DROP VIEW active;

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
    e.last_error, (SELECT count(*) FROM files f WHERE f.execution = e.id) AS files, e.state
FROM executions e, runtime r WHERE e.phase <> 'stopped' ORDER BY e.created_at;

CREATE VIEW failing AS
SELECT id, action, phase, stop_attempts, last_error, changed AS since, due AS next_attempt,
    stop_by, stop_reason, files, state
FROM active WHERE last_error IS NOT NULL;
