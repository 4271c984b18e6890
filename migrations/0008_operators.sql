-- Who asked for it, where that is known: the user of the operator's page. For people, and for the
-- events of the executions.
ALTER TABLE stop_requests ADD COLUMN operator TEXT;
