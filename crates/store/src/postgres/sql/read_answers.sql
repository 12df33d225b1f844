SELECT request, first, last, at_ms, key FROM answers WHERE key COLLATE "C" > $1 ORDER BY key COLLATE "C" LIMIT $2
