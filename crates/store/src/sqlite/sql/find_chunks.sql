SELECT first, offsets FROM stream_chunks WHERE stream = ?1 AND last >= ?2 ORDER BY first
