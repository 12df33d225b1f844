SELECT position, pointer, salt, text FROM disclosures WHERE position = ?1
