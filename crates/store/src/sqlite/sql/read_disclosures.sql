SELECT position, pointer, salt, text FROM disclosures WHERE position >= ?1 ORDER BY position, pointer LIMIT ?2
