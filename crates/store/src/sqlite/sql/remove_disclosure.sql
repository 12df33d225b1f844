DELETE FROM disclosures WHERE position = ?1 AND pointer = ?2
