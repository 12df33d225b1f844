DELETE FROM answers WHERE at_ms < $1
