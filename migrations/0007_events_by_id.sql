-- The audit trail is written with each change of a phase, and hardly ever read: its two indexes
-- were a third of the pages of a commit. Ids grow with time, so what is too old is at the front;
-- what an execution has been through is found by reading all, 0.1 s for a million lines.
DROP INDEX events_execution;
DROP INDEX events_at;
