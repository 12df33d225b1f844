UPDATE head
SET revision = revision + 1, size = ?2, frontier = ?3, checkpoint = ?4
WHERE revision = ?1 AND frontier = ?5
