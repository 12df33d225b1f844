-- Where the bytes of old records are that were dropped here, and how many records at most, from the first on.
CREATE TABLE archive (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  size INTEGER NOT NULL,
  place TEXT NOT NULL
) STRICT;
