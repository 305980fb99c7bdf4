CREATE TABLE records (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT, -- order of all records, never reused
    kind    TEXT NOT NULL,
    launch  INTEGER NOT NULL,                  -- which start of the program; run and mono_ns count from it
    run     INTEGER,
    wall    TEXT NOT NULL,                     -- RFC 3339, UTC
    mono_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE deliveries (
    seq         INTEGER PRIMARY KEY REFERENCES records (seq),
    kind        TEXT NOT NULL,
    session     TEXT,
    peer        TEXT NOT NULL,
    method      TEXT NOT NULL,
    target      TEXT NOT NULL,
    headers     TEXT NOT NULL,                 -- JSON, in order
    head        BLOB NOT NULL,                 -- as received, but for masks
    body        BLOB NOT NULL,
    masks       TEXT NOT NULL,                 -- JSON: offsets of the masks in head and body
    body_sha256 BLOB NOT NULL,                 -- of the body before masking
    verdict     TEXT NOT NULL,                 -- JSON
    answered    INTEGER NOT NULL               -- decided when stored; made 503 if the commit came too late for it
) STRICT;

CREATE TABLE intents (
    seq  INTEGER PRIMARY KEY REFERENCES records (seq),
    step TEXT NOT NULL,
    what TEXT NOT NULL
) STRICT;

CREATE TABLE exchanges (
    seq              INTEGER PRIMARY KEY REFERENCES records (seq),
    step             TEXT NOT NULL,
    method           TEXT NOT NULL,
    url              TEXT NOT NULL,
    request_headers  TEXT NOT NULL,            -- JSON, in order
    request_body     BLOB NOT NULL,
    status           INTEGER,                  -- all of the answer is null if none came
    version          TEXT,
    response_headers TEXT,
    response_body    BLOB,
    dropped_bytes    INTEGER,
    problem          TEXT,
    wait_us          INTEGER NOT NULL,
    total_us         INTEGER NOT NULL,
    masked           INTEGER NOT NULL
) STRICT;
