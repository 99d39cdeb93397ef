-- The centre's signature over the chip that an approval is for, fetched while the line was up. Empty: it gives none.
ALTER TABLE approval ADD COLUMN sod BLOB;
