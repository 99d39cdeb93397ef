-- The kiosk's signatures over the end of the audit chain. Its text is what the centre keeps and the closing slip shows.
CREATE TABLE checkpoint (
    sequence INTEGER PRIMARY KEY,   -- of the newest record that it covers
    at       TEXT NOT NULL,
    text     TEXT NOT NULL
) STRICT;
CREATE TRIGGER checkpoint_only_grows_update BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoints only grow'); END;
CREATE TRIGGER checkpoint_only_grows_delete BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoints only grow'); END;

-- On every record: which start of kioskd wrote it, whose word its time is, and by how many seconds that may be wrong.
-- Empty in records from before this column; those are sealed without it.
ALTER TABLE audit ADD COLUMN clock TEXT NOT NULL DEFAULT '';

-- Each event covers the one before it, so that one receipt of the centre covers them all.
ALTER TABLE outbox ADD COLUMN hash BLOB NOT NULL
    DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000';
