-- Version 1. A change is a new version with its own migration; this file is never edited after a release.

-- The ledger's end, and the revision on which the next batch must build.
CREATE TABLE head (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  revision INTEGER NOT NULL,
  size INTEGER NOT NULL,
  -- Events below this position are in stream_chunks.
  streams_indexed_to INTEGER NOT NULL,
  frontier BLOB NOT NULL,
  checkpoint TEXT NOT NULL
) STRICT;

INSERT INTO head VALUES (1, 0, 0, 0, x'', '');

-- The ledger. Positions count from 0 without gaps.
CREATE TABLE events (
  position INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  bytes BLOB NOT NULL,
  leaf BLOB NOT NULL
) STRICT;

-- The positions of each stream's events, many to a row: each 4 bytes, little-endian, counted from the first. An index
-- kept with every commit would write a page per stream; this one is extended by some thousand events at a time, and
-- what it does not have yet is found by looking at the newest events.
CREATE TABLE stream_chunks (
  stream TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  offsets BLOB NOT NULL,
  PRIMARY KEY (stream, first)
) STRICT, WITHOUT ROWID;

-- Hashes of complete subtrees of the ledger, from level 8 (256 events) up.
CREATE TABLE nodes (
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- What should be under way in the world, and who holds it.
CREATE TABLE effects (
  key TEXT PRIMARY KEY,
  body BLOB NOT NULL,
  generation INTEGER NOT NULL,
  leased_until_ms INTEGER
) STRICT;

-- What was answered to commands with an idempotency key: the events first..last.
CREATE TABLE answers (
  key TEXT PRIMARY KEY,
  request BLOB NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_by_age ON answers (at_ms);
