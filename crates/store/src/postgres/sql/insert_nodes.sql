INSERT INTO nodes (level, idx, hash)
SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bytea[])
