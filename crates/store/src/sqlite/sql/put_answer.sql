INSERT OR REPLACE INTO answers (key, request, first, last, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
