//! Words of a line, those that vary by nature already replaced.

/// What stands for anything in a template.
pub(super) const WILDCARD: &str = "<*>";

/// Words beyond these are left out of a template: stack traces and payloads would fill it.
const WORDS_MAX: usize = 64;

/// The words of a message; numbers, addresses, identifiers and quoted values become wildcards.
pub(super) fn words(message: &str) -> Vec<&str> {
    message.split_whitespace().take(WORDS_MAX).map(|it| if is_variable(it) { WILDCARD } else { it }).collect()
}

/// Whether a word is a value: it has a digit, as numbers, times, addresses and identifiers do, or is long and hexadecimal.
/// A name with a digit, such as `http2`, is lost by that; the words around it keep templates apart.
fn is_variable(word: &str) -> bool {
    word.bytes().any(|it| it.is_ascii_digit())
        || (word.len() >= 8 && word.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_wildcards() {
        assert_eq!(
            words("GET /items/17 took 3.2ms from 10.0.0.1:80 deadbeef-cafe by alice").join(" "),
            "GET <*> took <*> from <*> <*> by alice"
        );
        assert_eq!(words(&"a ".repeat(500)).len(), WORDS_MAX);
    }
}
