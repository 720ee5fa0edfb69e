-- Shared pasts, words for runs, cached answers, and what waits for a process.

-- A run that begins with the first `events` events of another one. Its own segments begin at that
-- sequence; the others stay where they are. A run is younger than the one whose past it shares.
CREATE TABLE fork (
    run    INTEGER PRIMARY KEY REFERENCES run (key) ON DELETE CASCADE,
    past   INTEGER NOT NULL REFERENCES run (key) CHECK (past < run),
    events INTEGER NOT NULL
) STRICT;

CREATE INDEX fork_by_past ON fork (past);

-- What was said to runs and is not settled. Numbers are never given twice.
CREATE TABLE word (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run    INTEGER NOT NULL REFERENCES run (key) ON DELETE CASCADE,
    word   TEXT    NOT NULL -- JSON
) STRICT;

CREATE INDEX word_by_run ON word (run, number);

-- Which runs that a person started could be gone on with: those that another one started have a `.` in
-- their names.
CREATE INDEX run_by_status ON run (progress ->> 'status', progress ->> 'wake_ms') WHERE instr(id, '.') = 0;

-- Contents that somebody asked to be kept, with the time: nobody may mention them yet.
CREATE TABLE kept (
    hash  BLOB    NOT NULL PRIMARY KEY REFERENCES blob (hash) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Answers of earlier calls, by the BLAKE3 hash of all that was asked.
CREATE TABLE answer (
    question BLOB    NOT NULL PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    hash     BLOB    NOT NULL REFERENCES blob (hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_by_hash ON answer (hash);

-- Forgetting a blob asks whose sources it holds.
CREATE INDEX header_by_sources ON header (sources);
