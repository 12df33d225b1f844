INSERT OR REPLACE INTO effects (key, body, generation, leased_until_ms, holder) VALUES (?1, ?2, ?3, ?4, ?5)
