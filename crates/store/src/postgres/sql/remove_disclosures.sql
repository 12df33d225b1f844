DELETE FROM disclosures
WHERE (position, pointer) IN (SELECT * FROM unnest($1::bigint[], $2::text[]))
