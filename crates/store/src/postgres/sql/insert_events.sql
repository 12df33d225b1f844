INSERT INTO events (position, stream, bytes, leaf)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[])
