CREATE TABLE IF NOT EXISTS schema_versions (
  version integer PRIMARY KEY,
  -- A replica must know this version of the tables at least to work on them.
  needs integer NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)
