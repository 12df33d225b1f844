INSERT OR REPLACE INTO effects (key, body, generation, leased_until_ms) VALUES (?1, ?2, ?3, ?4)
