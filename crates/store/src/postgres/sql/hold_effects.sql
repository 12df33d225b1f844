SELECT key, generation FROM effects WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE
