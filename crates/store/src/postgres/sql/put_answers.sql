INSERT INTO answers (key, request, first, last, at_ms)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[])
ON CONFLICT (key) DO UPDATE SET
  request = excluded.request, first = excluded.first, last = excluded.last, at_ms = excluded.at_ms
