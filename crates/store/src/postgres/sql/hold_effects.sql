SELECT key, generation FROM effects WHERE key = ANY ($1::text[]) FOR UPDATE
