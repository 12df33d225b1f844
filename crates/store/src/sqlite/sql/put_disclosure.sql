INSERT OR REPLACE INTO disclosures (position, pointer, salt, text) VALUES (?1, ?2, ?3, ?4)
