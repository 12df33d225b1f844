UPDATE events SET bytes = x'' WHERE position >= ?1 AND position < ?2 AND length(bytes) > 0
