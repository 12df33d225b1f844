-- Version 1. A change is a new version with its own migration; this file is never edited after a release.
-- Migrations first expand: what they add, older replicas need not know. What those still use goes a release later.

-- The ledger's end, and the revision on which the next batch must build. Whoever appends locks this row first: so all
-- commits stand in one order, and nobody sees event 8 before event 7.
CREATE TABLE head (
  only_row boolean PRIMARY KEY CHECK (only_row),
  revision bigint NOT NULL,
  size bigint NOT NULL,
  frontier bytea NOT NULL,
  checkpoint text NOT NULL
) WITH (fillfactor = 10);

INSERT INTO head VALUES (true, 0, 0, '', '');

-- The ledger. Positions count from 0 without gaps.
CREATE TABLE events (
  position bigint PRIMARY KEY,
  stream text COLLATE "C" NOT NULL,
  bytes bytea NOT NULL,
  leaf bytea NOT NULL
);

CREATE INDEX events_by_stream ON events (stream, position);

-- Hashes of complete subtrees of the ledger, from level 8 (256 events) up.
CREATE TABLE nodes (
  level integer NOT NULL,
  idx bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (level, idx)
);

-- What should be under way in the world, and who holds it by the database's clock.
CREATE TABLE effects (
  key text COLLATE "C" PRIMARY KEY,
  performer text NOT NULL,
  body bytea NOT NULL,
  generation integer NOT NULL,
  leased_until timestamptz,
  holder text
);

CREATE INDEX effects_by_performer ON effects (performer, key);
CREATE INDEX effects_by_lease ON effects (leased_until);

-- What was answered to commands with an idempotency key: the events first..last.
CREATE TABLE answers (
  key text COLLATE "C" PRIMARY KEY,
  request bytea NOT NULL,
  first bigint NOT NULL,
  last bigint NOT NULL,
  at_ms bigint NOT NULL
);

CREATE INDEX answers_by_age ON answers (at_ms);

-- The newest revision that each replica has written: whoever lost the line during a commit finds out here.
CREATE TABLE writers (
  id text PRIMARY KEY,
  revision bigint NOT NULL,
  at timestamptz NOT NULL
) WITH (fillfactor = 50);
