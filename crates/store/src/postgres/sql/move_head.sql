-- One statement, because every batch has it: the head moves, who moved it is noted, and the others are told.
WITH moved AS (
  UPDATE head SET revision = $1, size = $2, frontier = $3, checkpoint = $4
), noted AS (
  INSERT INTO writers (id, revision, at) VALUES ($5, $1, now())
  ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, at = excluded.at
)
SELECT pg_notify($6, $5)
