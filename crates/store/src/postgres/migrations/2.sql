-- Personal texts to which records commit, until they are erased.
CREATE TABLE disclosures (
  position bigint NOT NULL,
  pointer text NOT NULL,
  salt bytea NOT NULL,
  text text NOT NULL,
  PRIMARY KEY (position, pointer)
);
