SELECT stream, position FROM events WHERE position >= ?1 ORDER BY position
