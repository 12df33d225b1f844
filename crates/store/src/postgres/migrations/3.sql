-- Where the bytes of old records are that were dropped here, and how many records at most, from the first on.
CREATE TABLE archive (
  only_row boolean PRIMARY KEY CHECK (only_row),
  size bigint NOT NULL,
  place text NOT NULL
);
