SELECT position, bytes, leaf FROM events WHERE position = ?1
