INSERT INTO stream_positions (stream, position)
SELECT stream, position FROM events WHERE position >= ?1 ORDER BY stream, position
