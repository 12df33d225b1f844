SELECT revision FROM writers WHERE id = $1
