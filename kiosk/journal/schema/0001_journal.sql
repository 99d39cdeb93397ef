-- The kiosk's journal. Forward only: a change is a new numbered file, run in one transaction.

-- What happened, and who did it. Each row's hash covers the row before it.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at       TEXT NOT NULL,
    kind     TEXT NOT NULL,
    actor    TEXT NOT NULL,
    body     TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash     BLOB NOT NULL
) STRICT;

-- What the centre has still to be told. Sequences are gap-free per kiosk.
CREATE TABLE outbox (
    sequence     INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    body         TEXT NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0 CHECK (acknowledged IN (0, 1))
) STRICT;

-- Physical acts: the row exists before the act begins; `outcome` is null while nobody knows how it ended.
CREATE TABLE act (
    id      TEXT PRIMARY KEY,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    at      TEXT NOT NULL,
    outcome TEXT CHECK (outcome IN ('done', 'failed', 'unknown'))
) STRICT;

-- Approvals as the centre sent them; verified again at every use. `record` goes when the card is in the hand.
CREATE TABLE approval (
    id       INTEGER PRIMARY KEY,
    jti      TEXT,
    nik      TEXT NOT NULL,
    slip     TEXT,
    token    TEXT NOT NULL UNIQUE,
    record   TEXT,
    received TEXT NOT NULL
) STRICT;
CREATE INDEX approval_nik ON approval (nik);
CREATE INDEX approval_slip ON approval (slip);

-- One blank's way for one approval.
CREATE TABLE job (
    id         TEXT PRIMARY KEY,
    jti        TEXT NOT NULL,
    state      TEXT NOT NULL,
    blank      INTEGER NOT NULL,
    uid        TEXT,
    fed_before INTEGER,
    opened     TEXT NOT NULL,
    closed     TEXT,
    outcome    TEXT CHECK (outcome IN ('taken', 'scrapped', 'captured', 'void', 'unknown')),
    reason     TEXT,
    CHECK ((closed IS NULL) = (outcome IS NULL))
) STRICT;
-- The path holds one card, so one job can be open; an approval gives one card, so one job of it can end in a hand.
CREATE UNIQUE INDEX job_one_open ON job ((closed IS NULL)) WHERE closed IS NULL;
CREATE UNIQUE INDEX job_one_card ON job (jti) WHERE outcome IN ('taken', 'unknown');
CREATE TRIGGER job_after_the_card BEFORE INSERT ON job
WHEN EXISTS (SELECT 1 FROM job WHERE jti = NEW.jti AND outcome IN ('taken', 'unknown'))
BEGIN SELECT RAISE(ABORT, 'this approval''s card is out, or nobody knows where it is'); END;

-- The blank ledger: every row moves cards from one account to another, so the sums always match.
CREATE TABLE blank_move (
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
    CHECK (from_account IN ('centre', 'hopper', 'path', 'unknown')),
    CHECK (to_account IN ('hopper', 'path', 'holder', 'reject', 'capture', 'unknown'))
) STRICT;

-- Queue numbers.
CREATE TABLE ticket (
    request_id  TEXT PRIMARY KEY,
    day         TEXT NOT NULL,
    service     TEXT NOT NULL,
    letter      TEXT NOT NULL,
    number      INTEGER NOT NULL,
    token       TEXT NOT NULL UNIQUE,
    at          TEXT NOT NULL,
    waiting     INTEGER NOT NULL,
    medium      TEXT CHECK (medium IN ('paper', 'preprinted', 'screen')),
    preprinted  TEXT,
    cause       TEXT,
    called      TEXT,
    UNIQUE (day, letter, number)
) STRICT;

-- Small facts that outlive a restart: the centre's cursor, authorisations, pre-printed tickets used.
CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_only_grows_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;
CREATE TRIGGER audit_only_grows_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;
CREATE TRIGGER ledger_only_grows_update BEFORE UPDATE ON blank_move BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER ledger_only_grows_delete BEFORE DELETE ON blank_move BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
