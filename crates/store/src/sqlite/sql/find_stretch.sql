SELECT position, pointer, salt, text FROM disclosures WHERE position BETWEEN ?1 AND ?2
