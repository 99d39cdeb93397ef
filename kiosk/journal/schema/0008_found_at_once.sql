-- What is looked for again and again among all that ever was, found without reading it. Both hold few rows, so that a
-- commit hardly writes more: what each run of a chip was about to commit, and approvals that wait for a signature.
CREATE INDEX audit_promise ON audit (json_extract(body, '$.job')) WHERE kind = 'chip_committed';
CREATE INDEX approval_unsigned ON approval (id) WHERE sod IS NULL AND record IS NOT NULL AND jti IS NOT NULL;
