INSERT INTO writers (id, revision, at) VALUES ($1, $2, now())
ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, at = excluded.at
