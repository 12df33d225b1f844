SELECT position, bytes, leaf FROM (
  SELECT position, bytes, leaf
  FROM stream_positions JOIN events USING (position)
  WHERE stream_positions.stream = ?1 AND position >= ?2
  UNION ALL
  SELECT position, bytes, leaf
  FROM events
  WHERE stream = ?1 AND position >= max(?2, (SELECT streams_indexed_to FROM head))
)
ORDER BY position LIMIT ?3
