-- Personal texts to which records commit, until they are erased.
CREATE TABLE disclosures (
  position INTEGER NOT NULL,
  pointer TEXT NOT NULL,
  salt BLOB NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (position, pointer)
) STRICT, WITHOUT ROWID;
