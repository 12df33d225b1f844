DELETE FROM effects WHERE key = ?1
