-- Verified environments, by the names of their images.
CREATE TABLE environment (
    image      TEXT    NOT NULL PRIMARY KEY,
    repository TEXT    NOT NULL,
    at_ms      INTEGER NOT NULL,
    record     TEXT    NOT NULL -- JSON
) STRICT, WITHOUT ROWID;

CREATE INDEX environment_by_repository ON environment (repository, at_ms);
