UPDATE effects SET generation = $2, leased_until = to_timestamp($3::bigint / 1000.0), holder = $4 WHERE key = $1
