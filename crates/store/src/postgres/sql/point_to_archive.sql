INSERT INTO archive (only_row, size, place) VALUES (true, $1, $2)
ON CONFLICT (only_row) DO UPDATE SET size = excluded.size, place = excluded.place
