SELECT hash FROM nodes WHERE level = $1 AND idx = $2
