DELETE FROM effects WHERE key = ANY ($1::text[])
