-- Nothing builds on this revision any more: what was sent for it and has not arrived is refused when it does.
UPDATE head SET revision = revision + 1
