-- When readiness last tried whether a commit succeeds: wall clock, in ms; 0: never.
ALTER TABLE runtime ADD COLUMN tried_at INTEGER NOT NULL DEFAULT 0;

-- The database before this one was lost with so many executions active, of which this one knows
-- nothing: since when (wall clock, in ms), until somebody says that they are dealt with
-- (actionkit recover --forget-lost).
ALTER TABLE runtime ADD COLUMN lost INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0);
ALTER TABLE runtime ADD COLUMN lost_at INTEGER NOT NULL DEFAULT 0;
