-- A PIN as a scrypt hash with the cost it was made with, and the public key it belongs to: a person who is given a new
-- key sets a new PIN. There is no column for a biometric template, here or elsewhere.
CREATE TABLE pin (
    person TEXT PRIMARY KEY,
    key    BLOB NOT NULL,
    salt   BLOB NOT NULL,
    n      INTEGER NOT NULL,
    r      INTEGER NOT NULL,
    p      INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    at     TEXT NOT NULL
) STRICT;

-- Tries of a PIN that were not good. A row is written before the PIN is looked at, so that no power cut gives a try
-- back; a good try takes the person's rows away.
CREATE TABLE pin_try (
    id     INTEGER PRIMARY KEY,
    person TEXT NOT NULL,
    at     TEXT NOT NULL
) STRICT;
CREATE INDEX pin_try_person ON pin_try (person, at);

-- What staff did under their names. A mandate's id is used once.
CREATE TABLE staff_act (
    id        TEXT PRIMARY KEY,
    at        TEXT NOT NULL,
    operation TEXT NOT NULL,
    subject   TEXT NOT NULL,
    first     TEXT NOT NULL,
    second    TEXT,
    reason    TEXT NOT NULL,
    CHECK (second IS NULL OR second <> first)
) STRICT;
CREATE INDEX staff_act_at ON staff_act (at);
CREATE TRIGGER staff_only_grows_update BEFORE UPDATE ON staff_act BEGIN SELECT RAISE(ABORT, 'acts of staff only grow'); END;
CREATE TRIGGER staff_only_grows_delete BEFORE DELETE ON staff_act BEGIN SELECT RAISE(ABORT, 'acts of staff only grow'); END;

-- The ledger again, with the accounts that only people move blanks to and from. (SQLite cannot change a CHECK.)
CREATE TABLE blank_move_wider (
    sequence     INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,
    from_account TEXT NOT NULL,
    to_account   TEXT NOT NULL,
    quantity     INTEGER NOT NULL CHECK (quantity > 0),
    uid          TEXT,
    job          TEXT REFERENCES job (id),
    actor        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    CHECK (from_account <> to_account),
    CHECK (from_account IN ('centre', 'vault', 'hopper', 'path', 'reject', 'capture', 'unknown', 'missing')),
    CHECK (to_account IN
        ('vault', 'hopper', 'path', 'holder', 'reject', 'capture', 'unknown', 'destroyed', 'missing'))
) STRICT;
INSERT INTO blank_move_wider SELECT * FROM blank_move;
DROP TABLE blank_move;
ALTER TABLE blank_move_wider RENAME TO blank_move;
CREATE TRIGGER ledger_only_grows_update BEFORE UPDATE ON blank_move BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER ledger_only_grows_delete BEFORE DELETE ON blank_move BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
