SELECT position FROM events WHERE position >= ?1 AND position < ?2 AND length(bytes) > 0 ORDER BY position LIMIT 1
