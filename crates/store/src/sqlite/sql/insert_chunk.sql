INSERT INTO stream_chunks (stream, first, last, offsets) VALUES (?1, ?2, ?3, ?4)
