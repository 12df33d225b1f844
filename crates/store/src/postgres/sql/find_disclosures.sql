SELECT position, pointer, salt, text FROM disclosures WHERE position = ANY($1::bigint[])
