-- The version that the action gives its state, of whichever program saved it last; 0 where
-- the action gives none, and where the state came with a request.

ALTER TABLE executions ADD COLUMN state_version INTEGER NOT NULL DEFAULT 0
    CHECK (state_version >= 0);
