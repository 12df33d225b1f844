INSERT INTO effects (key, performer, body, generation, leased_until, holder)
SELECT key, performer, body, generation, to_timestamp(leased_until_ms / 1000.0), holder
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::integer[], $5::bigint[], $6::text[])
  AS put (key, performer, body, generation, leased_until_ms, holder)
-- The lease stays what it is: it is given here, and the writer knows nothing of it.
ON CONFLICT (key) DO UPDATE SET performer = excluded.performer, body = excluded.body
