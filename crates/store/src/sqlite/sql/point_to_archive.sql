INSERT OR REPLACE INTO archive (only_row, size, place) VALUES (1, ?1, ?2)
