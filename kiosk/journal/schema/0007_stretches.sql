-- Approvals that may have been used on a stretch of the journal that was lost. They give no card any more; whoever has
-- one of them needs a new approval of the centre.
CREATE TABLE approval_doubt (
    jti TEXT PRIMARY KEY,
    at  TEXT NOT NULL
) STRICT;
CREATE TRIGGER doubt_stays BEFORE DELETE ON approval_doubt BEGIN SELECT RAISE(ABORT, 'a doubt stays'); END;
