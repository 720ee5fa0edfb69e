-- Runs, their events in segments, and large payloads by content.

-- What changes with every append, kept small because every group commit rewrites it.
CREATE TABLE run (
    key           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    started_ms    INTEGER NOT NULL,
    updated_ms    INTEGER NOT NULL,
    next_sequence INTEGER NOT NULL,
    progress      TEXT    NOT NULL, -- JSON
    writer        TEXT    NOT NULL  -- the version of Troupe that appended last
) STRICT;

CREATE INDEX run_by_start ON run (started_ms, id);

-- What a run began with, written once.
CREATE TABLE header (
    run         INTEGER PRIMARY KEY REFERENCES run (key) ON DELETE CASCADE,
    workflow    TEXT NOT NULL,
    path        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    settings    TEXT NOT NULL, -- JSON
    sources     BLOB NOT NULL REFERENCES blob (hash)
) STRICT;

-- One row an append. `position` is run.key * 2^32 + the sequence of the first event: a run's segments
-- lie together in order, two appends can never claim the same sequence, and no second index is kept.
CREATE TABLE segment (
    position INTEGER PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    bytes    BLOB    NOT NULL -- checksum, format and JSON lines: `segment.rs` describes them
) STRICT;

-- Payloads by the BLAKE3 hash of their content, each stored once.
CREATE TABLE blob (
    hash  BLOB    NOT NULL PRIMARY KEY,
    size  INTEGER NOT NULL, -- bytes before compression
    bytes BLOB    NOT NULL  -- zstd
) STRICT;
