UPDATE effects SET generation = ?2, leased_until_ms = ?3, holder = ?4 WHERE key = ?1
