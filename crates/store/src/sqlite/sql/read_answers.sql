SELECT request, first, last, at_ms, key FROM answers WHERE key > ?1 ORDER BY key LIMIT ?2
