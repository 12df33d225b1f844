SELECT position, bytes, leaf FROM events WHERE stream = $1 AND position >= $2 ORDER BY position LIMIT $3
