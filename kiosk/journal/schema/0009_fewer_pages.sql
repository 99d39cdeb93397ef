-- A commit writes every page that it touches, into the log and later into the file; an SD card bears so many. So what
-- is large lies apart from what changes, and nothing has an index that nobody asks.

-- A person's record is some 40 pages, written when it comes and overwritten when the card is in the hand. Beside the
-- signature, which comes later, it was written a second time. `sod` null: the centre was not asked yet.
CREATE TABLE approval_record (
    approval INTEGER PRIMARY KEY REFERENCES approval (id),
    record   TEXT NOT NULL
) STRICT;
INSERT INTO approval_record SELECT id, record FROM approval WHERE record IS NOT NULL;
UPDATE approval SET sod = x'' WHERE record IS NULL;
DROP INDEX approval_unsigned;
ALTER TABLE approval DROP COLUMN record;
CREATE INDEX approval_unsigned ON approval (id) WHERE sod IS NULL AND jti IS NOT NULL;

-- Receipts cover all events up to a number, so one number says which are told: it is the fact `outbox_told`.
INSERT INTO fact SELECT 'outbox_told', max(sequence) FROM outbox WHERE acknowledged = 1 GROUP BY acknowledged;
ALTER TABLE outbox DROP COLUMN acknowledged;

-- Queue numbers lie in the order in which they are asked for. No two tokens are alike by chance (96 bits), and none is
-- ever looked up here, so they need no index.
CREATE TABLE ticket_by_day (
    day         TEXT NOT NULL,
    letter      TEXT NOT NULL,
    number      INTEGER NOT NULL,
    request_id  TEXT NOT NULL UNIQUE,
    service     TEXT NOT NULL,
    token       TEXT NOT NULL,
    at          TEXT NOT NULL,
    waiting     INTEGER NOT NULL,
    medium      TEXT CHECK (medium IN ('paper', 'preprinted', 'screen')),
    preprinted  TEXT,
    cause       TEXT,
    called      TEXT,
    PRIMARY KEY (day, letter, number)
) STRICT, WITHOUT ROWID;
INSERT INTO ticket_by_day
    SELECT day, letter, number, request_id, service, token, at, waiting, medium, preprinted, cause, called FROM ticket;
DROP TABLE ticket;
ALTER TABLE ticket_by_day RENAME TO ticket;
