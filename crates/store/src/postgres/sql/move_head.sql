UPDATE head SET revision = $1, size = $2, frontier = $3, checkpoint = $4
