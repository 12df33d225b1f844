UPDATE head SET streams_indexed_to = ?1
