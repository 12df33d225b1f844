UPDATE events SET bytes = '' WHERE position >= $1 AND position < $2 AND octet_length(bytes) > 0
