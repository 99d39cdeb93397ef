-- Packages of the centre that have opened a session with a card: each does so once, also after a restart.
CREATE TABLE package (
    serial   TEXT PRIMARY KEY,
    approval TEXT NOT NULL,
    uid      TEXT NOT NULL,
    purpose  TEXT NOT NULL CHECK (purpose IN ('keys', 'write', 'finish')),
    expires  TEXT NOT NULL,
    used     TEXT NOT NULL
) STRICT;
CREATE TRIGGER package_only_grows_update BEFORE UPDATE ON package BEGIN SELECT RAISE(ABORT, 'packages only grow'); END;
CREATE TRIGGER package_only_grows_delete BEFORE DELETE ON package BEGIN SELECT RAISE(ABORT, 'packages only grow'); END;
