SELECT request, first, last, at_ms FROM answers WHERE key = $1
