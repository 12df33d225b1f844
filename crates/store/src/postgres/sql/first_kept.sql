SELECT position FROM events
WHERE position >= $1 AND position < $2 AND octet_length(bytes) > 0
ORDER BY position LIMIT 1
