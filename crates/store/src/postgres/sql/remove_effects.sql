DELETE FROM effects
WHERE key IN (SELECT key FROM effects WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE)
