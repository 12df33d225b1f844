-- Which process of the performer holds the lease: it is given again what it has not heard of.
ALTER TABLE effects ADD COLUMN holder TEXT;
