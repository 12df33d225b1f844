//! Lines found again by their template.

use super::record::Record;
use super::token::{WILDCARD, words};

/// Whether a line is of the template: its message has as many words, each the same or anything.
pub fn is_of_template(template: &str, line: &str) -> bool {
    let record = Record::read(line);
    let (wanted, found) = (template.split(' '), words(&record.message));
    let n_wanted = template.split(' ').count();
    n_wanted == found.len() && wanted.zip(found).all(|(one, other)| one == WILDCARD || one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_of_the_template_that_was_mined_from_it() {
        let template = "<*> ERROR cannot charge card <*> declined";
        assert!(is_of_template(template, "2026-01-01T00:00:00Z ERROR cannot charge card 17: declined"));
        assert!(is_of_template("slow query", r#"{"level":"warn","message":"slow query"}"#));
        assert!(!is_of_template(
            template,
            "2026-01-01T00:00:00Z ERROR cannot charge card 17: declined twice"
        ));
        assert!(!is_of_template(template, "2026-01-01T00:00:00Z ERROR cannot refund card 17: declined"));
    }
}
