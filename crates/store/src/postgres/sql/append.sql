-- One statement, because every batch has it, and most have nothing else: the head moves, who moved it is noted, the others
-- are told, and what is new in the ledger stands there.
-- The ledger's end must be the one on which the batch builds. If it is not, the head would lose its `true`, which its table
-- refuses, and nothing of the batch is written.
WITH moved AS (
  UPDATE head SET
    only_row = (revision + 1 = $1 AND frontier = $2),
    revision = $1, size = $3, frontier = $4, checkpoint = $5
  RETURNING pg_notify($6, $7)
), noted AS (
  INSERT INTO writers (id, revision, at) VALUES ($7, $1, now())
  ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, at = excluded.at
), hashed AS (
  INSERT INTO nodes (level, idx, hash)
  SELECT node.* FROM moved, unnest($12::integer[], $13::bigint[], $14::bytea[]) AS node
)
INSERT INTO events (position, stream, bytes, leaf)
SELECT record.* FROM moved, unnest($8::bigint[], $9::text[], $10::bytea[], $11::bytea[]) AS record
