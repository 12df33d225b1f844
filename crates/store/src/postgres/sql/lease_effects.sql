-- $1 performer, $2 holder, $3 at most, $4 seconds, $5 keys and $6 generations that are held and to be kept
WITH held AS (
  SELECT key, generation FROM unnest($5::text[], $6::integer[]) AS held (key, generation) WHERE generation > 0
), kept AS (
  -- Rows are locked in the order of their keys everywhere, so that nobody waits in a circle.
  SELECT effects.key FROM effects JOIN held USING (key, generation) WHERE performer = $1
  ORDER BY effects.key
  FOR UPDATE OF effects
), renewed AS (
  UPDATE effects
  SET leased_until = greatest(leased_until, clock_timestamp() + make_interval(secs => $4))
  FROM kept
  WHERE effects.key = kept.key
  RETURNING effects.key
), given AS (
  SELECT key, leased_until IS NULL OR leased_until <= clock_timestamp() AS is_free
  FROM effects
  WHERE performer = $1
    AND (key, generation) NOT IN (SELECT key, generation FROM held)
    -- What the holder has and does not name, it has not heard of.
    AND (leased_until IS NULL OR leased_until <= clock_timestamp() OR holder = $2)
  ORDER BY key
  LIMIT $3
  FOR UPDATE SKIP LOCKED
), leased AS (
  UPDATE effects
  SET generation = generation + CASE WHEN given.is_free THEN 1 ELSE 0 END,
    leased_until = clock_timestamp() + make_interval(secs => $4),
    holder = $2
  FROM given
  WHERE effects.key = given.key
  RETURNING effects.body, effects.generation
)
SELECT key, NULL::bytea AS body, NULL::integer AS generation FROM renewed
UNION ALL
SELECT NULL, body, generation FROM leased
