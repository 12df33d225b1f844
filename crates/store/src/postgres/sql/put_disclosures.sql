INSERT INTO disclosures (position, pointer, salt, text)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[])
