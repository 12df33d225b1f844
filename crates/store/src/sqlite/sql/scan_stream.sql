SELECT position, bytes, leaf FROM events
WHERE position >= ?2 AND stream = ?1
ORDER BY position LIMIT ?3
