INSERT INTO events (position, stream, bytes, leaf) VALUES (?1, ?2, ?3, ?4)
