-- The whole way of a blank: vault, destruction, cases of missing and surplus ones, and the day's close.

-- A difference between a count and the books is a case. It is opened once, ended once, and never changed.
CREATE TABLE blank_case (
    id        INTEGER PRIMARY KEY,
    opened    TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('missing', 'surplus', 'counter')),
    place     TEXT NOT NULL CHECK (place IN ('hopper', 'bin', 'vault', 'spoiled', 'unknown', 'printer')),
    quantity  INTEGER NOT NULL CHECK (quantity > 0),
    reason    TEXT NOT NULL,
    closed    TEXT,
    closed_by TEXT,
    outcome   TEXT CHECK (outcome IN ('found', 'written_off')),
    minutes   TEXT,
    CHECK ((closed IS NULL) = (outcome IS NULL) AND (closed IS NULL) = (closed_by IS NULL)),
    CHECK (outcome IS NOT 'written_off' OR minutes IS NOT NULL)
) STRICT;
CREATE TRIGGER case_stays BEFORE DELETE ON blank_case BEGIN SELECT RAISE(ABORT, 'a case stays'); END;
CREATE TRIGGER case_only_ends BEFORE UPDATE ON blank_case
WHEN OLD.closed IS NOT NULL OR NEW.closed IS NULL OR (NEW.id, NEW.opened, NEW.opened_by, NEW.kind, NEW.place,
    NEW.quantity, NEW.reason) IS NOT (OLD.id, OLD.opened, OLD.opened_by, OLD.kind, OLD.place, OLD.quantity, OLD.reason)
BEGIN SELECT RAISE(ABORT, 'a case is ended once and never changed'); END;

-- SQLite cannot widen a CHECK, so the ledger is copied into a table with the new accounts; its rows stay as they are.
CREATE TABLE blank_ledger (
    sequence     INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,
    from_account TEXT NOT NULL,
    to_account   TEXT NOT NULL,
    quantity     INTEGER NOT NULL CHECK (quantity > 0),
    uid          TEXT,
    job          TEXT REFERENCES job (id),
    actor        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    lot          TEXT,
    first        INTEGER CHECK (first > 0),
    document     TEXT,
    case_id      INTEGER REFERENCES blank_case (id),
    CHECK (from_account <> to_account),
    -- Holder, destroyed and written off are ends: no blank comes back from there.
    CHECK (from_account IN ('centre', 'vault', 'hopper', 'path', 'reject', 'capture', 'unknown', 'spoiled', 'missing',
                            'surplus')),
    CHECK (to_account IN ('vault', 'hopper', 'path', 'holder', 'reject', 'capture', 'unknown', 'spoiled', 'destroyed',
                          'missing', 'surplus', 'written_off')),
    CHECK (uid IS NULL OR quantity = 1),
    -- A position is a position in a lot; a row holds `quantity` of them from `first` on.
    CHECK (first IS NULL OR lot IS NOT NULL),
    -- What comes into the books and what leaves them for good has a document: delivery note, minutes (berita acara).
    CHECK (document IS NOT NULL OR (to_account NOT IN ('destroyed', 'written_off')
           AND from_account || '>' || to_account NOT IN ('centre>vault', 'centre>surplus'))),
    -- What is missing or too much is a case.
    CHECK ((case_id IS NOT NULL) = (from_account IN ('missing', 'surplus') OR to_account IN ('missing', 'surplus')))
) STRICT;
INSERT INTO blank_ledger (sequence, at, from_account, to_account, quantity, uid, job, actor, reason)
    SELECT sequence, at, from_account, to_account, quantity, uid, job, actor, reason FROM blank_move;
DROP TABLE blank_move;
ALTER TABLE blank_ledger RENAME TO blank_move;
CREATE TRIGGER ledger_only_grows_update BEFORE UPDATE ON blank_move BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER ledger_only_grows_delete BEFORE DELETE ON blank_move BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE UNIQUE INDEX blank_ends_once ON blank_move (uid, to_account)
    WHERE uid IS NOT NULL AND to_account IN ('holder', 'destroyed', 'written_off');
CREATE INDEX blank_move_case ON blank_move (case_id) WHERE case_id IS NOT NULL;
CREATE TRIGGER lot_received_once BEFORE INSERT ON blank_move
WHEN NEW.from_account = 'centre' AND EXISTS (SELECT 1 FROM blank_move WHERE from_account = 'centre' AND lot = NEW.lot
    AND first < NEW.first + NEW.quantity AND NEW.first < first + quantity)
BEGIN SELECT RAISE(ABORT, 'these positions of the lot were received before'); END;

-- One close per office day. `ledger_upto`: the last move that it covers; `body`: the close as it was answered.
CREATE TABLE day_close (
    day         TEXT PRIMARY KEY,
    request_id  TEXT NOT NULL UNIQUE,
    at          TEXT NOT NULL,
    fed_count   INTEGER,
    ledger_upto INTEGER NOT NULL,
    body        TEXT NOT NULL
) STRICT;
CREATE TRIGGER close_stays_update BEFORE UPDATE ON day_close BEGIN SELECT RAISE(ABORT, 'a day is closed once'); END;
CREATE TRIGGER close_stays_delete BEFORE DELETE ON day_close BEGIN SELECT RAISE(ABORT, 'a day is closed once'); END;

-- Requests that were answered, so that one that comes again has the same answer; kept for 90 days.
CREATE TABLE request (
    kind   TEXT NOT NULL,
    id     TEXT NOT NULL,
    at     TEXT NOT NULL,
    answer TEXT,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX request_at ON request (at);
INSERT INTO request (kind, id, at) SELECT 'load_blanks', substr(name, 8), value FROM fact WHERE name LIKE 'blanks:%';
DELETE FROM fact WHERE name LIKE 'blanks:%';
